/** Paying and giving back by version 2 of WeChat Pay, by HTTP on one side and TLS on the other. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Channel } from '../../proxy/api.ts';
import { readMerchantCertificate } from '../../proxy/wechat/pay/v2/merchant-certificate.ts';
import { during, outRefundNo, paidOrder, refund, refundEventsOf, seenRefund, start } from './at-wechat.ts';
import {
  type Answered,
  assertFail,
  assertTaken,
  byV2,
  configured,
  counted,
  type Fields,
  post,
  type SignType,
  said,
  signed,
  tenpayOf,
  toXml,
  v2Calls,
} from './by-v2.ts';
import {
  API_KEY,
  eventually,
  type Harness,
  type Reply,
  SESSION_SECRET,
  sharedClock,
  shareHarness,
  startHarness,
  times,
} from './harness.ts';
import { assertRefused, create, eventsOf, payers, seen, typesOf } from './merchant.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const NOTIFY = '/wechat/pay/v2/notify';
const REFUND_NOTIFY = '/wechat/pay/v2/refund-notify';
const UNIFIED_ORDER = '/pay/unifiedorder';
const REFUND = '/secapi/pay/refund';

const SIGN_TYPES: SignType[] = ['HMAC-SHA256', 'MD5'];

const clock = sharedClock();
const { now } = clock.options;
/** The default: HMAC-SHA256. */
const shared = shareHarness(byV2({ ...clock.options, environment: { TRUST_PROXY: '1' } }));

const fen = (total: number) => ({ total, currency: 'CNY' });
const inTime = (milliseconds: number) => new Date(now() + milliseconds).toISOString();
/** `20091227091010`, in China's time. */
const inChina = (time: string | number) =>
  new Date(new Date(time).getTime() + 8 * HOUR).toISOString().slice(0, 19).replaceAll(/\D/g, '');

/** What WeChat was asked to create for this order, the oldest first. */
const creations = (proxy: Harness, { outTradeNo }: { outTradeNo: string }) =>
  v2Calls(proxy, UNIFIED_ORDER).filter(({ fields }) => fields.out_trade_no!.startsWith(outTradeNo.slice(0, 23)));

const close = (proxy: Harness, { id }: { id: string }) => proxy.merchant('POST', `/v1/orders/${id}/close`);

const read = async (proxy: Harness, { id }: { id: string }) => (await proxy.merchant('GET', `/v1/orders/${id}`)).json;

/** An order whose code is on a screen. */
async function payingOrder(proxy: Harness, fields: object = {}): Promise<Reply['json']> {
  const order = (await create(proxy, fields)).json;
  const { status, text } = await start(proxy, order, 'native');
  assert.equal(status, 200, text);
  return order;
}

function assertNothingSecret({ log, environment, wechat }: Harness): void {
  const { WECHAT_PAY_V2_CERT: pkcs12, WECHAT_PAY_MCH_ID: password } = wechat.environmentV2;
  const secrets = {
    API_KEY,
    SESSION_SECRET,
    'API key': environment.WECHAT_PAY_V2_KEY!,
    'app secret': environment.WECHAT_APP_SECRET!,
    certificate: pkcs12!.slice(0, 64),
    'private key': readMerchantCertificate(Buffer.from(pkcs12!, 'base64'), password!).key.split('\n')[3]!,
    openid: wechat.control.users[0]!.openid,
    'what is signed': 'nonce_str',
  };
  for (const [name, secret] of Object.entries(secrets)) assert.ok(!log().includes(secret), `${name} is logged`);
}

for (const signType of SIGN_TYPES) {
  describe(`an order, signed by ${signType}`, () => {
    const sign = (work: (proxy: Harness) => Promise<void>) => () =>
      configured(shared.proxy, { WECHAT_PAY_V2_SIGN_TYPE: signType }, () => work(shared.proxy));
    const common = (proxy: Harness, order: Reply['json']) => ({
      appid: proxy.environment.WECHAT_APP_ID,
      mch_id: proxy.environment.WECHAT_PAY_MCH_ID,
      ...(signType !== 'MD5' && { sign_type: signType }),
      body: 'Tea',
      out_trade_no: order.outTradeNo,
      total_fee: '3980',
      time_expire: inChina(order.expiresAt),
      notify_url: `${proxy.url}${NOTIFY}`,
    });
    const paidBy = async (proxy: Harness, order: Reply['json'], channel: Channel, openid: string) => {
      await proxy.wechat.control.notificationsSettled();
      const known = await seen(proxy, order);
      const { transactionId } = proxy.wechat.control.order(order.outTradeNo)!;
      assert.deepEqual(
        [known.status, known.channel, known.openid, known.transactionId],
        ['paid', channel, openid, transactionId],
      );
      assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
      assert.equal((await eventsOf(proxy, order))[0]!.data.transactionId, transactionId);
    };

    test(
      'inside WeChat has parameters that a second implementation and the phone take',
      sign(async (proxy) => {
        const [openid] = payers(proxy);
        const order = (await create(proxy, { attach: '附 1' })).json;

        const { status, json } = await start(proxy, order, 'jsapi', { openid: openid!, address: '203.0.113.7' });

        assert.equal(status, 200);
        const { paySign, ...params } = json.params;
        assert.deepEqual(Object.keys(params).sort(), ['appId', 'nonceStr', 'package', 'signType', 'timeStamp']);
        assert.equal(params.signType, signType);
        assert.match(params.package, /^prepay_id=wx\w+$/);
        assert.match(params.timeStamp, /^\d{10}$/);
        assert.equal(paySign, tenpayOf(proxy)._getSign(params, signType));
        assert.deepEqual(creations(proxy, order).map(said), [
          { ...common(proxy, order), spbill_create_ip: '203.0.113.7', trade_type: 'JSAPI', openid, attach: '附 1' },
        ]);
        assert.equal(await paySheet(proxy, json.params), 'get_brand_wcpay_request:ok');
        await paidBy(proxy, order, 'jsapi', openid!);
      }),
    );

    test(
      'as a code is paid by whoever scans it',
      sign(async (proxy) => {
        const [, openid] = payers(proxy);
        const order = (await create(proxy)).json;

        const { json } = await start(proxy, order, 'native');
        const again = await start(proxy, order, 'native', { address: '203.0.113.9' });

        assert.match(json.codeUrl, /^weixin:\/\/wxpay\/bizpayurl\?pr=\w+$/);
        assert.deepEqual(again.json, json);
        assert.deepEqual(creations(proxy, order).map(said), [
          {
            ...common(proxy, order),
            spbill_create_ip: '127.0.0.1',
            trade_type: 'NATIVE',
            product_id: order.outTradeNo,
          },
        ]);
        proxy.wechat.control.payByCode(json.codeUrl, { openid: openid! });
        await paidBy(proxy, order, 'native', openid!);
      }),
    );

    test(
      'in another browser is paid at WeChat’s own address',
      sign(async (proxy) => {
        const [openid] = payers(proxy);
        const order = (await create(proxy)).json;

        const { json } = await start(proxy, order, 'h5', { address: '2001:db8::7' });

        assert.equal(new URL(json.url).pathname, '/cgi-bin/mmpayweb-bin/checkmweb');
        const [{ scene_info, ...fields }] = creations(proxy, order).map(said) as [Fields];
        assert.deepEqual(fields, {
          ...common(proxy, order),
          spbill_create_ip: '2001:db8::7',
          trade_type: 'MWEB',
        });
        assert.equal(JSON.parse(scene_info!).h5_info.type, 'Wap');
        proxy.wechat.control.payH5(json.url, { openid: openid! });
        await paidBy(proxy, order, 'h5', openid!);
      }),
    );

    test(
      'is given back, and the notice of it understood',
      sign(async (proxy) => {
        const order = await paidOrder(proxy);

        const { json } = await refund(proxy, order);
        await proxy.wechat.control.notificationsSettled();

        assert.equal((await seenRefund(proxy, order, json.outRefundNo)).status, 'succeeded');
        assert.equal((await seen(proxy, order)).status, 'refunded');
      }),
    );
  });
}

/** What the client says when a page asks for the pay sheet with these parameters. */
async function paySheet({ wechat }: Harness, params: object): Promise<string> {
  const page = 'http://127.0.0.1:8788/order_pay';
  const call = { phone: 'p1', platform: 'ios', name: 'getBrandWCPayRequest', args: params };
  const answer = await fetch(`${wechat.url}/client/invoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...call, url: page, landingUrl: page }),
  });
  return ((await answer.json()) as { err_msg: string }).err_msg;
}

describe('an order that WeChat does not take at once', () => {
  const busy = ['SYSTEMERROR', 'BIZERR_NEED_RETRY', 'FREQUENCY_LIMITED', 'INVALID_REQ_TOO_MUCH'];
  for (const code of busy) {
    test(`${code}: is made by the next try, with the same number`, async () => {
      const { proxy } = shared;
      const order = (await create(proxy)).json;
      proxy.wechat.control.fail({ path: UNIFIED_ORDER, kind: 'status', code, count: 2 });

      const first = await start(proxy, order, 'native');
      proxy.wechat.control.reset();
      const second = await start(proxy, order, 'native');

      assertRefused(first, 'wechat_pay_busy', 503);
      assert.equal(first.json.upstream.code, code);
      assert.match(first.headers.get('retry-after')!, /^\d+$/);
      assert.equal(second.status, 200, second.text);
      assert.deepEqual(new Set(creations(proxy, order).map(({ fields }) => fields.out_trade_no)).size, 1);
      assert.equal((await seen(proxy, order)).tradeNo, undefined);
    });
  }

  for (const [code, expected] of Object.entries({
    NOAUTH: 'wechat_pay_not_permitted',
    APPID_MCHID_NOT_MATCH: 'wechat_pay_account_mismatch',
    SIGNERROR: 'wechat_pay_signature_refused',
    RULELIMIT: 'wechat_pay_rule_limit',
    POST_DATA_EMPTY: 'payment_refused',
  })) {
    test(`${code}: is refused as ${expected}, in WeChat’s words`, async () => {
      const { proxy } = shared;
      const order = (await create(proxy)).json;
      proxy.wechat.control.fail({ path: UNIFIED_ORDER, kind: 'status', code });

      const reply = await start(proxy, order, 'native');

      assertRefused(reply, expected, 502);
      assert.equal(reply.json.upstream.code, code);
      assert.ok(reply.json.upstream.message);
      assert.equal((await seen(proxy, order)).status, 'created');
    });
  }

  test('with a wrong key is refused, and the key is not shown', async () => {
    const { proxy } = shared;
    const key = 'another-key-of-32-characters-000';
    const order = (await create(proxy)).json;

    const reply = await configured(proxy, { WECHAT_PAY_V2_KEY: key }, () => start(proxy, order, 'native'));

    assertRefused(reply, 'wechat_pay_signature_refused', 502);
    assert.ok(!reply.text.includes(key) && !proxy.log().includes(key));
  });

  test('whose answer is lost is found again by the same number', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    proxy.wechat.control.fail({ path: UNIFIED_ORDER, kind: 'disconnect', when: 'after' });

    const { json } = await start(proxy, order, 'native');

    proxy.wechat.control.payByCode(json.codeUrl);
    await proxy.wechat.control.notificationsSettled();
    assert.equal((await seen(proxy, order)).status, 'paid');
  });

  test('by a server that nobody vouches for is never sent', async (t) => {
    const proxy = await startHarness(t, { environment: (wechat) => wechat.environmentV2 });
    const order = (await create(proxy)).json;

    assertRefused(await start(proxy, order, 'native'), 'wechat_unavailable', 502);

    assert.deepEqual(creations(proxy, order), []);
  });
});

describe('without a notification', () => {
  test('a reader finds the payment', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    const { transactionId, paidAt } = proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    const paid = await read(proxy, order);

    assert.deepEqual([paid.status, paid.transactionId], ['paid', transactionId]);
    assert.equal(inChina(paid.paidAt), inChina(paidAt!));
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('the proxy finds it by itself', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    clock.advance(5 * SECOND);

    await eventually(async () => (await seen(proxy, order)).status === 'paid', 'paid');
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('a payment that was partly given back since is a payment', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false }).state = 'REFUND';

    assert.equal((await read(proxy, order)).status, 'paid');
  });

  test('what WeChat has closed is closed', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    proxy.wechat.control.order(order.outTradeNo)!.state = 'CLOSED';

    assert.equal((await read(proxy, order)).status, 'closed');
    assert.deepEqual(await typesOf(proxy, order), ['order.closed']);
  });

  for (const code of ['SYSTEMERROR', 'ORDERNOTEXIST']) {
    test(`${code} to the question leaves the order open`, async () => {
      const { proxy } = shared;
      const order = await payingOrder(proxy);
      proxy.wechat.control.pay(order.outTradeNo, { notify: false });
      proxy.wechat.control.fail({ path: '/pay/orderquery', kind: 'status', code, count: 2 });

      assert.equal((await read(proxy, order)).status, 'paying');
      proxy.wechat.control.reset();

      clock.advance(5 * SECOND);
      assert.equal((await read(proxy, order)).status, 'paid');
    });
  }
});

describe('the end of an order', () => {
  test('closing ends it at WeChat', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);

    assert.equal((await close(proxy, order)).json.status, 'closed');
    assert.equal((await close(proxy, order)).json.status, 'closed');

    assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'CLOSED');
    assert.deepEqual(await typesOf(proxy, order), ['order.closed']);
    assertRefused(await start(proxy, order, 'native'), 'order_closed', 409);
  });

  test('closing what is paid is a conflict, also where that is news', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    assertRefused(await close(proxy, order), 'order_paid', 409);

    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('what is paid between question and closing is paid', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    const step = during(proxy, { method: 'POST', path: '/pay/closeorder', when: 'before' }, () =>
      proxy.wechat.control.pay(order.outTradeNo, { notify: false }),
    );

    assertRefused(await close(proxy, order), 'order_paid', 409);

    assert.ok(step.met);
    assert.equal((await seen(proxy, order)).status, 'paid');
  });

  test('closing fails where WeChat does not', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    proxy.wechat.control.fail({ path: '/pay/closeorder', kind: 'status', code: 'SYSTEMERROR', count: 2 });

    const reply = await close(proxy, order);
    proxy.wechat.control.reset();

    assert.ok(reply.status >= 500, reply.text);
    assert.equal(reply.json.upstream.code, 'SYSTEMERROR');
    assert.equal((await seen(proxy, order)).status, 'paying');
    assert.equal((await close(proxy, order)).json.status, 'closed');
  });

  test('its time is over: it is asked about, closed at WeChat, and expired', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy, { expiresAt: inTime(10 * MINUTE) });

    clock.advance(10 * MINUTE);

    await eventually(async () => (await seen(proxy, order)).status === 'expired', 'expired');
    assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'CLOSED');
    assert.deepEqual(await typesOf(proxy, order), ['order.expired']);
  });

  for (const end of ['closed', 'expired'] as const) {
    test(`a payment that comes when it is ${end} is reported once, and can be given back`, async () => {
      const { proxy } = shared;
      const order = await payingOrder(proxy, { expiresAt: inTime(10 * MINUTE) });
      if (end === 'closed') await close(proxy, order);
      else clock.advance(10 * MINUTE);
      await eventually(async () => (await seen(proxy, order)).status === end, end);
      const atWechat = proxy.wechat.control.order(order.outTradeNo)!;
      Object.assign(atWechat, { state: 'NOTPAY', expiresAt: now() + HOUR });
      const { transactionId } = proxy.wechat.control.pay(order.outTradeNo, { notify: false });

      for (const answer of await Promise.all(times(2, () => proxy.wechat.control.notify(order.outTradeNo)))) {
        assertTaken(toldBy(answer));
      }

      assert.deepEqual(await typesOf(proxy, order), ['payment.late', `order.${end}`]);
      const late = await seen(proxy, order);
      assert.deepEqual([late.status, late.transactionId], [end, transactionId]);
      const { json } = await refund(proxy, order);
      await proxy.wechat.control.notificationsSettled();
      assert.equal((await seenRefund(proxy, order, json.outRefundNo)).status, 'succeeded');
      assert.equal((await seen(proxy, order)).status, end);
    });
  }
});

describe('another channel', () => {
  test('gets a number of its own, and only that can be paid', async () => {
    const { proxy } = shared;
    const [openid] = payers(proxy);
    const order = (await create(proxy)).json;

    for (const channel of ['jsapi', 'native', 'h5', 'jsapi'] as const) {
      const { status, text } = await start(proxy, order, channel, { openid: openid! });
      assert.equal(status, 200, `${channel}: ${text}`);
    }

    const numbers = [...new Set(creations(proxy, order).map(({ fields }) => fields.out_trade_no!))];
    const states = numbers.map((number) => proxy.wechat.control.order(number)?.state);
    assert.deepEqual(states, ['CLOSED', 'CLOSED', 'CLOSED', 'NOTPAY']);
    assert.equal((await seen(proxy, order)).tradeNo, numbers.at(-1));
    proxy.wechat.control.pay(numbers.at(-1)!);
    await proxy.wechat.control.notificationsSettled();
    const paid = await seen(proxy, order);
    assert.deepEqual([paid.status, paid.channel], ['paid', 'jsapi']);
    const { json } = await refund(proxy, order);
    assert.equal(v2Calls(proxy, REFUND, { out_refund_no: json.outRefundNo })[0]!.fields.out_trade_no, numbers.at(-1));
  });

  test('of an order that is paid, unheard of, finds that out', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    assertRefused(await start(proxy, order, 'h5'), 'order_paid', 409);

    assert.equal(creations(proxy, order).length, 1);
    assert.equal((await seen(proxy, order)).status, 'paid');
  });

  test('a number that WeChat knows with another amount is not taken away', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const fields: Fields = {
      appid: proxy.environment.WECHAT_APP_ID!,
      mch_id: proxy.environment.WECHAT_PAY_MCH_ID!,
      nonce_str: 'ibuaiVcKdpRxkhJA',
      body: 'Coffee',
      out_trade_no: order.outTradeNo,
      total_fee: '1',
      spbill_create_ip: '127.0.0.1',
      notify_url: 'http://127.0.0.1:9/notify',
      trade_type: 'NATIVE',
      product_id: '1',
    };
    const made = await fetch(`${proxy.wechat.url}${UNIFIED_ORDER}`, {
      method: 'POST',
      body: toXml(signed(proxy, fields)),
    });
    assert.match(await made.text(), /code_url/);

    assertRefused(await start(proxy, order, 'native'), 'trade_no_used', 409);

    assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'NOTPAY');
  });
});

/** As `post` has it. */
function toldBy({ status, body, headers }: { status: number; body: string; headers: Fields }): Answered {
  return { status, text: body, type: headers['content-type'] ?? '' };
}

/** The genuine notice of a payment: https://pay.weixin.qq.com/doc/v2/merchant/4011937248 */
function noticeOf({ environment, wechat }: Harness, { outTradeNo }: { outTradeNo: string }): Fields {
  return {
    appid: environment.WECHAT_APP_ID!,
    bank_type: 'CFT',
    cash_fee: '3980',
    fee_type: 'CNY',
    is_subscribe: 'Y',
    mch_id: environment.WECHAT_PAY_MCH_ID!,
    nonce_str: '5d2b6c2a8db53831f7eda20af46e531c',
    openid: wechat.control.users[0]!.openid,
    out_trade_no: outTradeNo,
    result_code: 'SUCCESS',
    return_code: 'SUCCESS',
    time_end: '20261122103456',
    total_fee: '3980',
    trade_type: 'NATIVE',
    transaction_id: `42000${outTradeNo.replaceAll(/\D/g, '')}`,
  };
}

describe('a notification that cannot be believed', () => {
  interface Refusal {
    code: string;
    status: number;
    /** Before it is signed. */
    change?: (fields: Fields) => Fields;
    key?: string;
    /** Afterwards. */
    forge?: (fields: Fields) => Fields;
    body?: (xml: string) => string;
    headers?: Fields;
  }
  const invalid = { code: 'invalid_signature', status: 401 };
  const malformed = { code: 'malformed_notification', status: 400 };
  const changed = (changes: Fields) => (fields: Fields) => ({ ...fields, ...changes });
  const without = (name: string) => (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));

  const REFUSALS: Record<string, Refusal> = {
    'without a sign': { ...invalid, forge: without('sign') },
    'with an empty sign': { ...invalid, forge: changed({ sign: '' }) },
    'signed with another key': { ...invalid, key: 'another-key-of-32-characters-000' },
    'signed with no key': { ...invalid, key: '' },
    'signed in small letters': {
      ...invalid,
      forge: ({ sign, ...fields }) => ({ ...fields, sign: sign!.toLowerCase() }),
    },
    'with another amount than was signed': { ...invalid, forge: changed({ total_fee: '1' }) },
    'with another order than was signed': { ...invalid, forge: changed({ out_trade_no: 'T-another-order' }) },
    'with a field more than was signed': { ...invalid, forge: changed({ coupon_fee: '1' }) },
    'with a field less than was signed': { ...invalid, forge: without('bank_type') },
    'that names a type of sign that there is not': { ...invalid, forge: changed({ sign_type: 'NONE' }) },
    'for another app': { code: 'merchant_mismatch', status: 400, change: changed({ appid: 'wx0000000000000000' }) },
    'for another merchant': { code: 'merchant_mismatch', status: 400, change: changed({ mch_id: '1900000109' }) },
    'of one fen less': { code: 'amount_mismatch', status: 400, change: changed({ total_fee: '3979' }) },
    'of one fen more': { code: 'amount_mismatch', status: 400, change: changed({ total_fee: '3981' }) },
    'in another currency': { code: 'amount_mismatch', status: 400, change: changed({ fee_type: 'HKD' }) },
    'of an unknown order': { code: 'order_not_found', status: 404, change: changed({ out_trade_no: 'unknown-1' }) },
    'without an amount': { ...malformed, change: without('total_fee') },
    'with an amount that is none': { ...malformed, change: changed({ total_fee: '39.80' }) },
    'without a transaction id': { ...malformed, change: without('transaction_id') },
    'of a payment that failed': { ...malformed, change: changed({ result_code: 'FAIL', err_code: 'SYSTEMERROR' }) },
    'that says that the call failed': { ...malformed, change: changed({ return_code: 'FAIL' }) },
    'with a name twice': { ...malformed, body: (xml) => xml.replace('</xml>', '<total_fee>1</total_fee></xml>') },
    'with a document type': { ...malformed, body: (xml) => `<!DOCTYPE xml [<!ENTITY a "b">]>${xml}` },
    'that is no XML': { ...malformed, body: () => '{"return_code":"SUCCESS"}' },
    'that is empty': { ...malformed, body: () => '' },
    'that is cut short': { ...malformed, body: (xml) => xml.slice(0, -10) },
    'of a megabyte': { code: 'body_too_large', status: 413, body: (xml) => xml + ' '.repeat(1024 * 1024) },
    compressed: { code: 'unsupported_media_type', status: 415, headers: { 'content-encoding': 'gzip' } },
  };

  for (const [name, { code, status, change, key, forge, body, headers }] of Object.entries(REFUSALS)) {
    test(`${name} is refused, counted, and changes nothing`, async () => {
      const { proxy } = shared;
      const logged = proxy.log().length;
      const order = await payingOrder(proxy);
      const [refused, accepted] = [await counted(proxy, code), await counted(proxy, 'accepted')];
      const notice = noticeOf(proxy, order);
      const genuine = signed(proxy, change ? change(notice) : notice, 'MD5', key);
      const xml = toXml(forge ? forge(genuine) : genuine);

      assertFail(await post(proxy, NOTIFY, body ? body(xml) : xml, headers), code, status);

      assert.equal((await seen(proxy, order)).status, 'paying');
      assert.deepEqual(await typesOf(proxy, order), []);
      assert.equal(await counted(proxy, code), refused + 1);
      assert.equal(await counted(proxy, 'accepted'), accepted);
      assert.doesNotMatch(proxy.log().slice(logged), /"level":[56]0/, 'whoever reaches the proxy can send one');
      assertTaken(await post(proxy, NOTIFY, toXml(signed(proxy, notice))), 'while the genuine one is believed');
      assert.equal((await seen(proxy, order)).status, 'paid');
    });
  }

  test('of another transaction than the one that has paid is refused', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    const notice = noticeOf(proxy, order);
    assertTaken(await post(proxy, NOTIFY, toXml(signed(proxy, notice))));

    const another = signed(proxy, { ...notice, transaction_id: '4200000000000000000000000000' });

    assertFail(await post(proxy, NOTIFY, toXml(another)), 'transaction_conflict', 409);
    assert.equal((await seen(proxy, order)).transactionId, notice.transaction_id);
  });
});

describe('a genuine notification', () => {
  for (const type of SIGN_TYPES) {
    for (const named of [true, false]) {
      test(`is believed by ${type}, ${named ? 'named' : 'not named'}, whatever the proxy signs by`, async () => {
        const { proxy } = shared;
        const order = await payingOrder(proxy);
        const notice = { ...noticeOf(proxy, order), ...(named && { sign_type: type }) };

        assertTaken(await post(proxy, NOTIFY, toXml(signed(proxy, notice, type))));

        const paid = await seen(proxy, order);
        assert.deepEqual([paid.status, paid.paidAt], ['paid', '2026-11-22T02:34:56.000Z']);
      });
    }
  }

  test('and what the stand-in sends is told from what it forges', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });
    const notify = async (fault?: 'bad-signature' | 'tampered-amount' | 'foreign-appid' | 'foreign-mchid') =>
      toldBy(await proxy.wechat.control.notify(order.outTradeNo, fault ? { fault } : {}));

    assertFail(await notify('bad-signature'), 'invalid_signature', 401);
    assertFail(await notify('tampered-amount'), 'amount_mismatch', 400);
    assertFail(await notify('foreign-appid'), 'merchant_mismatch', 400);
    assertFail(await notify('foreign-mchid'), 'merchant_mismatch', 400);
    assert.deepEqual(await typesOf(proxy, order), []);
    assertTaken(await notify());
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('may come twice, and fifty times at once: one event, and every answer the same', async () => {
    const { proxy } = shared;
    const order = await payingOrder(proxy);
    proxy.wechat.control.set({ notifications: 'double' });
    proxy.wechat.control.pay(order.outTradeNo);
    await proxy.wechat.control.notificationsSettled();
    proxy.wechat.control.set({ notifications: 'send' });
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
    const other = await payingOrder(proxy);
    proxy.wechat.control.pay(other.outTradeNo, { notify: false });

    const answers = await Promise.all(times(50, () => proxy.wechat.control.notify(other.outTradeNo)));

    for (const answer of answers) assertTaken(toldBy(answer));
    assert.deepEqual(await typesOf(proxy, other), ['order.paid']);
  });

  test('may come out of order', async () => {
    const { proxy } = shared;
    const [first, second] = [await payingOrder(proxy), await payingOrder(proxy)];
    proxy.wechat.control.set({ notifications: 'reorder' });
    proxy.wechat.control.pay(first.outTradeNo);
    proxy.wechat.control.pay(second.outTradeNo);
    await eventually(async () => (await seen(proxy, first)).status === 'paid', 'the first one too');
    proxy.wechat.control.set({ notifications: 'send' });

    assert.equal((await seen(proxy, second)).status, 'paid');
    for (const order of [first, second]) assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
  });

  test('may come before the order is known to be made', async () => {
    const { proxy } = shared;
    const order = (await create(proxy)).json;
    const step = during(proxy, { method: 'POST', path: UNIFIED_ORDER, when: 'after' }, async () => {
      proxy.wechat.control.pay(order.outTradeNo, { notify: false });
      assertTaken(toldBy(await proxy.wechat.control.notify(order.outTradeNo)));
    });

    const reply = await start(proxy, order, 'native');

    assert.ok(step.met);
    assertRefused(reply, 'order_paid', 409);
    assert.equal((await seen(proxy, order)).status, 'paid');
  });
});

describe('a refund', () => {
  const wait = async <T>({ wechat }: Harness, work: () => Promise<T>): Promise<T> => {
    wechat.control.set({ refunds: 'wait' });
    return work().finally(() => wechat.control.set({ refunds: 'succeed' }));
  };
  const ended = (proxy: Harness, order: { id: string }, number: string) =>
    eventually(async () => {
      const known = await seenRefund(proxy, order, number);
      return known.status !== 'processing' && known;
    }, `${number} ends`);
  const eventTypes = async (proxy: Harness, order: { id: string }) =>
    (await refundEventsOf(proxy, order)).map(({ type }) => type);

  test('is asked for with the merchant’s certificate, and ends by the notice', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const number = outRefundNo();

    const { status, json } = await refund(proxy, order, {
      outRefundNo: number,
      amount: fen(1000),
      reason: '少一件 & <急>',
    });
    const asked = await seenRefund(proxy, order, number);
    const succeeded = await ended(proxy, order, number);

    assert.equal(status, 201);
    assert.equal(json.status, 'processing');
    assert.ok(['processing', 'succeeded'].includes(asked.status));
    assert.deepEqual(v2Calls(proxy, REFUND, { out_refund_no: number }).map(said), [
      {
        appid: proxy.environment.WECHAT_APP_ID,
        mch_id: proxy.environment.WECHAT_PAY_MCH_ID,
        sign_type: 'HMAC-SHA256',
        out_trade_no: order.outTradeNo,
        out_refund_no: number,
        total_fee: '3980',
        refund_fee: '1000',
        refund_desc: '少一件 & <急>',
        notify_url: `${proxy.url}${REFUND_NOTIFY}`,
      },
    ]);
    const atWechat = proxy.wechat.control.refund(number)!;
    assert.equal(inChina(succeeded.succeededAt), inChina(atWechat.succeededAt!));
    assert.deepEqual([succeeded.status, succeeded.refundId], ['succeeded', atWechat.refundId]);
    assert.deepEqual(v2Calls(proxy, '/pay/refundquery', { out_refund_no: number }), [], 'nobody had to ask');
    const { status: orderStatus, refunded } = await seen(proxy, order);
    assert.deepEqual([orderStatus, refunded], ['partially_refunded', fen(1000)]);
    assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
  });

  test('after another gives the rest back', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);

    const states: unknown[] = [];
    for (const part of [1, 1979, 2000]) {
      const { json } = await refund(proxy, order, { amount: fen(part) });
      await ended(proxy, order, json.outRefundNo);
      const { status, refunded } = await seen(proxy, order);
      states.push([status, refunded.total]);
    }

    assert.deepEqual(states, [
      ['partially_refunded', 1],
      ['partially_refunded', 1980],
      ['refunded', 3980],
    ]);
    assertRefused(await refund(proxy, order, { amount: fen(1) }), 'refund_exceeds_paid', 409);
  });

  for (const how of ['notice', 'question'] as const) {
    describe(`under way for long, learnt by ${how}`, { concurrency: true }, () => {
      before(() => shared.proxy.wechat.control.set({ refunds: 'wait' }));
      after(() => shared.proxy.wechat.control.set({ refunds: 'succeed' }));

      for (const [end, status, event] of [
        ['SUCCESS', 'succeeded', 'refund.succeeded'],
        ['ABNORMAL', 'abnormal', 'refund.failed'],
        ['CLOSED', 'closed', 'refund.failed'],
      ] as const) {
        test(`becomes ${status}`, async () => {
          const { proxy } = shared;
          const order = await paidOrder(proxy);
          const { json } = await refund(proxy, order);
          const number = json.outRefundNo;
          clock.advance(5 * SECOND);
          await eventually(() => v2Calls(proxy, '/pay/refundquery', { out_refund_no: number })[0], 'asked about');
          assert.equal((await seenRefund(proxy, order, number)).status, 'processing');

          proxy.wechat.control.finishRefund(number, end, { notify: how === 'notice' });
          if (how === 'notice') await proxy.wechat.control.notificationsSettled();
          else clock.advance(MINUTE);

          const known = await (how === 'notice' ? seenRefund : ended)(proxy, order, number);
          assert.equal(known.status, status);
          assert.deepEqual(await eventTypes(proxy, order), [event]);
          assert.equal((await seen(proxy, order)).status, end === 'SUCCESS' ? 'refunded' : 'paid');
          const told = (await refundEventsOf(proxy, order))[0]!.data;
          assert.deepEqual([told.outRefundNo, told.status], [number, status]);
        });
      }
    });
  }

  test('that WeChat gave up leaves the money for another number', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    proxy.wechat.control.set({ refunds: 'close' });
    const first = await refund(proxy, order);
    await ended(proxy, order, first.json.outRefundNo);
    proxy.wechat.control.set({ refunds: 'succeed' });

    const second = await refund(proxy, order);

    assert.equal((await ended(proxy, order, second.json.outRefundNo)).status, 'succeeded');
  });

  test('ten at once with different numbers: never more than was paid', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);

    const replies = await Promise.all(times(10, () => refund(proxy, order, { amount: fen(1000) })));
    await proxy.wechat.control.notificationsSettled();

    const [taken, refused] = [201, 409].map((status) => replies.filter((reply) => reply.status === status));
    assert.deepEqual([taken!.length, refused!.length], [3, 7]);
    for (const reply of refused!) assertRefused(reply, 'refund_exceeds_paid', 409);
    for (const { json } of taken!) await ended(proxy, order, json.outRefundNo);
    assert.equal((await seen(proxy, order)).refunded.total, 3000);
    assert.equal(v2Calls(proxy, REFUND, { out_trade_no: order.outTradeNo }).length, 3);
  });

  test('ten at once with one number are one', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const fields = { outRefundNo: outRefundNo(), amount: fen(1000) };

    const replies = await Promise.all(times(10, () => refund(proxy, order, fields)));

    assert.deepEqual(replies.map(({ status }) => status).sort(), [...times(9, () => 200), 201]);
    await ended(proxy, order, fields.outRefundNo);
    assert.equal((await seen(proxy, order)).refunded.total, 1000);
    assert.equal(v2Calls(proxy, REFUND, { out_refund_no: fields.outRefundNo }).length, 1);
    assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
  });

  for (const code of ['SYSTEMERROR', 'BIZERR_NEED_RETRY', 'FREQUENCY_LIMITED']) {
    for (const when of ['before', 'after'] as const) {
      test(`${code}, ${when} it took effect: goes on by itself, with the same number, and is one`, async () => {
        const { proxy } = shared;
        const order = await paidOrder(proxy);
        const number = outRefundNo();
        proxy.wechat.control.fail({ path: REFUND, kind: 'status', code, when, count: 2 });

        const { status, json } = await refund(proxy, order, { outRefundNo: number, amount: fen(1000) });
        proxy.wechat.control.reset();

        assert.equal(status, 201);
        assert.equal(json.outRefundNo, number);
        clock.advance(5 * SECOND);
        assert.equal((await ended(proxy, order, number)).status, 'succeeded');
        const asked = v2Calls(proxy, REFUND, { out_trade_no: order.outTradeNo });
        assert.deepEqual(new Set(asked.map(({ fields }) => fields.out_refund_no)), new Set([number]));
        assert.equal((await seen(proxy, order)).refunded.total, 1000);
        assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
      });
    }
  }

  test('for want of money is refused, and succeeds with the same number after topping up', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const fields = { outRefundNo: outRefundNo() };
    proxy.wechat.control.set({ merchantBalance: 100 });

    const poor = await refund(proxy, order, fields);
    proxy.wechat.control.set({ merchantBalance: null });
    const rich = await refund(proxy, order, fields);

    assertRefused(poor, 'wechat_pay_balance_too_low', 502);
    assert.equal(poor.json.upstream.code, 'NOTENOUGH');
    assert.equal(rich.status, 201);
    assert.equal((await ended(proxy, order, fields.outRefundNo)).status, 'succeeded');
    assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
  });

  test('for another reason comes with WeChat’s own words', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    proxy.wechat.control.order(order.outTradeNo)!.paidAt = now() - 366 * DAY;

    const reply = await refund(proxy, order);

    assertRefused(reply, 'refund_refused', 502);
    assert.deepEqual(reply.json.upstream, { code: 'TRADE_OVERDUE', message: '订单已超过可退款的最大期限' });
  });

  test('without the merchant’s certificate is refused, and nothing is sent; with it, the same number goes', async () => {
    const { proxy } = shared;
    const order = await paidOrder(proxy);
    const fields = { outRefundNo: outRefundNo() };

    const without = await configured(proxy, { WECHAT_PAY_V2_CERT: '' }, async () => [
      await refund(proxy, order, fields),
      await refund(proxy, order, fields),
    ]);

    for (const reply of without) assertRefused(reply, 'refund_certificate_missing', 409);
    assert.deepEqual(v2Calls(proxy, REFUND, { out_refund_no: fields.outRefundNo }), []);
    assert.deepEqual(await eventTypes(proxy, order), []);
    assert.equal((await refund(proxy, order, fields)).status, 201);
    assert.equal((await ended(proxy, order, fields.outRefundNo)).status, 'succeeded');
  });

  describe('has notices', () => {
    const under = async (proxy: Harness) => {
      const order = await paidOrder(proxy);
      const { json } = await wait(proxy, () => refund(proxy, order, { amount: fen(1000) }));
      const number: string = json.outRefundNo;
      proxy.wechat.control.finishRefund(number, 'SUCCESS', { notify: false });
      return { order, number };
    };

    const REFUSALS = {
      'of another amount': [{ transaction: { refund_fee: 999 } }, 'amount_mismatch', 400],
      'of another total': [{ transaction: { total_fee: 1000 } }, 'amount_mismatch', 400],
      'of another order': [{ transaction: { out_trade_no: 'another-1' } }, 'amount_mismatch', 400],
      'of an unknown refund': [{ transaction: { out_refund_no: 'R-unknown' } }, 'refund_not_found', 404],
      'of an unknown state': [{ transaction: { refund_status: 'DONE' } }, 'malformed_notification', 400],
      'encrypted with another key': [{ fault: 'bad-signature' }, 'decryption_failed', 400],
      'for another app': [{ fault: 'foreign-appid' }, 'merchant_mismatch', 400],
      'for another merchant': [{ fault: 'foreign-mchid' }, 'merchant_mismatch', 400],
      'with nothing inside': [{ envelope: { req_info: '' } }, 'malformed_notification', 400],
      'that say that something failed': [{ envelope: { return_code: 'FAIL' } }, 'malformed_notification', 400],
    } as const;
    for (const [name, [overrides, code, status]] of Object.entries(REFUSALS)) {
      test(`${name}, which are refused and change nothing`, async () => {
        const { proxy } = shared;
        const { order, number } = await under(proxy);
        const refused = await counted(proxy, code);

        assertFail(toldBy(await proxy.wechat.control.notifyRefund(number, overrides)), code, status);

        assert.equal((await seenRefund(proxy, order, number)).status, 'processing');
        assert.deepEqual(await eventTypes(proxy, order), []);
        assert.equal(await counted(proxy, code), refused + 1);
        assertTaken(toldBy(await proxy.wechat.control.notifyRefund(number)));
        assert.equal((await seenRefund(proxy, order, number)).status, 'succeeded');
      });
    }

    test('fifty at once: one event, and every answer the same', async () => {
      const { proxy } = shared;
      const { order, number } = await under(proxy);

      for (const answer of await Promise.all(times(50, () => proxy.wechat.control.notifyRefund(number)))) {
        assertTaken(toldBy(answer));
      }

      assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
      assert.equal((await seen(proxy, order)).refunded.total, 1000);
    });

    test('that come too late to change anything: what has succeeded stays so', async () => {
      const { proxy } = shared;
      const { order, number } = await under(proxy);
      assertTaken(toldBy(await proxy.wechat.control.notifyRefund(number)));

      for (const refund_status of ['PROCESSING', 'CHANGE', 'REFUNDCLOSE']) {
        const late = { transaction: { refund_status, success_time: undefined } };
        assertTaken(toldBy(await proxy.wechat.control.notifyRefund(number, late)), refund_status);
      }

      assert.equal((await seenRefund(proxy, order, number)).status, 'succeeded');
      assert.deepEqual(await eventTypes(proxy, order), ['refund.succeeded']);
    });
  });
});

test('nothing secret is logged', () => {
  const { proxy } = shared;
  assert.ok(proxy.log().length > 1_000);
  assertNothingSecret(proxy);
});
