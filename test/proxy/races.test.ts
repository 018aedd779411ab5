/** Things that happen at once, in every order that WeChat's calls allow. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PayOrder } from '../../demo/wechat/start.ts';
import {
  during,
  lost,
  outRefundNo,
  paidOrder,
  payable,
  refund,
  refundEventsOf,
  seenRefund,
  start,
  trades,
} from './at-wechat.ts';
import { eventually, type Harness, type Reply, sharedClock, shareHarness } from './harness.ts';
import { about, assertRefused, create, payers, seen, typesOf } from './merchant.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const clock = sharedClock();
const { now } = clock.options;
const shared = shareHarness(clock.options);

type Order = Reply['json'];

const ownPath = ({ outTradeNo }: Order) => `/v3/pay/transactions/out-trade-no/${outTradeNo}`;

/** Something that goes on, in several calls to WeChat. */
interface Course {
  prepare(proxy: Harness): Promise<Order>;
  run(proxy: Harness, order: Order): Promise<Reply | undefined>;
}

async function begun(proxy: Harness, fields: object = {}): Promise<Order> {
  const order = (await create(proxy, fields)).json;
  assert.equal((await start(proxy, order, 'h5')).status, 200);
  return order;
}

const close = (proxy: Harness, { id }: Order) => proxy.merchant('POST', `/v1/orders/${id}/close`);

/** The order's end has come: the proxy notices by itself, or when somebody reads it. */
async function expire(proxy: Harness, order: Order): Promise<void> {
  clock.advance(Math.max(0, Date.parse(order.expiresAt) - now()));
  await eventually(async () => {
    await proxy.page('GET', `/v1/orders/${order.id}`);
    return !['created', 'paying'].includes((await seen(proxy, order)).status);
  }, 'it is over');
}

/** WeChat's answers are believed for five minutes: the end of the order may come while one is on its way. */
const soon = (minutes = 4) => ({ expiresAt: new Date(now() + minutes * MINUTE).toISOString() });

const COURSES: Record<string, Course> = {
  'closing an order': {
    prepare: begun,
    run: close,
  },
  'closing an order that has just got another number': {
    async prepare(proxy) {
      const order = await begun(proxy);
      await start(proxy, order, 'native');
      return order;
    },
    run: close,
  },
  'the end of an order': {
    prepare: (proxy) => begun(proxy, soon()),
    run: (proxy, order) => expire(proxy, order).then(() => undefined),
  },
  'opening the first channel': {
    prepare: async (proxy) => (await create(proxy, soon())).json,
    run: (proxy, order) => start(proxy, order, 'native'),
  },
  'opening another channel': {
    prepare: (proxy) => begun(proxy, soon()),
    run: (proxy, order) => start(proxy, order, 'native'),
  },
  'renewing what has died': {
    async prepare(proxy) {
      const order = await begun(proxy, soon(9));
      clock.advance(5 * MINUTE);
      return order;
    },
    run: (proxy, order) => start(proxy, order, 'h5'),
  },
};

/** Pays by whatever number can be paid. */
async function pay(proxy: Harness, order: Order, notify: boolean): Promise<PayOrder | undefined> {
  const { tradeNo = order.outTradeNo } = await seen(proxy, order);
  for (const number of new Set([order.outTradeNo, tradeNo])) {
    const { control } = proxy.wechat;
    const atWechat = control.order(number);
    if (atWechat?.state !== 'NOTPAY' || atWechat.expiresAt <= control.now()) continue;
    const paid = control.pay(number, { notify });
    await control.notificationsSettled();
    return paid;
  }
  return undefined;
}

/** What happens in the middle of a course. Whoever pays says so. */
const DEEDS: Record<string, (proxy: Harness, order: Order) => Promise<PayOrder | undefined>> = {
  'a payment that is told': (proxy, order) => pay(proxy, order, true),
  'a payment that nobody tells': (proxy, order) => pay(proxy, order, false),
  async 'a closing'(proxy, order) {
    await close(proxy, order);
    return undefined;
  },
  async 'the end of the order'(proxy, order) {
    if (Date.parse(order.expiresAt) <= now()) return undefined;
    await expire(proxy, order);
    return undefined;
  },
  async 'a third channel'(proxy, order) {
    await start(proxy, order, 'jsapi', { openid: payers(proxy)[0] });
    return undefined;
  },
  async 'a third channel while WeChat closes nothing'(proxy, order) {
    proxy.wechat.control.fail({ path: about(order), method: 'POST', kind: 'status', count: 2 });
    await start(proxy, order, 'jsapi', { openid: payers(proxy)[0] });
    proxy.wechat.control.reset();
    return undefined;
  },
};

/** Whoever has paid has paid the order; what is over cannot be paid; and never can two numbers. */
async function assertSound(proxy: Harness, order: Order, paid: PayOrder | undefined, reply: Reply | undefined) {
  await proxy.wechat.control.notificationsSettled();
  if (paid) {
    // Where nobody tells, the proxy asks.
    clock.advance(2_000);
    const {
      status,
      tradeNo = order.outTradeNo,
      transactionId,
    } = (await proxy.merchant('GET', `/v1/orders/${order.id}`)).json;
    assert.equal(status, 'paid');
    assert.deepEqual([tradeNo, transactionId], [paid.outTradeNo, paid.transactionId]);
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
    assert.deepEqual(payable(proxy, order), []);
    return;
  }
  const { status, tradeNo = order.outTradeNo } = await seen(proxy, order);
  if (status === 'closed' || status === 'expired') {
    for (const { state } of trades(proxy, order)) assert.equal(state, 'CLOSED');
    assert.deepEqual(await typesOf(proxy, order), [`order.${status}`]);
    return;
  }
  assert.equal(status, 'paying');
  assert.deepEqual(payable(proxy, order), [tradeNo]);
  // What was handed out last can be paid.
  if (reply?.json?.codeUrl) proxy.wechat.control.payByCode(reply.json.codeUrl);
  else if (reply?.json?.url) proxy.wechat.control.payH5(reply.json.url);
  else proxy.wechat.control.pay(tradeNo);
  await proxy.wechat.control.notificationsSettled();
  assert.equal((await seen(proxy, order)).status, 'paid');
  assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
}

for (const [course, { prepare, run }] of Object.entries(COURSES)) {
  for (const [deed, happen] of Object.entries(DEEDS)) {
    describe(`${course} against ${deed}`, () => {
      for (const when of ['before', 'after'] as const) {
        test(`${when} each call that WeChat gets`, async () => {
          const { proxy } = shared;
          for (let nth = 1; ; nth++) {
            const order = await prepare(proxy);
            let paid: PayOrder | undefined;
            // The proxy goes on asking about earlier orders meanwhile: those calls are no part of this course.
            const naming = order.outTradeNo;
            const step = during(proxy, { path: '/v3/pay/transactions/*', naming, when, nth }, async () => {
              paid = await happen(proxy, order);
            });

            const reply = await run(proxy, order);

            if (!step.met) {
              assert.ok(nth > 1, 'there was a call');
              proxy.wechat.control.reset();
              return;
            }
            try {
              const allowed = deed === 'a third channel' ? [200, 503] : [200, 409, 502, 503];
              if (reply) assert.ok(allowed.includes(reply.status), reply.text);
              await assertSound(proxy, order, paid, reply?.status === 200 ? reply : undefined);
            } catch (error) {
              throw new Error(`call ${nth}`, { cause: error });
            }
          }
        });
      }
    });
  }
}

describe('a payment that is told while the order is closed', () => {
  test('is never overtaken by the closing', async () => {
    const { proxy } = shared;
    const order = await begun(proxy);
    during(proxy, { method: 'GET', path: ownPath(order), when: 'after' }, () => pay(proxy, order, true));

    assertRefused(await close(proxy, order), 'order_paid', 409);
  });
});

describe('another channel that WeChat does not let in', () => {
  test('leaves known the number that another request has opened meanwhile', async () => {
    const { proxy } = shared;
    const order = await begun(proxy);
    let other: Reply | undefined;
    const closing = `${ownPath(order)}/close`;
    const step = during(proxy, { method: 'POST', path: closing, when: 'before' }, async () => {
      other = await start(proxy, order, 'jsapi', { openid: payers(proxy)[0] });
      // For some reason of its own, and for good.
      proxy.wechat.control.fail({ path: closing, kind: 'status', status: 403, code: 'RULE_LIMIT' });
      throw lost();
    });

    const reply = await start(proxy, order, 'native');
    proxy.wechat.control.reset();

    assert.ok(step.met);
    assert.equal(other!.status, 200);
    await assertSound(proxy, order, await pay(proxy, order, true), reply);
  });
});

describe('a refund', () => {
  const REFUNDS = '/v3/refund/domestic/refunds';
  const events = async (proxy: Harness, order: Order) =>
    (await refundEventsOf(proxy, order)).map(({ type }) => type).reverse();

  async function processing(proxy: Harness): Promise<{ order: Order; number: string }> {
    const order = await paidOrder(proxy);
    proxy.wechat.control.set({ refunds: 'wait' });
    return { order, number: outRefundNo() };
  }

  for (const [end, status, told] of [
    ['SUCCESS', 'succeeded', 'refund.succeeded'],
    ['CLOSED', 'closed', 'refund.failed'],
    ['ABNORMAL', 'abnormal', 'refund.failed'],
  ] as const) {
    test(`that is ${status} before its request is answered`, async () => {
      const { proxy } = shared;
      const { order, number } = await processing(proxy);
      const step = during(proxy, { method: 'POST', path: REFUNDS, when: 'after' }, async () => {
        proxy.wechat.control.finishRefund(number, end);
        await proxy.wechat.control.notificationsSettled();
      });

      const reply = await refund(proxy, order, { outRefundNo: number });

      assert.ok(step.met);
      assert.equal(reply.status, 201);
      assert.equal(reply.json.status, status, 'the answer says PROCESSING, and is older');
      assert.equal((await seenRefund(proxy, order, number)).status, status);
      assert.deepEqual(await events(proxy, order), [told]);
    });

    for (const when of ['before', 'after'] as const) {
      test(`that is ${status}, told ${when} WeChat answers who asks`, async () => {
        const { proxy } = shared;
        const { order, number } = await processing(proxy);
        await refund(proxy, order, { outRefundNo: number });
        clock.advance(2_000);
        const step = during(proxy, { method: 'GET', path: `${REFUNDS}/${number}`, when }, async () => {
          proxy.wechat.control.finishRefund(number, end);
          await proxy.wechat.control.notificationsSettled();
        });

        const reply = await proxy.merchant('GET', `/v1/orders/${order.id}/refunds/${number}`);

        assert.ok(step.met);
        assert.equal(reply.json.status, status);
        assert.deepEqual(await events(proxy, order), [told]);
        const { refunded } = await seen(proxy, order);
        assert.equal(refunded.total, end === 'SUCCESS' ? 3980 : 0);
      });
    }
  }

  test('that has succeeded is not undone by an older answer', async () => {
    const { proxy } = shared;
    const { order, number } = await processing(proxy);
    await refund(proxy, order, { outRefundNo: number });
    proxy.wechat.control.finishRefund(number, 'ABNORMAL', { notify: false });
    clock.advance(2_000);
    const step = during(proxy, { method: 'GET', path: `${REFUNDS}/${number}`, when: 'after' }, async () => {
      proxy.wechat.control.finishRefund(number, 'SUCCESS');
      await proxy.wechat.control.notificationsSettled();
    });

    const reply = await proxy.merchant('GET', `/v1/orders/${order.id}/refunds/${number}`);

    assert.ok(step.met);
    assert.equal(reply.json.status, 'succeeded');
    assert.equal((await seen(proxy, order)).status, 'refunded');
    assert.deepEqual(await events(proxy, order), ['refund.succeeded']);
  });

  test('never gives back what another one has taken while WeChat was asked', async () => {
    const { proxy } = shared;
    const { order, number } = await processing(proxy);
    const others: Reply[] = [];
    for (const when of ['before', 'after'] as const) {
      during(proxy, { method: 'POST', path: REFUNDS, when }, async () => {
        others.push(await refund(proxy, order, { amount: { total: 1000 } }));
        others.push(await refund(proxy, order, { outRefundNo: number, amount: { total: 3000 } }));
      });
    }

    const reply = await refund(proxy, order, { outRefundNo: number, amount: { total: 3000 } });

    assert.equal(reply.status, 201);
    const [first, again, second, once] = others as [Reply, Reply, Reply, Reply];
    assertRefused(first, 'refund_exceeds_paid', 409);
    assertRefused(second, 'refund_exceeds_paid', 409);
    assert.deepEqual([again.status, once.status], [200, 200]);
    assert.equal((await refund(proxy, order, { amount: { total: 980 } })).status, 201);
  });

  test('that WeChat refuses once and then takes goes on', async () => {
    const { proxy } = shared;
    const { order, number } = await processing(proxy);
    proxy.wechat.control.set({ merchantBalance: 0 });
    const step = during(proxy, { method: 'POST', path: REFUNDS, when: 'after' }, async () => {
      // The refusal is still on its way when the account is topped up, and the proxy asks once more.
      proxy.wechat.control.set({ merchantBalance: null });
      clock.advance(5_000);
      await eventually(async () => (await seenRefund(proxy, order, number)).refundId, 'WeChat has taken it');
    });

    const reply = await refund(proxy, order, { outRefundNo: number });

    assert.ok(step.met);
    assert.equal(reply.status, 201, reply.text);
    assert.equal(reply.json.status, 'processing');
    proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });
    clock.advance(HOUR);
    await eventually(async () => (await seenRefund(proxy, order, number)).status === 'succeeded', 'it succeeds');
    assert.deepEqual(await events(proxy, order), ['refund.succeeded']);
  });

  test('that WeChat takes after it has refused it goes on as well', async () => {
    const { proxy } = shared;
    const { order, number } = await processing(proxy);
    proxy.wechat.control.set({ merchantBalance: 0 });
    const step = during(proxy, { method: 'POST', path: REFUNDS, when: 'before' }, async () => {
      // The first request is still on its way when the proxy asks once more.
      clock.advance(5_000);
      await eventually(async () => (await seenRefund(proxy, order, number)).status === 'refused', 'WeChat refuses it');
      proxy.wechat.control.set({ merchantBalance: null });
    });

    const reply = await refund(proxy, order, { outRefundNo: number });

    assert.ok(step.met);
    assert.equal(reply.status, 201, reply.text);
    assert.equal(reply.json.status, 'processing');
    assert.ok(!('failure' in reply.json));
    assertRefused(await refund(proxy, order, { amount: { total: 1 } }), 'refund_exceeds_paid', 409);
    proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });
    clock.advance(HOUR);
    await eventually(async () => (await seenRefund(proxy, order, number)).status === 'succeeded', 'it succeeds');
    assert.deepEqual(await events(proxy, order), ['refund.failed', 'refund.succeeded']);
  });
});
