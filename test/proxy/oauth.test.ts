import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { SignJWT } from 'jose';
import {
  API_KEY,
  eventually,
  type Reply,
  SESSION_SECRET,
  SHOP,
  sharedClock,
  shareHarness,
  startHarness,
  times,
} from './harness.ts';
import { assertRefused } from './merchant.ts';

const MINUTE = 60_000;
const OTHER_SHOP = 'http://localhost:3000';

const clock = sharedClock();
const shared = shareHarness({ ...clock.options, environment: { ALLOWED_ORIGINS: `${SHOP},${OTHER_SHOP}` } });

function newChallenge() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

function authorize(query: Record<string, string>): Promise<Reply> {
  return shared.proxy.page('GET', `/v1/oauth/authorize?${new URLSearchParams(query)}`);
}

/** A browser's way to WeChat's consent and back to the proxy: the callback's address, not yet called. */
async function consent(returnTo = `${SHOP}/pay`) {
  const { verifier, challenge } = newChallenge();
  const { headers } = await authorize({ return_to: returnTo, challenge });
  const answer = await fetch(headers.get('location')!, { redirect: 'manual' });
  return { verifier, callback: new URL(answer.headers.get('location')!) };
}

/** The page's address that the callback leads to. */
async function follow(callback: URL): Promise<URL> {
  const { status, headers } = await fetch(callback, { redirect: 'manual' });
  assert.equal(status, 302);
  return new URL(headers.get('location')!);
}

async function signIn(returnTo?: string) {
  const { verifier, callback } = await consent(returnTo);
  const page = await follow(callback);
  return { verifier, callback, page, code: page.hash.replace('#wx_code=', '') };
}

const redeem = (code: string, verifier: string) => shared.proxy.page('POST', '/v1/sessions', { code, verifier });

/** Whether the session is this payer's: it can pay the order that is only for them. */
async function isSessionOf(token: string, openid: string): Promise<boolean> {
  const { id } = await shared.proxy.order({ openid });
  const authorization = `Bearer ${token}`;
  const { status } = await shared.proxy.page(
    'POST',
    `/v1/orders/${id}/payments`,
    { channel: 'jsapi' },
    { authorization },
  );
  return status === 200;
}

const exchanges = () =>
  shared.proxy.wechat.calls.filter(({ path }) => path.startsWith('/sns/oauth2/access_token')).length;

describe('the way to WeChat', () => {
  test('leads to its consent, with the parameters in the order that it wants', async () => {
    const { environment, url } = shared.proxy;

    const { status, headers } = await authorize({ return_to: `${SHOP}/pay`, challenge: newChallenge().challenge });

    assert.equal(status, 302);
    const callback = encodeURIComponent(`${url}/v1/oauth/callback`);
    const [, state] = headers.get('location')!.match(/&state=([0-9a-zA-Z]+)#wechat_redirect$/)!;
    assert.equal(
      headers.get('location'),
      `${environment.WECHAT_OPEN_URL}/connect/oauth2/authorize?appid=${environment.WECHAT_APP_ID}&redirect_uri=${callback}` +
        `&response_type=code&scope=snsapi_base&state=${state}#wechat_redirect`,
    );
    assert.ok(state!.length >= 22 && state!.length <= 128);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
  });

  test('has a state of its own each time, which tells nothing', async () => {
    const { challenge } = newChallenge();
    const replies = await Promise.all(times(5, () => authorize({ return_to: `${SHOP}/pay`, challenge })));

    const states = replies.map(({ headers }) => new URL(headers.get('location')!).searchParams.get('state')!);
    assert.equal(new Set(states).size, 5);
    for (const state of states) assert.ok(!state.includes(challenge.slice(0, 8)));
  });

  test('asks for the scope that the page wants', async () => {
    const query = { return_to: `${SHOP}/pay`, challenge: newChallenge().challenge };

    const wanted = await authorize({ ...query, scope: 'snsapi_userinfo' });

    assert.equal(new URL(wanted.headers.get('location')!).searchParams.get('scope'), 'snsapi_userinfo');
    for (const scope of ['snsapi_login', '', 'snsapi_base,snsapi_userinfo']) {
      assertRefused(await authorize({ ...query, scope }), 'invalid_request', 400);
    }
  });

  for (const [returnTo, code] of [
    ['https://evil.example.com/', 'origin_not_allowed'],
    ['http://shop.example.com/', 'origin_not_allowed'],
    ['https://shop.example.com:444/', 'origin_not_allowed'],
    ['https://shop.example.com:80/', 'origin_not_allowed'],
    ['http://localhost/', 'origin_not_allowed'],
    ['https://localhost:3000/', 'origin_not_allowed'],
    ['https://shop.example.com./', 'origin_not_allowed'],
    ['https://shop.example.com.evil.com/', 'origin_not_allowed'],
    ['https://sub.shop.example.com/', 'origin_not_allowed'],
    ['https://example.com/', 'origin_not_allowed'],
    ['https://shop.example.com@evil.example.com/', 'origin_not_allowed'],
    ['https://shop.example.com:pass@evil.example.com/', 'origin_not_allowed'],
    ['https://evil@shop.example.com/', 'origin_not_allowed'],
    ['https://:secret@shop.example.com/', 'origin_not_allowed'],
    ['https://evil.example.com\\@shop.example.com/', 'origin_not_allowed'],
    ['https://evil.example.com/https://shop.example.com/', 'origin_not_allowed'],
    ['https://evil.example.com#@shop.example.com/', 'origin_not_allowed'],
    ['https://evil.example.com?@shop.example.com/', 'origin_not_allowed'],
    ['https://shoр.example.com/', 'origin_not_allowed'],
    ['https://xn--sho-5cd.example.com/', 'origin_not_allowed'],
    ['https://shop.example.com%2eevil.com/', 'origin_not_allowed'],
    ['https://2130706433:3000/', 'origin_not_allowed'],
    ['http://127.0.0.1:3000/', 'origin_not_allowed'],
    ['http://[::1]:3000/', 'origin_not_allowed'],
    ['javascript:alert(1)', 'invalid_request'],
    ['javascript://shop.example.com/%0aalert(1)', 'invalid_request'],
    ['data:text/html,<script>alert(1)</script>', 'invalid_request'],
    ['blob:https://shop.example.com/1', 'invalid_request'],
    ['ftp://shop.example.com/', 'invalid_request'],
    ['//shop.example.com/', 'invalid_request'],
    ['/pay', 'invalid_request'],
    ['shop.example.com', 'invalid_request'],
    ['https://', 'invalid_request'],
    ['', 'invalid_request'],
    [`${SHOP}/${'a'.repeat(2048)}`, 'invalid_request'],
  ] as const) {
    test(`does not start for a return to ${returnTo.slice(0, 60)}`, async () => {
      const reply = await authorize({ return_to: returnTo, challenge: newChallenge().challenge });

      assertRefused(reply, code, code === 'origin_not_allowed' ? 403 : 400);
      assert.equal(reply.headers.get('location'), null);
    });
  }

  for (const returnTo of [
    'https://SHOP.Example.COM/pay',
    'https://shop.example.com:443/pay',
    'https://shop.example.com\\pay',
    'https://shop.example.com\\@evil.example.com/pay',
    'https:shop.example.com/pay',
    'https://shop。example。com/pay',
    'https://shop.example.com/\t//evil.example.com/pay',
    'https://shop.example.com//evil.example.com/pay',
    'https://shop.example.com/../..//evil.example.com',
    'https://shop.example.com/pay\r\nset-cookie: a=b',
    ' https://shop.example.com/pay ',
    'http://localhost:3000/pay',
  ]) {
    test(`however it is written, ${JSON.stringify(returnTo)} never leads elsewhere`, async () => {
      const reply = await authorize({ return_to: returnTo, challenge: newChallenge().challenge });
      if (reply.status !== 302) {
        assert.ok([400, 403].includes(reply.status), reply.text);
        return;
      }
      const answer = await fetch(reply.headers.get('location')!, { redirect: 'manual' });

      const back = await fetch(answer.headers.get('location')!, { redirect: 'manual' });

      const location = back.headers.get('location')!;
      assert.ok(location.startsWith(`${SHOP}/`) || location.startsWith(`${OTHER_SHOP}/`), location);
      assert.equal(new URL(location).href, location, 'it is in the form in which every browser reads it alike');
      assert.equal(back.headers.get('set-cookie'), null);
    });
  }

  test('needs a challenge of the right form', async () => {
    const { challenge } = newChallenge();
    for (const wrong of [
      '',
      'abc',
      challenge.slice(1),
      `${challenge}a`,
      `${challenge}=`,
      `+${challenge.slice(1)}`,
      `/${challenge.slice(1)}`,
    ]) {
      assertRefused(await authorize({ return_to: `${SHOP}/`, challenge: wrong }), 'invalid_request', 400);
    }
    assertRefused(await shared.proxy.page('GET', `/v1/oauth/authorize?return_to=${SHOP}/`), 'invalid_request', 400);
  });

  test('takes each parameter once, and none that it does not know', async () => {
    const { challenge } = newChallenge();
    for (const more of [
      `&challenge=${challenge}`,
      `&return_to=${SHOP}/`,
      '&redirect_uri=https://evil.example.com',
      '&state=mine',
    ]) {
      const path = `/v1/oauth/authorize?return_to=${SHOP}/&challenge=${challenge}${more}`;
      assertRefused(await shared.proxy.page('GET', path), 'invalid_request', 400);
    }
  });
});

describe('the way back', () => {
  test('leads to the page, its own query kept and its fragment dropped', async () => {
    const { page, code } = await signIn(`${SHOP}/pay?order=1&name=%E8%8C%B6&code=own&state=own#section`);

    assert.equal(page.href, `${SHOP}/pay?order=1&name=%E8%8C%B6&code=own&state=own#wx_code=${code}`);
    assert.match(code, /^[0-9A-Za-z_-]{22,}$/);
  });

  test('is not kept anywhere', async () => {
    const { callback } = await consent();

    const { headers } = await fetch(callback, { redirect: 'manual' });

    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('set-cookie'), null);
  });

  test('ends in a session of the payer, for the page that knows the verifier', async () => {
    const [openid] = shared.proxy.wechat.control.users.map((user) => user.openid);
    const { code, verifier } = await signIn();

    const { status, json, headers } = await redeem(code, verifier);

    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json).sort(), ['expiresAt', 'token']);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.ok(await isSessionOf(json.token, openid!));
  });

  test('gives a code that works once', async () => {
    const { code, verifier } = await signIn();

    const replies = await Promise.all(times(10, () => redeem(code, verifier)));

    const [first, ...others] = replies.sort((a, b) => a.status - b.status);
    assert.equal(first!.status, 200);
    for (const other of others) assertRefused(other, 'oauth_code_invalid', 400);
    assertRefused(await redeem(code, verifier), 'oauth_code_invalid', 400);
  });

  test('gives a code that lives for 60 seconds', async () => {
    const [early, late] = [await signIn(), await signIn()];

    clock.advance(55_000);
    assert.equal((await redeem(early.code, early.verifier)).status, 200);
    clock.advance(5_000);
    assertRefused(await redeem(late.code, late.verifier), 'oauth_code_invalid', 400);
  });

  test('gives a code that is nothing without its own verifier, and stays good when others try', async () => {
    const [one, other] = [await signIn(), await signIn()];
    const challenge = createHash('sha256').update(one.verifier).digest('base64url');

    for (const verifier of [
      other.verifier,
      challenge,
      `${one.verifier}a`,
      one.verifier.toLowerCase().padEnd(44, 'x'),
    ]) {
      assertRefused(await redeem(one.code, verifier), 'oauth_code_invalid', 400);
    }
    assertRefused(await redeem('unknown', one.verifier), 'oauth_code_invalid', 400);
    assertRefused(await redeem(`${one.code}%`, one.verifier), 'oauth_code_invalid', 400);
    assert.equal((await redeem(one.code, one.verifier)).status, 200);
  });

  test('takes any verifier whose hash was the challenge', async () => {
    for (const verifier of ['short', randomBytes(16).toString('hex'), 'ünï-验证', 'v'.repeat(128)]) {
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const { headers } = await authorize({ return_to: `${SHOP}/`, challenge });
      const answer = await fetch(headers.get('location')!, { redirect: 'manual' });
      const page = await follow(new URL(answer.headers.get('location')!));

      assert.equal((await redeem(page.hash.replace('#wx_code=', ''), verifier)).status, 200, verifier);
    }
  });

  test('called many times at once asks WeChat once and answers alike', async () => {
    const { callback, verifier } = await consent();
    const before = exchanges();

    const pages = await Promise.all(times(5, () => follow(callback)));

    assert.equal(new Set(pages.map(({ href }) => href)).size, 1);
    await eventually(() => exchanges() === before + 1, 'WeChat was asked');
    assert.equal((await redeem(pages[4]!.hash.replace('#wx_code=', ''), verifier)).status, 200);
  });

  test('called again later, even after the code was used, answers alike', async () => {
    const { callback, verifier, page, code } = await signIn();
    await redeem(code, verifier);
    clock.advance(MINUTE);

    assert.equal((await follow(callback)).href, page.href);
    assertRefused(await redeem(code, verifier), 'oauth_code_invalid', 400);
  });

  test('called by WeChat itself before the browser comes: the browser gets the result', async () => {
    shared.proxy.wechat.control.set({ redirectTwice: true });
    const before = exchanges();

    const { code, verifier } = await signIn();
    shared.proxy.wechat.control.set({ redirectTwice: false });

    assert.equal((await redeem(code, verifier)).status, 200);
    await eventually(() => exchanges() === before + 1, 'WeChat was asked');
  });

  test('waits for what its twin is finding out', async () => {
    const { callback } = await consent();
    shared.proxy.wechat.control.fail({ path: '/sns/*', kind: 'latency', ms: 300 });

    const first = follow(callback);
    const second = follow(callback);

    assert.equal((await second).href, (await first).href);
    assert.match((await first).hash, /^#wx_code=/);
  });

  test('is unknown where no sign-in was started, or too long ago', async () => {
    const { callback } = await consent();
    const at = (query: string) => shared.proxy.page('GET', `/v1/oauth/callback${query}`);

    for (const query of [
      '',
      '?code=a',
      '?state=&code=a',
      '?state=unknown&code=a',
      `?state=${'0'.repeat(32)}&code=a`,
      '?state=a_b%27--&code=a',
    ]) {
      const reply = await at(query);
      assertRefused(reply, 'oauth_state_invalid', 400);
      assert.equal(reply.headers.get('location'), null);
    }
    assertRefused(await at(`?state=${'a'.repeat(129)}&code=a`), 'invalid_request', 400);
    clock.advance(10 * MINUTE);
    assertRefused(await at(callback.search), 'oauth_state_invalid', 400);
  });

  test('is refused by a page that a payer can read, where a browser asks', async () => {
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    const reply = await shared.proxy.page('GET', '/v1/oauth/callback?state=unknown&code=a', undefined, { accept });

    assert.equal(reply.status, 400);
    assert.match(reply.headers.get('content-type') ?? '', /^text\/html/);
    for (const words of ['请返回刚才的页面', 'Go back to the page', 'oauth_state_invalid'])
      assert.ok(reply.text.includes(words));
  });

  test('without a code tells the page that the payer said no', async () => {
    const { callback } = await consent(`${SHOP}/pay?order=1#section`);
    callback.searchParams.delete('code');

    assert.equal((await follow(callback)).href, `${SHOP}/pay?order=1#wx_error=access_denied`);
  });

  test('with a code that WeChat does not know tells the page that it failed', async () => {
    const { callback } = await consent();
    callback.searchParams.set('code', 'forged');

    assert.equal((await follow(callback)).href, `${SHOP}/pay#wx_error=oauth_failed`);
  });

  test('while WeChat is down tells the page so', async () => {
    const { callback } = await consent();
    shared.proxy.wechat.control.fail({ path: '/sns/*', kind: 'disconnect', count: 3 });

    assert.equal((await follow(callback)).href, `${SHOP}/pay#wx_error=wechat_unavailable`);
    shared.proxy.wechat.control.reset();
  });

  test('bears what WeChat may add', async () => {
    const { callback } = await consent();
    callback.searchParams.set('from', 'wechat');

    assert.match((await follow(callback)).hash, /^#wx_code=/);
  });
});

describe('a session', () => {
  /** What needs one, and needs nothing else. */
  async function use(token: string): Promise<Reply> {
    const { id } = await shared.proxy.order();
    const authorization = `Bearer ${token}`;
    return shared.proxy.page('POST', `/v1/orders/${id}/payments`, { channel: 'jsapi' }, { authorization });
  }

  async function forged(change: (jwt: SignJWT) => SignJWT, secret = SESSION_SECRET, alg = 'HS256'): Promise<string> {
    const [user] = shared.proxy.wechat.control.users;
    const seconds = Math.floor(clock.options.now() / 1_000);
    const jwt = new SignJWT()
      .setProtectedHeader({ alg })
      .setSubject(user!.openid)
      .setAudience(shared.proxy.environment.WECHAT_APP_ID!)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 600);
    return change(jwt).sign(new TextEncoder().encode(secret));
  }

  test('can be made by the merchant’s server for a payer that it knows', async () => {
    const [, second] = shared.proxy.wechat.control.users;
    const before = clock.options.now();

    const { status, json } = await shared.proxy.merchant('POST', '/v1/sessions', { openid: second!.openid });

    assert.equal(status, 200);
    const life = Date.parse(json.expiresAt) - before;
    assert.ok(Math.abs(life - 7_200_000) < 60_000, 'two hours');
    assert.match(json.expiresAt, /Z$/);
    assert.ok(await isSessionOf(json.token, second!.openid));
  });

  test('cannot be made by a page for a payer of its choice', async () => {
    const body = { openid: shared.proxy.wechat.control.users[0]!.openid };
    const { token } = (await shared.proxy.merchant('POST', '/v1/sessions', body)).json;

    assertRefused(await shared.proxy.page('POST', '/v1/sessions', body), 'unauthorized', 401);
    const authorization = `Bearer ${token}`;
    assertRefused(await shared.proxy.page('POST', '/v1/sessions', body, { authorization }), 'unauthorized', 401);
  });

  test('is asked for in one way or the other', async () => {
    const verifier = 'v'.repeat(43);
    for (const body of [
      {},
      { code: 'a' },
      { verifier },
      { code: 'a', verifier, openid: 'o' },
      { openid: '' },
      { openid: 'a b' },
      [],
    ]) {
      assertRefused(await shared.proxy.merchant('POST', '/v1/sessions', body), 'invalid_request', 400);
    }
  });

  test('ends at the time that was told', async (t) => {
    const own = sharedClock();
    const proxy = await startHarness(t, { ...own.options, environment: { SESSION_TTL: '60' } });
    const { id } = await proxy.order();
    const authorization = `Bearer ${await proxy.session()}`;
    const read = () => proxy.page('GET', `/v1/orders/${id}`, undefined, { authorization });
    assert.equal((await read()).status, 200);

    own.advance(55_000);
    assert.equal((await read()).status, 200);
    own.advance(5_000);

    assertRefused(await read(), 'session_invalid', 401);
  });

  test('of our own making is taken, so that the forgeries below fail for their one fault', async () => {
    assert.equal((await use(await forged((jwt) => jwt))).status, 200);
  });

  const FORGERIES: Record<string, () => Promise<string>> = {
    'signed with another secret': () => forged((jwt) => jwt, 'another-secret-of-32-bytes-or-more'),
    'for another app': () => forged((jwt) => jwt.setAudience('wx0000000000000000')),
    'for several apps, not this one': () => forged((jwt) => jwt.setAudience(['a', 'b'])),
    'for no app': () =>
      new SignJWT({ sub: 'o', exp: 4e9 }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SESSION_SECRET)),
    'that never ends': async () =>
      new SignJWT({ sub: 'o', aud: shared.proxy.environment.WECHAT_APP_ID })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(SESSION_SECRET)),
    'that has ended': () => forged((jwt) => jwt.setExpirationTime(Math.floor(clock.options.now() / 1_000) - 1)),
    'of nobody': () => forged((jwt) => jwt.setSubject('')),
    'by another algorithm': () => forged((jwt) => jwt, SESSION_SECRET, 'HS512'),
    'without a signature': async () => {
      const [, payload] = (await forged((jwt) => jwt)).split('.');
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    },
    'with another payer put in': async () => {
      const [header, payload, signature] = (await forged((jwt) => jwt)).split('.');
      const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString());
      return `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'victim' })).toString('base64url')}.${signature}`;
    },
    'cut short': async () => (await forged((jwt) => jwt)).slice(0, -4),
    'that is none': async () => 'a.b.c',
  };
  for (const [what, make] of Object.entries(FORGERIES)) {
    test(`${what} is refused`, async () => {
      assertRefused(await use(await make()), 'session_invalid', 401);
    });
  }

  test('is no API key, and an API key is no session', async () => {
    const token = await shared.proxy.session();
    const { id } = await shared.proxy.order();
    const as = (bearer: string, method: string, path: string, body?: object) =>
      shared.proxy.page(method, path, body, { authorization: `Bearer ${bearer}` });

    for (const [method, path] of [
      ['GET', '/v1/orders'],
      ['POST', '/v1/orders'],
      ['POST', `/v1/orders/${id}/close`],
      ['GET', '/v1/events'],
      ['GET', '/metrics'],
    ] as const) {
      assertRefused(await as(token, method, path, method === 'POST' ? {} : undefined), 'unauthorized', 401);
    }
    const page = (await as(token, 'GET', `/v1/orders/${id}`)).json;
    assert.equal('outTradeNo' in page, false, 'a payer sees what a page sees');
    assertRefused(await as(API_KEY, 'POST', `/v1/orders/${id}/payments`, { channel: 'jsapi' }), 'session_invalid', 401);
    assertRefused(await as(API_KEY, 'GET', `/v1/jssdk/config?url=${SHOP}/`), 'session_invalid', 401);
  });

  test('outlives the rotation of the secret for as long as the old one is listed', async (t) => {
    const proxy = await startHarness(t);
    const { id } = await proxy.order();
    const read = async (token: string) =>
      (await proxy.page('GET', `/v1/orders/${id}`, undefined, { authorization: `Bearer ${token}` })).status;
    const rotate = async (secrets: string) => {
      proxy.environment.SESSION_SECRET = secrets;
      await proxy.restart();
    };
    const next = 'the-next-session-secret-0123456789';
    const old = await proxy.session();

    await rotate(`${next},${SESSION_SECRET}`);
    const fresh = await proxy.session();
    assert.deepEqual([await read(old), await read(fresh)], [200, 200]);

    await rotate(next);
    assert.deepEqual([await read(old), await read(fresh)], [401, 200]);

    await rotate(SESSION_SECRET);
    assert.deepEqual([await read(old), await read(fresh)], [200, 401]);
  });
});
