import { aTimeout, expect, waitUntil } from '@open-wc/testing';
import type { ShareErrorEvent, ShareMeta, ShareReadyEvent } from '../../widgets/index.ts';
import { Scene } from './scene.ts';

/** A page that is shared, in a frame of its own, with the built widgets and the real weixin-js-sdk. */
interface SharedWindow extends Window {
  invoked: { name: string; args: Record<string, unknown>; url: string }[];
  heard: (ShareReadyEvent | ShareErrorEvent)[];
  violations: string[];
  pushed: string[];
}

describe('<share-meta> in a page', () => {
  let scene: Scene;
  let frame: HTMLIFrameElement;

  beforeEach(() => {
    scene = new Scene();
    frame = document.createElement('iframe');
    frame.width = '375';
    frame.height = '700';
  });

  afterEach(() => frame.remove());

  const page = () => frame.contentWindow as SharedWindow;
  const element = () => page().document.querySelector('share-meta') as ShareMeta;
  const calls = (name: string) => page().invoked.filter((each) => each.name === name);
  const chat = () => calls('updateAppMessageShareData').map(({ args }) => args);
  const moments = () => calls('updateTimelineShareData').map(({ args }) => args);
  const ready = () => page().heard.filter(({ type }) => type === 'share-ready') as ShareReadyEvent[];
  const codes = () =>
    page()
      .heard.filter(({ type }) => type === 'share-error')
      .map(({ detail }) => (detail as ShareErrorEvent['detail']).error.code);
  const contentOf = (selector: string) => page().document.head.querySelector<HTMLMetaElement>(selector)?.content;
  const signedPaths = async () =>
    (await scene.calls('GET /v1/jssdk/config')).map(({ query }) => new URL(query.url!).pathname.split('/').pop());
  const seen = (what: string, condition: () => unknown) =>
    waitUntil(
      () => {
        try {
          return Boolean(condition());
        } catch {
          return false; // the page is not there yet
        }
      },
      what,
      { timeout: 8_000 },
    );

  function open(name: string, client = 'android', more = ''): void {
    const query = new URLSearchParams({ client, 'weixin-proxy': scene.proxy });
    frame.src = `/test/widgets/pages/${name}?${query}${more}`;
    document.body.append(frame);
  }

  it('sets both cards in WeChat, with one configuration, and the tags of other apps', async () => {
    await scene.ready();
    open('share.html', 'android', '&from=timeline&isappinstalled=0#top');
    await seen('ready', () => element().state === 'ready');
    const { origin, pathname } = page().location;
    const link = `${origin}${pathname}?${new URLSearchParams({ client: 'android', 'weixin-proxy': scene.proxy })}`;
    const icon = `${origin}/test/widgets/pages/share-icon.svg`;
    expect(chat()).to.have.length(1);
    expect(chat()[0]).to.deep.include({ title: 'A tea', desc: 'Picked in April', link, imgUrl: icon });
    expect(moments()[0]).to.deep.include({ title: 'A tea', link, imgUrl: icon });
    expect(calls('preVerifyJSAPI')).to.have.length(1);
    expect(calls('preVerifyJSAPI')[0]!.args.verifyJsApiList).to.include.members([
      'updateAppMessageShareData',
      'updateTimelineShareData',
    ]);
    expect(ready().map(({ detail }) => detail)).to.deep.equal([
      { title: 'A tea', description: 'Picked in April', link, icon },
    ]);
    expect(contentOf('[property="og:url"]')).to.equal(link);
    await aTimeout(300);
    expect(codes()).to.deep.equal([]);
  });

  for (const [client, signed] of [
    ['android', ['share.html', 'third']],
    ['ios', ['share.html']],
  ] as const) {
    it(`sets the last card of a burst of routes, and follows the title (${client})`, async () => {
      await scene.ready();
      open('share.html', client);
      await seen('ready', () => ready().length === 1);
      for (const path of ['first', 'second', 'third']) page().history.pushState({}, '', path);
      page().document.title = 'Third';
      await seen('the third', () => ready().length === 2);
      expect(chat().map(({ title }) => title)).to.deep.equal(['A tea', 'Third']);
      expect(String(chat()[1]!.link)).to.match(/\/third$/);
      expect(await signedPaths()).to.deep.equal(signed);
      // Routers may change the title long after the address.
      page().document.title = 'The third, at last';
      await seen('the title', () => ready().length === 3);
      expect(moments()[2]!.title).to.equal('The third, at last');
      page().history.back();
      await seen('the way back', () => /\/second$/.test(String(chat()[3]?.link)));
    });
  }

  it('lets no late answer for an earlier route set its card', async () => {
    const body = { appId: 'wx0000', timestamp: 1770000000, nonceStr: 'n', signature: 'x' };
    await scene.ready({}, { 'GET /v1/jssdk/config': [{ body, delay: 700 }, { body }] });
    open('share.html');
    await waitUntil(async () => (await signedPaths()).length === 1, 'the first signature is asked for');
    page().history.replaceState({}, '', 'later');
    page().document.title = 'Later';
    await seen('ready', () => ready().length === 1);
    await aTimeout(900);
    expect(chat().map(({ title }) => title)).to.deep.equal(['Later']);
    expect(ready()).to.have.length(1);
  });

  it('sets no card for an element that is gone before its turn', async () => {
    const body = { appId: 'wx0000', timestamp: 1770000000, nonceStr: 'n', signature: 'x' };
    await scene.ready({}, { 'GET /v1/jssdk/config': [{ body, delay: 500 }] });
    open('share.html');
    await waitUntil(async () => (await signedPaths()).length === 1, 'the signature is asked for');
    element().remove();
    await aTimeout(900);
    expect(calls('preVerifyJSAPI')).to.have.length(1);
    expect(chat()).to.deep.equal([]);
  });

  it('leaves a canonical address behind with the route that it is of', async () => {
    await scene.ready();
    open('share.html');
    await seen('ready', () => ready().length === 1);
    const canonical = page().document.createElement('link');
    Object.assign(canonical, { rel: 'canonical', href: '/tea?utm_source=x' });
    page().document.head.append(canonical);
    await seen('the canonical address', () => /\/tea$/.test(String(chat()[1]?.link)));
    page().history.pushState({}, '', 'next');
    await seen('the next route', () => /\/next$/.test(String(chat()[2]?.link)));
    canonical.href = '/next?id=7';
    await seen('that of the next route', () => /\/next\?id=7$/.test(String(chat()[3]?.link)));
  });

  it('signs the address that the page was entered by on iOS, also where a router has changed it before', async () => {
    await scene.ready();
    open('share.html', 'ios', '&early=moved');
    await seen('ready', () => ready().length === 1);
    expect(page().location.pathname).to.match(/moved$/);
    expect(await signedPaths()).to.deep.equal(['share.html']);
  });

  it('says once that it cannot be set, over several routes, and sets it when the page is seen again', async () => {
    await scene.ready({}, { 'GET /v1/jssdk/config': [scene.problem('origin_not_allowed', 403)] });
    open('share.html', 'ios');
    await seen('the error', () => element().state === 'error');
    page().history.pushState({}, '', 'next');
    await waitUntil(async () => (await signedPaths()).length === 2, 'the next try');
    await aTimeout(200);
    expect(codes()).to.deep.equal(['origin_not_allowed']);
    await scene.ready();
    page().document.dispatchEvent(new Event('visibilitychange'));
    await seen('ready', () => element().state === 'ready');
    expect(String(chat()[0]!.link)).to.match(/\/next$/);
  });

  it('shares by the last element that came, and by the one before when that is gone', async () => {
    await scene.ready();
    open('share.html');
    await seen('the first', () => ready().length === 1);
    const second = page().document.createElement('share-meta') as ShareMeta;
    second.shareTitle = 'Second';
    element().after(second);
    await seen('the second', () => second.state === 'ready');
    expect(element().state).to.equal('idle');
    expect(contentOf('[property="og:title"]')).to.equal('Second');
    expect(contentOf('[name="twitter:title"]')).to.equal('Second');
    second.remove();
    await seen('the first again', () => element().state === 'ready');
    expect(chat().map(({ title }) => title)).to.deep.equal(['A tea', 'Second', 'A tea']);
    expect(contentOf('[property="og:title"]')).to.equal('The page’s own');
    expect(contentOf('[name="twitter:title"]')).to.equal('A tea');
    element().remove();
    await seen('no tag of ours', () => contentOf('[name="twitter:title"]') === undefined);
    expect(contentOf('[property="og:title"]')).to.equal('The page’s own');
    expect(page().document.head.querySelectorAll('[itemprop], [name^=twitter], [property]')).to.have.length(1);
  });

  it('sets a card once where three copies of the bundle are loaded, and leaves the page its own history', async () => {
    await scene.ready();
    open('share-both.html');
    await seen('ready', () => ready().length === 1);
    page().history.pushState({}, '', 'next');
    expect(page().pushed).to.deep.equal(['after', 'before']);
    expect(page().location.pathname).to.match(/\/next$/);
    await seen('the next', () => ready().length === 2);
    await aTimeout(200);
    expect(chat()).to.have.length(2);
    expect(page().document.head.querySelectorAll('[property="og:title"]')).to.have.length(1);
    expect(await signedPaths()).to.deep.equal(['share-both.html', 'next']);
  });

  for (const client of ['mini-program', 'enterprise-wechat']) {
    it(`leaves sharing to the client, but for the tags (${client})`, async () => {
      await scene.ready();
      open('share.html', client);
      await seen('the tags', () => contentOf('[name="twitter:title"]') === 'A tea');
      await aTimeout(300);
      expect(element().state).to.equal('idle');
      expect(page().invoked).to.deep.equal([]);
      expect(page().heard).to.deep.equal([]);
    });
  }

  it('asks neither WeChat nor the proxy for anything outside WeChat', async () => {
    await scene.ready();
    open('share.html', 'desktop');
    await seen('ready', () => element().state === 'ready');
    await aTimeout(300);
    expect(await scene.calls('GET /v1/jssdk/config')).to.deep.equal([]);
    const files = (page() as unknown as typeof globalThis).performance.getEntriesByType('resource');
    expect(files.filter(({ name }) => /wechat|js-sdk/.test(name))).to.deep.equal([]);
  });

  it('works under a strict Content-Security-Policy, which says nothing about an icon that it blocks', async () => {
    await scene.ready();
    open('share-strict.html');
    await seen('ready', () => element().state === 'ready');
    await seen('the preview', () => element().shadowRoot!.querySelector('[part=chat]'));
    await aTimeout(500);
    expect(codes()).to.deep.equal([]);
    const violations = page().violations.filter((violation) => !/__web-dev-server__|^img-src/.test(violation));
    expect(violations).to.deep.equal([]);
    const chatCard = element().shadowRoot!.querySelector('[part=chat] [part=card]')!;
    expect(page().getComputedStyle(chatCard).borderRadius).to.equal('6px');
  });

  it('says so where WeChat does not respond', async () => {
    open('share.html', 'without-bridge');
    await seen('the error', () => element().state === 'error');
    expect(codes()).to.deep.equal(['bridge_missing']);
    const { detail } = page().heard[0] as ShareErrorEvent;
    expect(detail.error.cause['zh-CN']).to.include('分享');
  });

  it('configures the JS-SDK once for open tags and for the card', async () => {
    await scene.ready();
    open('share-open-tags.html', 'android', '&with=share-meta');
    await seen('ready', () => element().state === 'ready');
    await aTimeout(600);
    expect(calls('preVerifyJSAPI')).to.have.length(1);
    expect(calls('preVerifyJSAPI')[0]!.args.verifyOpenTagList).to.have.length(2);
  });

  it('configures the JS-SDK for open tags that the page names, also without an element that wants it', async () => {
    await scene.ready();
    open('share-open-tags.html');
    await seen('the configuration', () => calls('preVerifyJSAPI').length === 1);
    expect(calls('preVerifyJSAPI')[0]!.args.verifyOpenTagList).to.deep.equal([
      'wx-open-launch-weapp',
      'wx-open-subscribe',
    ]);
    frame.remove();
    open('share-open-tags.html', 'desktop');
    await seen('the page', () => page().customElements.get('order-card'));
    await aTimeout(300);
    expect(await scene.calls('GET /v1/jssdk/config')).to.have.length(1);
  });
});
