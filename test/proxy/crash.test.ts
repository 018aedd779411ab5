/** The proxy as a process that is killed, or asked to end: nothing that was acknowledged is lost. */
import assert from 'node:assert/strict';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Harness, type HarnessOptions, SHOP, startHarness, WEBHOOK_SECRET } from './harness.ts';
import { type ProxyProcess, startProcess } from './process.ts';

// Its own types do not resolve under NodeNext.
const { Aes } = createRequire(import.meta.url)('wechatpay-axios-plugin');

const CONFIG = `/v1/jssdk/config?url=${encodeURIComponent(`${SHOP}/`)}`;

interface Received {
  id: string;
  type: string;
  outTradeNo: string;
}

/** The merchant’s server; `answer` ends each request, or does not. */
async function startMerchant(t: TestContext) {
  const received: Received[] = [];
  const merchant = {
    url: '',
    received,
    answer: (_request: IncomingMessage, response: ServerResponse) => {
      response.end();
    },
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { type, data } = JSON.parse(Buffer.concat(chunks).toString());
    received.push({ id: String(request.headers['webhook-id']), type, outTradeNo: data.outTradeNo });
    merchant.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  merchant.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  return merchant;
}

/** What the harness has, but the proxy behind it is a process of its own. */
async function startKillable(t: TestContext, options: HarnessOptions = {}) {
  const merchant = await startMerchant(t);
  const proxy = await startHarness(t, { ...options, environment: { WEBHOOK_URL: merchant.url, WEBHOOK_SECRET } });
  await proxy.stop();
  return { merchant, proxy, serve: () => startProcess(t, proxy.environment) };
}

async function payingOrder(proxy: Harness) {
  const order = await proxy.order();
  const payment = await proxy.prepay(order.id);
  assert.equal(payment.status, 200, payment.text);
  return order;
}

/** The order as the list has it: WeChat is not asked about it. */
async function listed(proxy: Harness, outTradeNo: string) {
  return (await proxy.merchant('GET', `/v1/orders?outTradeNo=${outTradeNo}`)).json.data[0];
}

function withDatabase<T>(proxy: Harness, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(proxy.environment.DATABASE_URL!.slice('file:'.length));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

describe('kill -9', { concurrency: true }, () => {
  it('right after an order was created loses no order', async (t) => {
    const { proxy, serve } = await startKillable(t);
    const first = await serve();
    const request = { outTradeNo: 'killed-1', description: 'Tea', amount: { total: 3980, currency: 'CNY' } };
    const created = await proxy.merchant('POST', '/v1/orders', request);
    await first.end('SIGKILL');
    assert.equal(created.status, 201);

    await serve();
    const again = await proxy.merchant('POST', '/v1/orders', request);
    assert.equal(again.status, 200);
    assert.deepEqual(again.json, created.json);
    assert.deepEqual((await proxy.merchant('GET', `/v1/orders/${created.json.id}`)).json, created.json);
  });

  it('right after a notification was acknowledged loses neither the payment nor its event', async (t) => {
    const { merchant, proxy, serve } = await startKillable(t);
    const first = await serve();
    const order = await payingOrder(proxy);
    merchant.answer = (request) => request.socket.destroy();
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });
    const { status } = await proxy.wechat.control.notify(order.outTradeNo);
    await first.end('SIGKILL');
    assert.equal(status, 204);
    const before = merchant.received.length;

    merchant.answer = (_request, response) => response.end();
    await serve();
    assert.equal((await listed(proxy, order.outTradeNo)).status, 'paid');
    const event = await eventually(() => merchant.received[before], 'the event comes soon');
    assert.deepEqual([event.type, event.outTradeNo], ['order.paid', order.outTradeNo]);
  });

  it('while the merchant takes its time has the event delivered again, under its id', async (t) => {
    const { merchant, proxy, serve } = await startKillable(t);
    const first = await serve();
    const order = await payingOrder(proxy);
    merchant.answer = () => {};
    proxy.wechat.control.pay(order.outTradeNo);
    const hanging = await eventually(() => merchant.received[0], 'a delivery is under way');
    await first.end('SIGKILL');

    merchant.answer = (_request, response) => response.end();
    await serve();
    assert.deepEqual(await eventually(() => merchant.received[1], 'it comes again soon'), hanging);
    const delivered = async () =>
      (await proxy.merchant('GET', '/v1/events')).json.data[0].delivery.status === 'delivered';
    await eventually(delivered, 'it is known as delivered');
    assert.equal(merchant.received.length, 2);
  });

  it('between payment and notification has WeChat asked', async (t) => {
    const { merchant, proxy, serve } = await startKillable(t);
    const first = await serve();
    const order = await payingOrder(proxy);
    await first.end('SIGKILL');
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });
    await serve();
    const event = await eventually(() => merchant.received[0], 'the event, though no notification came', 15_000);
    assert.equal(event.outTradeNo, order.outTradeNo);
  });

  it('at ten random moments of twenty payments loses nothing that was acknowledged', async (t) => {
    const { merchant, proxy, serve } = await startKillable(t, { wechat: { retrySpeed: 100 } });
    let current = await serve();
    const acknowledged: string[] = [];
    const pay = async () => {
      const order = await persistently(() => proxy.order());
      acknowledged.push(order.outTradeNo);
      await persistently(async () => assert.equal((await proxy.prepay(order.id)).status, 200));
      proxy.wechat.control.pay(order.outTradeNo);
      return order;
    };
    const paying = Promise.all(Array.from({ length: 20 }, (_, index) => sleep(index * 300).then(pay)));

    for (let kills = 0; kills < 10; kills += 1) {
      await sleep(Math.random() * 500);
      await current.end('SIGKILL');
      assertKept(proxy, acknowledged);
      current = await serve();
    }
    for (const { id, outTradeNo } of await paying) {
      const paid = async () => (await proxy.merchant('GET', `/v1/orders/${id}`)).json.status === 'paid';
      await eventually(paid, `${outTradeNo} is paid`, 20_000);
      const told = () =>
        merchant.received.some((event) => event.type === 'order.paid' && event.outTradeNo === outTradeNo);
      await eventually(told, `${outTradeNo} is told`);
    }
    assert.equal(new Set(merchant.received.map(({ id }) => id)).size, 20, 'one event an order');
    assert.ok(takenNotifications(proxy).length > 0);
    assertKept(proxy, acknowledged);
  });
});

/** Between two processes: the file is whole, and holds what has been acknowledged until now. */
function assertKept(proxy: Harness, orders: readonly string[]): void {
  withDatabase(proxy, (db) => {
    assert.deepEqual(
      db
        .prepare('pragma integrity_check')
        .all()
        .map(({ integrity_check: result }) => result),
      ['ok'],
    );
    const kept = new Map(
      db
        .prepare('select outTradeNo, status from orders')
        .all()
        .map((row) => [row.outTradeNo, row.status]),
    );
    for (const outTradeNo of orders) assert.ok(kept.has(outTradeNo), `${outTradeNo} is kept`);
    for (const outTradeNo of takenNotifications(proxy)) assert.equal(kept.get(outTradeNo), 'paid');
    const paid = db.prepare(`select count(*) as orders from orders where status = 'paid'`).get()!.orders;
    const events = db.prepare(`select count(*) as events from events where type = 'order.paid'`).get()!.events;
    assert.equal(events, paid, 'each payment has its event');
  });
}

/** The orders whose payment the proxy has acknowledged to WeChat. */
function takenNotifications({ wechat, environment }: Harness): string[] {
  const taken = wechat.calls.filter(({ direction, status }) => direction === 'out' && status === 204);
  return taken.map(({ requestBody }) => {
    const { ciphertext, nonce, associated_data: associatedData } = JSON.parse(requestBody).resource;
    return JSON.parse(Aes.AesGcm.decrypt(ciphertext, environment.WECHAT_PAY_V3_KEY, nonce, associatedData))
      .out_trade_no;
  });
}

/** As a merchant’s server or a page does it while the proxy is away: again. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  return eventually(
    () =>
      work()
        .then((result) => [result] as const)
        .catch(() => undefined),
    'it works',
    30_000,
  ).then(([result]) => result);
}

describe('SIGTERM', { concurrency: true }, () => {
  /** Holds so many connections open that have had an answer. */
  async function idleConnections(t: TestContext, url: string, count: number) {
    const agent = new Agent({ keepAlive: true, maxSockets: count, maxFreeSockets: count });
    t.after(() => agent.destroy());
    const answer = () =>
      new Promise<void>((resolve, reject) => {
        get(`${url}/healthz`, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
      });
    await Promise.all(Array.from({ length: count }, answer));
    await sleep(0);
    assert.equal(Object.values(agent.freeSockets).flat().length, count);
  }

  it('lets requests under way be answered, though other connections are open and idle', async (t) => {
    const { proxy, serve } = await startKillable(t);
    const served = await serve();
    await idleConnections(t, served.url, 5);
    let asked = false;
    proxy.wechat.control.at({ path: '/cgi-bin/*', when: 'before' }, () => {
      asked = true;
      return sleep(1_000);
    });
    const underway = Array.from({ length: 5 }, () => fetch(served.url + CONFIG, { headers: { origin: SHOP } }));
    await eventually(() => asked, 'WeChat is asked');
    await sleep(300);
    const ended = served.end('SIGTERM');
    for (const answer of await Promise.all(underway)) assert.equal(answer.status, 200);
    assert.deepEqual(await ended, { code: 0, signal: null }, served.output());
  });

  it('lets a delivery under way end, and remembers it', async (t) => {
    const { merchant, proxy, serve } = await startKillable(t);
    const served = await serve();
    const order = await payingOrder(proxy);
    const { hanging } = hang(merchant);
    proxy.wechat.control.pay(order.outTradeNo);
    await eventually(() => hanging[0], 'a delivery is under way');
    const ended = served.end('SIGTERM');
    setTimeout(() => hanging[0]!.end(), 500);
    assert.equal((await ended).code, 0, served.output());

    await serve();
    const [event] = (await proxy.merchant('GET', '/v1/events')).json.data;
    assert.equal(event.delivery.status, 'delivered');
    assert.equal(merchant.received.length, 1);
  });

  it('ends the process within ten seconds, whatever hangs', async (t) => {
    const { merchant, proxy, serve } = await startKillable(t);
    const served = await serve();
    const order = await payingOrder(proxy);
    const other = await payingOrder(proxy);
    const { hanging } = hang(merchant);
    proxy.wechat.control.pay(order.outTradeNo);
    await eventually(() => hanging[0], 'a delivery hangs');
    proxy.wechat.control.fail({ path: '/*', kind: 'latency', ms: 60_000, count: 1_000 });
    const page = fetch(`${served.url}${CONFIG}`, { headers: { origin: SHOP } }).catch(() => {});
    const closing = proxy.merchant('POST', `/v1/orders/${other.id}/close`).catch(() => {});
    await halfARequest(t, served);
    await idleConnections(t, served.url, 2);
    const startedAt = performance.now();
    const { code } = await served.end('SIGTERM');
    const seconds = (performance.now() - startedAt) / 1_000;
    assert.equal(code, 0, served.output());
    assert.ok(seconds <= 10, `${seconds} s`);
    await Promise.all([page, closing]);
    assert.doesNotMatch(served.output(), /"level":60|unhandled|Uncaught/i);
  });

  it('ends a process that has nothing to do at once, though a browser has opened a connection ahead', async (t) => {
    const { serve } = await startKillable(t);
    const served = await serve();
    const ahead = connect(Number(new URL(served.url).port), '127.0.0.1');
    t.after(() => ahead.destroy());
    ahead.on('error', () => {});
    await new Promise((resolve) => ahead.once('connect', resolve));
    const startedAt = performance.now();
    const { code } = await served.end('SIGTERM');
    assert.equal(code, 0);
    assert.ok(performance.now() - startedAt < 6_000, 'it does not wait as long as for work under way');
    await assert.rejects(fetch(`${served.url}/healthz`));
  });
});

function hang(merchant: { answer: (request: IncomingMessage, response: ServerResponse) => void }) {
  const hanging: ServerResponse[] = [];
  merchant.answer = (_request, response) => hanging.push(response);
  return { hanging };
}

/** A client that begins and never ends. */
async function halfARequest(t: TestContext, { url }: ProxyProcess): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write('POST /wechat/pay/v3/notify HTTP/1.1\r\nHost: proxy\r\nContent-Length: 1000\r\n\r\n{');
}
