/** WeChat has promised to take no money for a number, and has taken it nevertheless. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payable, start } from './at-wechat.ts';
import { eventually, type Harness, shareHarness } from './harness.ts';
import { AMOUNT, assertRefused, create, eventsOf, payers, seen } from './merchant.ts';

const shared = shareHarness();

/** An order that was to be paid inside WeChat, and now is to be paid by a code: by two numbers, of which the first is closed. */
async function switchedOrder(proxy: Harness) {
  const order = (await create(proxy)).json;
  await start(proxy, order, 'jsapi', { openid: payers(proxy)[0]! });
  await start(proxy, order, 'native');
  const { tradeNo } = await seen(proxy, order);
  assert.deepEqual(payable(proxy, order), [tradeNo]);
  return { order, tradeNo: tradeNo as string };
}

/** Genuinely signed, of a number that WeChat has closed. */
const payAfterAll = (proxy: Harness, tradeNo: string, transactionId: string) =>
  proxy.wechat.control.notify(tradeNo, {
    transaction: {
      transaction_id: transactionId,
      trade_type: 'JSAPI',
      trade_state: 'SUCCESS',
      success_time: new Date().toISOString(),
      payer: { openid: payers(proxy)[0] },
      amount: { ...AMOUNT, payer_total: AMOUNT.total, payer_currency: 'CNY' },
    },
  });

test('a payment by the old number counts, and the new one is not left payable', async () => {
  const { proxy } = shared;
  const { order, tradeNo } = await switchedOrder(proxy);

  const { status } = await payAfterAll(proxy, order.outTradeNo, '4200000001');

  assert.equal(status, 204);
  const paid = await seen(proxy, order);
  assert.equal(paid.status, 'paid');
  assert.equal(paid.transactionId, '4200000001');
  assert.equal(paid.tradeNo, undefined, 'paid by the order’s own number');
  await eventually(() => proxy.wechat.control.order(tradeNo)!.state === 'CLOSED', 'the new number is closed');
});

test('a second payment is told once, and can be given back besides the first', async () => {
  const { proxy } = shared;
  const { order, tradeNo } = await switchedOrder(proxy);
  const first = proxy.wechat.control.pay(tradeNo);
  await proxy.wechat.control.notificationsSettled();

  for (let again = 0; again < 3; again++) {
    assert.equal((await payAfterAll(proxy, order.outTradeNo, '4200000002')).status, 204);
  }

  const events = (await eventsOf(proxy, order)).map(({ type, data }) => [type, data.transactionId, data.status]);
  assert.deepEqual(events.sort(), [
    ['order.paid', first.transactionId, 'paid'],
    ['payment.late', '4200000002', 'paid'],
  ]);
  assert.equal((await seen(proxy, order)).transactionId, first.transactionId);

  const refund = (outRefundNo: string, transactionId?: string) =>
    proxy.merchant('POST', `/v1/orders/${order.id}/refunds`, { outRefundNo, amount: AMOUNT, transactionId });
  assertRefused(await refund(`${order.outTradeNo}-X`, '4200000003'), 'order_not_paid', 409);
  assert.equal((await refund(`${order.outTradeNo}-1`)).status, 201);
  await refund(`${order.outTradeNo}-2`, '4200000002');
  const asked = proxy.wechat.calls
    .filter(({ path, requestBody }) => path === '/v3/refund/domestic/refunds' && requestBody.includes(order.outTradeNo))
    .map(({ requestBody }) => JSON.parse(requestBody).out_trade_no);
  assert.deepEqual([...new Set(asked)], [tradeNo, order.outTradeNo]);
  await eventually(async () => (await seen(proxy, order)).status === 'refunded', 'the first payment is given back');
});

test('a third payment, or another one by the same number, is a conflict', async () => {
  const { proxy } = shared;
  const { order, tradeNo } = await switchedOrder(proxy);
  proxy.wechat.control.pay(tradeNo);
  await proxy.wechat.control.notificationsSettled();
  await payAfterAll(proxy, order.outTradeNo, '4200000004');

  assert.equal((await payAfterAll(proxy, order.outTradeNo, '4200000005')).status, 409);
  assert.equal((await payAfterAll(proxy, tradeNo, '4200000006')).status, 409);
});
