import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { startWechat, trustStandIn, type Wechat } from '../../demo/wechat/start.ts';
import type { Json } from './merchant.ts';

// Their own types do not resolve under NodeNext; what is used of them is written down here.
type Call = (data: object, config?: object) => Promise<{ data: Json }>;
interface Tenpay {
  urls: Record<string, string>;
  unifiedOrder(params: object): Promise<Json>;
  orderQuery(params: object): Promise<Json>;
  closeOrder(params: object): Promise<Json>;
  refund(params: object): Promise<Json>;
  refundQuery(params: object): Promise<Json>;
  downloadBill(params: object, format?: boolean): Promise<Json>;
  getPayParamsByPrepay(order: object, signType: string): Record<string, string>;
  getNativeUrl(params: object): string;
  middlewareForExpress(type: string): (request: object, response: object, next: () => void) => Promise<void>;
}
const require = createRequire(import.meta.url);
const { Wechatpay } = require('wechatpay-axios-plugin');
const TenpayClient = require('tenpay') as new (config: object) => Tenpay;

const order = (wechat: Wechat, outTradeNo: string, changes: object = {}) => ({
  out_trade_no: outTradeNo,
  body: '山茶花一束',
  total_fee: 3980,
  spbill_create_ip: '127.0.0.1',
  notify_url: 'http://127.0.0.1:9/notify',
  trade_type: 'JSAPI',
  openid: wechat.control.users[0]!.openid,
  ...changes,
});

describe('wechatpay-axios-plugin as the merchant, version 2', () => {
  let wechat: Wechat;
  before(async () => {
    wechat = await startWechat();
    trustStandIn(wechat);
  });
  after(() => wechat.stop());

  for (const signType of ['MD5', 'HMAC-SHA256']) {
    it(`orders, queries, gives back and closes, signing by ${signType}`, async () => {
      const env = wechat.environmentV2;
      const { v2 } = new Wechatpay({
        mchid: env.WECHAT_PAY_MCH_ID,
        serial: 'none',
        privateKey: wechat.environment.WECHAT_PAY_PRIVATE_KEY,
        certs: { any: wechat.environment.WECHAT_PAY_PUBLIC_KEY },
        secret: env.WECHAT_PAY_V2_KEY,
        merchant: { pfx: Buffer.from(env.WECHAT_PAY_V2_CERT!, 'base64'), passphrase: env.WECHAT_PAY_MCH_ID },
        baseURL: wechat.tlsUrl,
      });
      const both = { appid: env.WECHAT_APP_ID, mch_id: env.WECHAT_PAY_MCH_ID, sign_type: signType };
      const post = async (call: Call, data: object, config?: object) => (await call({ ...both, ...data }, config)).data;

      const paid = `paid-${signType}`;
      const made = await post(v2.pay.unifiedorder.post, order(wechat, paid, { trade_type: 'NATIVE', product_id: '1' }));
      wechat.control.payByCode(made.code_url, { notify: false });
      assert.equal((await post(v2.pay.orderquery.post, { out_trade_no: paid })).trade_state, 'SUCCESS');

      const refund = { out_trade_no: paid, out_refund_no: `refund-${signType}`, total_fee: 3980, refund_fee: 980 };
      assert.equal((await post(v2.secapi.pay.refund.post, refund, { security: true })).refund_fee, '980');
      const shown = await post(v2.pay.refundquery.post, { out_refund_no: refund.out_refund_no });
      assert.equal(shown.refund_status_0, 'SUCCESS');

      const open = `open-${signType}`;
      assert.match((await post(v2.pay.unifiedorder.post, order(wechat, open))).prepay_id, /^wx/);
      await post(v2.pay.closeorder.post, { out_trade_no: open });
      assert.equal(wechat.control.order(open)!.state, 'CLOSED');
    });
  }
});

describe('tenpay as the merchant, version 2', () => {
  let wechat: Wechat;
  let tenpay: Tenpay;
  const servers: ReturnType<typeof createServer>[] = [];

  before(async () => {
    wechat = await startWechat({ retrySpeed: 1000 });
    trustStandIn(wechat);
    const env = wechat.environmentV2;
    tenpay = new TenpayClient({
      appid: env.WECHAT_APP_ID,
      mchid: env.WECHAT_PAY_MCH_ID,
      partnerKey: env.WECHAT_PAY_V2_KEY,
      pfx: Buffer.from(env.WECHAT_PAY_V2_CERT!, 'base64'),
      notify_url: 'http://127.0.0.1:9/notify',
      refund_url: 'http://127.0.0.1:9/notify',
    });
    for (const [name, url] of Object.entries(tenpay.urls)) {
      tenpay.urls[name] = url.replace('https://api.mch.weixin.qq.com', wechat.tlsUrl);
    }
  });
  after(async () => {
    for (const server of servers) server.close();
    await wechat.stop();
  });

  /** A merchant whose tenpay checks and opens what comes, and answers as `answer` has it. */
  async function receive(type: string, answer: (response: Json, notice: Json) => Promise<void> | void) {
    const notices: Json[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const shimmed = Object.assign(response, {
        header: (name: string, value: string) => response.setHeader(name, value),
        send: (text: string) => response.end(text),
      });
      const asked: Json = { body: Buffer.concat(chunks).toString() };
      await tenpay.middlewareForExpress(type)(asked, shimmed, () => {
        notices.push(asked.weixin);
        answer(response, asked.weixin);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { notices, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  }

  it('orders, is told of the payment, and gives back', async () => {
    const pay = await receive('pay', (response) => response.reply());
    const refund = await receive('refund', (response) => response.reply());
    const made = await tenpay.unifiedOrder(order(wechat, 'tenpay-1', { notify_url: pay.url }));
    const params = tenpay.getPayParamsByPrepay(made, 'MD5');
    const page = 'http://127.0.0.1:8788/order_pay';
    const call = {
      phone: 'p1',
      platform: 'ios',
      name: 'getBrandWCPayRequest',
      args: params,
      url: page,
      landingUrl: page,
    };
    const sheet = await fetch(`${wechat.url}/client/invoke`, { method: 'POST', body: JSON.stringify(call) });
    assert.deepEqual(await sheet.json(), { err_msg: 'get_brand_wcpay_request:ok' });
    assert.equal((await tenpay.orderQuery({ out_trade_no: 'tenpay-1' })).trade_state, 'SUCCESS');

    await tenpay.refund({
      out_trade_no: 'tenpay-1',
      out_refund_no: 'tenpay-refund-1',
      total_fee: 3980,
      refund_fee: 1,
      notify_url: refund.url,
    });
    assert.equal((await tenpay.refundQuery({ out_refund_no: 'tenpay-refund-1' })).refund_status_0, 'SUCCESS');
    await wechat.control.notificationsSettled();
    assert.deepEqual(
      pay.notices.map((notice) => notice.out_trade_no),
      ['tenpay-1'],
    );
    assert.deepEqual(
      refund.notices.map((notice) => notice.req_info.out_refund_no),
      ['tenpay-refund-1'],
    );
  });

  it('closes, and is refused by code', async () => {
    await tenpay.unifiedOrder(order(wechat, 'tenpay-3'));
    await tenpay.closeOrder({ out_trade_no: 'tenpay-3' });
    await assert.rejects(tenpay.closeOrder({ out_trade_no: 'tenpay-3' }), /ORDERCLOSED/);
    await assert.rejects(tenpay.orderQuery({ out_trade_no: 'tenpay-none' }), /ORDERNOTEXIST/);
  });

  it('makes a product code, and an order when it is scanned', async () => {
    const scans = await receive('nativePay', async (response, { product_id: productId, openid }) => {
      const made = await tenpay.unifiedOrder(
        order(wechat, `scan-${productId}`, { trade_type: 'NATIVE', product_id: productId, openid }),
      );
      response.replyNative(made.prepay_id);
    });
    wechat.control.set({ nativeCallbackUrl: scans.url });
    const answer = await wechat.control.scan(tenpay.getNativeUrl({ product_id: 'tea-1' }));
    assert.equal(answer.kind, 'sheet');
    assert.equal(wechat.control.order('scan-tea-1')!.state, 'SUCCESS');
    assert.equal(scans.notices[0].openid, wechat.control.users[0]!.openid);
  });

  it('reads a bill', async () => {
    const day = new Date(Date.now() - 2 * 86_400_000 + 8 * 3_600_000).toISOString().slice(0, 10);
    await tenpay.unifiedOrder(order(wechat, 'tenpay-4'));
    wechat.control.pay('tenpay-4', { notify: false });
    const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    wechat.control.setBill(day, wechat.control.billOf(today));
    const bill = await tenpay.downloadBill({ bill_date: day.replaceAll('-', '') }, true);
    assert.equal(bill.list_title.length, bill.list_data[0].length);
    assert.ok(bill.list_data.some((row: string[]) => row.includes('tenpay-4')));
    assert.equal(bill.total_title.length, bill.total_data.length);
    await assert.rejects(tenpay.downloadBill({ bill_date: today.replaceAll('-', '') }), /Bill Creating/);
  });
});
