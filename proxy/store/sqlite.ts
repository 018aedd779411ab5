/** Kysely on `node:sqlite`, the SQLite that comes with Node: nothing to compile, nothing to download. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { CompiledQuery, type DatabaseConnection, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely';

/** How long one process waits for another's write, in milliseconds. */
const BUSY_TIMEOUT = 10_000;

/** Opens (and makes, where it is missing) an SQLite file as durable as SQLite can be. */
export function sqliteDialect(path: string): SqliteDialect {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  // WAL lets readers and a writer of several processes go on side by side; FULL has every commit on the disk
  // before it is acknowledged, so that a power cut loses nothing. https://www.sqlite.org/pragma.html#pragma_synchronous
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;');
  return new NodeSqliteDialect({
    database: {
      close: () => database.close(),
      prepare: (sql) => statement(database.prepare(sql)),
    },
  });
}

function statement(prepared: StatementSync) {
  const bind = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];
  return {
    reader: prepared.columns().length > 0,
    all: (parameters: readonly unknown[]) => prepared.all(...bind(parameters)),
    iterate: (parameters: readonly unknown[]) => prepared.iterate(...bind(parameters)),
    run: (parameters: readonly unknown[]) => prepared.run(...bind(parameters)),
  };
}

class NodeSqliteDialect extends SqliteDialect {
  readonly #config: ConstructorParameters<typeof SqliteDialect>[0];

  constructor(config: ConstructorParameters<typeof SqliteDialect>[0]) {
    super(config);
    this.#config = config;
  }

  override createDriver() {
    return new ImmediateDriver(this.#config);
  }

  override createAdapter() {
    return new TransactionalAdapter();
  }
}

class ImmediateDriver extends SqliteDriver {
  /** Takes the write lock at the start: a transaction that first reads and then writes must not find another's write between. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class TransactionalAdapter extends SqliteAdapter {
  /** SQLite's DDL is transactional: processes that start at once migrate one after the other. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
