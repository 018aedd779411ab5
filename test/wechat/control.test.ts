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
    assert.match(wechat.environment.WECHAT_APP_ID!, /^wx[0-9a-f]{16}$/);
    assert.equal(wechat.environment.WECHAT_PAY_V3_KEY!.length, 32);
    await assert.rejects(startWechat({ port: Number(new URL(wechat.url).port) }), { code: 'EADDRINUSE' });
  });
});
