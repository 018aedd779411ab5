import { randomUUID } from 'node:crypto';
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { ProxyError } from '../errors.ts';
import { MIGRATIONS } from './migrations.ts';
import type { OrderRow, Tables } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

export type Db = Kysely<Tables>;
export type Trx = Transaction<Tables>;

/** PostgreSQL's number for `bigint`. Ours are times and fen, far below 2^53. */
const INT8 = 20;
/** In milliseconds. */
const CONNECT_TIMEOUT = 5_000;

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
   * @throws {ProxyError} `store_unavailable`
   */
  static async open(url: string): Promise<Store> {
    const postgres = !url.startsWith('file:');
    let store: Store | undefined;
    try {
      const dialect = postgres ? postgresDialect(url) : sqliteDialect(url.slice('file:'.length));
      store = new Store(new Kysely<Tables>({ dialect }), postgres);
      const migrator = new Migrator({ db: store.db, provider: { getMigrations: async () => MIGRATIONS } });
      const { error } = await migrator.migrateToLatest();
      if (error) throw error;
      return store;
    } catch (error) {
      await store?.close();
      const cause = error instanceof ProxyError ? error.cause : error;
      throw new ProxyError('store_unavailable', 'The database cannot be opened or brought up to date.', { cause });
    }
  }

  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(work);
  }

  /** The order, locked until the transaction ends: on SQLite, a transaction is alone anyway. */
  lockOrder(trx: Trx, id: string): Promise<OrderRow | undefined> {
    const query = trx.selectFrom('orders').selectAll().where('id', '=', id);
    return (this.#postgres ? query.forUpdate() : query).executeTakeFirst();
  }

  /** The same, by a number that the order has or had at WeChat. */
  async lockOrderByTradeNo(trx: Trx, tradeNo: string): Promise<OrderRow | undefined> {
    const query = trx.selectFrom('orders').selectAll().where('tradeNo', '=', tradeNo);
    const order = await (this.#postgres ? query.forUpdate() : query).executeTakeFirst();
    if (order) return order;
    const earlier = await trx.selectFrom('trades').select('orderId').where('tradeNo', '=', tradeNo).executeTakeFirst();
    return earlier && this.lockOrder(trx, earlier.orderId);
  }

  /** The file of images, locked as an order is: nobody else takes or leaves it meanwhile. */
  lockImageFile(trx: Trx, sha256: string): Promise<Tables['image_files'] | undefined> {
    const query = trx.selectFrom('image_files').selectAll().where('sha256', '=', sha256);
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
  const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT });
  // A connection that breaks while nobody uses it: the pool forgets it, and whoever needs one next learns how things are.
  pool.on('error', () => {});
  // One that breaks between two queries of somebody who uses it: the next query fails, and says so.
  pool.on('connect', (client) => client.on('error', () => {}));
  const connect = () =>
    pool.connect().catch((cause) => {
      throw new ProxyError('store_unavailable', undefined, { cause });
    });
  return new PostgresDialect({ pool: { connect, end: () => pool.end(), options: pool.options } });
}
