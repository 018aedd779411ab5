/** Kysely on `node:sqlite`, the SQLite that comes with Node: nothing to compile, nothing to download. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type QueryResult,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
} from 'kysely';

/** How long one connection waits for another's write, and how often it looks, in milliseconds. */
const BUSY_PATIENCE = 10_000;
const BUSY_POLL = 5;
/** https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** Opens (and makes, where it is missing) an SQLite file as durable as SQLite can be. */
export function sqliteDialect(path: string): SqliteDialect {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: BUSY_PATIENCE });
  // WAL lets readers and a writer of several processes go on side by side; FULL has every commit on the disk
  // before it is acknowledged, so that a power cut loses nothing. https://www.sqlite.org/pragma.html#pragma_synchronous
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;');
  // From here on `PatientConnection` waits: SQLite's own waiting would hold up everything else in this process.
  database.exec('pragma busy_timeout = 0');
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
  #connection: PatientConnection | undefined;

  override async acquireConnection(): Promise<DatabaseConnection> {
    this.#connection ??= new PatientConnection(await super.acquireConnection());
    return this.#connection;
  }

  /** Takes the write lock at the start: a transaction that first reads and then writes must not find another's write between. */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

/** Waits for another's write. Only what stands alone or begins a transaction meets one: a transaction has the lock. */
class PatientConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const deadline = Date.now() + BUSY_PATIENCE;
    for (;;) {
      try {
        return await this.#connection.executeQuery<R>(query);
      } catch (error) {
        if ((error as { errcode?: number }).errcode !== SQLITE_BUSY || Date.now() > deadline) throw error;
        await sleep(BUSY_POLL);
      }
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#connection.streamQuery<R>(query, chunkSize);
  }
}

class TransactionalAdapter extends SqliteAdapter {
  /** SQLite's DDL is transactional: processes that start at once migrate one after the other. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
