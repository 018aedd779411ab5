/** Events on their way to the merchant’s server: signed, again and again until they are taken, and never lost. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { Event, EventType } from '../../proxy/api.ts';
import { Delivery } from '../../proxy/outbox/delivery.ts';
import { Events } from '../../proxy/outbox/events.ts';
import { Store } from '../../proxy/store/store.ts';
import {
  eventually,
  freePort,
  type Harness,
  sharedClock,
  startHarness,
  startReceiver,
  WEBHOOK_SECRET,
} from './harness.ts';
import { startProcess } from './process.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

async function paidOrder(proxy: Harness, fields: object = {}) {
  const order = await proxy.order(fields);
  assert.equal((await proxy.prepay(order.id)).status, 200);
  proxy.wechat.control.pay(order.outTradeNo);
  await proxy.wechat.control.notificationsSettled();
  return order;
}

async function eventsOf(proxy: Harness, query = ''): Promise<Event[]> {
  const { status, json, text } = await proxy.merchant('GET', `/v1/events${query}`);
  assert.equal(status, 200, text);
  return json.data;
}

test('an event is a Standard Webhook that tells the merchant all about the order', async (t) => {
  const receiver = await startReceiver(t);
  const proxy = await startHarness(t, { environment: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET } });
  const order = await paidOrder(proxy, { attach: '附加 😀', items: [{ name: '茶', quantity: 2, unitPrice: 1990 }] });
  const { headers, body } = await eventually(() => receiver.received[0], 'the event');

  const payload = new Webhook(WEBHOOK_SECRET).verify(body, headers as Record<string, string>) as Record<
    string,
    unknown
  >;
  assert.deepEqual(Object.keys(payload).sort(), ['data', 'timestamp', 'type']);
  assert.equal(payload.type, 'order.paid');
  assert.ok(Math.abs(Date.parse(payload.timestamp as string) - Date.now()) < MINUTE);
  assert.match(payload.timestamp as string, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(payload.data, (await proxy.merchant('GET', `/v1/orders/${order.id}`)).json);
  assert.equal(headers['content-type'], 'application/json');

  const [event] = await eventually(
    async () => (await eventsOf(proxy)).filter(({ delivery }) => delivery?.status === 'delivered').slice(0, 1),
    'it is known as delivered',
  );
  assert.equal(event!.id, headers['webhook-id']);
  assert.deepEqual(event!.data, payload.data);
  assert.deepEqual([event!.delivery!.attempts, event!.delivery!.lastStatus], [1, 200]);
  assert.match((await proxy.merchant('GET', '/metrics')).text, /weixin_event_deliveries_total\{result="delivered"\} 1/);
});

/** The outbox alone, with a clock of its own; `round` has everything delivered whose time has come. */
async function startOutbox(t: TestContext, url: string) {
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-'));
  const clock = { now: Date.parse('2026-11-22T00:00:00Z') };
  const now = () => clock.now;
  const results: string[] = [];
  const stores: Store[] = [];
  /** As another process on the same store has it. */
  const start = async () => {
    const store = await Store.open(`file:${join(folder, 'proxy.db')}`);
    stores.push(store);
    const onError = (error: unknown) => assert.fail(error as Error);
    const onResult = (result: string) => results.push(result);
    const delivery = new Delivery({ store, urlOf: () => url, secret: WEBHOOK_SECRET, now, onError, onResult });
    return { store, delivery, events: new Events({ store, now, isDelivered: () => true }) };
  };
  const first = await start();
  t.after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await rm(folder, { recursive: true });
  });
  const { store, delivery, events } = first;
  return {
    ...first,
    clock,
    results,
    start,
    add: (type: EventType = 'order.paid') => store.transaction((trx) => events.add(trx, type, { id: 'ord_1' })),
    async round() {
      await delivery.startDue();
      await delivery.drain();
    },
    async state() {
      const [event] = (await events.list({})).data;
      const { status, attempts, nextAttemptAt, lastStatus, lastError } = event!.delivery!;
      const wait = nextAttemptAt === undefined ? undefined : Date.parse(nextAttemptAt) - clock.now;
      return { status, attempts, wait, lastStatus, lastError };
    },
  };
}

describe('an event that is not taken', () => {
  const WAITS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

  it('is tried at once, then on a growing schedule, ten times in all', async (t) => {
    const receiver = await startReceiver(t, () => 500);
    const outbox = await startOutbox(t, receiver.url);
    await outbox.add();
    for (const [index, scheduled] of WAITS.entries()) {
      await outbox.round();
      assert.equal(receiver.received.length, index + 1);
      const { status, attempts, wait, lastStatus } = await outbox.state();
      assert.deepEqual([status, attempts, lastStatus], ['pending', index + 1, 500]);
      assert.ok(wait! >= scheduled * 0.8 && wait! <= scheduled * 1.2, `try ${index + 2} after ${wait} ms`);

      outbox.clock.now += wait! - 1;
      await outbox.round();
      assert.equal(receiver.received.length, index + 1, 'not before its time');
      outbox.clock.now += 1;
    }
    await outbox.round();
    const { status, attempts, wait } = await outbox.state();
    assert.deepEqual([status, attempts, wait], ['failed', 10, undefined]);
    outbox.clock.now += 365 * 24 * HOUR;
    await outbox.round();
    assert.equal(receiver.received.length, 10);
    assert.deepEqual(outbox.results, [...WAITS.map(() => 'retry'), 'failed']);
  });

  it('keeps its id and its content, and gets a new timestamp and signature each time', async (t) => {
    const receiver = await startReceiver(t, () => 500);
    const outbox = await startOutbox(t, receiver.url);
    await outbox.add();
    for (let count = 0; count < 10; count += 1) {
      await outbox.round();
      outbox.clock.now += (await outbox.state()).wait ?? 0;
    }
    const { received } = receiver;
    assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 1);
    assert.equal(new Set(received.map(({ body }) => body)).size, 1);
    assert.equal(new Set(received.map(({ headers }) => headers['webhook-timestamp'])).size, 10);
    for (const { headers, body } of received) {
      const timestamp = new Date(Number(headers['webhook-timestamp']) * SECOND);
      const signature = new Webhook(WEBHOOK_SECRET).sign(String(headers['webhook-id']), timestamp, body);
      assert.equal(headers['webhook-signature'], signature);
    }
  });

  it('does not come together with all the others: the waits are spread', async (t) => {
    const receiver = await startReceiver(t, () => 500);
    const outbox = await startOutbox(t, receiver.url);
    await Promise.all(Array.from({ length: 16 }, outbox.add));
    await outbox.round();
    const { data } = await outbox.events.list({});
    assert.ok(new Set(data.map(({ delivery }) => delivery!.nextAttemptAt)).size > 8);
  });

  it('is tried again after a redirection, which is not followed', async (t) => {
    const elsewhere = await startReceiver(t);
    for (const status of [301, 302, 303, 307, 308, 304]) {
      const receiver = await startReceiver(t, () => [status, { location: elsewhere.url }]);
      const outbox = await startOutbox(t, receiver.url);
      await outbox.add();
      await outbox.round();
      const { status: state, lastStatus } = await outbox.state();
      assert.deepEqual([state, lastStatus], ['pending', status]);
    }
    assert.equal(elsewhere.received.length, 0);
  });

  it('is given up where the receiver is gone (410)', async (t) => {
    const receiver = await startReceiver(t, () => 410);
    const outbox = await startOutbox(t, receiver.url);
    await outbox.add();
    await outbox.round();
    assert.equal((await outbox.state()).status, 'stopped');
    outbox.clock.now += 365 * 24 * HOUR;
    await outbox.round();
    assert.equal(receiver.received.length, 1);
  });
});

describe('an answer with Retry-After', () => {
  const start = Date.parse('2026-11-22T00:00:00Z');
  const cases: [header: string, least: number, most: number][] = [
    ['120', 120 * SECOND, 120 * SECOND],
    [new Date(start + HOUR).toUTCString(), HOUR, HOUR],
    ['999999999', 6 * SECOND, 24 * HOUR],
    [new Date(start + 3650 * 24 * HOUR).toUTCString(), 6 * SECOND, 24 * HOUR],
    ['0', 4 * SECOND, 6 * SECOND],
    ['1', 4 * SECOND, 6 * SECOND],
    [new Date(start - HOUR).toUTCString(), 4 * SECOND, 6 * SECOND],
    ['-5', 4 * SECOND, 6 * SECOND],
    ['1e9', 4 * SECOND, 6 * SECOND],
    ['soon', 4 * SECOND, 6 * SECOND],
  ];
  for (const [header, least, most] of cases) {
    it(`“${header}” waits ${least / SECOND} to ${most / SECOND} s`, async (t) => {
      const receiver = await startReceiver(t, () => [503, { 'retry-after': header }]);
      const outbox = await startOutbox(t, receiver.url);
      await outbox.add();
      await outbox.round();
      const { wait, status } = await outbox.state();
      assert.equal(status, 'pending');
      assert.ok(wait! >= least && wait! <= most, `${wait} ms`);
    });
  }

  it('asks for nothing where the event was taken', async (t) => {
    const receiver = await startReceiver(t, () => [202, { 'retry-after': '120' }]);
    const outbox = await startOutbox(t, receiver.url);
    await outbox.add();
    await outbox.round();
    assert.equal((await outbox.state()).status, 'delivered');
  });
});

async function startOddReceiver(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  let calls = 0;
  const server = createServer((request, response) => {
    calls += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, calls: () => calls };
}

describe('a receiver that', () => {
  const flood = (response: ServerResponse) => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  };
  const odd: Record<string, [status: string, (request: IncomingMessage, response: ServerResponse) => void]> = {
    'drops the connection': ['pending', (request) => request.socket.destroy()],
    'drops the connection in the middle of its headers': [
      'pending',
      (request) => request.socket.write('HTTP/1.1 200 OK\r\nContent-', () => request.socket.destroy()),
    ],
    'does not speak HTTP': ['pending', (request) => request.socket.end('220 mail.example.com ESMTP\r\n')],
    'says no at endless length': ['pending', (_request, response) => flood(response.writeHead(500))],
    'says yes at endless length': ['delivered', (_request, response) => flood(response.writeHead(200))],
    'says yes and never ends its answer': ['delivered', (_request, response) => response.writeHead(200).write('{')],
    'says yes and drops the connection in the middle of its answer': [
      'delivered',
      (request, response) => {
        response.writeHead(200, { 'content-length': 1000 }).write('{', () => request.socket.destroy());
      },
    ],
    'says yes without a body': ['delivered', (_request, response) => response.writeHead(204).end()],
    'says yes in text that is not compressed as it says': [
      'delivered',
      (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip'),
    ],
  };
  for (const [name, [status, answer]] of Object.entries(odd)) {
    it(`${name} has the event ${status}`, async (t) => {
      const receiver = await startOddReceiver(t, answer);
      const outbox = await startOutbox(t, receiver.url);
      await outbox.add();
      await outbox.round();
      const state = await outbox.state();
      assert.deepEqual([state.status, state.attempts], [status, 1]);
      assert.equal(receiver.calls(), 1);
    });
  }

  it('cannot be reached has the event pending', async (t) => {
    const outbox = await startOutbox(t, `http://127.0.0.1:${await freePort()}/`);
    await outbox.add();
    await outbox.round();
    const { status, lastError } = await outbox.state();
    assert.deepEqual([status, lastError], ['pending', 'ECONNREFUSED']);
  });

  it('takes its time does not keep other events waiting', async (t) => {
    const hanging: ServerResponse[] = [];
    let answered = 0;
    const receiver = await startOddReceiver(t, (_request, response) => {
      if (hanging.length === 0) return hanging.push(response);
      answered += 1;
      response.end();
    });
    const outbox = await startOutbox(t, receiver.url);
    await outbox.add();
    await outbox.delivery.startDue();
    await eventually(() => hanging.length === 1, 'it hangs');
    await outbox.add();
    outbox.clock.now += SECOND;
    await outbox.delivery.startDue();
    await eventually(() => answered === 1, 'the other is delivered');

    hanging[0]!.end();
    await outbox.delivery.drain();
    const { data } = await outbox.events.list({});
    assert.deepEqual(
      data.map(({ delivery }) => delivery!.status),
      ['delivered', 'delivered'],
    );
    assert.equal(receiver.calls(), 2);
  });
});

test('many events at once are delivered without a pause between them', async (t) => {
  const receiver = await startReceiver(t);
  const proxy = await startHarness(t, { environment: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET } });
  await proxy.stop();
  const store = await Store.open(proxy.environment.DATABASE_URL!);
  const events = new Events({ store, now: Date.now, isDelivered: () => true });
  await store.transaction(async (trx) => {
    for (let count = 0; count < 200; count += 1) await events.add(trx, 'order.paid', { id: `ord_${count}` });
  });
  await store.close();
  await proxy.restart();
  // Pauses between the rounds would take twelve seconds.
  await eventually(() => receiver.received.length >= 200, '200 events', 10_000);
  assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 200);
  assert.equal(receiver.received.length, 200);
});

test('an order does not wait for many messages', async (t) => {
  const receiver = await startReceiver(t);
  const outbox = await startOutbox(t, receiver.url);
  await Promise.all(Array.from({ length: 40 }, () => outbox.add('message.received')));
  outbox.clock.now += SECOND;
  const { id } = await outbox.add();

  await outbox.round();

  assert.equal(receiver.received[0]!.headers['webhook-id'], id);
  assert.ok(receiver.received.length < 40);
});

test('a new event does not wait for many that are tried again', async (t) => {
  const receiver = await startReceiver(t, () => 500);
  const outbox = await startOutbox(t, receiver.url);
  await Promise.all(Array.from({ length: 40 }, () => outbox.add()));
  for (let round = 0; round < 3; round += 1) await outbox.round();
  assert.equal(receiver.received.length, 40);
  outbox.clock.now += 10 * SECOND;

  const { id } = await outbox.add();
  await outbox.round();

  const next = receiver.received.slice(40).map(({ headers }) => headers['webhook-id']);
  assert.ok(next.length < 40 && next.includes(id), `among the next ${next.length}`);
});

describe('two proxies on one store', () => {
  it('deliver each event once', async (t) => {
    const receiver = await startReceiver(t);
    const outbox = await startOutbox(t, receiver.url);
    const other = (await outbox.start()).delivery;
    await Promise.all(Array.from({ length: 40 }, () => outbox.add()));
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([outbox.delivery, other].map((delivery) => delivery.startDue().then(() => delivery.drain())));
    }
    assert.equal(receiver.received.length, 40);
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 40);
  });

  it('keep to the schedule of an event that is not taken', async (t) => {
    const receiver = await startReceiver(t, () => 500);
    const outbox = await startOutbox(t, receiver.url);
    const others = await Promise.all([outbox.start(), outbox.start(), outbox.start()]);
    const deliveries = [outbox.delivery, ...others.map(({ delivery }) => delivery)];
    for (let count = 0; count < 16; count += 1) await outbox.add();
    await Promise.all(
      deliveries.map(async (delivery) => {
        for (let round = 0; round < 5; round += 1) {
          await delivery.startDue();
          await delivery.drain();
        }
      }),
    );
    assert.equal(receiver.received.length, 16);
  });

  it('in processes of their own deliver each event once', async (t) => {
    const receiver = await startReceiver(t);
    const proxy = await startHarness(t, { environment: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET } });
    await startProcess(t, { ...proxy.environment, PORT: String(await freePort()) });
    await Promise.all(Array.from({ length: 10 }, () => paidOrder(proxy)));
    const delivered = async () =>
      (await eventsOf(proxy)).filter(({ delivery }) => delivery!.status === 'delivered').length === 10;
    await eventually(delivered, 'ten events are delivered');
    assert.equal(receiver.received.length, 10);
  });

  it('take an event over from a process that holds it no longer', async (t) => {
    const receiver = await startReceiver(t);
    const hanging = await startOddReceiver(t, () => {});
    const outbox = await startOutbox(t, receiver.url);
    const { store } = outbox;
    const now = () => outbox.clock.now;
    const quiet = () => {};
    const dead = new Delivery({
      store,
      urlOf: () => hanging.url,
      secret: WEBHOOK_SECRET,
      now,
      onError: quiet,
      onResult: quiet,
    });
    await outbox.add();
    await dead.startDue();
    await eventually(() => hanging.calls() === 1, 'it hangs');
    await outbox.round();
    assert.equal(receiver.received.length, 0, 'not while it may be delivered');
    outbox.clock.now += 6 * SECOND;
    await outbox.round();
    assert.equal(receiver.received.length, 1);
    assert.equal((await outbox.state()).status, 'delivered');
  });
});

describe('redelivery', () => {
  it('sends an event once more, under its id, from the first try on', async (t) => {
    let status = 410;
    const receiver = await startReceiver(t, () => status);
    const proxy = await startHarness(t, { environment: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET } });
    await paidOrder(proxy);
    const stopped = await eventually(
      async () => (await eventsOf(proxy)).find(({ delivery }) => delivery!.status === 'stopped'),
      'it is given up',
    );
    status = 200;
    const { status: answered, json } = await proxy.merchant('POST', `/v1/events/${stopped.id}/redeliver`);
    assert.equal(answered, 202);
    assert.deepEqual([json.id, json.delivery.status, json.delivery.attempts], [stopped.id, 'pending', 0]);
    await eventually(() => receiver.received.length === 2, 'it comes again');
    const [first, second] = receiver.received;
    assert.equal(second!.headers['webhook-id'], first!.headers['webhook-id']);
    assert.equal(second!.body, first!.body);
  });

  it('is not lost where a try is under way', async (t) => {
    const hanging: ServerResponse[] = [];
    let taken = 0;
    const receiver = await startOddReceiver(t, (_request, response) => {
      if (hanging.length === 0) return hanging.push(response);
      taken += 1;
      response.end();
    });
    const outbox = await startOutbox(t, receiver.url);
    await outbox.add();
    await outbox.delivery.startDue();
    await eventually(() => hanging.length === 1, 'a try is under way');
    const [event] = (await outbox.events.list({})).data;
    await outbox.events.redeliver(event!.id);
    outbox.clock.now += SECOND;
    await outbox.delivery.startDue();
    hanging[0]!.writeHead(500).end();
    await outbox.delivery.drain();
    await outbox.round();
    assert.equal(taken, 1);
    assert.equal((await outbox.state()).status, 'delivered');
  });

  it('of an unknown event is refused', async (t) => {
    const receiver = await startReceiver(t);
    const proxy = await startHarness(t, { environment: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET } });
    for (const id of ['evt_00000000000000000000000000000000', 'ord_1', '%00', "'"]) {
      const { status, json } = await proxy.merchant('POST', `/v1/events/${id}/redeliver`);
      assert.deepEqual([status, json.code], [404, 'event_not_found'], id);
    }
    assert.equal(
      (await proxy.page('POST', '/v1/events/evt_00000000000000000000000000000000/redeliver')).json.code,
      'unauthorized',
    );
  });
});

test('without a receiver events are kept, and can be delivered when there is one', async (t) => {
  const proxy = await startHarness(t);
  await paidOrder(proxy);
  const [event] = await eventsOf(proxy);
  assert.equal(event!.type, 'order.paid');
  assert.equal(event!.delivery, undefined);
  const refused = await proxy.merchant('POST', `/v1/events/${event!.id}/redeliver`);
  assert.deepEqual([refused.status, refused.json.code], [409, 'webhook_not_configured']);

  const receiver = await startReceiver(t);
  Object.assign(proxy.environment, { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET });
  await proxy.restart();
  assert.equal((await proxy.merchant('POST', `/v1/events/${event!.id}/redeliver`)).status, 202);
  const { headers } = await eventually(() => receiver.received[0], 'the event');
  assert.equal(headers['webhook-id'], event!.id);
});

test('events are listed by type, the newest first, page by page', async (t) => {
  const proxy = await startHarness(t);
  await paidOrder(proxy);
  const numbers: string[] = [];
  for (let count = 0; count < 55; count += 1) {
    const order = await proxy.order();
    numbers.push(order.outTradeNo);
    assert.equal((await proxy.merchant('POST', `/v1/orders/${order.id}/close`)).status, 200);
  }
  const first = (await proxy.merchant('GET', '/v1/events?type=order.closed')).json;
  assert.equal(first.data.length, 50);
  const second = (await proxy.merchant('GET', `/v1/events?type=order.closed&cursor=${first.nextCursor}`)).json;
  assert.equal(second.nextCursor, null);
  const listed = [...first.data, ...second.data];
  assert.deepEqual(new Set(listed.map(({ type }) => type)), new Set(['order.closed']));
  assert.deepEqual(new Set(listed.map(({ data }) => data.outTradeNo)), new Set(numbers));
  assert.equal(listed.length, 55);
  const times = listed.map(({ timestamp }) => timestamp);
  assert.deepEqual(times, times.toSorted().reverse());

  const all = (await proxy.merchant('GET', '/v1/events')).json;
  const rest = (await proxy.merchant('GET', `/v1/events?cursor=${all.nextCursor}`)).json;
  assert.equal(all.data.length + rest.data.length, 56);
  for (const query of ['?type=order.unheard', '?cursor=nonsense', '?unknown=1']) {
    const { status, json } = await proxy.merchant('GET', `/v1/events${query}`);
    assert.deepEqual([status, json.code], [400, 'invalid_request'], query);
  }
});

test('an order that is paid while the merchant is down is told when the merchant is back', async (t) => {
  const port = await freePort();
  const clock = sharedClock();
  const webhook = { WEBHOOK_URL: `http://127.0.0.1:${port}/events`, WEBHOOK_SECRET };
  const proxy = await startHarness(t, { ...clock.options, environment: webhook });
  const order = await paidOrder(proxy);
  const tried = async () => (await eventsOf(proxy)).find(({ delivery }) => delivery!.attempts === 1);
  assert.equal((await eventually(tried, 'a first try')).delivery!.lastError, 'ECONNREFUSED');

  const bodies: string[] = [];
  const merchant = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    bodies.push(Buffer.concat(chunks).toString());
    response.end();
  });
  await new Promise<void>((resolve) => merchant.listen(port, '127.0.0.1', resolve));
  t.after(() => merchant.close());
  clock.advance(6 * SECOND);
  const body = await eventually(() => bodies[0], 'the event');
  assert.equal(JSON.parse(body).data.id, order.id);
});
