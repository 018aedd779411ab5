import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { Delivery } from '../../proxy/outbox/delivery.ts';
import { Events } from '../../proxy/outbox/events.ts';
import { createCredentialStore } from '../../proxy/store/credential-store.ts';
import { MIGRATIONS } from '../../proxy/store/migrations.ts';
import type { OrderRow } from '../../proxy/store/schema.ts';
import { sqliteDialect } from '../../proxy/store/sqlite.ts';
import { Store } from '../../proxy/store/store.ts';
import { eventually, SHOP, startHarness, startReceiver, times, WEBHOOK_SECRET } from './harness.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { startSecond } from './second-proxy.ts';

const STORE = fileURLToPath(new URL('../../proxy/store/store.ts', import.meta.url));
const NOW = Date.UTC(2026, 10, 22);
const MAX_FEN = 10_000_000_00;

let folder: string;
let postgres: Postgres;
let files = 0;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weixin-widgets-store-'));
  postgres = await startPostgres();
});
after(async () => {
  await postgres.remove();
  rmSync(folder, { recursive: true });
});

/** Each makes an empty database and returns its address. */
const ENGINES: Record<string, () => Promise<string>> = {
  SQLite: async () => `file:${join(folder, `${++files}.db`)}`,
  PostgreSQL: () => postgres.createDatabase(),
};

async function open(t: TestContext, url: string): Promise<Store> {
  const store = await Store.open(url);
  t.after(() => store.close());
  return store;
}

/** As the first release has left it. */
async function openOld(url: string) {
  const dialect = url.startsWith('file:')
    ? sqliteDialect(url.slice('file:'.length))
    : new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) });
  // biome-ignore lint/suspicious/noExplicitAny: tables as they were.
  const db = new Kysely<any>({ dialect });
  const [name] = Object.keys(MIGRATIONS);
  const provider = { getMigrations: async () => ({ [name!]: MIGRATIONS[name!]! }) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  assert.equal(error, undefined);
  return db;
}

function order(fields: Partial<OrderRow> = {}): OrderRow {
  return {
    id: 'ord_1',
    outTradeNo: 'T00001',
    tradeNo: 'T00001',
    requestHash: 'hash',
    description: '乌龙茶 🍵',
    itemsJson: '[]',
    total: MAX_FEN,
    currency: 'CNY',
    status: 'created',
    openid: null,
    attach: null,
    returnUrl: null,
    createdAt: NOW,
    expiresAt: NOW + 7_200_000,
    paidAt: null,
    closedAt: null,
    channel: null,
    transactionId: null,
    productId: null,
    refunded: 0,
    dueAt: NOW + 7_200_000,
    queries: 0,
    queriedAt: null,
    ...fields,
  };
}

for (const [engine, createDatabase] of Object.entries(ENGINES)) {
  describe(engine, () => {
    test('opening makes the tables; opening again finds what is in them', async (t) => {
      const url = await createDatabase();
      const first = await Store.open(url);
      await first.db.insertInto('orders').values(order()).execute();
      await first.close();

      const second = await open(t, url);

      assert.deepEqual({ ...(await second.db.selectFrom('orders').selectAll().executeTakeFirst()) }, order());
      await second.ping();
    });

    test('an older database is brought up to date with all that is in it', async (t) => {
      const url = await createDatabase();
      const old = await openOld(url);
      const { tradeNo: _, productId: __, ...oldOrder } = order({ status: 'paying', channel: 'jsapi' });
      await old.insertInto('orders').values(oldOrder).execute();
      const payment = { orderId: 'ord_1', channel: 'jsapi', expiresAt: NOW };
      await old
        .insertInto('payments')
        .values({ ...payment, openid: 'payer-a', prepayId: 'wx-prepay' })
        .execute();
      await old.destroy();

      const { db } = await open(t, url);

      const migrated = await db.selectFrom('orders').selectAll().executeTakeFirst();
      assert.deepEqual({ ...migrated }, order({ status: 'paying', channel: 'jsapi', tradeNo: 'T00001' }));
      const kept = await db.selectFrom('payments').selectAll().executeTakeFirst();
      assert.deepEqual({ ...kept }, { ...payment, payer: 'payer-a', tradeNo: 'T00001', prepaid: 'wx-prepay' });
    });

    test('four stores open at once on an empty database', async (t) => {
      const url = await createDatabase();

      const stores = await Promise.all(times(4, () => open(t, url)));

      await Promise.all(stores.map((store) => store.ping()));
    });

    test('four processes open an empty database at once', async () => {
      const url = await createDatabase();
      const program = `
        const { Store } = await import(${JSON.stringify(STORE)});
        const store = await Store.open(${JSON.stringify(url)});
        await store.ping();
        await store.close();`;

      const ends = await Promise.all(
        times(4, async () => {
          const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'pipe' });
          let output = '';
          child.stderr.on('data', (chunk) => {
            output += chunk;
          });
          const [code] = await once(child, 'close');
          return { code, output };
        }),
      );

      assert.deepEqual(
        ends,
        times(4, () => ({ code: 0, output: '' })),
      );
    });

    test('money and times come back as numbers, text as it was', async (t) => {
      const store = await open(t, await createDatabase());
      const row = order({ paidAt: NOW, closedAt: NOW + 1, queriedAt: NOW + 2, attach: '\'";\\%_ 中文' });
      await store.db.insertInto('orders').values(row).execute();

      const found = await store.db.selectFrom('orders').selectAll().executeTakeFirst();

      assert.deepEqual({ ...found }, row);
      assert.equal(typeof found?.total, 'number');
      assert.equal(typeof found?.queries, 'number');
    });

    test('one outTradeNo is one order, however many want it', async (t) => {
      const url = await createDatabase();
      const stores = await Promise.all(times(2, () => open(t, url)));

      const results = await Promise.all(
        times(20, (index) =>
          stores[index % 2]!.db.insertInto('orders')
            .values(order({ id: `ord_${index}` }))
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst(),
        ),
      );

      assert.deepEqual(results.map(({ numInsertedOrUpdatedRows }) => numInsertedOrUpdatedRows).sort(), [
        ...times(19, () => 0n),
        1n,
      ]);
      assert.equal((await stores[0]!.db.selectFrom('orders').select('id').execute()).length, 1);
    });

    test('who has locked an order changes it alone', async (t) => {
      const url = await createDatabase();
      const stores = await Promise.all(times(2, () => open(t, url)));
      await stores[0]!.db.insertInto('orders').values(order()).execute();

      await Promise.all(
        times(20, (index) => {
          const store = stores[index % 2]!;
          return store.transaction(async (trx) => {
            const locked = await (index % 4 < 2
              ? store.lockOrder(trx, 'ord_1')
              : store.lockOrderByTradeNo(trx, 'T00001'));
            await new Promise((resolve) => setImmediate(resolve));
            await trx
              .updateTable('orders')
              .set({ queries: locked!.queries + 1 })
              .where('id', '=', 'ord_1')
              .execute();
          });
        }),
      );

      const { queries } = await stores[0]!.db.selectFrom('orders').select('queries').executeTakeFirstOrThrow();
      assert.equal(queries, 20);
    });

    test('a write meets another’s transaction and waits for its end', async (t) => {
      const url = await createDatabase();
      const [one, other] = await Promise.all(times(2, () => open(t, url)));
      await one!.db.insertInto('orders').values(order()).execute();
      const trail: string[] = [];
      let written: Promise<unknown> | undefined;

      await one!.transaction(async (trx) => {
        await one!.lockOrder(trx, 'ord_1');
        await trx.updateTable('orders').set({ queries: 1 }).execute();
        written = other!.db
          .updateTable('orders')
          .set({ queries: 2 })
          .execute()
          .then(() => trail.push('other'));
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
        trail.push('one');
      });
      await written;

      assert.deepEqual(trail, ['one', 'other']);
    });

    test('what is thrown in a transaction undoes all of it', async (t) => {
      const store = await open(t, await createDatabase());
      const events = new Events({ store, now: () => NOW, isDelivered: () => true });

      const attempt = store.transaction(async (trx) => {
        await trx.insertInto('orders').values(order()).execute();
        await events.add(trx, 'order.paid', { id: 'ord_1' });
        throw new Error('the power went out');
      });

      await assert.rejects(attempt, /the power went out/);
      for (const table of ['orders', 'events', 'outbox'] as const) {
        assert.deepEqual(await store.db.selectFrom(table).selectAll().execute(), [], table);
      }
    });

    test('a claim that compares what it saw is won once', async (t) => {
      const url = await createDatabase();
      const stores = await Promise.all(times(2, () => open(t, url)));
      await stores[0]!.db
        .insertInto('orders')
        .values(order({ dueAt: NOW }))
        .execute();

      const claims = await Promise.all(
        times(20, (index) =>
          stores[index % 2]!.db.updateTable('orders')
            .set({ dueAt: NOW + 5_000 })
            .where('id', '=', 'ord_1')
            .where('dueAt', '=', NOW)
            .executeTakeFirst(),
        ),
      );

      assert.equal(claims.filter(({ numUpdatedRows }) => numUpdatedRows === 1n).length, 1);
    });

    test('a lease has one holder, until it is released or too old', async (t) => {
      const url = await createDatabase();
      let now = NOW;
      const [one, other] = (await Promise.all(times(2, () => open(t, url)))).map((store) =>
        createCredentialStore(store, () => now),
      );

      const first = await Promise.all(times(20, (index) => (index % 2 ? one! : other!).acquire('token', 5_000)));
      assert.equal(first.filter(Boolean).length, 1);
      const [holder, waiting] = first.indexOf(true) % 2 ? [one!, other!] : [other!, one!];
      assert.equal(await waiting.acquire('ticket', 5_000), true, 'another lease is another thing');

      await waiting.release('token');
      await waiting.extend('token', 60_000);
      assert.equal(await waiting.acquire('token', 5_000), false, 'only its holder releases it');

      now += 4_000;
      await holder.extend('token', 5_000);
      now += 4_000;
      assert.equal(await waiting.acquire('token', 5_000), false, 'its holder has kept it');

      await holder.release('token');
      assert.equal(await waiting.acquire('token', 5_000), true);

      now += 5_000;
      assert.equal(await holder.acquire('token', 5_000), true, 'it was too old');
      await waiting.release('token');
      assert.equal(await waiting.acquire('token', 5_000), false, 'who has lost it cannot release it');
    });

    test('a credential is kept under its name, the last one written', async (t) => {
      const url = await createDatabase();
      const [one, other] = (await Promise.all(times(2, () => open(t, url)))).map((store) =>
        createCredentialStore(store, () => NOW),
      );
      const old = { value: 'a'.repeat(512), refreshAt: NOW, expiresAt: NOW + 1 };
      const fresh = { value: 'b', refreshAt: NOW + 2, expiresAt: NOW + 3 };

      assert.equal(await one!.read('token'), undefined);
      await one!.write('token', old);
      await one!.write('ticket', old);
      assert.deepEqual({ ...(await other!.read('token')) }, old);
      await other!.write('token', fresh);

      assert.deepEqual({ ...(await one!.read('token')) }, fresh);
      assert.deepEqual({ ...(await one!.read('ticket')) }, old);
    });

    test('events are listed the newest first, whole, though many have the same time', async (t) => {
      const store = await open(t, await createDatabase());
      let now = NOW;
      const events = new Events({ store, now: () => now, isDelivered: () => false });
      for (let index = 0; index < 120; index++) {
        if (index === 60) now += 1;
        await store.transaction((trx) => events.add(trx, index % 3 ? 'order.paid' : 'order.closed', { index }));
      }

      const pages: Awaited<ReturnType<Events['list']>>[] = [];
      for (let cursor: string | undefined; ; cursor = pages.at(-1)?.nextCursor ?? undefined) {
        if (pages.length > 0 && cursor === undefined) break;
        pages.push(await events.list({ cursor }));
      }

      const listed = pages.flatMap(({ data }) => data);
      assert.equal(pages.length, 3);
      assert.deepEqual(
        listed.map(({ data }) => Number(data.index)).sort((a, b) => a - b),
        times(120, (index) => index),
      );
      assert.deepEqual(
        listed.slice(0, 60).map(({ data }) => Number(data.index) >= 60),
        times(60, () => true),
      );
      assert.equal(listed[0]!.timestamp, new Date(NOW + 1).toISOString());
      const closed = await events.list({ type: 'order.closed' });
      assert.equal(closed.data.length, 40);
      assert.equal(closed.nextCursor, null);
    });

    test('two processes deliver each event once', async (t) => {
      const receiver = await startReceiver(t);
      const url = await createDatabase();
      const stores = await Promise.all(times(2, () => open(t, url)));
      const events = new Events({ store: stores[0]!, now: Date.now, isDelivered: () => true });
      await stores[0]!.transaction(async (trx) => {
        for (let index = 0; index < 40; index++) await events.add(trx, 'order.paid', { index });
      });
      const deliveries = stores.map(
        (store) =>
          new Delivery({
            store,
            urlOf: () => receiver.url,
            secret: WEBHOOK_SECRET,
            now: Date.now,
            onError: (error) => assert.fail(String(error)),
            onResult: () => {},
          }),
      );

      for (let round = 0; round < 5; round++) {
        await Promise.all(deliveries.map((delivery) => delivery.startDue()));
        await Promise.all(deliveries.map((delivery) => delivery.drain()));
      }

      const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
      assert.equal(ids.length, 40);
      assert.equal(new Set(ids).size, 40);
      const { data } = await events.list({});
      assert.deepEqual(new Set(data.map(({ delivery }) => delivery?.status)), new Set(['delivered']));
    });

    test('one request sent twenty times at once makes one order', async (t) => {
      const proxy = await startHarness(t, { environment: { DATABASE_URL: await createDatabase() } });
      const request = { outTradeNo: 'T-20-at-once', description: 'Tea', amount: { total: 1 } };

      const replies = await Promise.all(times(20, () => proxy.merchant('POST', '/v1/orders', request)));

      assert.deepEqual(replies.map(({ status }) => status).sort(), [...times(19, () => 200), 201]);
      assert.equal(new Set(replies.map(({ json }) => json.id)).size, 1);
      assert.equal((await proxy.merchant('GET', '/v1/orders')).json.data.length, 1);
    });

    test('text that the database cannot hold is refused, and text that means something to it is not', async (t) => {
      const proxy = await startHarness(t, { environment: { DATABASE_URL: await createDatabase() } });
      const request = { outTradeNo: 'T-text', description: 'Tea', amount: { total: 1 } };

      for (const fields of [
        { description: 'a\0b' },
        { attach: 'a\0b' },
        { returnUrl: 'https://shop.example.com/\0' },
        { items: [{ name: 'a\0b', quantity: 1, unitPrice: 1 }] },
        { items: [{ name: 'a', quantity: 1, unitPrice: 1, imageUrl: 'https://shop.example.com/\0' }] },
      ]) {
        const { status, json } = await proxy.merchant('POST', '/v1/orders', { ...request, ...fields });
        assert.equal(status, 400, JSON.stringify(fields));
        assert.equal(json.code, 'invalid_request');
      }
      for (const path of ['/v1/orders/ord_%00', '/v1/orders/%00', `/v1/orders/ord_${'0'.repeat(5_000)}`]) {
        assert.equal((await proxy.page('GET', path)).status, 404, path);
      }
      for (const path of ['/v1/orders?outTradeNo=%00', '/v1/oauth/callback?state=%00&code=a']) {
        assert.equal((await proxy.merchant('GET', path)).status, 400, path);
      }
      assert.equal((await proxy.merchant('POST', '/v1/orders/%00/close')).status, 404);
      const verifier = 'v'.repeat(43);
      assert.equal((await proxy.page('POST', '/v1/sessions', { code: '\0', verifier })).status, 400);
      const attach = "'; drop table orders; -- 中文 🍵 \u{1F468}\u200D\u{1F469}";
      const { json } = await proxy.merchant('POST', '/v1/orders', { ...request, attach });
      assert.equal((await proxy.merchant('GET', `/v1/orders/${json.id}`)).json.attach, attach);
    });
  });
}

describe('several proxies on one PostgreSQL', () => {
  test('an order of the one is paid through the other; the merchant hears of it once', async (t) => {
    const receiver = await startReceiver(t);
    const environment = { DATABASE_URL: await postgres.createDatabase(), WEBHOOK_URL: receiver.url, WEBHOOK_SECRET };
    const first = await startHarness(t, { environment });
    const second = await startSecond(t, first);
    const order = await first.order();
    const authorization = `Bearer ${await first.session()}`;

    const payment = await second.page(
      'POST',
      `/v1/orders/${order.id}/payments`,
      { channel: 'jsapi' },
      { authorization },
    );
    assert.equal(payment.status, 200);
    first.wechat.control.set({ notifications: 'double' });
    first.wechat.control.pay(order.outTradeNo);
    await eventually(() => receiver.received[0], 'an event');
    await first.wechat.control.notificationsSettled();
    await first.wechat.control.notify(order.outTradeNo);

    assert.equal((await second.merchant('GET', `/v1/orders/${order.id}`)).json.status, 'paid');
    assert.equal((await first.merchant('GET', `/v1/orders/${order.id}`)).json.status, 'paid');
    const events = (await second.merchant('GET', '/v1/events')).json.data;
    assert.deepEqual(
      events.map(({ type }: { type: string }) => type),
      ['order.paid'],
    );
    assert.equal(receiver.received.length, 1);
  });

  test('payment requests at both at once end in one prepay id', async (t) => {
    const first = await startHarness(t, { environment: { DATABASE_URL: await postgres.createDatabase() } });
    const second = await startSecond(t, first);
    const order = await first.order();
    const authorization = `Bearer ${await first.session()}`;
    const path = `/v1/orders/${order.id}/payments`;

    const replies = await Promise.all(
      times(10, (index) => {
        const headers = { authorization, origin: SHOP };
        return index % 2
          ? first.page('POST', path, { channel: 'jsapi' }, headers)
          : second.page('POST', path, { channel: 'jsapi' }, headers);
      }),
    );

    assert.deepEqual(
      replies.map(({ status }) => status),
      times(10, () => 200),
    );
    assert.equal(new Set(replies.map(({ json }) => json.params.package)).size, 1);
  });

  test('requests and closings at both at once leave nothing payable behind', async (t) => {
    const first = await startHarness(t, { environment: { DATABASE_URL: await postgres.createDatabase() } });
    const second = await startSecond(t, first);
    const authorization = `Bearer ${await first.session()}`;

    await Promise.all(
      times(5, async () => {
        const order = await first.order();
        const [payment] = await Promise.all([
          first.page('POST', `/v1/orders/${order.id}/payments`, { channel: 'jsapi' }, { authorization }),
          second.merchant('POST', `/v1/orders/${order.id}/close`),
        ]);

        assert.ok([200, 409, 502].includes(payment.status), payment.text);
        assert.equal((await second.merchant('GET', `/v1/orders/${order.id}`)).json.status, 'closed');
        assert.notEqual(first.wechat.control.order(order.outTradeNo)?.state, 'NOTPAY');
      }),
    );
  });

  test('a proxy whose connections are cut while it works lives on', async (t) => {
    const database = await postgres.createDatabase();
    const proxy = await startHarness(t, { environment: { DATABASE_URL: database } });
    const order = await proxy.order();
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    t.after(() => client.end());
    let busy = true;
    const readers = Array.from({ length: 8 }, async () => {
      while (busy) {
        const { status, json } = await proxy.merchant('GET', `/v1/orders/${order.id}`);
        if (status !== 200) assert.equal(json.code, 'store_unavailable');
      }
    });

    for (let i = 0; i < 10; i++) {
      await client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    busy = false;

    await Promise.all(readers);
    assert.equal((await proxy.merchant('GET', `/v1/orders/${order.id}`)).json.id, order.id);
  });

  test('a proxy whose database has gone says so, lives on, and is ready when it is back', async (t) => {
    const own = await startPostgres();
    t.after(() => own.remove());
    const proxy = await startHarness(t, { environment: { DATABASE_URL: await own.createDatabase() } });
    const order = await proxy.order();
    assert.equal((await proxy.page('GET', '/readyz')).status, 200);

    await own.stop();

    const unready = await proxy.page('GET', '/readyz');
    assert.equal(unready.status, 503);
    assert.equal(unready.json.code, 'store_unavailable');
    assert.equal((await proxy.page('GET', '/healthz')).status, 200);
    const reading = await proxy.page('GET', `/v1/orders/${order.id}`);
    assert.equal(reading.status, 503);
    assert.equal(reading.json.code, 'store_unavailable');

    await own.start();

    await eventually(async () => (await proxy.page('GET', '/readyz')).status === 200, 'ready again');
    assert.equal((await proxy.page('GET', `/v1/orders/${order.id}`)).json.id, order.id);
  });
});
