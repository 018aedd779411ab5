/** Notifications that come again and again, all at once and in any order: the effect comes once. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { NotificationOverrides } from '../../demo/wechat/start.ts';
import { outRefundNo, paidOrder, payLate, refund, refundEventsOf, seenRefund, start } from './at-wechat.ts';
import { type Harness, type Reply, startHarness, times } from './harness.ts';
import { create, seen, typesOf } from './merchant.ts';
import { startPostgres } from './postgres.ts';
import { startSecond } from './second-proxy.ts';

type Order = Reply['json'];

const NOTIFY = '/wechat/pay/v3/notify';
const COUNT = 50;

/** Any order, but the same one for the same seed, so that what fails can be seen again. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed;
  const random = () => {
    // https://en.wikipedia.org/wiki/Linear_congruential_generator
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
  return items
    .map((item) => ({ item, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

/** The notices again and again, to each proxy in turn, all at once; all must be taken. */
async function flood(
  proxies: readonly Harness[],
  notices: ((to: NotificationOverrides) => Promise<{ status: number; body: string }>)[],
) {
  const sent = shuffled(
    times(COUNT, (index) => notices[index % notices.length]!),
    notices.length,
  );
  const answers = await Promise.all(
    sent.map((notice, index) => notice({ url: proxies[index % proxies.length]!.url + NOTIFY })),
  );
  for (const { status, body } of answers) assert.equal(status, 204, body);
}

/** Asked for at the proxy, and waiting at WeChat. */
async function askForRefund(proxy: Harness, order: Order, total: number): Promise<string> {
  const { json } = await refund(proxy, order, { outRefundNo: outRefundNo(), amount: { total } });
  assert.equal(json.status, 'processing');
  return json.outRefundNo;
}

interface Scope {
  after(work: () => unknown): void;
}

const ENGINES: Record<string, (scope: Scope) => Promise<Record<string, string>>> = {
  'one proxy': async () => ({}),
  async 'two proxies on one PostgreSQL'(scope) {
    const postgres = await startPostgres();
    scope.after(() => postgres.remove());
    return { DATABASE_URL: await postgres.createDatabase() };
  },
};

for (const [engine, environmentOf] of Object.entries(ENGINES)) {
  describe(`${COUNT} notifications at once, to ${engine}`, () => {
    const cleaning: (() => unknown)[] = [];
    let proxies: Harness[];
    before(async () => {
      const scope = { after: (work: () => unknown) => cleaning.unshift(work) };
      const environment = await environmentOf(scope);
      const first = await startHarness(scope, { environment });
      proxies = 'DATABASE_URL' in environment ? [first, await startSecond(scope, first)] : [first];
      first.wechat.control.set({ refunds: 'wait' });
    });
    after(async () => {
      for (const work of cleaning) await work();
    });

    test('a payment', async () => {
      const [proxy] = proxies as [Harness];
      const { control } = proxy.wechat;
      const order = (await create(proxy)).json;
      await start(proxy, order, 'native');
      const { transactionId } = control.pay(order.outTradeNo, { notify: false });

      await flood(proxies, [(to) => control.notify(order.outTradeNo, to)]);

      const paid = await seen(proxy, order);
      assert.deepEqual([paid.status, paid.transactionId], ['paid', transactionId]);
      assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
    });

    test('a payment that comes too late', async () => {
      const [proxy] = proxies as [Harness];
      const { control } = proxy.wechat;
      const order = (await create(proxy)).json;
      await start(proxy, order, 'native');
      await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
      const { transactionId } = payLate(proxy, order.outTradeNo, { notify: false });

      await flood(proxies, [(to) => control.notify(order.outTradeNo, to)]);

      const late = await seen(proxy, order);
      assert.deepEqual([late.status, late.transactionId], ['closed', transactionId]);
      assert.deepEqual(await typesOf(proxy, order), ['payment.late', 'order.closed']);
    });

    test('a payment, its closing by the merchant and its readers', async () => {
      const [proxy] = proxies as [Harness];
      const { control } = proxy.wechat;
      const order = (await create(proxy)).json;
      await start(proxy, order, 'native');
      control.pay(order.outTradeNo, { notify: false });

      const closings = times(10, (index) =>
        proxies[index % proxies.length]!.merchant('POST', `/v1/orders/${order.id}/close`),
      );
      const readings = times(10, (index) => proxies[index % proxies.length]!.page('GET', `/v1/orders/${order.id}`));
      await flood(proxies, [(to) => control.notify(order.outTradeNo, to)]);

      for (const { json } of await Promise.all(closings)) assert.equal(json.code, 'order_paid');
      for (const { json } of await Promise.all(readings)) assert.ok(['paying', 'paid'].includes(json.status));
      assert.equal((await seen(proxy, order)).status, 'paid');
      assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
    });

    test('a payment and what became of its refunds, the older news among the newer', async () => {
      const [proxy] = proxies as [Harness];
      const { control } = proxy.wechat;
      const order = await paidOrder(proxy);
      const [arrived, again, closed, abnormal, recovered] = [
        await askForRefund(proxy, order, 1000),
        await askForRefund(proxy, order, 80),
        await askForRefund(proxy, order, 500),
        await askForRefund(proxy, order, 300),
        await askForRefund(proxy, order, 7),
      ] as const;
      for (const number of [arrived, again, recovered]) control.finishRefund(number, 'SUCCESS', { notify: false });
      control.finishRefund(closed, 'CLOSED', { notify: false });
      control.finishRefund(abnormal, 'ABNORMAL', { notify: false });
      const told = (number: string) => (to: NotificationOverrides) => control.notifyRefund(number, to);
      /** What WeChat has said before the money arrived after all. */
      const wasAbnormal = (to: NotificationOverrides) =>
        control.notifyRefund(recovered, {
          ...to,
          transaction: { refund_status: 'ABNORMAL', success_time: undefined },
          envelope: { event_type: 'REFUND.ABNORMAL' },
        });

      await flood(proxies, [
        (to) => control.notify(order.outTradeNo, { ...to, transaction: { trade_state: 'SUCCESS' } }),
        ...[arrived, again, closed, abnormal, recovered].map(told),
        wasAbnormal,
      ]);

      const states = await Promise.all(
        [arrived, again, closed, abnormal, recovered].map(
          async (number) => (await seenRefund(proxy, order, number)).status,
        ),
      );
      assert.deepEqual(states, ['succeeded', 'succeeded', 'closed', 'abnormal', 'succeeded']);
      const { status, refunded } = await seen(proxy, order);
      assert.deepEqual([status, refunded.total], ['partially_refunded', 1087]);
      assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
      const events = (await refundEventsOf(proxy, order)).reverse();
      const typesOfRefund = (number: string) =>
        events.filter(({ data }) => data.outRefundNo === number).map(({ type }) => type);
      for (const number of [arrived, again]) assert.deepEqual(typesOfRefund(number), ['refund.succeeded']);
      for (const number of [closed, abnormal]) assert.deepEqual(typesOfRefund(number), ['refund.failed']);
      assert.equal(typesOfRefund(recovered).at(-1), 'refund.succeeded');
      assert.equal(new Set(typesOfRefund(recovered)).size, typesOfRefund(recovered).length, 'each once');
    });

    test('refunds that together give all back', async () => {
      const [proxy] = proxies as [Harness];
      const { control } = proxy.wechat;
      const order = await paidOrder(proxy);
      const numbers: string[] = [];
      for (const total of [1000, 1000, 1000, 980]) numbers.push(await askForRefund(proxy, order, total));
      for (const number of numbers) control.finishRefund(number, 'SUCCESS', { notify: false });

      await flood(
        proxies,
        numbers.map((number) => (to) => control.notifyRefund(number, to)),
      );

      const { status, refunded } = await seen(proxy, order);
      assert.deepEqual([status, refunded.total], ['refunded', 3980]);
      const events = await refundEventsOf(proxy, order);
      assert.deepEqual(
        events.map(({ type, data }) => `${type} ${data.outRefundNo}`).sort(),
        numbers.map((number) => `refund.succeeded ${number}`).sort(),
      );
    });

    test('payments of many orders by several numbers', async () => {
      const [proxy] = proxies as [Harness];
      const { control } = proxy.wechat;
      const orders = await Promise.all(
        times(5, async () => {
          const order = (await create(proxy)).json;
          await start(proxy, order, 'h5');
          await start(proxy, order, 'native');
          return seen(proxy, order);
        }),
      );
      for (const { tradeNo } of orders) control.pay(tradeNo, { notify: false });

      await flood(
        proxies,
        orders.map(
          ({ tradeNo }) =>
            (to) =>
              control.notify(tradeNo, to),
        ),
      );

      for (const order of orders) {
        const paid = await seen(proxy, order);
        assert.deepEqual(
          [paid.status, paid.transactionId, paid.tradeNo],
          ['paid', control.order(order.tradeNo)!.transactionId, order.tradeNo],
        );
        assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
      }
    });
  });
}
