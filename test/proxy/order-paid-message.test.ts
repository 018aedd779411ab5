/** What a payer gets in WeChat once an order is paid: one message, however that has become known. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NotificationOverrides } from '../../demo/wechat/start.ts';
import { loadConfig } from '../../proxy/config.ts';
import { orderPaidMessage } from '../../proxy/messages/order-paid-message.ts';
import { createServices } from '../../proxy/services.ts';
import type { OrderRow } from '../../proxy/store/schema.ts';
import { start } from './at-wechat.ts';
import { byV2 } from './by-v2.ts';
import {
  eventually,
  type Harness,
  type HarnessOptions,
  type Reply,
  SHOP,
  sharedClock,
  shareHarness,
} from './harness.ts';
import { assertRefused, create, payers, seen, typesOf } from './merchant.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const clock = sharedClock();
const { now } = clock.options;

const template = ({ control }: Harness['wechat']) =>
  control.templates.find(({ title }) => title === '购买成功通知')!.id;
const withTemplate: HarnessOptions = {
  ...clock.options,
  environment: (wechat) => ({ TEMPLATE_ORDER_PAID: template(wechat) }),
};

const inChina = (time: string | number) => new Date(new Date(time).getTime() + 8 * HOUR).toISOString();

/** The messages that WeChat was asked to send about an order. */
function messagesOf({ wechat }: Harness, { outTradeNo }: { outTradeNo: string }) {
  return wechat.calls
    .filter(({ path, requestBody }) => path.startsWith('/cgi-bin/message/') && requestBody.includes(outTradeNo))
    .map(({ requestBody }) => JSON.parse(requestBody));
}

/** An order that its payer has the pay sheet of. */
async function payable(proxy: Harness, fields: object = {}): Promise<Reply['json']> {
  const order = (await create(proxy, fields)).json;
  assert.equal((await proxy.prepay(order.id)).status, 200);
  return order;
}

/** Whatever was to be sent before has been sent, too, once the message of a later order has. */
async function allSent(proxy: Harness): Promise<void> {
  const last = await payable(proxy);
  proxy.wechat.control.pay(last.outTradeNo);
  await eventually(() => messagesOf(proxy, last).length > 0, 'the message of a later order');
}

const VERSIONS: Record<string, { options: HarnessOptions; nobody: NotificationOverrides['transaction'] }> = {
  v3: { options: withTemplate, nobody: { payer: null } },
  v2: { options: byV2(withTemplate), nobody: { openid: undefined } },
};

for (const [version, { options, nobody }] of Object.entries(VERSIONS)) {
  describe(`an order that is paid, by ${version}`, () => {
    const shared = shareHarness(options);

    test('is told to its payer, and what became of that to the merchant', async () => {
      const { proxy } = shared;
      const { WECHAT_MESSAGE_TOKEN: token, WECHAT_MESSAGE_AES_KEY: aesKey } = proxy.environment;
      const url = `${proxy.url}/wechat/messages`;
      proxy.wechat.control.set({
        messagePush: { url, token: token!, aesKey: aesKey!, mode: 'safe', format: 'xml' },
      });
      const order = await payable(proxy, {
        description: '乌龙茶 “一壶” & <两杯>',
        returnUrl: `${SHOP}/orders?a=1&b=2`,
      });

      proxy.wechat.control.pay(order.outTradeNo);
      const message = await eventually(() => messagesOf(proxy, order)[0], 'the message');

      const { paidAt } = await seen(proxy, order);
      const { client_msg_id, ...asked } = message;
      assert.match(client_msg_id, /^[0-9a-f]{32}$/);
      assert.deepEqual(asked, {
        touser: payers(proxy)[0],
        template_id: template(proxy.wechat),
        url: `${SHOP}/orders?a=1&b=2`,
        data: {
          first: { value: '您好，您已购买成功。' },
          product: { value: '乌龙茶 “一壶” & <两杯>' },
          price: { value: '¥39.80' },
          time: { value: inChina(paidAt).slice(0, 19).replace('T', ' ') },
          remark: { value: `订单号：${order.outTradeNo}。感谢您的惠顾！` },
        },
      });
      const told = await eventually(async () => {
        const { data } = (await proxy.merchant('GET', '/v1/events?type=template.delivered')).json;
        return data.find((event: { data: { orderId?: string } }) => event.data.orderId === order.id);
      }, 'template.delivered');
      assert.equal(told.data.id, `msg_${client_msg_id}`);
    });

    test('is told once, though WeChat repeats its notification and is asked, too', async () => {
      const { proxy } = shared;
      const order = await payable(proxy);
      proxy.wechat.control.pay(order.outTradeNo);
      await proxy.wechat.control.notificationsSettled();
      await proxy.wechat.control.notify(order.outTradeNo);
      await Promise.all([proxy.wechat.control.notify(order.outTradeNo), proxy.wechat.control.notify(order.outTradeNo)]);
      await proxy.merchant('GET', `/v1/orders/${order.id}`);
      await allSent(proxy);

      assert.equal(messagesOf(proxy, order).length, 1);
    });

    test('is told where it is known by asking only', async () => {
      const { proxy } = shared;
      const order = await payable(proxy);
      proxy.wechat.control.pay(order.outTradeNo, { notify: false });
      clock.advance(5_000);
      assert.equal((await proxy.merchant('GET', `/v1/orders/${order.id}`)).json.status, 'paid');
      await eventually(() => messagesOf(proxy, order)[0], 'the message');
      await proxy.wechat.control.notify(order.outTradeNo);
      await allSent(proxy);

      assert.equal(messagesOf(proxy, order).length, 1);
      assert.equal(messagesOf(proxy, order)[0].url, undefined);
    });

    test('costs what the merchant says, whatever a page says', async () => {
      const { proxy } = shared;
      const order = (await create(proxy, { amount: { total: 5, currency: 'CNY' } })).json;
      const authorization = `Bearer ${await proxy.session()}`;
      const pay = (fields: object) =>
        proxy.page('POST', `/v1/orders/${order.id}/payments`, { channel: 'jsapi', ...fields }, { authorization });
      for (const fields of [
        { amount: { total: 1 } },
        { total: 1 },
        { description: 'Gold' },
        { openid: payers(proxy)[1] },
      ])
        assertRefused(await pay(fields), 'invalid_request', 400);
      assert.equal((await pay({})).status, 200);
      proxy.wechat.control.pay(order.outTradeNo);

      const { touser, data } = await eventually(() => messagesOf(proxy, order)[0], 'the message');
      assert.deepEqual([touser, data.product.value, data.price.value], [payers(proxy)[0], 'Tea', '¥0.05']);
    });

    test('stays paid though its payer gets no messages, and the merchant is told that', async () => {
      const { proxy } = shared;
      const stranger = payers(proxy)[1]!;
      const order = (await create(proxy)).json;
      await proxy.prepay(order.id, stranger);
      proxy.wechat.control.pay(order.outTradeNo, { openid: stranger });

      const failed = await eventually(async () => {
        const { data } = (await proxy.merchant('GET', '/v1/events?type=template.failed')).json;
        return data.find((event: { data: { orderId?: string } }) => event.data.orderId === order.id);
      }, 'template.failed');
      assert.equal(failed.data.failure.code, '43004');
      assert.equal((await seen(proxy, order)).status, 'paid');
    });

    test('has no message where nobody knows who has paid, or where it was over before', async () => {
      const { proxy } = shared;
      const { control } = proxy.wechat;
      const anonymous = (await create(proxy)).json;
      assert.equal((await start(proxy, anonymous, 'native')).status, 200);
      control.pay(anonymous.outTradeNo, { notify: false });
      await control.notify(anonymous.outTradeNo, { transaction: nobody });
      const { status, openid } = await seen(proxy, anonymous);
      assert.deepEqual([status, openid], ['paid', undefined]);

      const expiresAt = new Date(now() + 10 * MINUTE).toISOString();
      const [closed, expired] = [await payable(proxy), await payable(proxy, { expiresAt })];
      assert.equal((await proxy.merchant('POST', `/v1/orders/${closed.id}/close`)).status, 200);
      clock.advance(10 * MINUTE);
      await eventually(async () => (await seen(proxy, expired)).status === 'expired', 'expired');
      for (const order of [closed, expired]) {
        Object.assign(control.order(order.outTradeNo)!, { state: 'NOTPAY', expiresAt: now() + HOUR });
        control.pay(order.outTradeNo);
        await eventually(async () => (await typesOf(proxy, order)).includes('payment.late'), 'payment.late');
      }
      await allSent(proxy);

      for (const order of [anonymous, closed, expired]) assert.deepEqual(messagesOf(proxy, order), []);
    });

    test('is told where reconciling has found it, once', async () => {
      const { proxy } = shared;
      const order = await payable(proxy);
      await proxy.stop();
      proxy.wechat.control.pay(order.outTradeNo, { notify: false });
      const date = inChina(now()).slice(0, 10);
      clock.advance(Date.parse(`${date}T12:00:00+08:00`) + DAY - now());
      const { store, reconciliation } = await createServices(loadConfig(proxy.environment), { now, onError: () => {} });
      for (let count = 0; count < 2; count += 1) await reconciliation.run(date);
      await store.close();
      assert.deepEqual(messagesOf(proxy, order), []);
      await proxy.restart();

      await eventually(() => messagesOf(proxy, order)[0], 'the message');
      await allSent(proxy);
      assert.equal(messagesOf(proxy, order).length, 1);
    });
  });
}

test('the message says what was paid, and when in China', () => {
  const order = { openid: 'o1', description: '茶', outTradeNo: 'T-1', returnUrl: null };
  for (const [total, paidAt, price, time] of [
    [1, '2026-11-22T15:59:59.999Z', '¥0.01', '2026-11-22 23:59:59'],
    [10, '2026-11-22T16:00:00Z', '¥0.10', '2026-11-23 00:00:00'],
    [100, '2026-12-31T16:30:00Z', '¥1.00', '2027-01-01 00:30:00'],
    [1_990, '2026-07-01T00:05:09+08:00', '¥19.90', '2026-07-01 00:05:09'],
    [1_000_000_000, '2026-11-22T04:00:00Z', '¥10000000.00', '2026-11-22 12:00:00'],
  ] as const) {
    const { url, data } = orderPaidMessage('T', { ...order, total, paidAt: Date.parse(paidAt) } as OrderRow)!;
    assert.deepEqual([url, data.price?.value, data.time?.value], [undefined, price, time]);
  }
});
