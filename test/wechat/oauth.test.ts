import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { type Json, receiveNotifications } from './merchant.ts';

const CALLBACK = 'http://127.0.0.1:8787/v1/oauth/callback?from=page';

describe('sign-in by OAuth', () => {
  let wechat: Wechat;
  let now = Date.parse('2026-03-01T02:00:00Z');

  before(async () => {
    wechat = await startWechat({ now: () => now });
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());

  const authorize = (changes: Record<string, string> = {}, headers = {}) => {
    const query = new URLSearchParams({
      appid: wechat.environment.WECHAT_APP_ID!,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'snsapi_base',
      state: 'abc123',
      ...changes,
    });
    return fetch(`${wechat.url}/connect/oauth2/authorize?${query}`, { redirect: 'manual', headers });
  };
  const locationOf = (answer: Response) => new URL(answer.headers.get('location')!);
  const codeFrom = async (...how: Parameters<typeof authorize>) =>
    locationOf(await authorize(...how)).searchParams.get('code')!;
  const exchange = async (changes: Record<string, string> = {}) => {
    const query = new URLSearchParams({
      appid: wechat.environment.WECHAT_APP_ID!,
      secret: wechat.environment.WECHAT_APP_SECRET!,
      grant_type: 'authorization_code',
      ...changes,
    });
    const answer = await fetch(`${wechat.url}/sns/oauth2/access_token?${query}`);
    assert.equal(answer.status, 200);
    return answer.json() as Promise<Record<string, Json>>;
  };

  it('comes back at once with a code and the state, and keeps the query', async () => {
    const answer = await authorize();
    assert.equal(answer.status, 302);
    const location = locationOf(answer);
    assert.equal(`${location.origin}${location.pathname}`, 'http://127.0.0.1:8787/v1/oauth/callback');
    assert.equal(location.searchParams.get('from'), 'page');
    assert.equal(location.searchParams.get('state'), 'abc123');
    assert.match(location.searchParams.get('code')!, /^\w{32}$/);
  });

  it('tells the openid for a code, once', async () => {
    const code = await codeFrom();
    const answer = await exchange({ code });
    assert.equal(answer.openid, wechat.control.users[0]!.openid);
    assert.equal(answer.scope, 'snsapi_base');
    assert.equal(answer.expires_in, 7200);
    assert.equal((await exchange({ code })).errcode, 40163);
  });

  it('knows the user by the cookie', async () => {
    const { openid } = wechat.control.users[1]!;
    const code = await codeFrom({}, { cookie: `wechat_user=${openid}` });
    assert.equal((await exchange({ code })).openid, openid);
  });

  it('takes no code after five minutes', async () => {
    const [good, late] = [await codeFrom(), await codeFrom()];
    now += 299_000;
    assert.ok((await exchange({ code: good })).openid);
    now += 2_000;
    assert.equal((await exchange({ code: late })).errcode, 40029);
  });

  it('asks for consent before it tells more than the openid', async () => {
    const answer = await authorize({ scope: 'snsapi_userinfo' });
    assert.equal(answer.status, 200);
    const [, consent] = /href="(\/connect\/oauth2\/consent\?consent=\w+)"/.exec(await answer.text())!;
    const agreed = await fetch(wechat.url + consent, { redirect: 'manual' });
    const code = locationOf(agreed).searchParams.get('code')!;
    assert.equal((await exchange({ code })).scope, 'snsapi_userinfo');
    const again = await fetch(wechat.url + consent, { redirect: 'manual' });
    assert.equal(again.status, 200);
    assert.match(await again.text(), /授权已失效/);
  });

  it('calls the redirect uri itself first, with the same code, where the knob says so', async () => {
    wechat.control.set({ redirectTwice: true });
    const page = await receiveNotifications(200);
    const code = await codeFrom({ redirect_uri: page.url });
    assert.equal(page.received.length, 1);
    page.stop();
    assert.equal((await exchange({ code })).openid, wechat.control.users[0]!.openid);
  });

  const refusedPages: [string, Record<string, string>, number][] = [
    ['no appid', { appid: '' }, 10012],
    ['another appid', { appid: 'wx0123456789abcdef' }, 10016],
    ['no redirect uri', { redirect_uri: '' }, 10011],
    ['a redirect uri elsewhere', { redirect_uri: 'https://evil.example.com/' }, 10003],
    ['a redirect uri that is a script', { redirect_uri: 'javascript://127.0.0.1/%0aalert(1)' }, 10003],
    ['another response type', { response_type: 'token' }, 10004],
    ['no scope', { scope: '' }, 10010],
    ['another scope', { scope: 'snsapi_login' }, 10005],
    ['a state with other characters', { state: 'a-b' }, 10013],
    ['a state that is too long', { state: 'a'.repeat(129) }, 10013],
  ];
  for (const [name, changes, code] of refusedPages) {
    it(`shows error ${code} for ${name}`, async () => {
      const answer = await authorize(changes);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('location'), null);
      assert.match(await answer.text(), new RegExp(`错误码：${code}`));
    });
  }

  it('comes back only to the domains that are set', async () => {
    wechat.control.set({ redirectDomains: ['pay.example.com'] });
    assert.equal((await authorize()).status, 200);
    assert.equal((await authorize({ redirect_uri: 'https://pay.example.com/back' })).status, 302);
  });

  const refusals: [string, Record<string, string>, number][] = [
    ['no code', {}, 41008],
    ['a code of nobody', { code: 'x' }, 40029],
    ['no appid', { code: 'x', appid: '' }, 41002],
    ['another appid', { code: 'x', appid: 'wx0' }, 40013],
    ['no secret', { code: 'x', secret: '' }, 41004],
    ['a wrong secret', { code: 'x', secret: 'x' }, 40125],
    ['another grant type', { code: 'x', grant_type: 'client_credential' }, 40002],
  ];
  for (const [name, changes, errcode] of refusals) {
    it(`refuses ${name} with ${errcode}`, async () => assert.equal((await exchange(changes)).errcode, errcode));
  }
});
