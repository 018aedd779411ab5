import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { createMerchant, type Json, type Merchant, receiveNotifications } from './merchant.ts';

const HOUR = 3_600_000;

describe('Native, version 3', () => {
  let wechat: Wechat;
  let merchant: Merchant;
  let now = Date.parse('2026-03-01T02:00:00Z');

  before(async () => {
    wechat = await startWechat({ now: () => now, merchantName: '山茶花店' });
    merchant = createMerchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(() => {
    wechat.control.reset();
    wechat.control.signIn('p2', wechat.control.users[1]!.openid);
  });

  async function newCode(changes: object = {}): Promise<{ codeUrl: string; outTradeNo: string }> {
    const order = merchant.openOrder({ ...changes });
    const { status, json } = await merchant.native(order);
    assert.equal(status, 200);
    return { codeUrl: json.code_url, outTradeNo: String(order.out_trade_no) };
  }

  const clientScan = async (text: string, phone = 'p1'): Promise<Json> => {
    const body = JSON.stringify({ phone, text });
    return (await fetch(`${wechat.url}/client/scan`, { method: 'POST', body })).json();
  };

  it('gives a code, which whoever scans it pays', async () => {
    const shop = await receiveNotifications(204);
    const { codeUrl, outTradeNo } = await newCode({ notify_url: shop.url });
    assert.match(codeUrl, /^weixin:\/\/wxpay\/bizpayurl\?pr=\w{9}$/);
    assert.deepEqual(await clientScan(codeUrl, 'p2'), {
      kind: 'sheet',
      sheet: {
        description: '山茶花一束',
        merchantName: '山茶花店',
        amount: { total: 3980, currency: 'CNY' },
        outTradeNo,
      },
    });
    const { json } = await merchant.query(outTradeNo);
    assert.deepEqual([json.trade_state, json.trade_type], ['SUCCESS', 'NATIVE']);
    assert.deepEqual(json.payer, { openid: wechat.control.users[1]!.openid });
    await wechat.control.notificationsSettled();
    assert.equal(shop.received.length, 1);
    shop.stop();
  });

  it('lets one of two people pay only', async () => {
    wechat.control.set({ paySheet: 'cancel' });
    const { codeUrl, outTradeNo } = await newCode();
    assert.equal((await clientScan(codeUrl, 'p2')).kind, 'sheet');
    assert.equal(wechat.control.order(outTradeNo)!.state, 'NOTPAY');
    wechat.control.set({ paySheet: 'pay' });
    assert.deepEqual(await clientScan(codeUrl, 'p1'), {
      kind: 'refused',
      message: '该订单已被他人发起支付，请重新下单后再支付',
    });
    assert.equal((await clientScan(codeUrl, 'p2')).kind, 'sheet');
    assert.equal(wechat.control.order(outTradeNo)!.state, 'SUCCESS');
    assert.equal((await clientScan(codeUrl, 'p2')).message, '该订单已支付');
  });

  it('refuses codes that are too old, or are none', async () => {
    const { codeUrl } = await newCode();
    now += 2 * HOUR;
    assert.match((await clientScan(codeUrl)).message, /^二维码已过期/);
    assert.match((await clientScan('weixin://wxpay/bizpayurl?pr=nothing')).message, /^二维码无效/);
    assert.throws(() => wechat.control.payByCode(codeUrl), { name: 'TypeError', message: /二维码已过期/ });
  });

  it('opens addresses, and makes nothing of other texts', async () => {
    assert.deepEqual(await clientScan('https://shop.example.com/a'), {
      kind: 'address',
      url: 'https://shop.example.com/a',
    });
    for (const text of ['hello', 'weixin://dl/business', 'https://']) {
      assert.deepEqual(await clientScan(text), { kind: 'text' });
    }
    assert.equal((await fetch(`${wechat.url}/client/scan`, { method: 'POST', body: '{}' })).status, 400);
  });

  it('shows the sheet on an open phone, and waits for the payer', async () => {
    const closing = new AbortController();
    const stream = await fetch(`${wechat.url}/client/phones/p2/events`, { signal: closing.signal });
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    const { codeUrl, outTradeNo } = await newCode();
    assert.equal((await clientScan(codeUrl, 'p2')).kind, 'sheet');
    let text = '';
    const upTo = async (event: string) => {
      while (!text.includes(`event: ${event}\n`)) text += (await reader.read()).value;
      return JSON.parse(text.split(`event: ${event}\ndata: `)[1]!.split('\n')[0]!);
    };
    const { id } = await upTo('sheet');
    assert.equal(wechat.control.order(outTradeNo)!.state, 'NOTPAY');
    await fetch(`${wechat.url}/client/sheets/${id}`, { method: 'POST', body: '{"action":"pay"}' });
    const { kind, outTradeNo: told } = await upTo('message');
    assert.deepEqual([kind, told], ['payment', outTradeNo]);
    assert.equal(wechat.control.order(outTradeNo)!.openid, wechat.control.users[1]!.openid);
    closing.abort();
  });

  it('lists the codes that can be scanned, newest first', async () => {
    const first = await newCode({ description: '第一' });
    now += 1000;
    const second = await newCode({ description: '第二' });
    wechat.control.payByCode(first.codeUrl, { notify: false });
    const codes = (await (await fetch(`${wechat.url}/client/codes`)).json()) as Json[];
    assert.deepEqual(codes.slice(0, 2), [
      {
        codeUrl: second.codeUrl,
        description: '第二',
        total: 3980,
        state: 'NOTPAY',
        createdAt: new Date(now).toISOString(),
        expiresAt: new Date(now + 2 * HOUR).toISOString(),
      },
      {
        codeUrl: first.codeUrl,
        description: '第一',
        total: 3980,
        state: 'SUCCESS',
        createdAt: new Date(now - 1000).toISOString(),
        expiresAt: new Date(now - 1000 + 2 * HOUR).toISOString(),
      },
    ]);
  });

  it('gives another code where the same is asked for, and refuses another trade type', async () => {
    const order = merchant.openOrder();
    const codes = [await merchant.native(order), await merchant.native(order)].map(({ json }) => json.code_url);
    assert.notEqual(codes[0], codes[1]);
    for (const again of [
      await merchant.h5(order),
      await merchant.create({ ...order, payer: { openid: wechat.control.users[0]!.openid } }),
      await merchant.native({ ...order, description: '别的' }),
    ]) {
      assert.deepEqual([again.status, again.json], [400, { code: 'INVALID_REQUEST', message: '201 商户订单号重复' }]);
    }
    wechat.control.payByCode(codes[0], { openid: wechat.control.users[2]!.openid, notify: false });
    assert.deepEqual((await merchant.query(String(order.out_trade_no))).json.payer, {
      openid: wechat.control.users[2]!.openid,
    });
    assert.throws(() => wechat.control.payByCode(codes[1]), /该订单已支付/);
  });

  it('can be paid by control as well, by nobody in particular', async () => {
    const { outTradeNo } = await newCode();
    assert.equal(wechat.control.pay(outTradeNo, { notify: false }).openid, wechat.control.users[0]!.openid);
  });
});
