import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually, type Harness, sharedClock, shareHarness, times } from './harness.ts';
import { about, assertRefused, calls, create, eventsOf, payers, seen, typesOf } from './merchant.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clock = sharedClock();
const { now } = clock.options;
const shared = shareHarness(clock.options);

describe('hearing of a payment', () => {
  test('a page that reads has WeChat asked at most once in two seconds', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);

    await Promise.all(times(10, () => proxy.page('GET', `/v1/orders/${order.id}`)));
    await Promise.all(times(10, () => proxy.merchant('GET', `/v1/orders/${order.id}`)));
    await eventually(() => calls(proxy, order).queried === 1, 'one query');
    clock.advance(2_000);
    await Promise.all(times(10, () => proxy.page('GET', `/v1/orders/${order.id}`)));

    await eventually(() => calls(proxy, order).queried === 2, 'another query');
  });

  test('nobody is asked about an order that nobody has begun to pay, or that is over', async () => {
    const { proxy } = shared;
    const [created, closed] = await Promise.all(times(2, async () => (await create(proxy)).json));
    await proxy.merchant('POST', `/v1/orders/${closed.id}/close`);
    await eventually(() => calls(proxy, closed).closed === 1, 'closed at WeChat');
    const before = calls(proxy, closed).queried;

    for (const { id } of [created, closed]) await proxy.page('GET', `/v1/orders/${id}`);

    assert.deepEqual(calls(proxy, created), { created: 0, queried: 0, closed: 0 });
    assert.equal(calls(proxy, closed).queried, before);
  });

  test('a reader finds the payment whose notification was lost', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    const { transactionId } = proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    assert.equal((await proxy.page('GET', `/v1/orders/${order.id}`)).json.status, 'paid');

    const [event, ...others] = await eventsOf(proxy, order);
    assert.equal(event!.type, 'order.paid');
    assert.equal(event!.data.transactionId, transactionId);
    assert.equal(event!.data.openid, payers(proxy)[0]);
    assert.deepEqual(others, []);
  });

  test('the proxy finds it by itself where nobody reads', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    clock.advance(5_000);

    await eventually(async () => (await typesOf(proxy, order)).includes('order.paid'), 'order.paid');
    assert.equal((await seen(proxy, order)).status, 'paid');
  });

  test('it asks again and again', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, { expiresAt: new Date(now() + DAY).toISOString() })).json;
    await proxy.prepay(order.id);
    const asked = (count: number) => eventually(() => calls(proxy, order).queried === count, `asked ${count} times`);

    clock.advance(5_000);
    await asked(1);
    clock.advance(MINUTE);
    await asked(2);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });
    clock.advance(HOUR);

    await eventually(async () => (await seen(proxy, order)).status === 'paid', 'paid');
  });

  test('a notification, a reader and the proxy itself at once bring one event', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.set({ notifications: 'double' });
    proxy.wechat.control.pay(order.outTradeNo);
    clock.advance(5_000);

    await Promise.all(times(5, () => proxy.page('GET', `/v1/orders/${order.id}`)));
    await proxy.wechat.control.notificationsSettled();

    assert.equal((await seen(proxy, order)).status, 'paid');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });
});

describe('the end of an order that nobody pays', () => {
  const EXPIRES = 10 * MINUTE;
  const brief = () => ({ expiresAt: new Date(now() + EXPIRES).toISOString() });

  test('an order that nobody began to pay expires by itself', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, brief())).json;

    clock.advance(EXPIRES);

    const expired = await eventually(async () => {
      const current = await seen(proxy, order);
      return current.status === 'expired' && current;
    }, 'expired');
    assert.ok(Date.parse(expired.closedAt) >= Date.parse(order.expiresAt));
    assert.deepEqual(await typesOf(proxy, order), ['order.expired']);
    assert.deepEqual(calls(proxy, order), { created: 0, queried: 0, closed: 0 });
  });

  test('who reads an order after its end reads that it has expired', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, brief())).json;

    clock.advance(EXPIRES);

    assert.equal((await proxy.page('GET', `/v1/orders/${order.id}`)).json.status, 'expired');
  });

  test('an order that somebody began to pay is asked about and closed at WeChat before it expires', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, brief())).json;
    await proxy.prepay(order.id);

    clock.advance(EXPIRES);

    await eventually(async () => (await seen(proxy, order)).status === 'expired', 'expired');
    assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'CLOSED');
    assert.ok(calls(proxy, order).queried >= 1);
    assert.deepEqual(await typesOf(proxy, order), ['order.expired']);
  });

  test('an order that was paid in the last moment is paid', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, brief())).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    clock.advance(EXPIRES);

    await eventually(async () => (await typesOf(proxy, order)).length > 0, 'an event');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
    assert.equal((await seen(proxy, order)).status, 'paid');
  });

  test('an order that is paid between question and closing is paid', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    const close = `/v3/pay/transactions/out-trade-no/${order.outTradeNo}/close`;
    proxy.wechat.control.fail({ path: close, kind: 'latency', ms: 300 });

    const closing = proxy.merchant('POST', `/v1/orders/${order.id}/close`);
    await eventually(() => calls(proxy, order).queried === 1, 'the question');
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    assertRefused(await closing, 'order_paid', 409);
    assert.equal((await seen(proxy, order)).status, 'paid');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('while WeChat cannot be asked, an order that may be paid does not expire', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, brief())).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });
    proxy.wechat.control.fail({ path: about(order), kind: 'disconnect', count: 1_000 });

    clock.advance(EXPIRES);
    await proxy.page('GET', `/v1/orders/${order.id}`);
    assert.equal((await seen(proxy, order)).status, 'paying');
    proxy.wechat.control.reset();
    clock.advance(HOUR);

    await eventually(async () => (await seen(proxy, order)).status === 'paid', 'paid');
  });
});

describe('closing an order', () => {
  const close = (proxy: Harness, { id }: { id: string }) => proxy.merchant('POST', `/v1/orders/${id}/close`);

  test('that nobody began to pay', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;

    const { status, json } = await close(proxy, order);

    assert.equal(status, 200);
    assert.equal(json.status, 'closed');
    assert.ok(Date.parse(json.closedAt) >= Date.parse(order.createdAt));
    assert.deepEqual(await typesOf(proxy, order), ['order.closed']);
  });

  test('that somebody began to pay closes it at WeChat too', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);

    const { status, json } = await close(proxy, order);

    assert.equal(status, 200);
    assert.equal(json.status, 'closed');
    assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'CLOSED');
    assertRefused(await proxy.prepay(order.id), 'order_closed', 409);
  });

  test('again, or many times at once, is the same order and one event', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);

    const replies = await Promise.all(times(5, () => close(proxy, order)));
    const again = await close(proxy, order);

    for (const { status, json } of replies) {
      assert.equal(status, 200);
      assert.deepEqual(json, again.json);
    }
    assert.deepEqual(await typesOf(proxy, order), ['order.closed']);
  });

  test('that has expired leaves it expired', async () => {
    const { proxy } = shared;
    const order = (await create(proxy, { expiresAt: new Date(now() + MINUTE).toISOString() })).json;
    clock.advance(MINUTE);
    await eventually(async () => (await seen(proxy, order)).status === 'expired', 'expired');

    const { status, json } = await close(proxy, order);

    assert.equal(status, 200);
    assert.equal(json.status, 'expired');
    assert.deepEqual(await typesOf(proxy, order), ['order.expired']);
  });

  test('that is paid is a conflict, also where the proxy learns so only now', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    assertRefused(await close(proxy, order), 'order_paid', 409);
    assertRefused(await close(proxy, order), 'order_paid', 409);
    assert.equal((await seen(proxy, order)).status, 'paid');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('fails where WeChat cannot be asked, and the order stays open', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    await proxy.prepay(order.id);
    proxy.wechat.control.fail({ path: about(order), kind: 'disconnect', count: 2 });

    assertRefused(await close(proxy, order), 'wechat_unavailable', 502);
    assert.equal((await seen(proxy, order)).status, 'paying');
    assert.equal((await close(proxy, order)).status, 200);
  });

  test('while a payment is being requested leaves nothing at WeChat that could be paid', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const path = `/v3/pay/transactions/out-trade-no/${order.outTradeNo}/close`;
    proxy.wechat.control.fail({ path, kind: 'latency', ms: 300, when: 'after' });

    const closing = close(proxy, order);
    await eventually(() => calls(proxy, order).queried === 1, 'WeChat is asked');
    await proxy.prepay(order.id);

    assert.equal((await closing).json.status, 'closed');
    assert.notEqual(proxy.wechat.control.order(order.outTradeNo)?.state, 'NOTPAY');
    assert.deepEqual(await typesOf(proxy, order), ['order.closed']);
  });

  test('while WeChat is making it, closes it there as well', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const authorization = `Bearer ${await proxy.session()}`;
    proxy.wechat.control.fail({ path: '/v3/pay/transactions/jsapi', kind: 'latency', ms: 500 });

    const requesting = proxy.page('POST', `/v1/orders/${order.id}/payments`, { channel: 'jsapi' }, { authorization });
    assert.equal((await close(proxy, order)).json.status, 'closed');

    const reply = await requesting;
    assertRefused(reply, 'order_closed', 409);
    assert.notEqual(proxy.wechat.control.order(order.outTradeNo)?.state, 'NOTPAY');
  });
});

describe('a payment that comes too late', () => {
  for (const end of ['closed', 'expired'] as const) {
    test(`for an order that is ${end} is reported once, and the order stays ${end}`, async () => {
      const { proxy } = shared;
      const order = (await create(proxy, { expiresAt: new Date(now() + 10 * MINUTE).toISOString() })).json;
      await proxy.prepay(order.id);
      if (end === 'closed') await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
      else clock.advance(10 * MINUTE);
      await eventually(async () => (await seen(proxy, order)).status === end, end);
      const paid = {
        trade_state: 'SUCCESS',
        transaction_id: '4200001234202611221234567890',
        success_time: '2026-11-22T20:00:00+08:00',
        payer: { openid: payers(proxy)[0] },
      };
      const notify = () => proxy.wechat.control.notify(order.outTradeNo, { transaction: paid });

      const answers = [...(await Promise.all([notify(), notify()])), await notify()];

      for (const { status } of answers) assert.ok(status === 200 || status === 204, String(status));
      assert.deepEqual(await typesOf(proxy, order), ['payment.late', `order.${end}`]);
      const [late] = await eventsOf(proxy, order);
      assert.equal(late!.data.status, end);
      assert.equal(late!.data.transactionId, paid.transaction_id);
      const after = (await proxy.merchant('GET', `/v1/orders/${order.id}`)).json;
      assert.equal(after.status, end);
      assert.equal(after.transactionId, paid.transaction_id);
      assert.equal(after.paidAt, '2026-11-22T12:00:00.000Z');
      assert.equal(after.openid, payers(proxy)[0]);
      assertRefused(await proxy.prepay(order.id), `order_${end}`, 409);
    });
  }
});
