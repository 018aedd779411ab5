import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { type Json, receiveNotifications } from './merchant.ts';
import { createV2Merchant, type Fields, fromXml, toXml, type V2Merchant } from './v2-merchant.ts';

describe('product codes (Native mode 1)', () => {
  let wechat: Wechat;
  let merchant: V2Merchant;

  before(async () => {
    wechat = await startWechat();
    merchant = createV2Merchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());

  function codeOf(changes: Fields = {}, signType = 'MD5'): string {
    const fields: Fields = {
      appid: merchant.env.WECHAT_APP_ID,
      mch_id: merchant.env.WECHAT_PAY_MCH_ID,
      product_id: '茶 1+1&',
      time_stamp: '1414488825',
      nonce_str: 'f6808210402125e30663234f94c87a8c',
      ...changes,
    };
    const sign = changes.sign ?? merchant.sign(fields, signType);
    const query = Object.entries({ ...fields, sign }).filter(([, value]) => value !== undefined);
    return `weixin://wxpay/bizpayurl?${query.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
  }

  /** Scans while the merchant answers so. */
  async function scanWith(answer: string | number, code = codeOf()) {
    const shop = await receiveNotifications(answer);
    wechat.control.set({ nativeCallbackUrl: shop.url });
    const result = await wechat.control.scan(code);
    shop.stop();
    return { result, received: shop.received };
  }

  async function reply(changes: Fields = {}, signType = 'MD5'): Promise<{ text: string; outTradeNo: string }> {
    const order = merchant.native({ product_id: '1' });
    const { fields } = await merchant.create(order);
    const told: Fields = {
      return_code: 'SUCCESS',
      appid: merchant.env.WECHAT_APP_ID,
      mch_id: merchant.env.WECHAT_PAY_MCH_ID,
      nonce_str: 'abc',
      prepay_id: fields.prepay_id,
      result_code: 'SUCCESS',
      ...changes,
    };
    const text = toXml({ ...told, sign: changes.sign ?? merchant.sign(told, signType) });
    return { text, outTradeNo: String(order.out_trade_no) };
  }

  for (const signType of ['MD5', 'HMAC-SHA256']) {
    it(`asks the merchant for an order, signed by ${signType} as the code is, and lets it be paid`, async () => {
      const { text, outTradeNo } = await reply({}, signType);
      const { result, received } = await scanWith(text, codeOf({}, signType));
      assert.equal(result.kind, 'sheet');
      assert.equal(wechat.control.order(outTradeNo)!.state, 'SUCCESS');
      assert.equal(received.length, 1);
      const fields = fromXml(received[0]!.body);
      const { sign, nonce_str: nonce, ...asked } = fields;
      assert.equal(sign, merchant.sign(fields, signType));
      assert.match(nonce!, /^\w{1,32}$/);
      assert.deepEqual(asked, {
        appid: merchant.env.WECHAT_APP_ID,
        openid: wechat.control.users[0]!.openid,
        mch_id: merchant.env.WECHAT_PAY_MCH_ID,
        is_subscribe: 'Y',
        product_id: '茶 1+1&',
      });
    });
  }

  it('stands in the list of calls', async () => {
    const { text } = await reply();
    const { received } = await scanWith(text);
    const listed = wechat.calls.findLast(
      ({ requestBody }) => requestBody.includes('<product_id>') && requestBody.includes('<is_subscribe>'),
    )!;
    assert.equal(received.length, 1);
    assert.deepEqual([listed.direction, listed.method, listed.status], ['out', 'POST', 200]);
    assert.match(listed.stringToSign!, /^appid=wx\w+&is_subscribe=Y&.*&key=…$/);
  });

  const codes: [string, () => string][] = [
    ['another appid', () => codeOf({ appid: 'wx1' })],
    ['another merchant', () => codeOf({ mch_id: '1' })],
    ['a wrong signature', () => codeOf({ sign: 'A'.repeat(32) })],
    ['no product', () => codeOf({ product_id: undefined })],
    ['a product id that is too long', () => codeOf({ product_id: 'x'.repeat(33) })],
    ['a time in milliseconds', () => codeOf({ time_stamp: '1414488825000' })],
    ['a field more', () => `${codeOf()}&a=1`],
  ];
  for (const [name, code] of codes) {
    it(`refuses a code with ${name}, and asks nobody`, async () => {
      const { result, received } = await scanWith(200, code());
      assert.deepEqual([result, received.length], [{ kind: 'refused', message: '原生支付URL参数错误' }, 0]);
      assert.throws(() => wechat.control.printed(code()), TypeError);
    });
  }

  const replies: [string, () => Promise<string | number>, RegExp][] = [
    ['an error status', async () => 500, /^获取商户订单信息超时或者商户返回的httpcode非200$/],
    ['no XML', async () => 'ok', /数据格式错误/],
    ['FAIL', async () => toXml({ return_code: 'FAIL', return_msg: '商品不存在' }), /^商品不存在$/],
    ['a signed FAIL', async () => (await reply({ result_code: 'FAIL', err_code_des: '已售完' })).text, /^已售完$/],
    ['a wrong signature', async () => (await reply({ sign: 'A'.repeat(32) })).text, /签名错误/],
    ['another merchant', async () => (await reply({ mch_id: '1' })).text, /参数错误/],
    ['an unknown prepay id', async () => (await reply({ prepay_id: 'wx1' })).text, /prepay_id无效/],
  ];
  for (const [name, answer, message] of replies) {
    it(`shows the payer what went wrong where the merchant answers with ${name}`, async () => {
      const { result } = await scanWith(await answer());
      assert.equal(result.kind, 'refused');
      assert.match((result as { message: string }).message, message);
    });
  }

  it('needs the merchant’s address, and a merchant there', async () => {
    assert.match(((await wechat.control.scan(codeOf())) as { message: string }).message, /回调URL/);
    wechat.control.set({ nativeCallbackUrl: 'http://127.0.0.1:9/' });
    assert.match(((await wechat.control.scan(codeOf())) as { message: string }).message, /httpcode非200/);
  });

  it('lists codes that were scanned, or are said to hang somewhere', async () => {
    const [scanned, printed] = [codeOf({ product_id: 'scanned' }), codeOf({ product_id: 'printed' })];
    await scanWith((await reply()).text, scanned);
    wechat.control.printed(printed);
    const codes = (await (await fetch(`${wechat.url}/client/codes`)).json()) as Json[];
    for (const [codeUrl, description] of [
      [scanned, 'scanned'],
      [printed, 'printed'],
    ]) {
      const { createdAt: _createdAt, ...shown } = codes.find((code) => code.codeUrl === codeUrl);
      assert.deepEqual(shown, { codeUrl, description, total: null, state: 'PRODUCT', expiresAt: null });
    }
  });
});
