import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import type { Json } from './merchant.ts';

describe('access tokens', () => {
  let wechat: Wechat;
  let now = Date.parse('2026-03-01T02:00:00Z');
  let credentials: { appid: string; secret: string };

  before(async () => {
    wechat = await startWechat({ now: () => now });
    credentials = { appid: wechat.environment.WECHAT_APP_ID!, secret: wechat.environment.WECHAT_APP_SECRET! };
  });
  after(() => wechat.stop());
  beforeEach(() => {
    now += 86_400_000;
    wechat.control.reset();
  });

  const json = async (path: string, init?: RequestInit) => {
    const answer = await fetch(wechat.url + path, init);
    assert.equal(answer.status, 200);
    return answer.json() as Promise<Record<string, Json>>;
  };
  const stable = (changes: object = {}) =>
    json('/cgi-bin/stable_token', {
      method: 'POST',
      body: JSON.stringify({ grant_type: 'client_credential', ...credentials, ...changes }),
    });
  const classic = (changes: Record<string, string> = {}) =>
    json(`/cgi-bin/token?${new URLSearchParams({ grant_type: 'client_credential', ...credentials, ...changes })}`);
  const ticket = (token: string) => json(`/cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`);
  const pass = (seconds: number) => {
    now += seconds * 1000;
  };

  it('gives the same stable token until its last five minutes, then a new one, and both are valid', async () => {
    const first = await stable();
    assert.equal(first.expires_in, 7200);
    pass(6800);
    assert.deepEqual(await stable(), { access_token: first.access_token, expires_in: 400 });
    pass(101);
    const second = await stable();
    assert.notEqual(second.access_token, first.access_token);
    assert.equal(second.expires_in, 7200);
    assert.equal((await ticket(first.access_token)).errcode, 0);
    assert.equal((await ticket(second.access_token)).errcode, 0);
    pass(299);
    assert.equal((await ticket(first.access_token)).errcode, 42001);
  });

  it('kills the token at once on force_refresh, at most every 30 s and 20 times a day', async () => {
    const first = await stable();
    const second = await stable({ force_refresh: true });
    assert.notEqual(second.access_token, first.access_token);
    assert.equal((await ticket(first.access_token)).errcode, 40001);
    pass(29);
    assert.equal((await stable({ force_refresh: true })).errcode, 45011);
    assert.equal((await ticket(second.access_token)).errcode, 0);
    for (let count = 2; count <= 20; count += 1) {
      pass(31);
      assert.ok((await stable({ force_refresh: true })).access_token, `refresh ${count}`);
    }
    pass(31);
    assert.equal((await stable({ force_refresh: true })).errcode, 45009);
  });

  it('lets the former classic token live five minutes longer', async () => {
    const first = await classic();
    const second = await classic();
    assert.equal(second.expires_in, 7200);
    assert.equal((await ticket(first.access_token)).errcode, 0);
    pass(301);
    assert.equal((await ticket(first.access_token)).errcode, 40001);
    assert.equal((await ticket(second.access_token)).errcode, 0);
  });

  it('keeps stable and classic tokens apart', async () => {
    const stableToken = (await stable()).access_token;
    await classic();
    await classic();
    pass(301);
    assert.equal((await ticket(stableToken)).errcode, 0);
  });

  it('ends a day’s and a minute’s quota with 45009 and 45011', async () => {
    wechat.control.set({ tokensADay: 1, stableTokensAMinute: 1 });
    await classic();
    assert.equal((await classic()).errcode, 45009);
    await stable();
    assert.equal((await stable()).errcode, 45011);
    pass(60);
    assert.ok((await stable()).access_token);
  });

  it('gives the same ticket until its last five minutes', async () => {
    const { access_token: token } = await stable();
    const first = await ticket(token);
    assert.equal(first.errmsg, 'ok');
    pass(6000);
    assert.deepEqual(await ticket(token), { ...first, expires_in: first.expires_in - 6000 });
    pass(1000);
    assert.notEqual((await ticket((await stable()).access_token)).ticket, first.ticket);
  });

  const refusals: [string, () => Promise<Record<string, Json>>, number][] = [
    ['a stable token by GET', () => json('/cgi-bin/stable_token'), 43002],
    ['a classic token by POST', () => json('/cgi-bin/token', { method: 'POST' }), 43001],
    ['a body that is not JSON', () => json('/cgi-bin/stable_token', { method: 'POST', body: 'a=b' }), 47001],
    ['another grant type', () => stable({ grant_type: 'password' }), 40002],
    ['no appid', () => stable({ appid: undefined }), 41002],
    ['another appid', () => stable({ appid: 'wx0123456789abcdef' }), 40013],
    ['no secret', () => stable({ secret: undefined }), 41004],
    ['a wrong secret', () => stable({ secret: 'x' }), 40125],
    ['a wrong secret, classic', () => classic({ secret: 'x' }), 40125],
    ['force_refresh that is no boolean', () => stable({ force_refresh: 'yes' }), 40097],
    ['no token', () => ticket(''), 41001],
    ['a token of no known form', () => ticket('x!'), 40014],
    ['a token of nobody', () => ticket('a'.repeat(136)), 40001],
    ['a ticket of no known type', async () => ticketOfType('wx_card'), 40097],
  ];
  const ticketOfType = async (type: string) =>
    json(`/cgi-bin/ticket/getticket?access_token=${(await stable()).access_token}&type=${type}`);

  for (const [name, ask, errcode] of refusals) {
    it(`refuses ${name} with ${errcode}`, async () => {
      const answer = await ask();
      assert.equal(answer.errcode, errcode);
      assert.match(answer.errmsg, / rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/);
    });
  }

  it('varies the rid', async () => {
    assert.notEqual((await ticket('')).errmsg, (await ticket('')).errmsg);
  });

  it('names the address that is not on the list', async () => {
    wechat.control.set({ allowedAddresses: ['10.0.0.1'] });
    const answer = await stable();
    assert.equal(answer.errcode, 40164);
    assert.match(answer.errmsg, /invalid ip 127\.0\.0\.1 /);
  });

  it('kills tokens with the code that is asked for', async () => {
    const { access_token: token } = await stable();
    wechat.control.killToken(42001);
    assert.equal((await ticket(token)).errcode, 42001);
    assert.notEqual((await stable()).access_token, token);
  });

  it('shortens secrets in the list of calls', async () => {
    const { access_token: token } = await stable();
    await classic();
    await ticket(token);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const listed = JSON.stringify(wechat.calls);
    assert.ok(!listed.includes(credentials.secret));
    assert.ok(!listed.includes(token));
  });
});
