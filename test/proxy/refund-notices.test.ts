/** Notices in the form of the version that the proxy does not speak: WeChat tells version 3 merchants of some refunds in XML. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { NotificationAnswer, NotificationOverrides } from '../../demo/wechat/start.ts';
import { paidOrder, refund, refundCalls, refundEventsOf, seenRefund, start } from './at-wechat.ts';
import { type Answered, assertFail, assertTaken, byV2, configured, type Fields, post, toXml } from './by-v2.ts';
import { eventually, type Harness, sharedClock, shareHarness, times } from './harness.ts';
import { create, seen, typesOf } from './merchant.ts';

const SECOND = 1_000;
const V3_NOTIFY = '/wechat/pay/v3/notify';
const V2_NOTIFY = '/wechat/pay/v2/notify';
const V2_REFUND_NOTIFY = '/wechat/pay/v2/refund-notify';

const clock = sharedClock();
const v3 = shareHarness(clock.options);
const v2 = shareHarness(byV2());

const withKey = <T>(proxy: Harness, work: () => Promise<T>) =>
  configured(proxy, { WECHAT_PAY_V2_KEY: proxy.wechat.environmentV2.WECHAT_PAY_V2_KEY! }, work);

const told = ({ status, body, headers }: NotificationAnswer): Answered => ({
  status,
  text: body,
  type: headers['content-type'] ?? '',
});

/** Refused in the form of version 3, as it stands at its address. */
function assertV3Fail({ status, text, type }: Answered, code: string, expected: number): void {
  assert.equal(status, expected, text);
  assert.match(type, /^application\/json/);
  const answer = JSON.parse(text);
  assert.equal(answer.code, 'FAIL');
  assert.ok(answer.message.startsWith(`${code}:`), answer.message);
}

/** Two refunds that have been asked about so often that they will not be for half a minute. */
async function longUnderWay(proxy: Harness) {
  const refunds = [await underWay(proxy), await underWay(proxy)] as const;
  for (const [index, seconds] of [5, 5, 10].entries()) {
    clock.advance(seconds * SECOND);
    const isAsked = () => refunds.every(({ number }) => refundCalls(proxy, number).queried > index);
    await eventually(isAsked, `asked ${index + 1} times`);
  }
  clock.advance(3 * SECOND);
  return refunds;
}

async function underWay(proxy: Harness) {
  const order = await paidOrder(proxy);
  proxy.wechat.control.set({ refunds: 'wait' });
  const { json } = await refund(proxy, order);
  proxy.wechat.control.set({ refunds: 'succeed' });
  return { order, number: json.outRefundNo as string };
}

const eventTypes = async (proxy: Harness, order: { id: string }) =>
  (await refundEventsOf(proxy, order)).map(({ type }) => type);

/** As version 2 writes it, wherever it is sent. */
const notifyInXml = async (proxy: Harness, number: string, overrides: NotificationOverrides = {}) =>
  told(await proxy.wechat.control.notifyRefund(number, { payVersion: 'v2', ...overrides }));

describe('a refund notice in XML, to a proxy of version 3 without the key of version 2', () => {
  let refunds: Awaited<ReturnType<typeof longUnderWay>>;
  before(async () => {
    refunds = await longUnderWay(v3.proxy);
  });

  test('is a reason to ask WeChat, which is believed', async () => {
    const { proxy } = v3;
    const [{ order, number }] = refunds;
    proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });
    const { queried } = refundCalls(proxy, number);

    assertTaken(await notifyInXml(proxy, number));

    await eventually(async () => (await seenRefund(proxy, order, number)).status === 'succeeded', 'succeeded');
    assert.equal(refundCalls(proxy, number).queried, queried + 1);
    assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
    assert.equal((await seen(proxy, order)).status, 'refunded');
  });

  test('is no more than that: what it says is not believed', async () => {
    const { proxy } = v3;
    const [, { order, number }] = refunds;
    const { queried } = refundCalls(proxy, number);
    const lie = { transaction: { refund_status: 'SUCCESS', success_time: '2026-11-22 10:34:56' } };

    for (const fault of ['send', 'bad-signature'] as const) {
      assertTaken(await notifyInXml(proxy, number, { fault, ...lie }));
    }

    await eventually(() => refundCalls(proxy, number).queried > queried, 'asked');
    assert.equal((await seenRefund(proxy, order, number)).status, 'processing');
    assert.deepEqual(await eventTypes(proxy, order), []);
  });

  const REFUSALS: Record<string, (proxy: Harness, number: string) => Promise<Answered>> = {
    'of another app': (proxy, number) => notifyInXml(proxy, number, { fault: 'foreign-appid' }),
    'of another merchant': (proxy, number) => notifyInXml(proxy, number, { fault: 'foreign-mchid' }),
    'with nothing inside': (proxy, number) => notifyInXml(proxy, number, { envelope: { req_info: '' } }),
    'that is of a payment': async (proxy, number) =>
      told(
        await proxy.wechat.control.notify(proxy.wechat.control.refund(number)!.outTradeNo, {
          payVersion: 'v2',
          url: proxy.url + V3_NOTIFY,
        }),
      ),
    'that is none': (proxy) => post(proxy, V3_NOTIFY, '<xml></xml>'),
    'with a document type': (proxy) => post(proxy, V3_NOTIFY, '<!DOCTYPE xml [<!ENTITY a "b">]><xml>&a;</xml>'),
  };
  for (const [name, send] of Object.entries(REFUSALS)) {
    test(`${name} is refused`, async () => {
      const { proxy } = v3;
      const { order, number } = await underWay(proxy);
      proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });

      assertV3Fail(await send(proxy, number), 'malformed_notification', 400);

      assert.equal((await seenRefund(proxy, order, number)).status, 'processing');
    });
  }
});

describe('a refund notice in XML, to a proxy of version 3 with the key of version 2', () => {
  for (const [end, status, event] of [
    ['SUCCESS', 'succeeded', 'refund.succeeded'],
    ['ABNORMAL', 'abnormal', 'refund.failed'],
    ['CLOSED', 'closed', 'refund.failed'],
  ] as const) {
    test(`is believed: ${status}`, async () => {
      const { proxy } = v3;
      await withKey(proxy, async () => {
        const { order, number } = await underWay(proxy);
        proxy.wechat.control.finishRefund(number, end, { notify: false });

        assertTaken(await notifyInXml(proxy, number));

        const known = await seenRefund(proxy, order, number);
        assert.equal(known.status, status);
        assert.equal(known.refundId, proxy.wechat.control.refund(number)!.refundId);
        assert.deepEqual(await eventTypes(proxy, order), [event]);
        assert.equal(refundCalls(proxy, number).queried, 0, 'nobody had to ask');
      });
    });
  }

  test('brings one event, though it comes in both forms, many times at once', async () => {
    const { proxy } = v3;
    await withKey(proxy, async () => {
      const { order, number } = await underWay(proxy);
      proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });

      const [inXml, inJson] = await Promise.all([
        Promise.all(times(10, () => notifyInXml(proxy, number))),
        Promise.all(times(10, () => proxy.wechat.control.notifyRefund(number))),
      ]);

      for (const answer of inXml) assertTaken(answer);
      for (const { status, body } of inJson) assert.deepEqual([status, body], [204, '']);
      assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
    });
  });

  const REFUSALS: Record<string, [NotificationOverrides, code: string, status: number]> = {
    'encrypted with another key': [{ fault: 'bad-signature' }, 'decryption_failed', 400],
    'of another app': [{ fault: 'foreign-appid' }, 'merchant_mismatch', 400],
    'of another merchant': [{ fault: 'foreign-mchid' }, 'merchant_mismatch', 400],
    'of another amount': [{ fault: 'tampered-amount' }, 'amount_mismatch', 400],
    'of an unknown refund': [{ transaction: { out_refund_no: 'R-unknown' } }, 'refund_not_found', 404],
  };
  for (const [name, [overrides, code, status]] of Object.entries(REFUSALS)) {
    test(`${name} is refused, and changes nothing`, async () => {
      const { proxy } = v3;
      await withKey(proxy, async () => {
        const { order, number } = await underWay(proxy);
        proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });

        assertV3Fail(await notifyInXml(proxy, number, overrides), code, status);

        assert.equal((await seenRefund(proxy, order, number)).status, 'processing');
        assert.deepEqual(await eventTypes(proxy, order), []);
      });
    });
  }
});

describe('notices of version 2 at their own addresses, to a proxy of version 3', () => {
  const payment = async (proxy: Harness) => {
    const order = (await create(proxy)).json;
    await start(proxy, order, 'native');
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });
    const notify = async (overrides: NotificationOverrides = {}) => {
      const toV2 = { payVersion: 'v2', url: proxy.url + V2_NOTIFY, ...overrides } as const;
      return told(await proxy.wechat.control.notify(order.outTradeNo, toV2));
    };
    return { order, notify };
  };

  test('are refused without the key of version 2, whatever they say', async () => {
    const { proxy } = v3;
    const { order, notify } = await payment(proxy);
    const { number } = await underWay(proxy);

    assertFail(await notify(), 'pay_api_not_configured', 404);
    assertFail(await notifyInXml(proxy, number, { url: proxy.url + V2_REFUND_NOTIFY }), 'pay_api_not_configured', 404);

    assert.equal((await seen(proxy, order)).status, 'paying');
  });

  test('are believed with it: who changes versions loses none that are still under way', async () => {
    const { proxy } = v3;
    await withKey(proxy, async () => {
      const { order, notify } = await payment(proxy);
      const { order: paid, number } = await underWay(proxy);
      proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });

      assertFail(await notify({ fault: 'bad-signature' }), 'invalid_signature', 401);
      assertTaken(await notify());
      assertTaken(await notifyInXml(proxy, number, { url: proxy.url + V2_REFUND_NOTIFY }));

      assert.equal((await seen(proxy, order)).status, 'paid');
      assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
      assert.equal((await seenRefund(proxy, paid, number)).status, 'succeeded');
    });
  });
});

describe('notices of version 3, to a proxy of version 2', () => {
  test('are refused, of payments as of refunds, in JSON as in XML', async () => {
    const { proxy } = v2;
    const order = (await create(proxy)).json;
    await start(proxy, order, 'native');
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });
    const { order: paid, number } = await underWay(proxy);
    const toV3 = { url: proxy.url + V3_NOTIFY };
    const { control } = proxy.wechat;
    const xml: Fields = { return_code: 'SUCCESS', appid: 'wx', mch_id: '1', req_info: 'AAAA' };

    for (const answer of [
      told(await control.notify(order.outTradeNo, { payVersion: 'v3', ...toV3 })),
      told(await control.notifyRefund(number, { payVersion: 'v3', ...toV3 })),
      await notifyInXml(proxy, number, toV3),
      await post(proxy, V3_NOTIFY, toXml(xml)),
    ]) {
      assertV3Fail(answer, 'pay_api_not_configured', 404);
    }

    assert.equal((await seen(proxy, order)).status, 'paying');
    assert.equal((await seenRefund(proxy, paid, number)).status, 'processing');
  });
});
