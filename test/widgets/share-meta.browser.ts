import { aTimeout, expect, fixture, html, waitUntil } from '@open-wc/testing';
import '../../widgets/share-meta/index.ts';
import type { ShareErrorEvent, ShareMeta, ShareReadyEvent } from '../../widgets/share-meta/index.ts';
import { recordEvents } from './scene.ts';

describe('<share-meta> in a browser', () => {
  const heard = recordEvents<ShareErrorEvent>('share-error');
  const errors = () => heard.map(({ detail }) => [detail.error.code, detail.warning]);
  const tags = () =>
    [...document.head.querySelectorAll<HTMLMetaElement>('[property], [itemprop], [name^=twitter]')].map((meta) => [
      meta.getAttribute('property') ?? meta.getAttribute('itemprop') ?? meta.name,
      meta.content,
    ]);
  const part = (element: ShareMeta, name: string) => element.shadowRoot!.querySelector<HTMLElement>(`[part=${name}]`);
  const state = (element: ShareMeta, wanted: string) =>
    waitUntil(() => element.getAttribute('state') === wanted, `state ${wanted}`, { timeout: 4_000 });

  beforeEach(() => {
    heard.length = 0;
  });

  it('puts the tags that other apps read into the head, and takes them away with it', async () => {
    const element = await fixture<ShareMeta>(html`
      <share-meta share-title=" Tea " share-description="Green" share-link="/tea" share-icon="tea.png"></share-meta>
    `);
    await state(element, 'ready');
    const link = `${location.origin}/tea`;
    const icon = new URL('tea.png', document.baseURI).href;
    expect(Object.fromEntries(tags())).to.deep.equal({
      'og:title': 'Tea',
      'og:description': 'Green',
      'og:url': link,
      'og:image': icon,
      'og:type': 'website',
      name: 'Tea',
      description: 'Green',
      image: icon,
      'twitter:card': 'summary',
      'twitter:title': 'Tea',
      'twitter:description': 'Green',
      'twitter:image': icon,
    });
    expect(tags()).to.have.length(12);
    element.shareDescription = '';
    await waitUntil(() => tags().length === 9, 'no empty tags');
    element.remove();
    await waitUntil(() => tags().length === 0, 'no tags');
  });

  it('borrows the page’s own tags, and gives back what the page has put in since', async () => {
    const own = document.createElement('meta');
    own.setAttribute('property', 'og:title');
    own.content = 'Own';
    const type = document.createElement('meta');
    type.setAttribute('property', 'og:type');
    type.content = 'product';
    document.head.append(own, type);
    const element = await fixture<ShareMeta>(html`<share-meta share-title="Tea"></share-meta>`);
    await state(element, 'ready');
    expect([own.content, type.content]).to.deep.equal(['Tea', 'product']);
    own.content = 'Own, changed';
    await waitUntil(() => own.content === 'Tea', 'borrowed again');
    element.remove();
    await waitUntil(() => own.content === 'Own, changed', 'given back');
    expect(tags()).to.have.length(2);
    own.remove();
    type.remove();
  });

  it('tells each problem once, when the card is set already', async () => {
    const order: string[] = [];
    for (const type of ['share-ready', 'share-error']) document.addEventListener(type, () => order.push(type));
    const element = await fixture<ShareMeta>(html`<share-meta share-icon="/demo/screenshot.png"></share-meta>`);
    await waitUntil(() => heard.length === 2, 'the problems of the icon');
    expect(errors()).to.deep.equal([
      ['share_icon_not_square', true],
      ['share_icon_too_large', true],
    ]);
    expect(heard[0]!.detail.error.message).to.include('1280 × 800');
    expect(heard[1]!.detail.error.message).to.match(/\d+ KB/);
    expect(order).to.deep.equal(['share-ready', 'share-error', 'share-error']);
    element.shareTitle = 'Another';
    await waitUntil(() => order.length === 4, 'the other card');
    await aTimeout(300);
    expect(heard).to.have.length(2);
    element.shareIcon = '/no-such-icon.png';
    await waitUntil(() => heard.length === 3, 'the other icon');
    expect(errors()[2]).to.deep.equal(['share_icon_unloadable', false]);
    expect(element.state).to.equal('error');
    element.shareIcon = '/demo/screenshot.png';
    await waitUntil(() => heard.length === 5, 'the problems that are back');
    expect(element.state).to.equal('ready');
  });

  it('leaves out an icon that WeChat would not show, and says why', async () => {
    const ready = recordEvents<ShareReadyEvent>('share-ready');
    const element = await fixture<ShareMeta>(html`<share-meta share-icon="http://shop.example/tea.png"></share-meta>`);
    await waitUntil(() => heard.length === 1, 'the problem');
    element.shareIcon = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';
    await waitUntil(() => heard.length === 2, 'the other problem');
    expect(errors()).to.deep.equal([
      ['share_icon_not_https', false],
      ['share_icon_data_url', false],
    ]);
    expect(ready).to.deep.equal([]);
    expect(element.state).to.equal('error');
    expect(document.head.querySelector('[property="og:image"]')).to.equal(null);
    element.shareIcon = '/test/widgets/pages/share-icon.svg';
    await waitUntil(() => ready.length === 1, 'the card');
    expect(element.state).to.equal('ready');
  });

  for (const [lang, chat, moments] of [
    ['zh-CN', '聊天中的样子', '朋友圈中的样子'],
    ['en', 'In a chat', 'In Moments'],
  ] as const) {
    it(`shows how the card will look (${lang})`, async () => {
      const element = await fixture<ShareMeta>(html`
        <share-meta preview lang=${lang} share-title="Tea" share-icon="/test/widgets/pages/share-icon.svg"></share-meta>
      `);
      await waitUntil(() => part(element, 'preview'), 'the preview');
      expect(part(element, 'chat')!.textContent).to.include(chat).and.to.include('Tea');
      expect(part(element, 'moments')!.textContent).to.include(moments).and.to.include('Tea');
      // WeChat shows the link where there is no description.
      expect(part(element, 'description')!.textContent).to.include(location.host);
      const picture = part(element, 'icon')!.querySelector('img')!;
      await waitUntil(() => picture.naturalWidth === 300, 'the icon');
      await expect(element).to.be.accessible();
      element.shareIcon = '/no-such-icon.png';
      await waitUntil(() => picture.hidden, 'what stands for an icon');
      element.shareIcon = '/test/widgets/pages/share-icon.svg?again';
      await waitUntil(() => !picture.hidden, 'an icon again');
      element.preview = false;
      await element.updateComplete;
      expect(part(element, 'preview')).to.equal(null);
      expect(getComputedStyle(element).display).to.equal('none');
    });
  }
});
