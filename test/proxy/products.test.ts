/** Printed codes (Native mode 1): what they sell, and the orders that scans of them make. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Channel } from '../../proxy/api.ts';
import { ERROR_MEANINGS } from '../../proxy/errors.zh-CN.ts';
import { during, start } from './at-wechat.ts';
import {
  assertFail,
  byV2,
  configured,
  counted,
  type Fields,
  fieldsOf,
  post,
  type SignType,
  said,
  signed,
  tenpayOf,
  toXml,
  v2Calls,
} from './by-v2.ts';
import { eventually, type Harness, type Reply, sharedClock, shareHarness, startHarness, times } from './harness.ts';
import { assertRefused, eventsOf, payers, seen, typesOf } from './merchant.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
const NATIVE = '/wechat/pay/v2/native';
const UNIFIED_ORDER = '/pay/unifiedorder';
const TRY_AGAIN = '暂时无法下单，请稍后重新扫码。';

const clock = sharedClock();
const shared = shareHarness(byV2(clock.options));

const fen = (total: number) => ({ total, currency: 'CNY' });

let products = 0;
/** Creates a product with an id of its own. */
const save = (proxy: Harness, fields: object = {}) =>
  proxy.merchant('POST', '/v1/products', {
    productId: `tea-${++products}`,
    description: '龙井 50g',
    amount: fen(3980),
    ...fields,
  });

/** As if a phone's camera saw the code; its payer does so with the pay sheet. */
async function scan(proxy: Harness, codeUrl: string, { sheet = 'cancel', phone = '' }: Scan = {}) {
  proxy.wechat.control.set({ nativeCallbackUrl: proxy.url + NATIVE, paySheet: sheet });
  return proxy.wechat.control.scan(codeUrl, { phone });
}
interface Scan {
  sheet?: 'pay' | 'cancel';
  phone?: string;
}

/** The orders that scans of a product have made, the newest first. */
async function ordersOf(proxy: Harness, productId: string): Promise<Reply['json'][]> {
  const { data } = (await proxy.merchant('GET', '/v1/orders')).json;
  return data.filter((order: Reply['json']) => order.productId === productId);
}

/** WeChat's callback: https://pay.weixin.qq.com/wiki/doc/api/native.php?chapter=6_4 */
function callbackOf({ environment, wechat }: Harness, productId: string): Fields {
  return {
    appid: environment.WECHAT_APP_ID!,
    openid: wechat.control.users[0]!.openid,
    mch_id: environment.WECHAT_PAY_MCH_ID!,
    is_subscribe: 'Y',
    nonce_str: randomBytes(8).toString('hex'),
    product_id: productId,
  };
}

/** Calls back as WeChat does, and reads the answer as it does. */
async function callBack(proxy: Harness, fields: Fields, type: SignType = 'MD5'): Promise<Fields> {
  const { status, type: contentType, text } = await post(proxy, NATIVE, toXml(signed(proxy, fields, type)));
  assert.equal(status, 200, text);
  assert.match(contentType, /^text\/xml\b/);
  const reply = fieldsOf(text);
  assert.equal(reply.sign, tenpayOf(proxy)._getSign(reply, type));
  assert.deepEqual(
    [reply.return_code, reply.appid, reply.mch_id],
    ['SUCCESS', proxy.environment.WECHAT_APP_ID, proxy.environment.WECHAT_PAY_MCH_ID],
  );
  return reply;
}

describe('a product', () => {
  test('has a code that a second implementation would have made', async () => {
    const { proxy } = shared;

    const { status, json } = await save(proxy, { productId: 'tea_a-1' });

    assert.equal(status, 201);
    const { codeUrl, ...rest } = json;
    assert.deepEqual(rest, { productId: 'tea_a-1', description: '龙井 50g', amount: fen(3980) });
    const { appid, mchid } = tenpayOf(proxy);
    const url = new URL(codeUrl);
    const { sign, ...signedFields } = Object.fromEntries(url.searchParams);
    const { time_stamp, nonce_str, ...fields } = signedFields;
    assert.ok(codeUrl.startsWith('weixin://wxpay/bizpayurl?'));
    assert.deepEqual(fields, { appid, mch_id: mchid, product_id: 'tea_a-1' });
    assert.match(time_stamp!, /^\d{10}$/);
    assert.match(nonce_str!, /^\w{1,32}$/);
    assert.equal(sign, tenpayOf(proxy)._getSign(signedFields, 'MD5'));
  });

  test('keeps its code when its price changes, or nothing', async () => {
    const { proxy } = shared;
    const first = (await save(proxy)).json;

    const same = await save(proxy, { productId: first.productId });
    const dearer = await save(proxy, { productId: first.productId, description: '龙井 100g', amount: fen(6980) });

    assert.equal(same.status, 200);
    assert.deepEqual(same.json, first);
    assert.equal(dearer.status, 200);
    assert.deepEqual(dearer.json, { ...first, description: '龙井 100g', amount: fen(6980) });
  });

  test('that many create at once is one, with one code', async () => {
    const { proxy } = shared;

    const replies = await Promise.all(times(10, (index) => save(proxy, { productId: 'many', amount: fen(index + 1) })));

    assert.deepEqual(replies.map(({ status }) => status).sort(), [...times(9, () => 200), 201]);
    assert.equal(new Set(replies.map(({ json }) => json.codeUrl)).size, 1);
  });

  test('keeps every field within its limits', async () => {
    const { proxy } = shared;
    const accepted: Record<string, unknown[]> = {
      productId: ['x', 'Az09_-', 'x'.repeat(32)],
      description: ['茶'.repeat(127), ' padded '],
      amount: [{ total: 1 }, { total: 1_000_000_000, currency: 'CNY' }],
    };
    const refused: Record<string, unknown[]> = {
      productId: [undefined, null, '', 1, 'x'.repeat(33), '茶', 'a b', 'a&b', 'a\n'],
      description: [undefined, '', '  ', 'x'.repeat(128), 'a\0b'],
      amount: [undefined, 1, { total: 0 }, { total: 1.5 }, { total: 1, currency: 'USD' }],
      more: [1],
    };
    for (const [field, values] of Object.entries(accepted)) {
      for (const value of values) {
        const { status, text } = await save(proxy, { [field]: value });
        assert.equal(status, 201, `${field} ${JSON.stringify(value)}: ${text}`);
      }
    }
    for (const [field, values] of Object.entries(refused)) {
      for (const value of values) assertRefused(await save(proxy, { [field]: value }), 'invalid_request', 400);
    }
  });

  test('is the merchant’s business alone', async () => {
    const { proxy } = shared;
    const product = { productId: 'page', description: 'Tea', amount: fen(1) };

    assertRefused(await proxy.page('POST', '/v1/products', product), 'unauthorized', 401);

    assert.equal((await save(proxy, product)).status, 201, 'it had not been made');
  });

  test('needs version 2', async (t) => {
    const proxy = await startHarness(t);

    assertRefused(await save(proxy), 'products_need_v2', 409);

    const callback = toXml({ ...callbackOf(proxy, 'tea'), sign: 'x'.repeat(32) });
    assertFail(await post(proxy, NATIVE, callback), 'pay_api_not_configured', 404);
  });
});

describe('a scan', () => {
  test('makes an order that its payer pays, and the merchant learns what was sold to whom', async () => {
    const { proxy } = shared;
    const { productId, codeUrl } = (await save(proxy)).json;
    const [openid] = payers(proxy);

    const seenByPhone = await scan(proxy, codeUrl, { sheet: 'pay' });
    await proxy.wechat.control.notificationsSettled();

    assert.equal(seenByPhone.kind, 'sheet');
    const [order, ...others] = await ordersOf(proxy, productId);
    assert.deepEqual(others, []);
    assert.match(order.outTradeNo, /^scan_[0-9a-f]{27}$/);
    const { transactionId } = proxy.wechat.control.order(order.outTradeNo)!;
    const { description, amount, status, channel } = order;
    assert.deepEqual(
      { description, amount, status, channel, openid: order.openid, transactionId: order.transactionId },
      { description: '龙井 50g', amount: fen(3980), status: 'paid', channel: 'native', openid, transactionId },
    );
    const [made, ...more] = v2Calls(proxy, UNIFIED_ORDER, { out_trade_no: order.outTradeNo });
    assert.deepEqual(more, []);
    const { trade_type, product_id, total_fee, body } = said(made!);
    assert.deepEqual(
      { trade_type, product_id, total_fee, body },
      { trade_type: 'NATIVE', product_id: productId, total_fee: '3980', body: '龙井 50g' },
    );
    assert.deepEqual(await typesOf(proxy, order), ['order.paid']);
    const { data } = (await eventsOf(proxy, order))[0]!;
    assert.deepEqual([data.productId, data.openid, data.status], [productId, openid, 'paid']);
  });

  test('whose payment nobody tells of is asked about', async () => {
    const { proxy } = shared;
    const { productId, codeUrl } = (await save(proxy)).json;
    await scan(proxy, codeUrl);
    const [order] = await ordersOf(proxy, productId);
    assert.equal(order.status, 'paying');
    proxy.wechat.control.pay(order.outTradeNo, { notify: false });

    clock.advance(5 * SECOND);

    await eventually(async () => (await seen(proxy, order)).status === 'paid', 'paid');
  });

  test('again makes another order, by another payer as well', async () => {
    const { proxy } = shared;
    const { productId, codeUrl } = (await save(proxy)).json;
    proxy.wechat.control.signIn('of-another', payers(proxy)[1]!);

    await scan(proxy, codeUrl);
    await scan(proxy, codeUrl);
    await scan(proxy, codeUrl, { phone: 'of-another' });

    const orders = await ordersOf(proxy, productId);
    assert.equal(new Set(orders.map(({ outTradeNo }) => outTradeNo)).size, 3);
    assert.deepEqual(orders.map(({ openid }) => openid).sort(), [0, 0, 1].map((index) => payers(proxy)[index]).sort());
  });

  test('costs what the product costs then', async () => {
    const { proxy } = shared;
    const { productId, codeUrl } = (await save(proxy)).json;
    const callback = callbackOf(proxy, productId);
    await callBack(proxy, callback);
    await save(proxy, { productId, amount: fen(6980) });

    await callBack(proxy, callback);
    const sheet = await scan(proxy, codeUrl);

    assert.deepEqual(sheet.kind === 'sheet' && sheet.sheet.amount, fen(6980));
    const prices = (await ordersOf(proxy, productId)).map(({ amount }) => amount.total);
    assert.deepEqual(prices.sort(), [3980, 6980], 'the repeated callback is still of the first order');
  });

  for (const type of ['MD5', 'HMAC-SHA256'] as const) {
    test(`is answered by ${type} where WeChat asks by it, and a second implementation believes it`, async () => {
      const { proxy } = shared;
      const { productId } = (await save(proxy)).json;
      const callback = callbackOf(proxy, productId);

      const { sign, nonce_str, prepay_id, ...reply } = await callBack(proxy, callback, type);

      assert.deepEqual(reply, {
        return_code: 'SUCCESS',
        appid: callback.appid,
        mch_id: callback.mch_id,
        result_code: 'SUCCESS',
      });
      assert.equal(sign!.length, type === 'MD5' ? 32 : 64);
      assert.match(nonce_str!, /^\w{1,32}$/);
      assert.match(prepay_id!, /^wx\w+$/);
      assert.match((await ordersOf(proxy, productId))[0].outTradeNo, /^scan_/);
    });
  }

  test('that WeChat tells of again is the same order', async () => {
    const { proxy } = shared;
    const { productId } = (await save(proxy)).json;
    const callback = callbackOf(proxy, productId);

    const replies = [await callBack(proxy, callback), await callBack(proxy, callback)];

    for (const { result_code } of replies) assert.equal(result_code, 'SUCCESS');
    assert.equal((await ordersOf(proxy, productId)).length, 1);
    assert.equal(new Set(v2Calls(proxy, UNIFIED_ORDER, { product_id: productId }).map(tradeNo)).size, 1);
  });

  test('that WeChat tells of ten times at once is the same order', async () => {
    const { proxy } = shared;
    const { productId } = (await save(proxy)).json;
    const callback = callbackOf(proxy, productId);

    const replies = await Promise.all(times(10, () => callBack(proxy, callback)));

    for (const { result_code } of replies) assert.equal(result_code, 'SUCCESS');
    assert.equal((await ordersOf(proxy, productId)).length, 1);
  });

  test('with the nonce of another product’s or payer’s scan is one of its own', async () => {
    const { proxy } = shared;
    const [one, two] = [(await save(proxy)).json, (await save(proxy)).json];
    const callback = callbackOf(proxy, one.productId);

    await callBack(proxy, callback);
    await callBack(proxy, { ...callback, openid: payers(proxy)[1]! });
    await callBack(proxy, { ...callback, product_id: two.productId });

    assert.equal((await ordersOf(proxy, one.productId)).length, 2);
    assert.equal((await ordersOf(proxy, two.productId)).length, 1);
  });

  test('of an order that is paid or closed by now is answered with that, in Chinese', async () => {
    const { proxy } = shared;
    const { productId } = (await save(proxy)).json;
    const refusals: unknown[] = [];
    for (const end of ['pay', 'close']) {
      const callback = callbackOf(proxy, productId);
      await callBack(proxy, callback);
      const [order] = await ordersOf(proxy, productId);
      if (end === 'pay') proxy.wechat.control.pay(order.outTradeNo);
      else await proxy.merchant('POST', `/v1/orders/${order.id}/close`);
      await proxy.wechat.control.notificationsSettled();

      const { result_code, err_code_des, prepay_id = '' } = await callBack(proxy, callback);

      refusals.push([result_code, err_code_des, prepay_id]);
    }
    assert.deepEqual(refusals, [
      ['FAIL', ERROR_MEANINGS.order_paid[0], ''],
      ['FAIL', ERROR_MEANINGS.order_closed[0], ''],
    ]);
  });

  test('of which nobody makes use expires, at WeChat too', async () => {
    const { proxy } = shared;
    const { productId, codeUrl } = (await save(proxy)).json;
    await scan(proxy, codeUrl);
    const [order] = await ordersOf(proxy, productId);

    clock.advance(2 * HOUR);

    await eventually(async () => (await seen(proxy, order)).status === 'expired', 'expired');
    assert.equal(proxy.wechat.control.order(order.outTradeNo)!.state, 'CLOSED');
    assert.deepEqual(await typesOf(proxy, order), ['order.expired']);
  });

  test('of an order that is closed while WeChat makes it leaves nothing that could be paid', async () => {
    const { proxy } = shared;
    const { productId } = (await save(proxy)).json;
    const step = during(proxy, { method: 'POST', path: UNIFIED_ORDER, when: 'before' }, async () => {
      const [order] = await ordersOf(proxy, productId);
      assert.equal((await proxy.merchant('POST', `/v1/orders/${order.id}/close`)).json.status, 'closed');
    });

    const reply = await callBack(proxy, callbackOf(proxy, productId));

    assert.ok(step.met);
    assert.deepEqual([reply.result_code, reply.err_code_des], ['FAIL', ERROR_MEANINGS.order_closed[0]]);
    const [order] = await ordersOf(proxy, productId);
    assert.notEqual(proxy.wechat.control.order(order.outTradeNo)?.state, 'NOTPAY');
    assert.equal(order.status, 'closed');
  });

  test('makes an order of its payer: nobody else can begin to pay it', async () => {
    const { proxy } = shared;
    const { productId, codeUrl } = (await save(proxy)).json;
    await scan(proxy, codeUrl);
    const [order] = await ordersOf(proxy, productId);

    for (const channel of ['native', 'h5'] as Channel[]) {
      assertRefused(await start(proxy, order, channel), 'payer_mismatch', 403);
    }
    assertRefused(await start(proxy, order, 'jsapi', { openid: payers(proxy)[1]! }), 'payer_mismatch', 403);
    assert.equal((await start(proxy, order, 'jsapi', { openid: payers(proxy)[0]! })).status, 200);
  });
});

const tradeNo = ({ fields }: { fields: Fields }) => fields.out_trade_no;

describe('a scan that comes to nothing', () => {
  test('of an unknown product tells the payer so, and makes no order', async () => {
    const { proxy } = shared;
    const codeUrl = tenpayOf(proxy).getNativeUrl({ product_id: 'unknown' });

    assert.deepEqual(await scan(proxy, codeUrl), { kind: 'refused', message: ERROR_MEANINGS.product_not_found[0] });

    assert.deepEqual(await ordersOf(proxy, 'unknown'), []);
  });

  test('because WeChat takes no order tells the payer to try again', async () => {
    const { proxy } = shared;
    const { codeUrl } = (await save(proxy)).json;
    proxy.wechat.control.fail({ path: UNIFIED_ORDER, kind: 'status', code: 'POST_DATA_EMPTY' });

    assert.deepEqual(await scan(proxy, codeUrl), { kind: 'refused', message: TRY_AGAIN });

    assert.equal((await scan(proxy, codeUrl)).kind, 'sheet');
  });

  test('because WeChat is in trouble, likewise; asked again, it is the same order', async () => {
    const { proxy } = shared;
    const { productId } = (await save(proxy)).json;
    const callback = callbackOf(proxy, productId);
    proxy.wechat.control.fail({ path: UNIFIED_ORDER, kind: 'status', code: 'SYSTEMERROR', count: 2 });

    const first = await callBack(proxy, callback);
    const second = await callBack(proxy, callback);

    assert.deepEqual([first.result_code, first.err_code_des], ['FAIL', TRY_AGAIN]);
    assert.equal(second.result_code, 'SUCCESS');
    assert.equal((await ordersOf(proxy, productId)).length, 1);
  });

  test('because WeChat takes its time is answered before the phone gives up', async () => {
    const { proxy } = shared;
    const { productId, codeUrl } = (await save(proxy)).json;
    let answered = () => {};
    const step = during(
      proxy,
      { method: 'POST', path: UNIFIED_ORDER, when: 'before' },
      () => new Promise<void>((resolve) => (answered = resolve)),
    );

    assert.deepEqual(await scan(proxy, codeUrl), { kind: 'refused', message: TRY_AGAIN });

    assert.ok(step.met);
    answered();
    await eventually(async () => (await ordersOf(proxy, productId))[0].status === 'paying', 'it is made after all');
  });

  const invalid = ['invalid_signature', 401] as const;
  const malformed = ['malformed_notification', 400] as const;
  const REFUSALS: Record<string, [code: string, status: number, body: (proxy: Harness, fields: Fields) => string]> = {
    'without a sign': [...invalid, (_proxy, fields) => toXml(fields)],
    'signed with another key': [
      ...invalid,
      (proxy, fields) => toXml(signed(proxy, fields, 'MD5', 'another-key-of-32-characters-000')),
    ],
    'with another product than was signed': [
      ...invalid,
      (proxy, fields) => toXml({ ...signed(proxy, fields), product_id: 'another' }),
    ],
    'with another payer than was signed': [
      ...invalid,
      (proxy, fields) => toXml({ ...signed(proxy, fields), openid: payers(proxy)[1]! }),
    ],
    'signed as anyone could': [
      ...invalid,
      (_proxy, fields) => toXml({ ...fields, sign: createHash('md5').update(toXml(fields)).digest('hex') }),
    ],
    'for another app': [
      'merchant_mismatch',
      400,
      (proxy, fields) => toXml(signed(proxy, { ...fields, appid: 'wx0000000000000000' })),
    ],
    'for another merchant': [
      'merchant_mismatch',
      400,
      (proxy, fields) => toXml(signed(proxy, { ...fields, mch_id: '1900000109' })),
    ],
    'without a product': [...malformed, (proxy, fields) => toXml(signed(proxy, { ...fields, product_id: '' }))],
    'without a payer': [...malformed, (proxy, fields) => toXml(signed(proxy, { ...fields, openid: '' }))],
    'without a nonce': [...malformed, (proxy, fields) => toXml(signed(proxy, { ...fields, nonce_str: '' }))],
    'that is no XML': [...malformed, () => 'product_id=1'],
  };
  for (const [name, [code, status, body]] of Object.entries(REFUSALS)) {
    test(`because the callback is one ${name} is refused, counted, and makes no order`, async () => {
      const { proxy } = shared;
      const { productId } = (await save(proxy)).json;
      const refused = await counted(proxy, code);
      const orders = await ordersOf(proxy, productId);

      assertFail(await post(proxy, NATIVE, body(proxy, callbackOf(proxy, productId))), code, status);

      assert.deepEqual(await ordersOf(proxy, productId), orders);
      assert.deepEqual(v2Calls(proxy, UNIFIED_ORDER, { product_id: productId }), []);
      assert.equal(await counted(proxy, code), refused + 1);
    });
  }
});

test('codes that hang somewhere go on when the proxy starts again, and signs otherwise', async () => {
  const { proxy } = shared;
  const { productId, codeUrl } = (await save(proxy)).json;

  await configured(proxy, { WECHAT_PAY_V2_SIGN_TYPE: 'MD5' }, async () => {
    assert.equal((await scan(proxy, codeUrl)).kind, 'sheet');
    assert.equal((await save(proxy, { productId })).json.codeUrl, codeUrl);
  });
});
