import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { createMerchant, type Json, type Merchant, receiveNotifications } from './merchant.ts';

describe('control and client over HTTP', () => {
  let wechat: Wechat;
  let merchant: Merchant;

  before(async () => {
    wechat = await startWechat({ retrySpeed: 1000 });
    merchant = createMerchant(wechat);
  });
  after(() => wechat.stop());

  async function ask(method: string, path: string, body?: unknown): Promise<[number, Json]> {
    const answer = await fetch(wechat.url + path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return [answer.status, text && JSON.parse(text)];
  }

  it('shows and sets knobs', async () => {
    const [, before] = await ask('GET', '/control');
    assert.equal(before.payMode, 'public-key');
    assert.equal(before.retrySpeed, 1000);
    const [status, knobs] = await ask('PATCH', '/control', { paySheet: 'cancel' });
    assert.deepEqual([status, knobs.paySheet], [200, 'cancel']);
    assert.equal(wechat.control.knobs.paySheet, 'cancel');
    assert.deepEqual(await ask('POST', '/control/reset'), [200, {}]);
    assert.equal(wechat.control.knobs.paySheet, 'pay');
  });

  it('refuses knobs and values that do not exist, and changes nothing then', async () => {
    for (const knobs of [
      { nothing: 1 },
      { toString: 1 },
      { paySheet: 'maybe' },
      { retrySpeed: 0 },
      { redirectTwice: 1 },
      { refunds: 'never' },
      { merchantBalance: -1 },
      { nativeCallbackUrl: 'here' },
      { h5Domains: 'shop.example.com' },
      { checkPayerAddress: 'yes' },
    ]) {
      const [status, { message }] = await ask('PATCH', '/control', { bridgeAnswer: 'fail', ...knobs });
      assert.equal(status, 400);
      assert.match(message, /knob/);
    }
    assert.equal(wechat.control.knobs.bridgeAnswer, 'honest');
    assert.equal((await fetch(`${wechat.url}/control`, { method: 'PATCH', body: '{' })).status, 400);
  });

  it('pays, notifies and signs', async () => {
    const shop = await receiveNotifications(204);
    const order = merchant.order({ notify_url: shop.url });
    await merchant.create(order);
    const outTradeNo = order.out_trade_no;
    const [, paid] = await ask('POST', '/control/pay', { outTradeNo, notify: false });
    assert.equal(paid.state, 'SUCCESS');
    assert.equal((await ask('GET', `/control/orders/${outTradeNo}`))[1].state, 'SUCCESS');
    assert.equal((await ask('POST', '/control/pay', { outTradeNo }))[0], 400);
    const [, answer] = await ask('POST', '/control/notify', { outTradeNo, fault: 'stale' });
    assert.equal(answer.status, 204);
    assert.equal(shop.received.length, 1);
    shop.stop();
    const [, headers] = await ask('POST', '/control/sign', { body: '{}', timestamp: 1_700_000_000 });
    assert.equal(headers['wechatpay-timestamp'], '1700000000');
    assert.equal((await ask('POST', '/control/pay', { outTradeNo: 'unknown' }))[0], 400);
  });

  it('pays by code and H5 address, scans, and finishes refunds', async () => {
    const { json: native } = await merchant.native(merchant.openOrder());
    const { json: h5 } = await merchant.h5(merchant.openOrder());
    const { openid } = wechat.control.users[1]!;
    const [, byCode] = await ask('POST', '/control/pay-by-code', { codeUrl: native.code_url, openid, notify: false });
    assert.deepEqual(
      [byCode.state, byCode.tradeType, byCode.payVersion, byCode.openid],
      ['SUCCESS', 'NATIVE', 'v3', openid],
    );
    assert.deepEqual(await ask('POST', '/control/pay-by-code', { codeUrl: native.code_url }), [
      400,
      { message: '该订单已支付' },
    ]);
    assert.equal((await ask('POST', '/control/pay-h5', { h5Url: h5.h5_url, notify: false }))[1].tradeType, 'MWEB');
    assert.equal((await ask('POST', '/control/pay-h5', { h5Url: 'x' }))[0], 400);
    assert.deepEqual(await ask('POST', '/control/scan', { text: 'hello' }), [200, { kind: 'text' }]);
    assert.equal((await ask('POST', '/control/printed', { codeUrl: native.code_url }))[0], 400);

    wechat.control.set({ refunds: 'wait' });
    const refund = merchant.refund(byCode.outTradeNo);
    const outRefundNo = refund.out_refund_no;
    await merchant.refundNow(refund);
    assert.equal((await ask('GET', `/control/refunds/${outRefundNo}`))[1].state, 'PROCESSING');
    assert.equal((await ask('POST', '/control/finish-refund', { outRefundNo, state: 'SUCCESS' }))[1].state, 'SUCCESS');
    assert.equal((await ask('POST', '/control/finish-refund', { outRefundNo, state: 'SUCCESS' }))[0], 400);
    assert.equal(
      (await ask('POST', '/control/notify-refund', { outRefundNo, url: 'http://127.0.0.1:9/' }))[1].status,
      0,
    );
    assert.equal((await fetch(`${wechat.url}/control/refunds/unknown`)).status, 404);
    wechat.control.reset();
  });

  it('lets bills lie, over HTTP as well', async () => {
    await ask('POST', '/control/set-bill', { date: '2026-01-02', csv: 'a' });
    assert.deepEqual(await ask('GET', '/control/bills/2026-01-02'), [200, { csv: 'a' }]);
    assert.equal((await ask('GET', '/control/bills/today'))[0], 400);
  });

  it('turns to the public key over a week', async () => {
    await ask('POST', '/control/start-switch-week');
    const shares = [];
    for (let days = 0; days <= 8; days += 2) {
      const { payMode, publicKeyShare } = wechat.control.knobs;
      shares.push([payMode, Math.round(publicKeyShare * 7)]);
      wechat.control.advance(2 * 86_400);
    }
    assert.deepEqual(
      shares,
      [0, 2, 4, 6, 7].map((share) => ['switching', share]),
    );
    assert.equal((await ask('GET', '/control'))[1].publicKeyShare, 1);
    wechat.control.set({ publicKeyShare: 0.25 });
    assert.equal(wechat.control.knobs.publicKeyShare, 0.25);
    wechat.control.reset();
    assert.deepEqual([wechat.control.knobs.payMode, wechat.control.knobs.publicKeyShare], ['public-key', 0.5]);
  });

  it('runs what is to happen in the middle of a call', async () => {
    const order = merchant.order();
    const states: unknown[] = [];
    const state = () => states.push(wechat.control.order(String(order.out_trade_no))?.state);
    const path = '/v3/pay/transactions/*';
    wechat.control.at({ path, method: 'POST', when: 'before' }, state);
    wechat.control.at({ path, when: 'after', count: 2 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      state();
    });
    assert.equal((await merchant.create(order)).status, 200);
    assert.deepEqual(states, [undefined, 'NOTPAY']);
    wechat.control.at({ path, when: 'before' }, () =>
      wechat.control.pay(String(order.out_trade_no), { notify: false }),
    );
    assert.equal((await merchant.query(String(order.out_trade_no))).json.trade_state, 'SUCCESS');
    await merchant.query(String(order.out_trade_no));
    assert.deepEqual(states, [undefined, 'NOTPAY', 'SUCCESS']);
  });

  it('does the other deeds, and no deed that is none', async () => {
    const [, { serial }] = await ask('POST', '/control/rotate-certificate');
    assert.equal((await ask('GET', '/control/serials'))[1].certificates[0], serial);
    assert.equal((await ask('POST', '/control/fail', { path: '/cgi-bin/token', kind: 'status', status: 503 }))[0], 200);
    assert.equal((await fetch(`${wechat.url}/cgi-bin/token`)).status, 503);
    for (const deed of ['kill-token', 'kill-ticket', 'release-notifications']) {
      assert.deepEqual(await ask('POST', `/control/${deed}`), [200, {}]);
    }
    const [first, second] = (await ask('GET', '/control/users'))[1];
    assert.deepEqual((await ask('GET', '/client/user'))[1], first);
    await ask('POST', '/control/sign-in', { phone: 'p1', openid: second.openid });
    assert.deepEqual((await ask('GET', '/client/user?phone=p1'))[1], second);
    assert.equal((await ask('POST', '/control/sign-in', { phone: 'p1', openid: 'x' }))[0], 400);
    assert.equal((await ask('POST', '/control/constructor'))[0], 404);
  });

  it('lists calls, and sends further ones as events', async () => {
    const closing = new AbortController();
    const answer = await fetch(`${wechat.url}/client/calls/events`, { signal: closing.signal });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    await fetch(`${wechat.url}/cgi-bin/token?secret=very-secret-indeed`);
    let text = '';
    while (!text.includes('event: call')) text += (await reader.read()).value;
    closing.abort();
    const call = JSON.parse(/^data: (.*)$/m.exec(text)![1]!);
    assert.deepEqual([call.method, call.path, call.code], ['GET', '/cgi-bin/token?secret=very-s…', '40002']);
    assert.deepEqual((await ask('GET', '/client/calls'))[1].at(-1), call);
  });

  it('serves the client’s files and nothing beside them', async () => {
    const script = await fetch(`${wechat.url}/client/bridge.js`);
    assert.match(script.headers.get('content-type')!, /javascript/);
    assert.equal(script.headers.get('access-control-allow-origin'), '*');
    assert.match((await fetch(wechat.url)).headers.get('content-type')!, /html/);
    for (const path of [
      '/client/..%2fstart.ts',
      '/client/%2e%2e/start.ts',
      '/client/nothing.js',
      '/client/..%5cstart.ts',
    ]) {
      assert.equal((await fetch(wechat.url + path)).status, 404, path);
    }
  });

  it('refuses invocations and sheet answers that are of no form', async () => {
    assert.equal((await ask2('/client/invoke', '{}')).status, 400);
    assert.equal((await ask2('/client/invoke', 'x')).status, 400);
    assert.equal((await ask2('/client/sheets/1', '{"action":"steal"}')).status, 400);
    assert.equal((await ask2('/client/invoke', ' '.repeat(2_000_000))).status, 413);
  });
  const ask2 = (path: string, body: string) => fetch(wechat.url + path, { method: 'POST', body });

  it('hands out all that a program needs, and says when its port is taken', async () => {
    assert.deepEqual(Object.keys(wechat.environment).sort(), [
      'WECHAT_API_URL',
      'WECHAT_APP_ID',
      'WECHAT_APP_SECRET',
      'WECHAT_MESSAGE_AES_KEY',
      'WECHAT_MESSAGE_TOKEN',
      'WECHAT_MP_URL',
      'WECHAT_OPEN_URL',
      'WECHAT_PAY_MCH_ID',
      'WECHAT_PAY_PRIVATE_KEY',
      'WECHAT_PAY_PUBLIC_KEY',
      'WECHAT_PAY_PUBLIC_KEY_ID',
      'WECHAT_PAY_SERIAL_NO',
      'WECHAT_PAY_URL',
      'WECHAT_PAY_V3_KEY',
    ]);
    assert.deepEqual(Object.keys(wechat.environmentV2).sort(), [
      'WECHAT_API_URL',
      'WECHAT_APP_ID',
      'WECHAT_APP_SECRET',
      'WECHAT_MESSAGE_AES_KEY',
      'WECHAT_MESSAGE_TOKEN',
      'WECHAT_MP_URL',
      'WECHAT_OPEN_URL',
      'WECHAT_PAY_API',
      'WECHAT_PAY_MCH_ID',
      'WECHAT_PAY_URL',
      'WECHAT_PAY_V2_CERT',
      'WECHAT_PAY_V2_KEY',
    ]);
    assert.equal(wechat.environmentV2.WECHAT_PAY_URL, wechat.tlsUrl);
    assert.equal(wechat.environmentV2.WECHAT_PAY_V2_KEY!.length, 32);
    assert.match(wechat.environment.WECHAT_APP_ID!, /^wx[0-9a-f]{16}$/);
    assert.equal(wechat.environment.WECHAT_PAY_V3_KEY!.length, 32);
    await assert.rejects(startWechat({ port: Number(new URL(wechat.url).port) }), { code: 'EADDRINUSE' });
  });
});
