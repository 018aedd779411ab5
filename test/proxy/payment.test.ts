import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { eventually, startHarness, startReceiver, WEBHOOK_SECRET } from './harness.ts';

test('an order is paid: from the merchant’s server to WeChat and back', async (t) => {
  const receiver = await startReceiver(t);
  const proxy = await startHarness(t, { environment: { WEBHOOK_URL: receiver.url, WEBHOOK_SECRET } });
  const order = await proxy.order({ items: [{ name: 'Tea', quantity: 2, unitPrice: 1990 }], attach: 'a1' });
  assert.equal(order.status, 'created');

  const payment = await proxy.prepay(order.id);
  assert.equal(payment.status, 200, payment.text);
  assert.equal(payment.json.channel, 'jsapi');
  assert.match(payment.json.params.package, /^prepay_id=/);
  assert.equal((await proxy.merchant('GET', `/v1/orders/${order.id}`)).json.status, 'paying');

  proxy.wechat.control.pay(order.outTradeNo);
  const delivered = await eventually(() => receiver.received[0], 'an event');
  const { headers, body } = delivered;
  const event = new Webhook(WEBHOOK_SECRET).verify(body, headers as Record<string, string>) as {
    type: string;
    data: Record<string, unknown>;
  };
  assert.equal(event.type, 'order.paid');
  assert.equal(event.data.id, order.id);
  assert.equal(event.data.status, 'paid');
  assert.equal(event.data.attach, 'a1');
  assert.equal(event.data.openid, proxy.wechat.control.users[0]!.openid);
  assert.equal(event.data.transactionId, proxy.wechat.control.order(order.outTradeNo)?.transactionId);

  const page = (await proxy.page('GET', `/v1/orders/${order.id}`)).json;
  assert.equal(page.status, 'paid');
  for (const hidden of ['openid', 'attach', 'transactionId', 'outTradeNo', 'refunded'])
    assert.equal(hidden in page, false, hidden);
  assert.equal(receiver.received.length, 1);
});
