import { aTimeout, expect } from '@open-wc/testing';
import type { BridgeAnswer } from '../../widgets/core/wechat/bridge.ts';
import type { OrderCard, PayButton, PaySuccessEvent } from '../../widgets/index.ts';
import { Scene } from './scene.ts';
import { waitUntil } from './wait-until.ts';

/** A whole page of a shop, in a frame of its own, with the built widgets. */
interface ShopWindow extends Window {
  invoked: { name: string; args: Record<string, unknown>; callback: (answer: BridgeAnswer) => void }[];
  heard?: Event[];
  violations: string[];
  firstHash: string;
  wx?: unknown;
}

describe('the built widgets in a page', () => {
  let scene: Scene;
  let frame: HTMLIFrameElement;

  beforeEach(() => {
    scene = new Scene();
    frame = document.createElement('iframe');
    frame.width = '375';
    frame.height = '700';
  });

  afterEach(() => {
    frame.remove();
    scene.leave();
  });

  const shop = () => frame.contentWindow as ShopWindow;
  const button = (selector = 'pay-button') => shop().document.querySelector<PayButton>(selector)!;
  const types = () => (shop().heard ?? []).map(({ type }) => type).filter((type) => type.startsWith('pay-'));
  const sheets = () => shop().invoked.filter(({ name }) => name === 'getBrandWCPayRequest');
  const seen = (what: string, condition: () => unknown, timeout = 8_000) =>
    waitUntil(
      () => {
        try {
          return Boolean(condition());
        } catch {
          return false; // between two pages
        }
      },
      what,
      { timeout },
    );

  function open(page: string, parameters: Record<string, string> = {}, hash = ''): void {
    const query = new URLSearchParams({ order: scene.orderId, 'weixin-proxy': scene.proxy, ...parameters });
    frame.src = `/test/widgets/pages/${page}?${query}${hash}`;
    document.body.append(frame);
  }

  const paidSession = { body: { token: 'oauth-session', expiresAt: new Date(Date.now() + 7_200_000).toISOString() } };

  for (const page of ['module.html', 'iife.html']) {
    it(`leaves to sign in, comes back as it was and goes on to pay, once (${page})`, async () => {
      await scene.ready(
        {},
        { 'GET /v1/oauth/authorize': [{ returnWith: '#wx_code=one-use' }], 'POST /v1/sessions': [paidSession] },
      );
      open(page, {}, '#/cart/7');
      await seen('the amount', () => button().shadowRoot!.textContent!.includes('39.80'));
      shop().scrollTo(0, 700);
      button().click();
      await seen(
        'the pay sheet after the return',
        () => shop().firstHash === '#wx_code=one-use' && sheets().length === 1,
      );
      expect(shop().location.hash).to.equal('#/cart/7');
      await seen('the scroll', () => shop().scrollY === 700);
      const [authorize] = await scene.calls('GET /v1/oauth/authorize');
      expect(authorize!.query.return_to).to.equal(shop().location.href.split('#')[0]);
      expect(authorize!.query.challenge).to.match(/^[\w-]{43}$/);
      const [session] = await scene.calls('POST /v1/sessions');
      const { code, verifier } = session!.body as { code: string; verifier: string };
      expect(code).to.equal('one-use');
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
      const challenge = btoa(String.fromCharCode(...digest))
        .replace(/\+/g, '-')
        .replace(/\//g, '_')
        .replace(/=/g, '');
      expect(authorize!.query.challenge).to.equal(challenge);
      const [payment] = await scene.calls(scene.paymentRoute);
      expect(payment!.authorization).to.equal('Bearer oauth-session');
      await scene.setStatus('paid');
      sheets()[0]!.callback({ err_msg: 'get_brand_wcpay_request:ok' });
      await seen('paid', () => button().getAttribute('state') === 'paid');
      expect(types()).to.deep.equal(['pay-start', 'pay-success']);
      expect(await scene.calls('POST /v1/sessions')).to.have.length(1);
    });
  }

  it('reads the order once for a load', async () => {
    await scene.ready();
    let shown = 0;
    frame.addEventListener('load', () => shop().addEventListener('pageshow', () => shown++));
    open('module.html', { client: 'desktop' });
    await seen('the order', () => shop().document.querySelector<OrderCard>('order-card')!.state === 'ready');
    await aTimeout(500);
    expect(shown).to.equal(1);
    expect(await scene.calls(scene.orderRoute)).to.have.length(1);
    shop().dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await waitUntil(async () => (await scene.calls(scene.orderRoute)).length === 2, 'the read of a page that is back');
  });

  it('does not go round in circles where the new session is refused too', async () => {
    await scene.ready(
      {},
      {
        'GET /v1/oauth/authorize': [{ returnWith: '#wx_code=one-use' }],
        'POST /v1/sessions': [paidSession],
        [scene.paymentRoute]: [scene.problem('session_invalid', 401)],
      },
    );
    open('module.html');
    await seen('the button', () => button().shadowRoot);
    button().click();
    await seen('failed', () => shop().firstHash === '#wx_code=one-use' && button().getAttribute('state') === 'failed');
    await aTimeout(500);
    expect(await scene.calls('GET /v1/oauth/authorize')).to.have.length(1);
    expect(types()).to.deep.equal(['pay-start', 'pay-error']);
  });

  it('ends the attempt where the sign-in came back with an error', async () => {
    await scene.ready({}, { 'GET /v1/oauth/authorize': [{ returnWith: '#wx_error=oauth_failed' }] });
    open('module.html', {}, '#here');
    await seen('the button', () => button().shadowRoot);
    button().click();
    await seen('failed', () => shop().firstHash.startsWith('#wx_error') && button().getAttribute('state') === 'failed');
    expect(shop().location.hash).to.equal('#here');
    expect(types()).to.deep.equal(['pay-start', 'pay-error']);
  });

  it('pays with widgets that the browser has kept from an earlier version of the proxy', async () => {
    await scene.ready();
    open('earlier.html', { 'weixin-session': 's' });
    await seen('the button', () => button().shadowRoot);
    button().click();
    await seen('the pay sheet', () => sheets().length === 1);
    await seen('wx', () => shop().wx);
  });

  it('loads what a channel needs only where it is needed, once', async () => {
    await scene.ready({}, { [scene.paymentRoute]: [scene.code()] });
    open('module.html', { client: 'desktop' });
    await seen('the amount', () => button().shadowRoot!.textContent!.includes('39.80'));
    const loaded = () =>
      (shop() as unknown as typeof globalThis).performance
        .getEntriesByType('resource')
        .map(({ name }) => /([\w-]+)-.{8}\.js$/.exec(name)?.[1])
        .filter(Boolean);
    expect(loaded()).to.deep.equal([]);
    button().click();
    await seen('the code', () => button().shadowRoot!.querySelector('[part=code]'));
    expect(loaded()).to.deep.equal(['attempt', 'native']);
  });

  for (const [client, seenPart] of [
    ['desktop', '[part=code]'],
    ['phone', '[part=again]'],
  ] as const) {
    it(`pays elsewhere too with widgets that the browser has kept (${client})`, async () => {
      const answers = client === 'desktop' ? [scene.code()] : [scene.h5()];
      await scene.ready({}, { [scene.paymentRoute]: answers, 'GET /h5': [{ status: 204, html: '' }] });
      open('earlier.html', { client });
      await seen('the amount', () => button().shadowRoot!.textContent!.includes('39.80'));
      button().click();
      await seen('paying', () => button().getAttribute('state') === 'paying');
      shop().dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      await seen('what the channel shows', () => button().shadowRoot!.querySelector(seenPart));
    });
  }

  it('goes to the return page a moment after success', async () => {
    await scene.ready();
    open('module.html', { 'weixin-session': 's', 'return-url': 'strict.html?thanks' });
    await seen('the button', () => button().shadowRoot);
    button().click();
    await seen('the pay sheet', () => sheets().length === 1);
    await scene.setStatus('paid');
    sheets()[0]!.callback({ err_msg: 'get_brand_wcpay_request:ok' });
    await seen('paid, still here', () => button().getAttribute('state') === 'paid');
    await seen('the return page', () => shop().location.href.endsWith('/strict.html?thanks'));
  });

  for (const [name, parameters] of [
    ['the page cancels the event', { stay: '', 'return-url': 'strict.html' }],
    ['the address is a script', { 'return-url': 'javascript:window.hacked=true' }],
  ] as const) {
    it(`stays on the page where ${name}`, async () => {
      await scene.ready();
      open('module.html', { 'weixin-session': 's', ...parameters });
      await seen('the button', () => button().shadowRoot);
      button().click();
      await seen('the pay sheet', () => sheets().length === 1);
      const { href } = shop().location;
      await scene.setStatus('paid');
      sheets()[0]!.callback({ err_msg: 'get_brand_wcpay_request:ok' });
      await seen('success', () => types().includes('pay-success'));
      await aTimeout(1_600);
      expect(shop().location.href).to.equal(href);
      expect('hacked' in shop()).to.equal(false);
      expect((shop().heard!.at(-1) as PaySuccessEvent).cancelable).to.equal(true);
    });
  }

  it('loads three copies of the bundle without an error, with one poll, one JS-SDK and one attempt', async () => {
    await scene.ready();
    const errors: string[] = [];
    frame.addEventListener('load', () => shop().addEventListener('error', ({ message }) => errors.push(message)));
    open('both.html', { 'weixin-session': 's' });
    await seen('the amount', () => button('#second').shadowRoot!.textContent!.includes('39.80'));
    await seen('the order', () => shop().document.querySelector<OrderCard>('order-card')!.state === 'ready');
    button().click();
    button('#second').click();
    await seen('the pay sheet', () => sheets().length > 0);
    await seen('wx', () => shop().wx);
    await aTimeout(300);
    expect(sheets()).to.have.length(1);
    expect(await scene.calls(scene.paymentRoute)).to.have.length(1);
    expect(await scene.calls('GET /v1/jssdk/config')).to.have.length(1);
    expect((await scene.calls(scene.orderRoute)).length).to.be.at.most(2);
    expect(errors).to.deep.equal([]);
  });

  for (const page of ['strict.html', 'strict-module.html']) {
    it(`shows a code under a strict Content-Security-Policy (${page})`, async () => {
      await scene.ready({}, { [scene.paymentRoute]: [scene.code(undefined, -1_000)] });
      open(page, { client: 'desktop' });
      await seen('the order', () => shop().document.querySelector<OrderCard>('order-card')!.state === 'ready');
      button().click();
      const code = () => button().shadowRoot!.querySelector('[part=code]')!;
      await seen('the code', () => code().querySelector('path')!.getAttribute('d')!.startsWith('M0 0h1v1h-1z'));
      expect(shop().violations.filter((violation) => !violation.includes('__web-dev-server__'))).to.deep.equal([]);
      expect(shop().getComputedStyle(code()).backgroundColor).to.equal('rgb(255, 255, 255)');
      expect(shop().getComputedStyle(code().querySelector('svg')!).filter).to.include('blur');
      expect(shop().getComputedStyle(button().shadowRoot!.querySelector('[part=button]')!).minHeight).to.equal('48px');
    });

    it(`works under a strict Content-Security-Policy (${page})`, async () => {
      await scene.ready();
      open(page, { 'weixin-session': 's' });
      await seen('the order', () => shop().document.querySelector<OrderCard>('order-card')!.state === 'ready');
      await seen('wx', () => shop().wx);
      button().click();
      await seen('the pay sheet', () => sheets().length === 1);
      await scene.setStatus('paid');
      sheets()[0]!.callback({ err_msg: 'get_brand_wcpay_request:ok' });
      await seen('paid', () => button().getAttribute('state') === 'paid');
      // The test server puts a script of its own into every page.
      expect(shop().violations.filter((violation) => !violation.includes('__web-dev-server__'))).to.deep.equal([]);
      const { backgroundColor } = shop().getComputedStyle(button().shadowRoot!.querySelector('[part=button]')!);
      expect(backgroundColor).not.to.equal('rgba(0, 0, 0, 0)');
    });
  }
});
