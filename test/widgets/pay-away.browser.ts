import { aTimeout, expect } from '@open-wc/testing';
import type { BridgeAnswer } from '../../widgets/core/wechat/bridge.ts';
import type { PayButton, PayErrorEvent, PayStartEvent } from '../../widgets/index.ts';
import { Scene } from './scene.ts';
import { waitUntil } from './wait-until.ts';

interface ShopWindow extends Window {
  invoked: { name: string; args: { name?: string; arg?: unknown }; callback: (answer: BridgeAnswer) => void }[];
  heard?: Event[];
}

/** A whole page of a shop, in a frame of its own, with the built widgets: the payer leaves it to pay, and comes back. */
describe('leaving the page to pay', () => {
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
  const button = () => shop().document.querySelector<PayButton>('pay-button')!;
  const part = (name: string) => button().shadowRoot!.querySelector<HTMLElement>(`[part=${name}]`);
  const textOf = () => button().shadowRoot!.textContent!.replace(/\s+/g, ' ').trim();
  const types = () => (shop().heard ?? []).map(({ type }) => type).filter((type) => type.startsWith('pay-'));
  const state = (wanted: string) => seen(`state ${wanted}`, () => button().getAttribute('state') === wanted);
  const asked = () => seen('the question', () => textOf().includes('I have paid') && textOf().includes('Pay again'));
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

  const h5Route = 'GET /h5';
  const ready = (...answers: Parameters<Scene['script']>[0][string]) =>
    scene.ready({}, { [scene.paymentRoute]: answers.length ? answers : [scene.h5()], [h5Route]: [{ html: 'WeChat' }] });

  /** Clicks, and waits at WeChat's page; gives what that was asked with. */
  async function leave() {
    await seen('the amount', () => textOf().includes('39.80'));
    button().click();
    let calls: Awaited<ReturnType<Scene['calls']>> = [];
    while (!calls.length) {
      await aTimeout(50);
      calls = await scene.calls(h5Route);
    }
    return calls.at(-1)!;
  }

  function comeBack(redirectUrl: string): Promise<unknown> {
    const shown = new Promise((resolve) => {
      frame.onload = resolve;
    });
    frame.src = 'about:blank';
    return shown.then(() => {
      frame.src = redirectUrl;
    });
  }

  for (const page of ['module.html', 'iife.html', 'no-referrer.html']) {
    it(`goes to WeChat’s page with a Referer and the way back, and asks the payer who is back (${page})`, async () => {
      await ready();
      open(page, { client: 'phone' }, '#/cart/7');
      let started: PayStartEvent | undefined;
      await seen('the button', () => button().shadowRoot);
      button().addEventListener('pay-start', (event) => {
        started = event;
      });
      const { href } = shop().location;
      const { query, referer } = await leave();
      expect(query).to.deep.equal({ prepay_id: 'wx1', redirect_url: href });
      expect(referer).to.equal(`${location.origin}/`);
      expect(started!.detail.channel).to.equal('h5');
      await comeBack(query.redirect_url!);
      await asked();
      await aTimeout(2_500);
      expect(button().getAttribute('state')).to.equal('paying');
      expect(types()).to.deep.equal([]);
      const [payment] = await scene.calls(scene.paymentRoute);
      expect(payment!.body).to.deep.equal({ channel: 'h5' });
      expect(payment!.authorization).to.equal(undefined);
      await scene.setStatus('paid');
      await state('paid');
      expect(types()).to.deep.equal(['pay-success']);
      // And a page that is opened after that starts afresh.
      await comeBack(query.redirect_url!);
      await state('paid');
      expect(types()).to.deep.equal([]);
    });
  }

  it('believes no “I have paid”', async () => {
    await ready();
    open('module.html', { client: 'phone' });
    const { query } = await leave();
    await comeBack(query.redirect_url!);
    await asked();
    part('button')!.click();
    await state('confirming');
    await aTimeout(2_500);
    expect(button().getAttribute('state')).to.equal('confirming');
    expect(part('again')).not.to.equal(null);
    expect(types()).to.deep.equal([]);
    await scene.setStatus('paid');
    await state('paid');
    expect(types()).to.deep.equal(['pay-success']);
  });

  it('pays again where the payer did not', async () => {
    await ready();
    open('module.html', { client: 'phone' });
    const { query } = await leave();
    await comeBack(query.redirect_url!);
    await asked();
    const heard: Event[] = [];
    for (const type of ['pay-start', 'pay-error']) shop().document.addEventListener(type, (event) => heard.push(event));
    part('again')!.click();
    await waitUntil(async () => (await scene.calls(h5Route)).length === 2, 'WeChat’s page again', { timeout: 5_000 });
    expect(heard.map(({ type }) => type)).to.deep.equal(['pay-error', 'pay-start']);
    expect((heard[0] as PayErrorEvent).detail.error.code).to.equal('payment_unconfirmed');
  });

  it('goes to the return page where the payment was made meanwhile', async () => {
    await ready();
    open('module.html', { client: 'phone', 'return-url': 'strict.html?thanks' });
    const { query } = await leave();
    await scene.setStatus('paid');
    await comeBack(query.redirect_url!);
    await seen('success', () => types().includes('pay-success'));
    await seen('the return page', () => shop().location.href.endsWith('/strict.html?thanks'));
  });

  it('closes, with its one event, where the order ended meanwhile', async () => {
    await ready();
    open('module.html', { client: 'phone' });
    const { query } = await leave();
    await scene.setStatus('expired');
    await comeBack(query.redirect_url!);
    await state('closed');
    expect(types()).to.deep.equal(['pay-error']);
  });

  it('asks on the page itself where the browser did not leave it', async () => {
    await ready();
    await scene.script({ [h5Route]: [{ status: 204, html: '' }] });
    open('module.html', { client: 'phone' });
    await leave();
    expect(types()).to.deep.equal(['pay-start']);
    // What the back-forward cache tells a page.
    shop().dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await asked();
    expect(types()).to.deep.equal(['pay-start']);
    await scene.setStatus('paid');
    await state('paid');
    expect(types()).to.deep.equal(['pay-start', 'pay-success']);
  });

  it('stays silent on the page that was left, where a later one has ended the attempt', async () => {
    await ready();
    await scene.script({ [h5Route]: [{ status: 204, html: '' }] });
    open('module.html', { client: 'phone' });
    await leave();
    sessionStorage.clear();
    await scene.setStatus('paid');
    shop().dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await state('paid');
    expect(types()).to.deep.equal(['pay-start']);
  });

  it('does not go to an address that is none', async () => {
    await ready({ body: { channel: 'h5', url: 'javascript:window.hacked=true;//' } });
    open('module.html', { client: 'phone' });
    await seen('the amount', () => textOf().includes('39.80'));
    button().click();
    await state('failed');
    expect('hacked' in shop()).to.equal(false);
    expect(types()).to.deep.equal(['pay-start', 'pay-error']);
  });

  it('goes on after a reload while the pay sheet was open', async () => {
    await scene.ready();
    open('module.html', { 'weixin-session': 's', 'return-url': 'strict.html?thanks' });
    await seen('the button', () => button().shadowRoot);
    button().click();
    await seen('the pay sheet', () => shop().invoked.some(({ name }) => name === 'getBrandWCPayRequest'));
    await state('paying');
    shop().location.reload();
    await asked();
    await scene.setStatus('paid');
    await seen('success', () => types().includes('pay-success'));
    expect(types()).to.deep.equal(['pay-success']);
    await seen('the return page', () => shop().location.href.endsWith('/strict.html?thanks'));
  });

  it('shows the code again after a reload, in the same attempt', async () => {
    await ready(scene.code());
    open('module.html', { client: 'desktop' });
    await seen('the amount', () => textOf().includes('39.80'));
    button().click();
    await seen('the code', () => part('code'));
    const { heard } = shop();
    shop().location.reload();
    await seen('the code again', () => shop().heard !== heard && part('code'));
    await scene.setStatus('paid');
    await state('paid');
    expect(types()).to.deep.equal(['pay-success']);
  });

  describe('for a page of the mini program', () => {
    const path = '/pages/pay/index?id=1&from=web%2Fview#x';
    const navigations = () => shop().invoked.filter(({ name }) => name === 'invokeMiniProgramAPI');

    it('opens it by the JS-SDK, to the letter, and asks the payer who is back', async () => {
      await scene.ready();
      open('module.html', { client: 'mini-program', 'mini-program-path': path });
      await seen('the amount', () => textOf().includes('39.80'));
      expect(button().miniProgramPath).to.equal(path);
      button().click();
      await seen('the navigation', () => navigations().length === 1);
      const { args, callback } = navigations()[0]!;
      expect([args.name, args.arg]).to.deep.equal(['navigateTo', { url: path }]);
      callback({ err_msg: 'invokeMiniProgramAPI:ok' });
      expect((shop().heard!.find(({ type }) => type === 'pay-start') as PayStartEvent).detail.channel).to.equal(
        'mini-program',
      );
      shop().document.dispatchEvent(new Event('visibilitychange'));
      await asked();
      expect(await scene.calls(scene.paymentRoute)).to.deep.equal([]);
      await scene.setStatus('paid');
      await state('paid');
      expect(types()).to.deep.equal(['pay-start', 'pay-success']);
    });

    it('says so where the mini program refuses', async () => {
      await scene.ready();
      open('module.html', { client: 'mini-program', 'mini-program-path': path });
      await seen('the amount', () => textOf().includes('39.80'));
      button().click();
      await seen('the navigation', () => navigations().length === 1);
      navigations()[0]!.callback({ err_msg: 'invokeMiniProgramAPI:fail page not found' });
      await state('failed');
      expect(textOf()).to.include('The mini program’s page for paying did not open.');
      expect(types()).to.deep.equal(['pay-start', 'pay-error']);
    });
  });
});
