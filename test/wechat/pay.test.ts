import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { request } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { createMerchant, decrypt, isSigned, type Json, type Merchant } from './merchant.ts';

const HOUR = 3_600_000;

describe('pay, version 3', () => {
  let wechat: Wechat;
  let merchant: Merchant;
  let now = Date.parse('2026-03-01T02:00:00Z');

  before(async () => {
    wechat = await startWechat({ now: () => now });
    merchant = createMerchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());

  const publicKey = () => merchant.env.WECHAT_PAY_PUBLIC_KEY!;
  const outTradeNo = (order: Record<string, unknown>) => String(order.out_trade_no);
  const beijing = (time: number) => `${new Date(time + 8 * HOUR).toISOString().slice(0, 19)}+08:00`;

  it('takes an order, answers queries of it and closes it, each answer signed', async () => {
    const order = merchant.order({ attach: '门店 7' });
    const created = await merchant.create(order);
    assert.equal(created.status, 200);
    assert.match(created.json.prepay_id, /^wx\d{8}[0-9a-f]{26}$/);
    assert.ok(isSigned(created.headers, created.text, publicKey()));
    assert.equal(created.headers.get('wechatpay-serial'), merchant.env.WECHAT_PAY_PUBLIC_KEY_ID);

    const queried = await merchant.query(outTradeNo(order));
    assert.ok(isSigned(queried.headers, queried.text, publicKey()));
    assert.deepEqual(queried.json, {
      appid: merchant.env.WECHAT_APP_ID,
      mchid: merchant.env.WECHAT_PAY_MCH_ID,
      out_trade_no: order.out_trade_no,
      trade_state: 'NOTPAY',
      trade_state_desc: '订单未支付',
      promotion_detail: [],
      amount: { total: 3980, currency: 'CNY' },
    });

    const closing = `/v3/pay/transactions/out-trade-no/${outTradeNo(order)}/close`;
    const closed = await merchant.call('POST', closing, { mchid: merchant.env.WECHAT_PAY_MCH_ID });
    assert.equal(closed.status, 204);
    assert.ok(isSigned(closed.headers, '', publicKey()));
    assert.equal((await merchant.query(outTradeNo(order))).json.trade_state, 'CLOSED');
    assert.equal((await merchant.call('POST', closing, { mchid: merchant.env.WECHAT_PAY_MCH_ID })).status, 204);
  });

  it('answers a query of a paid order by both of its numbers', async () => {
    const order = merchant.order({ attach: '门店 7' });
    await merchant.create(order);
    wechat.control.pay(outTradeNo(order), { notify: false });
    const { json } = await merchant.query(outTradeNo(order));
    assert.equal(json.trade_state, 'SUCCESS');
    assert.equal(json.attach, '门店 7');
    assert.equal(json.success_time, beijing(now));
    assert.deepEqual(json.payer, { openid: wechat.control.users[0]!.openid });
    assert.deepEqual(json.amount, { total: 3980, payer_total: 3980, currency: 'CNY', payer_currency: 'CNY' });
    assert.match(json.transaction_id, /^42000\d{23}$/);
    const url = `/v3/pay/transactions/id/${json.transaction_id}?mchid=${merchant.env.WECHAT_PAY_MCH_ID}`;
    assert.deepEqual((await merchant.call('GET', url)).json, json);
  });

  it('signs over the path as it was sent', async () => {
    const order = merchant.order({ out_trade_no: 'A|B*C_1-2' });
    await merchant.create(order);
    assert.equal((await merchant.query('A%7CB*C_1-2')).json.out_trade_no, 'A|B*C_1-2');
  });

  describe('who signs', () => {
    const certificates = async () => (await merchant.call('GET', '/v3/certificates')).json.data;
    const pemOf = (listed: Json) => decrypt(listed.encrypt_certificate, merchant.env.WECHAT_PAY_V3_KEY!);
    const withSerial = (serial: string) => {
      const url = `/v3/pay/transactions/out-trade-no/nothing-here?mchid=${merchant.env.WECHAT_PAY_MCH_ID}`;
      return merchant.call('GET', url, undefined, serial ? { 'wechatpay-serial': serial } : {});
    };

    it('has no certificates for who has the public key only', async () => {
      const { status, json } = await merchant.call('GET', '/v3/certificates');
      assert.equal(status, 404);
      assert.equal(json.code, 'RESOURCE_NOT_EXISTS');
    });

    it('lists certificates, encrypted, and signs with the newest', async () => {
      wechat.control.set({ payMode: 'certificate' });
      const answer = await merchant.call('GET', '/v3/certificates');
      const [listed] = answer.json.data;
      const certificate = new X509Certificate(pemOf(listed));
      assert.ok(certificate.verify(certificate.publicKey));
      assert.equal(certificate.serialNumber, listed.serial_no);
      assert.equal(Date.parse(listed.expire_time), certificate.validToDate.getTime());
      assert.equal(answer.headers.get('wechatpay-serial'), listed.serial_no);
      assert.ok(isSigned(answer.headers, answer.text, pemOf(listed)));
    });

    it('lists the former certificate beside the new one', async () => {
      wechat.control.set({ payMode: 'certificate' });
      const [former] = await certificates();
      const serial = wechat.control.rotateCertificate();
      const listed = await certificates();
      assert.deepEqual(
        listed.map(({ serial_no: serialNo }: Json) => serialNo),
        [serial, former.serial_no],
      );
      const answer = await withSerial('');
      assert.equal(answer.headers.get('wechatpay-serial'), serial);
      assert.ok(isSigned(answer.headers, answer.text, pemOf(listed[0])));
    });

    it('follows the request’s Wechatpay-Serial while switching', async () => {
      wechat.control.set({ payMode: 'switching' });
      const { publicKey: id, certificates: serials } = wechat.control.serials();
      assert.equal((await withSerial(id)).headers.get('wechatpay-serial'), id);
      assert.equal((await withSerial('')).headers.get('wechatpay-serial'), serials[0]);
      assert.equal((await withSerial(serials[0]!)).headers.get('wechatpay-serial'), serials[0]);
    });

    it('refuses a serial that is nobody’s, and a certificate’s where there are none', async () => {
      for (const serial of ['PUB_KEY_ID_0100000000', wechat.control.serials().certificates[0]!]) {
        const { status, json } = await withSerial(serial);
        assert.equal(status, 400);
        assert.equal(json.code, 'PARAM_ERROR');
      }
    });
  });

  describe('the Authorization header', () => {
    const url = '/v3/certificates';
    const good = (changes?: Record<string, string>) => merchant.authorization('GET', url, '', changes);
    const refusals: [string, () => string, RegExp][] = [
      ['none', () => '', /值格式错误/],
      ['another scheme', () => good().replace('RSA2048', 'SM3'), /认证类型不正确/],
      ['a bearer token', () => 'Bearer x', /认证类型不正确/],
      ['single quotes', () => good().replaceAll('"', "'"), /值格式错误/],
      ['spaces between the parts', () => good().replaceAll('",', '", '), /值格式错误/],
      ['a part twice', () => `${good()},mchid="1"`, /值格式错误/],
      ['a part missing', () => good().replace(/timestamp="\d+",/, ''), /值格式错误/],
      ['a part that is unknown', () => `${good()},extra="1"`, /值格式错误/],
      ['a timestamp in milliseconds', () => good({ timestamp: String(now) }), /值格式错误/],
      ['a nonce that is too long', () => good({ nonce_str: 'x'.repeat(33) }), /值格式错误/],
      ['a signature that is no base64', () => good({ signature: '****' }), /值格式错误/],
      ['another merchant', () => good({ mchid: '1900000109' }), /商户未申请过证书/],
      ['a timestamp of 301 s ago', () => good({ timestamp: String(now / 1000 - 301) }), /不得超过5分钟/],
      ['a timestamp in 301 s', () => good({ timestamp: String(now / 1000 + 301) }), /不得超过5分钟/],
      ['another serial', () => good({ serial_no: 'A'.repeat(40) }), /商户证书序列号有误/],
      ['a signature over another path', () => merchant.authorization('GET', `${url}?`, ''), /签名错误/],
      ['a signature over another method', () => merchant.authorization('POST', url, ''), /签名错误/],
      ['a signature over another body', () => merchant.authorization('GET', url, '{}'), /签名错误/],
      ['somebody’s signature', () => good({ signature: randomBytes(256).toString('base64') }), /签名错误/],
    ];
    for (const [name, header, message] of refusals) {
      it(`is refused with ${name}`, async () => {
        const { status, json, headers } = await merchant.call('GET', url, undefined, { authorization: header() });
        assert.equal(status, 401);
        assert.equal(json.code, 'SIGN_ERROR');
        assert.match(json.message, message);
        assert.equal(headers.get('wechatpay-signature'), null);
      });
    }

    it('may be 300 s off, either way', async () => {
      for (const timestamp of [now / 1000 - 300, now / 1000 + 300]) {
        const authorization = good({ timestamp: String(timestamp) });
        assert.equal((await merchant.call('GET', url, undefined, { authorization })).status, 404);
      }
    });

    it('may come again with the very same request, as on a second domain, but its nonce with no other', async () => {
      const nonce = randomBytes(16).toString('hex');
      const authorization = good({ nonce_str: nonce });
      assert.equal((await merchant.call('GET', url, undefined, { authorization })).status, 404);
      assert.equal((await merchant.call('GET', url, undefined, { authorization })).status, 404);
      const path = `/v3/pay/transactions/out-trade-no/abcdef?mchid=${merchant.env.WECHAT_PAY_MCH_ID}`;
      const other = merchant.authorization('GET', path, '', { nonce_str: nonce });
      assert.equal((await merchant.call('GET', path, undefined, { authorization: other })).status, 401);
    });

    it('learns from a refusal what WeChat signed', async () => {
      const order = merchant.order();
      const authorization = merchant.authorization('POST', '/v3/pay/transactions/jsapi', '{}', { nonce_str: 'abc' });
      const { json } = await merchant.call('POST', '/v3/pay/transactions/jsapi', order, { authorization });
      const head = `POST\n/v3/pay/transactions/jsapi\n${now / 1000}\nabc\n`;
      const body = JSON.stringify(order);
      assert.deepEqual(json.detail, {
        detail: { issue: 'sign not match' },
        field: 'signature',
        location: 'authorization',
        sign_information: {
          method: 'POST',
          sign_message_length: Buffer.byteLength(`${head}${body}\n`),
          truncated_sign_message: `${head}${body.slice(0, 8)}\n`,
          url: '/v3/pay/transactions/jsapi',
        },
      });
    });
  });

  describe('headers', () => {
    const plain = (headers: Record<string, string>) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const authorization = merchant.authorization('GET', '/v3/certificates', '');
        const sent = request(`${wechat.url}/v3/certificates`, { headers: { authorization, ...headers } }, (answer) => {
          answer.setEncoding('utf8');
          let body = '';
          answer.on('data', (chunk) => {
            body += chunk;
          });
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
        });
        sent.on('error', reject).end();
      });

    it('must have Accept and User-Agent', async () => {
      for (const headers of [{ accept: '*/*' }, { 'user-agent': 'merchant/1.0' }] as Record<string, string>[]) {
        const { status, body } = await plain(headers);
        assert.equal(status, 400);
        assert.deepEqual(JSON.parse(body), { code: 'INVALID_REQUEST', message: 'Http头缺少Accept或User-Agent' });
      }
      assert.equal((await plain({ accept: '*/*', 'user-agent': 'x' })).status, 404);
      assert.equal((await plain({ accept: 'text/html', 'user-agent': 'x' })).status, 406);
    });

    it('must say that a body is JSON', async () => {
      const headers = { 'content-type': 'text/plain' };
      const { status, json } = await merchant.call('POST', '/v3/pay/transactions/jsapi', merchant.order(), headers);
      assert.equal(status, 400);
      assert.equal(json.code, 'INVALID_REQUEST');
    });

    it('meet empty answers where there is nothing or another method', async () => {
      const nothing = await merchant.call('GET', '/v3/pay/transactions/nothing');
      assert.deepEqual([nothing.status, nothing.text], [404, '']);
      const method = await merchant.call('GET', '/v3/pay/transactions/jsapi');
      assert.deepEqual([method.status, method.text], [405, '']);
    });
  });

  describe('the fields of an order', () => {
    const refusals: [string, Record<string, unknown>][] = [
      ['/appid', { appid: undefined }],
      ['/appid', { appid: 7 }],
      ['/mchid', { mchid: undefined }],
      ['/mchid', { mchid: 'x'.repeat(33) }],
      ['/description', { description: undefined }],
      ['/description', { description: '' }],
      ['/description', { description: null }],
      ['/description', { description: '花'.repeat(128) }],
      ['/description', { description: '一束💐' }],
      ['/out_trade_no', { out_trade_no: undefined }],
      ['/out_trade_no', { out_trade_no: '12345' }],
      ['/out_trade_no', { out_trade_no: 'x'.repeat(33) }],
      ['/out_trade_no', { out_trade_no: 'order#1' }],
      ['/out_trade_no', { out_trade_no: '订单123456' }],
      ['/time_expire', { time_expire: '2026-03-01 10:00:00' }],
      ['/time_expire', { time_expire: '2026-13-41T10:00:00+08:00' }],
      ['/attach', { attach: 'x'.repeat(129) }],
      ['/notify_url', { notify_url: undefined }],
      ['/notify_url', { notify_url: 'http://shop.example.com/notify' }],
      ['/notify_url', { notify_url: 'https://shop.example.com/notify?a=1' }],
      ['/notify_url', { notify_url: 'https://shop.example.com/notify#a' }],
      ['/notify_url', { notify_url: '/notify' }],
      ['/notify_url', { notify_url: `https://shop.example.com/${'x'.repeat(255)}` }],
      ['/goods_tag', { goods_tag: 'x'.repeat(33) }],
      ['/support_fapiao', { support_fapiao: 'true' }],
      ['/amount', { amount: undefined }],
      ['/amount', { amount: 3980 }],
      ['/amount/total', { amount: {} }],
      ['/amount/total', { amount: { total: 0 } }],
      ['/amount/total', { amount: { total: 0.01 } }],
      ['/amount/total', { amount: { total: '3980' } }],
      ['/amount/currency', { amount: { total: 1, currency: 'USD' } }],
      ['/payer', { payer: undefined }],
      ['/payer/openid', { payer: {} }],
      ['/payer/openid', { payer: { openid: 'o'.repeat(129) } }],
      ['/scene_info/payer_client_ip', { scene_info: {} }],
      ['/scene_info/store_info/id', { scene_info: { payer_client_ip: '10.0.0.1', store_info: {} } }],
      ['/settle_info/profit_sharing', { settle_info: { profit_sharing: 1 } }],
      ['/detail/goods_detail/0/quantity', { detail: { goods_detail: [{ merchant_goods_id: 'a', unit_price: 1 }] } }],
      ['/detail/goods_detail/0', { detail: { goods_detail: ['a'] } }],
    ];
    for (const [field, changes] of refusals) {
      it(`${field} cannot be as in ${JSON.stringify(changes).slice(0, 70)}`, async () => {
        const { status, json, headers, text } = await merchant.create(merchant.order(changes));
        assert.equal(status, 400);
        assert.equal(json.code, 'PARAM_ERROR');
        assert.equal(json.detail.field, field);
        assert.equal(json.detail.location, 'body');
        assert.ok(isSigned(headers, text, publicKey()));
      });
    }

    const whole: [string, unknown, number, string][] = [
      ['a body that is no JSON', '{"appid":', 400, 'PARAM_ERROR'],
      ['a body that is no object', '[]', 400, 'PARAM_ERROR'],
      ['another appid', { appid: 'wx0123456789abcdef' }, 400, 'APPID_MCHID_NOT_MATCH'],
      ['another mchid', { mchid: '1900000109' }, 400, 'PARAM_ERROR'],
      ['somebody else’s openid', { payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } }, 400, 'PARAM_ERROR'],
    ];
    for (const [name, changes, status, code] of whole) {
      it(`cannot be ${name}`, async () => {
        const body = typeof changes === 'string' ? changes : merchant.order(changes as object as never);
        const answer = await merchant.create(body);
        assert.equal(answer.status, status);
        assert.equal(answer.json.code, code);
      });
    }

    it('may be at their limits, and more of them than are known', async () => {
      const order = merchant.order({
        description: '花'.repeat(127),
        attach: '店'.repeat(128),
        notify_url: 'https://shop.example.com/notify',
        amount: { total: 1 },
        scene_info: { payer_client_ip: '10.0.0.1', store_info: { id: '7' } },
        settle_info: { profit_sharing: false },
        something_new: 1,
      });
      assert.equal((await merchant.create(order)).status, 200);
    });
  });

  describe('the same out_trade_no again', () => {
    const again = async (order: object) => {
      const { status, json } = await merchant.create(order);
      return [status, json.code];
    };

    it('gives a prepay id where all parameters are the same', async () => {
      const order = merchant.order();
      const first = await merchant.create(order);
      const second = await merchant.create(order);
      assert.equal(second.status, 200);
      assert.match(second.json.prepay_id, /^wx/);
      assert.ok(first.json.prepay_id);
    });

    it('is refused where one differs', async () => {
      const order = merchant.order();
      await merchant.create(order);
      assert.deepEqual(await again({ ...order, amount: { total: 1, currency: 'CNY' } }), [400, 'INVALID_REQUEST']);
      assert.deepEqual(await again({ ...order, attach: 'x' }), [400, 'INVALID_REQUEST']);
    });

    it('is refused where the order is paid or closed', async () => {
      const paid = merchant.order();
      await merchant.create(paid);
      wechat.control.pay(outTradeNo(paid), { notify: false });
      assert.deepEqual(await again(paid), [400, 'ORDERPAID']);
      assert.deepEqual(await again({ ...paid, attach: 'x' }), [403, 'OUT_TRADE_NO_USED']);

      const closed = merchant.order();
      await merchant.create(closed);
      await merchant.call('POST', `/v3/pay/transactions/out-trade-no/${outTradeNo(closed)}/close`, {
        mchid: merchant.env.WECHAT_PAY_MCH_ID,
      });
      assert.deepEqual(await again(closed), [400, 'ORDER_CLOSED']);
      assert.deepEqual(await again({ ...closed, attach: 'x' }), [403, 'OUT_TRADE_NO_USED']);
    });

    it('is refused after the order’s time is over', async () => {
      const order = merchant.order({ time_expire: beijing(now + 2 * HOUR) });
      await merchant.create(order);
      now += 2 * HOUR;
      assert.deepEqual(await again(order), [400, 'INVALID_REQUEST']);
    });
  });

  it('moves a time that is too near or too far to what is allowed', async () => {
    const expiry = async (time?: number) => {
      const order = merchant.order({ time_expire: time && beijing(time) });
      await merchant.create(order);
      return wechat.control.order(outTradeNo(order))!.expiresAt - now;
    };
    assert.equal(await expiry(now - HOUR), 60_000);
    assert.equal(await expiry(now + HOUR), HOUR);
    assert.equal(await expiry(now + 100 * 24 * HOUR), 90 * 24 * HOUR);
    assert.equal(await expiry(), 7 * 24 * HOUR);
  });

  describe('queries and closing', () => {
    const mchid = () => merchant.env.WECHAT_PAY_MCH_ID!;
    const refusals: [string, string, () => [string, unknown?], number, string][] = [
      ['a query', 'GET', () => ['out-trade-no/unknown-1'], 400, 'PARAM_ERROR'],
      ['a query', 'GET', () => ['out-trade-no/unknown-1?mchid=1900000109'], 400, 'PARAM_ERROR'],
      ['a query', 'GET', () => [`out-trade-no/unknown-1?mchid=${mchid()}`], 404, 'ORDER_NOT_EXIST'],
      ['a query', 'GET', () => [`id/4200000000?mchid=${mchid()}`], 404, 'ORDER_NOT_EXIST'],
      ['closing', 'POST', () => ['out-trade-no/unknown-1/close', {}], 400, 'PARAM_ERROR'],
      ['closing', 'POST', () => ['out-trade-no/unknown-1/close', { mchid: '1900000109' }], 400, 'PARAM_ERROR'],
      ['closing', 'POST', () => ['out-trade-no/unknown-1/close', { mchid: mchid() }], 404, 'ORDER_NOT_EXIST'],
    ];
    for (const [index, [name, method, target, status, code]] of refusals.entries()) {
      it(`${name} (${index}) is refused with ${status} ${code}`, async () => {
        const [path, body] = target();
        const answer = await merchant.call(method, `/v3/pay/transactions/${path}`, body);
        assert.equal(answer.status, status);
        assert.equal(answer.json.code, code);
        assert.ok(isSigned(answer.headers, answer.text, publicKey()));
      });
    }

    it('closing a paid order is refused', async () => {
      const order = merchant.order();
      await merchant.create(order);
      wechat.control.pay(outTradeNo(order), { notify: false });
      const path = `/v3/pay/transactions/out-trade-no/${outTradeNo(order)}/close`;
      const { status, json } = await merchant.call('POST', path, { mchid: mchid() });
      assert.deepEqual([status, json.code], [400, 'ORDERPAID']);
    });
  });

  describe('faults', () => {
    it('answers with the status asked for, as often as asked', async () => {
      wechat.control.fail({ path: '/v3/pay/*', kind: 'status', status: 500, count: 2 });
      const order = merchant.order();
      for (let count = 0; count < 2; count += 1) {
        const { status, json } = await merchant.create(order);
        assert.deepEqual([status, json.code], [500, 'SYSTEM_ERROR']);
      }
      assert.equal(wechat.control.order(outTradeNo(order)), undefined);
      assert.equal((await merchant.create(order)).status, 200);
    });

    it('loses the answer after the order was taken', async () => {
      wechat.control.fail({ path: '/v3/pay/transactions/jsapi', method: 'POST', kind: 'disconnect', when: 'after' });
      const order = merchant.order();
      await assert.rejects(merchant.create(order), /fetch failed/);
      assert.equal(wechat.control.order(outTradeNo(order))!.state, 'NOTPAY');
      assert.equal((await merchant.create(order)).status, 200);
    });

    it('drops the connection before anything happened', async () => {
      wechat.control.fail({ path: '/v3/*', kind: 'disconnect' });
      const order = merchant.order();
      await assert.rejects(merchant.create(order), /fetch failed/);
      assert.equal(wechat.control.order(outTradeNo(order)), undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual([wechat.calls.at(-1)!.status, wechat.calls.at(-1)!.verdict], [0, 'refused']);
    });

    it('is slow', async () => {
      wechat.control.fail({ path: '/v3/*', kind: 'latency', ms: 80 });
      const startedAt = Date.now();
      assert.equal((await merchant.create(merchant.order())).status, 200);
      assert.ok(Date.now() - startedAt >= 78);
    });
  });

  it('lists each call with its string to sign and its verdict', async () => {
    const order = merchant.order();
    await merchant.create(order);
    await merchant.create({ ...order, attach: 'x' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [good, bad] = wechat.calls.slice(-2);
    assert.equal(good!.verdict, 'ok');
    assert.match(good!.stringToSign!, /^POST\n\/v3\/pay\/transactions\/jsapi\n\d{10}\n[0-9a-f]{32}\n\{.*\}\n$/);
    assert.equal(bad!.verdict, 'refused');
    assert.equal(bad!.code, 'INVALID_REQUEST');
    assert.match(good!.requestHeaders.authorization!, /signature=".{6}…"/);
  });
});
