import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { createMerchant } from './merchant.ts';
import { createV2Merchant, type Fields, toXml, type V2Merchant } from './v2-merchant.ts';

const HOUR = 3_600_000;

describe('pay, version 2', () => {
  let wechat: Wechat;
  let merchant: V2Merchant;
  let now = Date.parse('2026-03-01T02:00:00Z');

  before(async () => {
    wechat = await startWechat({ now: () => now });
    merchant = createV2Merchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());

  const head = () => ({
    return_code: 'SUCCESS',
    return_msg: 'OK',
    appid: merchant.env.WECHAT_APP_ID,
    mch_id: merchant.env.WECHAT_PAY_MCH_ID,
  });

  it('takes orders of each trade type, each answer signed as its request was', async () => {
    const scene = '{"h5_info":{"type":"Wap"}}';
    for (const signType of [undefined, 'MD5', 'HMAC-SHA256']) {
      for (const order of [
        merchant.order(),
        merchant.native(),
        merchant.order({ trade_type: 'MWEB', openid: undefined, scene_info: scene }),
      ]) {
        const { fields } = await merchant.create({ ...order, sign_type: signType });
        const { nonce_str: _nonce, sign, prepay_id: prepayId, code_url: codeUrl, mweb_url: mwebUrl, ...rest } = fields;
        assert.deepEqual(rest, { ...head(), result_code: 'SUCCESS', trade_type: order.trade_type });
        assert.match(prepayId!, /^wx\d{8}[0-9a-f]{26}$/);
        assert.equal(sign, merchant.sign(fields, signType));
        assert.equal(codeUrl !== undefined, order.trade_type === 'NATIVE');
        assert.equal(mwebUrl !== undefined, order.trade_type === 'MWEB');
        if (codeUrl) assert.match(codeUrl, /^weixin:\/\/wxpay\/bizpayurl\?pr=\w{9}$/);
        if (mwebUrl) assert.match(mwebUrl, /\/cgi-bin\/mmpayweb-bin\/checkmweb\?prepay_id=wx\w+&package=\d+$/);
        const { tradeType, payVersion } = wechat.control.order(String(order.out_trade_no))!;
        assert.deepEqual([tradeType, payVersion], [order.trade_type, 'v2']);
      }
    }
  });

  it('answers queries before and after the payment, by both numbers', async () => {
    const order = merchant.order({ attach: '门店 7', device_info: 'till-3' });
    await merchant.create(order);
    const {
      nonce_str: _nonce,
      sign: _sign,
      ...unpaid
    } = (await merchant.query({ out_trade_no: order.out_trade_no })).fields;
    assert.deepEqual(unpaid, {
      ...head(),
      result_code: 'SUCCESS',
      device_info: 'till-3',
      out_trade_no: order.out_trade_no,
      trade_state: 'NOTPAY',
      trade_state_desc: '订单未支付',
      total_fee: '3980',
    });
    const { transactionId } = wechat.control.pay(String(order.out_trade_no), { notify: false });
    const { fields } = await merchant.query({ transaction_id: transactionId });
    assert.equal(fields.sign, merchant.sign(fields));
    const { nonce_str: _nonce2, sign: _sign2, ...paid } = fields;
    assert.deepEqual(paid, {
      ...unpaid,
      trade_state: 'SUCCESS',
      trade_state_desc: '支付成功',
      openid: order.openid,
      is_subscribe: 'Y',
      trade_type: 'JSAPI',
      bank_type: 'OTHERS',
      fee_type: 'CNY',
      cash_fee: '3980',
      cash_fee_type: 'CNY',
      transaction_id: transactionId,
      attach: '门店 7',
      time_end: '20260301100000',
    });
  });

  it('closes an order, once, and none that is paid or unknown', async () => {
    const order = merchant.order();
    await merchant.create(order);
    const close = async (outTradeNo: unknown) =>
      (await merchant.call('/pay/closeorder', { out_trade_no: String(outTradeNo) })).fields;
    const closed = await close(order.out_trade_no);
    assert.equal(closed.result_code, 'SUCCESS');
    assert.equal(closed.sign, merchant.sign(closed));
    assert.equal(wechat.control.order(String(order.out_trade_no))!.state, 'CLOSED');
    for (const [outTradeNo, code] of [
      [order.out_trade_no, 'ORDERCLOSED'],
      [await merchant.paid(), 'ORDERPAID'],
      ['unknown-1', 'ORDERNOTEXIST'],
    ]) {
      const refused = await close(outTradeNo);
      assert.deepEqual([refused.result_code, refused.err_code, refused.sign], ['FAIL', code, undefined]);
    }
  });

  it('keeps one book with version 3', async () => {
    const v3 = createMerchant(wechat);
    const order = merchant.order();
    await merchant.create(order);
    assert.equal((await v3.query(String(order.out_trade_no))).json.trade_state, 'NOTPAY');
    const other = await v3.create(v3.order({ out_trade_no: order.out_trade_no }));
    assert.deepEqual([other.status, other.json], [400, { code: 'INVALID_REQUEST', message: '201 商户订单号重复' }]);
  });

  describe('the same out_trade_no again', () => {
    const codeOf = async (order: Fields) => {
      const { fields } = await merchant.create(order);
      return [fields.err_code, fields.err_code_des];
    };

    it('gives another prepay id where all but nonce and signature is the same', async () => {
      const order = merchant.order();
      const ids = [await merchant.create(order), await merchant.create({ ...order, sign_type: 'HMAC-SHA256' })];
      assert.equal(new Set(ids.map(({ fields }) => fields.prepay_id)).size, 2);
    });

    it('is refused with other parameters, or where the order is over', async () => {
      const order = merchant.order();
      await merchant.create(order);
      const repeated = ['INVALID_REQUEST', '201 商户订单号重复'];
      assert.deepEqual(await codeOf({ ...order, total_fee: 1 }), repeated);
      assert.deepEqual(await codeOf({ ...order, trade_type: 'NATIVE', product_id: '1', openid: undefined }), repeated);
      wechat.control.pay(String(order.out_trade_no), { notify: false });
      assert.deepEqual(await codeOf(order), ['ORDERPAID', '该订单已支付']);
      assert.deepEqual(await codeOf({ ...order, total_fee: 1 }), ['OUT_TRADE_NO_USED', '商户订单号重复']);
    });
  });

  describe('what it refuses', () => {
    const bodies: [string, () => string | Buffer, RegExp][] = [
      ['no XML', () => '{}', /^XML格式错误$/],
      ['nothing', () => '', /^XML格式错误$/],
      ['a DTD', () => `<!DOCTYPE xml [<!ENTITY a "b">]>${toXml(merchant.signed(merchant.order()))}`, /^XML格式错误$/],
      ['an entity of one’s own', () => '<xml><appid>&a;</appid></xml>', /^XML格式错误$/],
      ['nested elements', () => '<xml><appid><b>1</b></appid></xml>', /^XML格式错误$/],
      ['a field twice', () => '<xml><appid>1</appid><appid>1</appid></xml>', /^XML格式错误$/],
      ['another encoding', () => Buffer.from('<xml><body>caf\u00e9</body></xml>', 'latin1'), /^XML格式错误$/],
      ['another root', () => '<root><appid>1</appid></root>', /^XML格式错误$/],
      ['no appid', () => toXml(merchant.signed({ ...merchant.order(), appid: undefined })), /^缺少参数appid$/],
      ['another appid', () => toXml(merchant.signed({ ...merchant.order(), appid: 'wx1' })), /^appid不存在$/],
      ['another merchant', () => toXml(merchant.signed({ ...merchant.order(), mch_id: '1' })), /^商户号mch_id不存在$/],
      ['no signature', () => toXml({ ...merchant.signed(merchant.order()), sign: '' }), /^缺少参数sign$/],
      ['a wrong signature', () => toXml({ ...merchant.signed(merchant.order()), sign: 'A'.repeat(32) }), /^签名错误/],
      ['a field that is not signed', () => toXml({ ...merchant.signed(merchant.order()), new: 1 }), /^签名错误/],
      [
        'HMAC-SHA256 that sign_type does not announce',
        () => {
          const fields = merchant.signed(merchant.order());
          return toXml({ ...fields, sign: merchant.sign(fields, 'HMAC-SHA256') });
        },
        /^签名错误/,
      ],
      ['another sign_type', () => toXml(merchant.signed(merchant.order({ sign_type: 'SHA1' }))), /sign_type/],
    ];
    for (const [name, body, message] of bodies) {
      it(`${name}: unsigned, with HTTP 200`, async () => {
        const { status, fields } = await merchant.post('/pay/unifiedorder', body());
        assert.equal(status, 200);
        assert.deepEqual(Object.keys(fields), ['return_code', 'return_msg']);
        assert.equal(fields.return_code, 'FAIL');
        assert.match(fields.return_msg!, message);
      });
    }

    it('another method than POST', async () => {
      const { fields } = await merchant.post('/pay/unifiedorder', '', { method: 'GET' });
      assert.deepEqual(fields, { return_code: 'FAIL', return_msg: '请使用post方法' });
    });

    const scene = (text: string) => ({ trade_type: 'MWEB', openid: undefined, scene_info: text });
    const orders: [Fields, RegExp][] = [
      [{ nonce_str: '' }, /^缺少参数nonce_str$/],
      [{ nonce_str: 'x'.repeat(33) }, /^nonce_str参数长度有误$/],
      [{ body: '' }, /^缺少参数body$/],
      [{ body: '花'.repeat(43) }, /^body参数长度有误$/],
      [{ body: '一束💐' }, /^body参数格式校验错误$/],
      [{ attach: 'x'.repeat(128) }, /^attach参数长度有误$/],
      [{ out_trade_no: undefined }, /^缺少参数out_trade_no$/],
      [{ out_trade_no: '12345' }, /^out_trade_no参数长度有误$/],
      [{ out_trade_no: 'x'.repeat(33) }, /^out_trade_no参数长度有误$/],
      [{ out_trade_no: 'order#1' }, /^invalid out_trade_no$/],
      [{ total_fee: 0 }, /^invalid total_fee$/],
      [{ total_fee: '39.80' }, /^invalid total_fee$/],
      [{ total_fee: -1 }, /^invalid total_fee$/],
      [{ fee_type: 'USD' }, /^invalid fee_type$/],
      [{ spbill_create_ip: undefined }, /^缺少参数spbill_create_ip$/],
      [{ spbill_create_ip: '999.1.1.1' }, /^invalid spbill_create_ip$/],
      [{ time_expire: '2026-03-01' }, /^invalid time_expire$/],
      [{ time_expire: '20261341000000' }, /^invalid time_expire$/],
      [{ notify_url: undefined }, /^缺少参数notify_url$/],
      [{ notify_url: 'http://shop.example.com/notify' }, /^invalid notify_url$/],
      [{ notify_url: 'https://shop.example.com/notify?a=1' }, /^invalid notify_url$/],
      [{ trade_type: 'APP' }, /^invalid trade_type$/],
      [{ openid: undefined }, /^JSAPI支付必须传openid$/],
      [{ trade_type: 'NATIVE', openid: undefined }, /^缺少参数product_id$/],
      [scene(''), /^缺少参数scene_info$/],
      [scene('Wap'), /^invalid scene_info$/],
      [scene('{"h5_info":{}}'), /^invalid scene_info$/],
    ];
    for (const [changes, message] of orders) {
      it(`an order with ${JSON.stringify(changes).slice(0, 60)}`, async () => {
        const order = merchant.order(changes);
        const { fields } = await merchant.create(order);
        assert.equal(fields.return_code, 'FAIL');
        assert.match(fields.return_msg!, message);
        assert.equal(wechat.control.order(String(order.out_trade_no)), undefined);
      });
    }

    it('somebody else’s openid, by its code', async () => {
      const { fields } = await merchant.create(merchant.order({ openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' }));
      assert.deepEqual([fields.result_code, fields.err_code, fields.sign], ['FAIL', 'PARAM_ERROR', undefined]);
    });

    it('a query that names nothing, or nothing that is there', async () => {
      assert.equal((await merchant.query({})).fields.return_msg, '缺少参数out_trade_no');
      const { fields } = await merchant.query({ out_trade_no: 'unknown-1' });
      assert.deepEqual([fields.err_code, fields.err_code_des], ['ORDERNOTEXIST', '订单不存在']);
    });
  });

  it('takes XML that is written in any allowed way', async () => {
    const fields = merchant.signed(merchant.order({ body: `a<b & "c" 'd' > ]` }));
    const escaped = (value: unknown) => String(value).replace(/[<&]/g, (found) => (found === '<' ? '&lt;' : '&amp;'));
    const elements = Object.entries(fields).map(([name, value]) => `\n  <${name}>${escaped(value)}</${name}>`);
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<xml>${elements.join('')}\n<detail/><attach></attach></xml>\n`;
    assert.equal((await merchant.post('/pay/unifiedorder', body)).fields.result_code, 'SUCCESS');
    assert.equal(wechat.control.order(String(fields.out_trade_no))!.description, `a<b & "c" 'd' > ]`);
  });

  it('lets an order expire when it was asked to', async () => {
    const order = merchant.order({ time_expire: '20260301120000' });
    await merchant.create(order);
    assert.equal(wechat.control.order(String(order.out_trade_no))!.expiresAt, now + 2 * HOUR);
    now += 2 * HOUR;
    assert.throws(() => wechat.control.pay(String(order.out_trade_no)), /已超过支付期限/);
  });

  describe('in the page', () => {
    const invoke = async (args: Fields) => {
      const url = 'http://127.0.0.1:8788/order_pay';
      const call = { phone: 'p1', platform: 'ios', name: 'getBrandWCPayRequest', args, url, landingUrl: url };
      const answer = await fetch(`${wechat.url}/client/invoke`, { method: 'POST', body: JSON.stringify(call) });
      return (await answer.json()) as Record<string, string>;
    };
    const params = async (signType: string, orderSignType = signType) => {
      const { fields } = await merchant.create(merchant.order({ sign_type: orderSignType }));
      const unsigned = {
        appId: merchant.env.WECHAT_APP_ID,
        timeStamp: String(Math.floor(now / 1000)),
        nonceStr: 'abc',
        package: `prepay_id=${fields.prepay_id}`,
        signType,
      };
      return { ...unsigned, paySign: merchant.sign(unsigned, signType) };
    };

    for (const signType of ['MD5', 'HMAC-SHA256']) {
      it(`a paySign by ${signType} is taken, and no other`, async () => {
        assert.deepEqual(await invoke(await params(signType)), { err_msg: 'get_brand_wcpay_request:ok' });
        const forged = { ...(await params(signType)), paySign: 'A'.repeat(signType === 'MD5' ? 32 : 64) };
        assert.equal((await invoke(forged)).err_desc, '支付验证签名失败');
      });
    }

    it('a paySign of another sign type than the order’s is refused', async () => {
      assert.equal((await invoke(await params('MD5', 'HMAC-SHA256'))).err_desc, '支付验证签名失败');
    });
  });

  describe('faults', () => {
    it('come as a gateway’s status, as WeChat’s own code, or as no answer', async () => {
      wechat.control.fail({ path: '/pay/unifiedorder', kind: 'status', status: 502 });
      assert.equal((await merchant.create(merchant.order())).status, 502);
      wechat.control.fail({ path: '/pay/*', kind: 'status', code: 'BIZERR_NEED_RETRY' });
      const { status, fields } = await merchant.create(merchant.order());
      assert.deepEqual([status, fields.result_code, fields.err_code], [200, 'FAIL', 'BIZERR_NEED_RETRY']);
      wechat.control.fail({ path: '/pay/*', kind: 'disconnect', when: 'after' });
      const order = merchant.order();
      await assert.rejects(merchant.create(order));
      assert.equal(wechat.control.order(String(order.out_trade_no))!.state, 'NOTPAY');
    });
  });

  it('lists each call with its string to sign, without the key', async () => {
    const order = merchant.order({ out_trade_no: 'listed-1' });
    await merchant.create(order);
    await merchant.create({ ...order, total_fee: 1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [good, bad] = wechat.calls.slice(-2);
    assert.deepEqual([good!.method, good!.path, good!.verdict], ['POST', '/pay/unifiedorder', 'ok']);
    assert.match(good!.stringToSign!, /^appid=wx\w+&body=山茶花一束&.*&trade_type=JSAPI&key=…$/);
    assert.match(good!.requestBody, /<sign><!\[CDATA\[\w{6}…\]\]><\/sign>/);
    assert.deepEqual([bad!.verdict, bad!.code, bad!.message], ['refused', 'INVALID_REQUEST', '201 商户订单号重复']);
    assert.ok(!JSON.stringify(wechat.calls).includes(merchant.key));
  });
});
