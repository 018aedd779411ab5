import { randomUUID } from 'node:crypto';
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { ProxyError } from '../errors.ts';
import { MIGRATIONS } from './migrations.ts';
import type { Tables } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

export type Db = Kysely<Tables>;
export type Trx = Transaction<Tables>;

/** PostgreSQL's number for `bigint`. Ours are times and fen, far below 2^53. */
const INT8 = 20;

/** An open database: the same tables on SQLite and PostgreSQL. */
export class Store {
  readonly db: Db;
  /** Names this process among those that share the store. */
  readonly processId = randomUUID();
  readonly #postgres: boolean;

  private constructor(db: Db, postgres: boolean) {
    this.db = db;
    this.#postgres = postgres;
  }

  /**
   * Opens the database and brings its tables up to date.
   * @param url `file:<path>` or `postgres://…`
   */
  static async open(url: string): Promise<Store> {
    const postgres = !url.startsWith('file:');
    const dialect = postgres ? postgresDialect(url) : sqliteDialect(url.slice('file:'.length));
    const store = new Store(new Kysely<Tables>({ dialect }), postgres);
    const migrator = new Migrator({ db: store.db, provider: { getMigrations: async () => MIGRATIONS } });
    const { error } = await migrator.migrateToLatest();
    if (error) {
      await store.close();
      throw new ProxyError('store_unavailable', 'The database cannot be opened or brought up to date.', {
        cause: error,
      });
    }
    return store;
  }

  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(work);
  }

  /** The order, locked until the transaction ends: on SQLite, a transaction is alone anyway. */
  async lockOrder(trx: Trx, column: 'id' | 'outTradeNo', value: string) {
    const query = trx.selectFrom('orders').selectAll().where(column, '=', value);
    return (this.#postgres ? query.forUpdate() : query).executeTakeFirst();
  }

  /** Throws where the database does not answer. */
  async ping(): Promise<void> {
    await this.db.selectFrom('leases').select('name').limit(1).execute();
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}

function postgresDialect(url: string): PostgresDialect {
  pg.types.setTypeParser(INT8, Number);
  return new PostgresDialect({ pool: new pg.Pool({ connectionString: url, connectionTimeoutMillis: 5_000 }) });
}
