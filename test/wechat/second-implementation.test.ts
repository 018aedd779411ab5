import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { createMerchant, decrypt, type Json, type Merchant } from './merchant.ts';

// Its own types do not resolve under NodeNext; what is used of it is written down here.
type Call = (path: string, method: string, data?: object, config?: object) => Promise<{ status: number; data: Json }>;
const { Wechatpay, Aes, Rsa } = createRequire(import.meta.url)('wechatpay-axios-plugin');

describe('wechatpay-axios-plugin as the merchant', () => {
  let wechat: Wechat;
  let merchant: Merchant;

  before(async () => {
    wechat = await startWechat();
    merchant = createMerchant(wechat);
  });
  after(() => wechat.stop());

  /** It signs each request and throws unless the answer’s signature verifies with one of `certs`. */
  function client(certs: Record<string, string>): { request: Call } {
    const { env } = merchant;
    const options = {
      mchid: env.WECHAT_PAY_MCH_ID,
      serial: env.WECHAT_PAY_SERIAL_NO,
      privateKey: env.WECHAT_PAY_PRIVATE_KEY,
      certs,
      baseURL: wechat.url,
    };
    const pay = new Wechatpay(options);
    return {
      request: (path, method, data, config) =>
        path
          .split('/')
          .reduce((chain, part) => chain[part], pay)
          [method](...(data ? [data, config] : [config])),
    };
  }

  const byPublicKey = () => client({ [merchant.env.WECHAT_PAY_PUBLIC_KEY_ID!]: merchant.env.WECHAT_PAY_PUBLIC_KEY! });

  it('orders, queries and closes', async () => {
    const { request } = byPublicKey();
    const order = merchant.order({ out_trade_no: 'second-implementation' });
    const mchid = merchant.env.WECHAT_PAY_MCH_ID;

    const created = await request('v3/pay/transactions/jsapi', 'post', order);
    assert.match(created.data.prepay_id, /^wx/);

    const path = 'v3/pay/transactions/outTradeNo/{out_trade_no}';
    const template = { out_trade_no: order.out_trade_no };
    const queried = await request(path, 'get', undefined, { params: { mchid }, ...template });
    assert.equal(queried.data.trade_state, 'NOTPAY');

    const closed = await request(`${path}/close`, 'post', { mchid }, template);
    assert.equal(closed.status, 204);
    assert.equal(wechat.control.order('second-implementation')!.state, 'CLOSED');
  });

  it('asks for a code and for an H5 address', async () => {
    const { request } = byPublicKey();
    const code = await request('v3/pay/transactions/native', 'post', merchant.openOrder());
    assert.equal(wechat.control.payByCode(code.data.code_url, { notify: false }).tradeType, 'NATIVE');
    const h5 = await request('v3/pay/transactions/h5', 'post', merchant.openOrder());
    assert.equal(wechat.control.payH5(h5.data.h5_url, { notify: false }).tradeType, 'MWEB');
  });

  it('gives back, and fetches a bill', async () => {
    const { request } = byPublicKey();
    const refund = merchant.refund(await merchant.paid());
    assert.equal((await request('v3/refund/domestic/refunds', 'post', refund)).data.status, 'PROCESSING');
    const path = 'v3/refund/domestic/refunds/{out_refund_no}';
    const shown = await request(path, 'get', undefined, { out_refund_no: refund.out_refund_no });
    assert.equal(shown.data.status, 'SUCCESS');

    const date = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
    wechat.control.setBill(date, '\ufeff交易时间\r\n');
    const { data } = await request('v3/bill/tradebill', 'get', undefined, { params: { bill_date: date } });
    const { pathname, searchParams } = new URL(data.download_url);
    const params = Object.fromEntries(searchParams);
    const bill = await request(pathname.slice(1), 'get', undefined, { params, responseType: 'arraybuffer' });
    assert.equal(createHash('sha1').update(bill.data).digest('hex'), data.hash_value);
  });

  it('does not believe an answer that another key signed', async () => {
    wechat.control.set({ payMode: 'certificate' });
    await assert.rejects(byPublicKey().request('v3/pay/transactions/jsapi', 'post', merchant.order()), {
      code: 'EV3_RES_HEADER_PLATFORM_SERIAL',
    });
    wechat.control.reset();
  });

  it('works with a downloaded certificate', async () => {
    wechat.control.set({ payMode: 'certificate' });
    const [listed] = (await merchant.call('GET', '/v3/certificates')).json.data;
    const { ciphertext, nonce, associated_data: associatedData } = listed.encrypt_certificate;
    const pem = Aes.AesGcm.decrypt(ciphertext, merchant.env.WECHAT_PAY_V3_KEY, nonce, associatedData);
    const created = await client({ [listed.serial_no]: pem }).request(
      'v3/pay/transactions/jsapi',
      'post',
      merchant.order(),
    );
    assert.match(created.data.prepay_id, /^wx/);
    wechat.control.reset();
  });

  it('makes a paySign that the client takes', async () => {
    const order = merchant.order();
    const { data } = await byPublicKey().request('v3/pay/transactions/jsapi', 'post', order);
    const params = merchant.payParams(data.prepay_id);
    const lines = [params.appId, params.timeStamp, params.nonceStr, params.package];
    params.paySign = Rsa.sign(`${lines.join('\n')}\n`, merchant.env.WECHAT_PAY_PRIVATE_KEY);
    const page = 'http://127.0.0.1:8788/order_pay';
    const answer = await fetch(`${wechat.url}/client/invoke`, {
      method: 'POST',
      body: JSON.stringify({
        phone: 'p1',
        platform: 'ios',
        name: 'getBrandWCPayRequest',
        args: params,
        url: page,
        landingUrl: page,
      }),
    });
    assert.deepEqual(await answer.json(), { err_msg: 'get_brand_wcpay_request:ok' });
  });

  it('verifies and opens a notification', async () => {
    const body = JSON.stringify({ resource: wechat.control.encrypt('{"trade_state":"SUCCESS"}') });
    const headers = wechat.control.sign(body);
    const message = `${headers['wechatpay-timestamp']}\n${headers['wechatpay-nonce']}\n${body}\n`;
    assert.ok(Rsa.verify(message, headers['wechatpay-signature'], merchant.env.WECHAT_PAY_PUBLIC_KEY));
    assert.equal(decrypt(JSON.parse(body).resource, merchant.env.WECHAT_PAY_V3_KEY!), '{"trade_state":"SUCCESS"}');
  });
});
