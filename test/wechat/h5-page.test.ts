import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { createMerchant, type Json, type Merchant } from './merchant.ts';

const SHOP = 'http://127.0.0.1:8788/order_pay';
const BACK = 'http://127.0.0.1:8788/pay_callback?order=1';

describe('H5, version 3', () => {
  let wechat: Wechat;
  let merchant: Merchant;
  let now = Date.parse('2026-03-01T02:00:00Z');

  before(async () => {
    wechat = await startWechat({ now: () => now, merchantName: '山茶花店 "一" <二>' });
    merchant = createMerchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());

  async function newUrl(changes: object = {}): Promise<{ url: string; outTradeNo: string }> {
    const order = merchant.openOrder({ ...changes });
    const { json } = await merchant.h5(order);
    return { url: json.h5_url, outTradeNo: String(order.out_trade_no) };
  }

  /** What the page was told, as a browser reads it. */
  async function open(url: string, headers: Record<string, string> = {}): Promise<Json> {
    const answer = await fetch(url, { headers: { referer: SHOP, 'user-agent': 'Mozilla/5.0 (iPhone)', ...headers } });
    assert.equal(answer.status, 200);
    const [, content] = /name="h5-payment" content="([^"]*)"/.exec(await answer.text())!;
    return JSON.parse(content!.replace(/&#(\d+);/g, (_match, code) => String.fromCharCode(Number(code))));
  }

  const act = async (prepayId: Json, action: string) => {
    const answer = await fetch(`${wechat.url}/client/h5/${prepayId}`, {
      method: 'POST',
      body: JSON.stringify({ action }),
    });
    return [answer.status, answer.status === 200 ? await answer.json() : undefined];
  };

  it('gives an address, whose page the payer pays on and leaves', async () => {
    const { url, outTradeNo } = await newUrl();
    assert.ok(url.startsWith(`${wechat.url}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx`), url);
    assert.match(url, /&package=\d{10}$/);
    const { prepayId, ...shown } = await open(`${url}&redirect_url=${encodeURIComponent(BACK)}`);
    assert.ok(url.includes(`prepay_id=${prepayId}&`));
    assert.deepEqual(shown, {
      description: '山茶花一束',
      merchantName: '山茶花店 "一" <二>',
      amount: { total: 3980, currency: 'CNY' },
      outTradeNo,
      redirectUrl: BACK,
    });
    assert.deepEqual(await act(prepayId, 'cancel'), [200, { result: 'cancel', redirectUrl: BACK }]);
    assert.equal(wechat.control.order(outTradeNo)!.state, 'NOTPAY');
    assert.deepEqual(await act(prepayId, 'pay'), [200, { result: 'ok', redirectUrl: BACK }]);
    const { json } = await merchant.query(outTradeNo);
    assert.deepEqual([json.trade_state, json.trade_type], ['SUCCESS', 'MWEB']);
    assert.deepEqual(json.payer, { openid: wechat.control.users[0]!.openid });
    const again = { result: 'refused', message: '该订单已支付', redirectUrl: BACK };
    assert.deepEqual(await act(prepayId, 'pay'), [200, again]);
    assert.deepEqual(await open(url), { error: '该订单已支付' });
  });

  it('leads back to where the payer came from, where nothing else is asked for', async () => {
    const { url } = await newUrl();
    const { prepayId, redirectUrl } = await open(url);
    assert.equal(redirectUrl, SHOP);
    assert.deepEqual(await act(prepayId, 'cancel'), [200, { result: 'cancel', redirectUrl: SHOP }]);
  });

  const other = 'https://other.example.com/';
  const refusals: [string, (url: string) => Promise<Json>, string][] = [
    ['without a Referer', (url) => open(url, { referer: '' }), '商家参数格式有误，请联系商家解决'],
    ['of another order', (url) => open(`${url}1`), '商家参数格式有误，请联系商家解决'],
    ['inside WeChat', (url) => open(url, { 'user-agent': 'MicroMessenger/8.0' }), '请在微信外打开订单，进行支付'],
    ['from a page elsewhere', (url) => open(url, { referer: other }), '商家存在未配置的参数，请联系商家解决'],
    [
      'that leads elsewhere',
      (url) => open(`${url}&redirect_url=${encodeURIComponent(other)}`),
      '商家存在未配置的参数，请联系商家解决',
    ],
    [
      'that leads nowhere',
      (url) => open(`${url}&redirect_url=javascript:alert(1)`),
      '商家存在未配置的参数，请联系商家解决',
    ],
  ];
  for (const [name, visit, error] of refusals) {
    it(`is refused ${name}`, async () => {
      assert.deepEqual(await visit((await newUrl()).url), { error });
    });
  }

  it('is refused after five minutes, where the same order gets another address', async () => {
    const order = merchant.openOrder();
    const { json } = await merchant.h5(order);
    now += 299_000;
    assert.equal((await open(json.h5_url)).error, undefined);
    now += 1000;
    assert.deepEqual(await open(json.h5_url), { error: '支付请求已失效，请重新发起支付' });
    assert.throws(() => wechat.control.payH5(json.h5_url), /支付请求已失效/);
    const again = (await merchant.h5(order)).json.h5_url;
    assert.equal((await open(again)).error, undefined);
    wechat.control.payH5(`${again}&redirect_url=x`, { notify: false });
    assert.equal(wechat.control.order(String(order.out_trade_no))!.state, 'SUCCESS');
  });

  it('checks registered hosts and the payer’s address, where asked to', async () => {
    wechat.control.set({ h5Domains: ['shop.example.com'], checkPayerAddress: true });
    const headers = { referer: 'https://shop.example.com/pay' };
    assert.equal((await open((await newUrl()).url, headers)).error, undefined);
    assert.match((await open((await newUrl()).url)).error, /未配置的参数/);
    const scene = { payer_client_ip: '203.0.113.7', h5_info: { type: 'Wap' } };
    assert.match((await open((await newUrl({ scene_info: scene })).url, headers)).error, /网络环境未能通过安全验证/);
  });

  it('can be acted upon by who has it open only', async () => {
    const { url, outTradeNo } = await newUrl();
    const prepayId = new URL(url).searchParams.get('prepay_id')!;
    assert.deepEqual(await act(prepayId, 'pay'), [404, undefined]);
    await open(url);
    assert.deepEqual(await act(prepayId, 'steal'), [400, undefined]);
    assert.equal(wechat.control.order(outTradeNo)!.state, 'NOTPAY');
  });

  it('needs the payer’s address and a scene', async () => {
    const fields: [unknown, string][] = [
      [undefined, '/scene_info'],
      [{ h5_info: { type: 'Wap' } }, '/scene_info/payer_client_ip'],
      [{ payer_client_ip: 'here', h5_info: { type: 'Wap' } }, '/scene_info/payer_client_ip'],
      [{ payer_client_ip: '127.0.0.1' }, '/scene_info/h5_info'],
      [{ payer_client_ip: '127.0.0.1', h5_info: {} }, '/scene_info/h5_info/type'],
      [{ payer_client_ip: '127.0.0.1', h5_info: { type: 'Web' } }, '/scene_info/h5_info/type'],
    ];
    for (const [scene, field] of fields) {
      const { status, json } = await merchant.h5(merchant.openOrder({ scene_info: scene }));
      assert.deepEqual([status, json.code, json.detail.field], [400, 'PARAM_ERROR', field]);
    }
  });
});
