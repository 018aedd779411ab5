import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../widgets/core/failure.ts';
import { type SignInPage, type SignInReturn, takeReturn } from '../../widgets/core/sign-in.ts';
import { Session, type SessionWorld } from '../../widgets/core/wechat/session.ts';
import { settled } from './fake-clock.ts';

const NOW = Date.parse('2026-03-01T08:00:00.000Z');
const LATER = '2026-03-01T10:00:00.000Z';

/** A page with an address, a history and a sessionStorage that outlives it. */
function aPage(href: string, kept = new Map<string, string>()) {
  const page = {
    kept,
    left: [] as string[],
    announced: 0,
    url: new URL(href),
  };
  const signInPage: SignInPage = {
    location: {
      get href() {
        return page.url.href;
      },
      get hash() {
        return page.url.hash;
      },
      get pathname() {
        return page.url.pathname;
      },
      get search() {
        return page.url.search;
      },
      assign: (url) => page.left.push(String(url)),
    },
    history: {
      state: { kept: true },
      replaceState: (_state, _title, url) => {
        page.url = new URL(String(url), page.url);
      },
    },
    storage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    },
    scroll: () => [0, 420],
    announce: () => {
      page.announced++;
    },
  };
  return { page, signInPage };
}

interface Options {
  href?: string;
  kept?: Map<string, string>;
  meta?: string;
  returned?: SignInReturn | undefined;
}

function arrange({ href = 'https://shop.test/pay?order=1#/cart', kept, meta, returned }: Options = {}) {
  const { page, signInPage } = aPage(href, kept);
  const exchanges: [string, string][] = [];
  let comeBack = () => {};
  let exchangeError: unknown;
  const world: SessionWorld = {
    proxy: {
      address: 'https://pay.test',
      createSession: async (code, verifier) => {
        exchanges.push([code, verifier]);
        if (exchangeError) throw exchangeError;
        return { token: `token-${code}`, expiresAt: LATER };
      },
      authorizeUrl: (returnTo, challenge) =>
        `https://pay.test/authorize?${new URLSearchParams({ returnTo, challenge })}`,
    },
    page: signInPage,
    metaToken: () => meta,
    failure,
    now: () => NOW,
    createChallenge: async () => ({ verifier: 'v1', challenge: 'c1' }),
    wait: () =>
      new Promise((resolve) => {
        comeBack = resolve;
      }),
  };
  return {
    page,
    signInPage,
    exchanges,
    session: new Session(world, returned),
    comeBack: () => comeBack(),
    refuseExchange: (error: unknown) => {
      exchangeError = error;
    },
  };
}

const CLICK = { purpose: 'ord_1', mayLeave: true };
const RESUMED = { purpose: 'ord_1', mayLeave: false };
const give = async (token: string) => token;

function returnedWith(answer: { code?: string; error?: string }): SignInReturn {
  return { proxy: 'https://pay.test', purpose: 'ord_1', verifier: 'v1', scroll: [0, 420], ...answer };
}

describe('a session', () => {
  it('is the one that the site put into the page', async () => {
    const { session, page } = arrange({ meta: 'from-site' });
    assert.equal(await session.with(CLICK, give), 'from-site');
    assert.deepEqual(page.left, []);
  });

  it('leaves the page for the sign-in, and remembers it', async () => {
    const { session, page, comeBack } = arrange();
    const using = session.with(CLICK, give);
    await settled();
    const left = new URL(page.left[0]!);
    assert.equal(left.searchParams.get('returnTo'), 'https://shop.test/pay?order=1');
    assert.equal(left.searchParams.get('challenge'), 'c1');
    assert.ok(!page.left[0]!.includes('v1'), 'the verifier stays here');
    comeBack();
    await assert.rejects(using, { code: 'sign_in_failed' });
    assert.equal(page.kept.size, 0, 'a departure that did not happen is forgotten');
  });

  it('comes back with a code, which it exchanges once and keeps', async () => {
    const { session, exchanges, page } = arrange({ returned: returnedWith({ code: 'abc' }) });
    assert.equal(await session.with(RESUMED, give), 'token-abc');
    assert.equal(await session.with(CLICK, give), 'token-abc');
    assert.deepEqual(exchanges, [['abc', 'v1']]);
    const next = arrange({ kept: page.kept });
    assert.equal(await next.session.with(CLICK, give), 'token-abc');
  });

  it('does not use one that is about to expire', async () => {
    const kept = new Map([
      ['weixin-widgets:session:https://pay.test', '{"token":"old","expiresAt":"2026-03-01T08:00:20.000Z"}'],
    ]);
    const { session } = arrange({ kept });
    await assert.rejects(session.with(RESUMED, give), { code: 'session_invalid' });
  });

  it('is renewed once where the proxy no longer takes it', async () => {
    const { session } = arrange({ meta: 'stale', returned: returnedWith({ code: 'abc' }) });
    const used: string[] = [];
    const token = await session.with(CLICK, async (each) => {
      used.push(each);
      if (each === 'stale') throw failure('session_invalid', { status: 401 });
      return each;
    });
    assert.equal(token, 'token-abc');
    assert.deepEqual(used, ['stale', 'token-abc']);
    assert.equal(await session.with(CLICK, give), 'token-abc', 'the stale one is not tried again');
  });

  it('never redirects without a click, so that no loop can form', async () => {
    const { session, page } = arrange({ returned: returnedWith({ code: 'abc' }) });
    const refuse = async () => {
      throw failure('session_invalid', { status: 401 });
    };
    await assert.rejects(session.with(RESUMED, refuse), { code: 'session_invalid' });
    assert.deepEqual(page.left, []);
  });

  it('says why the sign-in did not work', async () => {
    const { session } = arrange({ returned: returnedWith({ error: 'oauth_failed' }) });
    await assert.rejects(session.with(RESUMED, give), { code: 'oauth_failed' });
    const refused = arrange({ returned: returnedWith({ code: 'abc' }) });
    refused.refuseExchange(failure('oauth_code_invalid', { status: 400 }));
    await assert.rejects(refused.session.with(RESUMED, give), { code: 'oauth_code_invalid' });
  });

  it('passes on what its use throws', async () => {
    const { session } = arrange({ meta: 'from-site' });
    const use = async () => {
      throw failure('order_paid', { status: 409 });
    };
    await assert.rejects(session.with(CLICK, use), { code: 'order_paid' });
  });
});

describe('coming back from the sign-in', () => {
  async function departed() {
    const { session, page } = arrange();
    session.with(CLICK, give).catch(() => {});
    await settled();
    return page.kept;
  }

  it('puts the address and the fragment back, and brings where it was scrolled to', async () => {
    const { page, signInPage } = aPage('https://shop.test/pay?order=1#wx_code=abc', await departed());
    assert.deepEqual(takeReturn(signInPage), returnedWith({ code: 'abc' }));
    assert.equal(page.url.href, 'https://shop.test/pay?order=1#/cart');
  });

  it('brings what the page was left for, be it an order or pictures', async () => {
    const purpose = 'image-uploader photos';
    const { session, page } = arrange();
    session.with({ purpose, mayLeave: true }, give).catch(() => {});
    await settled();
    const { signInPage } = aPage('https://shop.test/review#wx_code=abc', page.kept);
    assert.equal(takeReturn(signInPage)?.purpose, purpose);
  });

  it('takes an error back, and what a router made of the fragment', async () => {
    const { page, signInPage } = aPage('https://shop.test/pay?order=1#/wx_error=oauth_failed', await departed());
    assert.deepEqual(takeReturn(signInPage), returnedWith({ error: 'oauth_failed' }));
    assert.equal(page.announced, 1, 'the router is told to look again');
  });

  it('strips a code that this browser did not ask for, and does nothing with it', () => {
    const { page, signInPage } = aPage('https://shop.test/pay?order=1#wx_code=stolen');
    assert.equal(takeReturn(signInPage), undefined);
    assert.equal(page.url.href, 'https://shop.test/pay?order=1');
  });

  it('forgets the departure where the payer came back by another way', async () => {
    const kept = await departed();
    const { page, signInPage } = aPage('https://shop.test/pay?order=1#/cart', kept);
    assert.equal(takeReturn(signInPage), undefined);
    assert.equal(page.url.href, 'https://shop.test/pay?order=1#/cart');
    assert.equal(kept.size, 0);
  });

  it('lives with a storage that holds something else', () => {
    const kept = new Map([['weixin-widgets:sign-in', '{broken']]);
    const { signInPage } = aPage('https://shop.test/#wx_code=abc', kept);
    assert.equal(takeReturn(signInPage), undefined);
  });
});
