import { aTimeout, expect, waitUntil } from '@open-wc/testing';
import type { BridgeAnswer } from '../../widgets/core/wechat/bridge.ts';
import type { ImageUploader } from '../../widgets/index.ts';
import { Scene } from './scene.ts';
import type { ScriptedAnswer } from './scripted-proxy.ts';

const UPLOAD = 'POST /v1/images';

interface ReviewWindow extends Window {
  invoked: { name: string; args: Record<string, unknown>; callback: (answer: BridgeAnswer) => void }[];
  violations: string[];
  firstHash: string;
  isMended?: boolean;
}

/** Whole pages in a frame, with the built widgets. */
describe('the built <image-uploader> in a page', () => {
  let scene: Scene;
  let frame: HTMLIFrameElement;
  let pages = 0;

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

  const page = () => frame.contentWindow as ReviewWindow & typeof globalThis;
  const uploader = (selector = 'image-uploader') => page().document.querySelector<ImageUploader>(selector)!;
  const form = () => page().document.forms[0]!;
  const $ = (selector: string, of = uploader()) => of.shadowRoot!.querySelector<HTMLElement>(selector);
  const sent = () => new FormData(form()).getAll('photos');
  const urlOf = (name: string) => `${scene.proxy}/v1/images/img_${name.padEnd(43, '0')}`;
  const loaded = () =>
    page()
      .performance.getEntriesByType('resource')
      .map(({ name }) => /\/(uploader|pictures)-.{8}\.js$/.exec(name)?.[1])
      .filter(Boolean);
  const seen = (condition: () => unknown, what: string) =>
    waitUntil(
      () => {
        try {
          return Boolean(condition());
        } catch {
          return false; // between two pages
        }
      },
      what,
      { timeout: 8_000 },
    );

  function image(name: string): ScriptedAnswer {
    const body = {
      id: `img_${name.padEnd(43, '0')}`,
      url: urlOf(name),
      type: 'image/png',
      size: 9,
      width: 4,
      height: 3,
    };
    return { status: 201, body };
  }

  function open(name: string, parameters: Record<string, string> = {}): void {
    const given = { 'weixin-proxy': scene.proxy, 'weixin-session': 's', client: 'desktop', page: String(++pages) };
    frame.src = `/test/widgets/pages/${name}?${new URLSearchParams({ ...given, ...parameters })}`;
    document.body.append(frame);
  }

  const ready = () => seen(() => $('[part=add]:not([aria-busy])'), 'the element');

  async function choose(of = uploader(), count = 1): Promise<void> {
    const canvas = document.createElement('canvas');
    const blob = await new Promise<Blob>((resolve) => canvas.toBlob((made) => resolve(made!)));
    const transfer = new (page().DataTransfer)();
    for (let at = 0; at < count; at++)
      transfer.items.add(new (page().File)([blob], `${at}.png`, { type: 'image/png' }));
    const input = $('input', of) as HTMLInputElement;
    input.files = transfer.files;
    input.dispatchEvent(new Event('change'));
  }

  it('loads what it needs ahead, uploads, and has it again after a reload', async () => {
    await scene.script({ [UPLOAD]: [image('a'), image('b')] });
    open('uploader.html');
    await ready();
    await seen(() => loaded().join() === 'uploader,pictures', 'what pictures need');
    await choose(uploader(), 2);
    await seen(() => sent().length === 2, 'both');
    expect(loaded()).to.deep.equal(['uploader', 'pictures']);
    const { value } = uploader();
    page().location.reload();
    await seen(() => loaded().length === 2 && uploader().value === value, 'what was there');
    expect(sent().join()).to.equal(value);
    form().requestSubmit();
    await seen(() => page().location.search.includes('photos='), 'the answer');
    expect(new URLSearchParams(page().location.search).getAll('photos').join()).to.equal(value);
  });

  it('works under a strict Content-Security-Policy', async () => {
    await scene.script({ [UPLOAD]: [image('a')] });
    open('uploader-strict.html');
    await ready();
    await choose();
    await seen(() => sent().length === 1 && $('canvas'), 'the picture');
    const item = $('[part=item]')!.getBoundingClientRect();
    expect(Math.round(item.width)).to.equal(Math.round(item.height));
    expect(page().getComputedStyle($('[part=remove]')!).position).to.equal('absolute');
    // The test server puts a script of its own into every page.
    const violations = page().violations.filter((violation) => !violation.includes('__web-dev-server__'));
    expect(violations).to.deep.equal([]);
  });

  it('works with several copies of the bundle', async () => {
    await scene.script({ [UPLOAD]: [image('a'), image('b')] });
    const errors: string[] = [];
    frame.addEventListener('load', () => page().addEventListener('error', ({ message }) => errors.push(message)));
    open('uploader-both.html');
    await ready();
    await seen(() => $('[part=add]:not([aria-busy])', uploader('#second')), 'the second');
    await choose();
    await choose(uploader('#second'));
    await seen(() => sent().length === 2, 'both');
    expect(loaded().sort()).to.deep.equal(['pictures', 'uploader']);
    expect(errors).to.deep.equal([]);
  });

  it('says so where its part cannot be loaded, and loads it again when asked', async () => {
    await scene.script({ [UPLOAD]: [image('a')] });
    open('uploader-offline.html');
    await seen(() => $('[part=retry]'), 'the retry');
    expect(uploader().state).to.equal('failed');
    expect($('[part=error]')!.textContent).to.include('not available');
    page().isMended = true;
    $('[part=retry]')!.click();
    await ready();
    expect(uploader().state).to.equal('idle');
    await choose();
    await seen(() => sent().length === 1, 'the upload');
  });

  it('keeps what is chosen while nothing can be loaded, and uploads it when that is over', async () => {
    await scene.script({ [UPLOAD]: [image('a')] });
    open('uploader-pictures-offline.html');
    await ready();
    await choose();
    await seen(() => uploader().images.length === 1, 'the tile');
    expect(uploader().images[0]!.state).to.equal('queued');
    expect($('[part=error]')).to.equal(null);
    expect(uploader().validity!.customError).to.equal(true);
    expect($('.hint')!.textContent).to.include('offline');
    expect(await scene.calls(UPLOAD)).to.deep.equal([]);
    page().isMended = true;
    page().dispatchEvent(new Event('online'));
    await seen(() => sent().length === 1 && $('canvas'), 'the upload and its picture');
  });

  it('leaves to sign in by the click, comes back to the form as it was, and goes on', async () => {
    const session = { token: 'oauth-session', expiresAt: new Date(Date.now() + 7_200_000).toISOString() };
    await scene.ready(
      {},
      {
        [UPLOAD]: [image('a')],
        'GET /v1/oauth/authorize': [{ returnWith: '#wx_code=one-use' }],
        'POST /v1/sessions': [{ body: session }],
      },
    );
    open('uploader.html', { client: 'wechat', 'weixin-session': '' });
    await ready();
    await aTimeout(300);
    expect(await scene.calls('GET /v1/oauth/authorize')).to.have.length(0);
    form().querySelector('textarea')!.value = 'Good tea.';
    $('[part=add]')!.click();
    const chosen = () => page().invoked.filter(({ name }) => name === 'chooseImage');
    await seen(() => page().firstHash === '#wx_code=one-use', 'the return');
    const answered = new Set<object>();
    const timer = setInterval(() => {
      for (const call of page().invoked) {
        if (answered.has(call)) continue;
        answered.add(call);
        if (call.name === 'chooseImage') call.callback({ err_msg: 'chooseImage:ok', localIds: '["weixin://1"]' });
        if (call.name === 'uploadImage') call.callback({ err_msg: 'uploadImage:ok', serverId: 'media-1' });
        if (call.name === 'checkJsApi') call.callback({ err_msg: 'checkJsApi:ok', checkResult: '{}' });
        if (call.name === 'getLocalImgData') call.callback({ err_msg: 'getLocalImgData:fail' });
      }
    }, 50);
    await seen(() => sent().length === 1, 'the upload').finally(() => clearInterval(timer));
    expect(chosen()).to.have.length(1);
    expect(form().querySelector('textarea')!.value).to.equal('Good tea.');
    const [upload] = await scene.calls(UPLOAD);
    expect(upload!.authorization).to.equal('Bearer oauth-session');
  });

  describe('on a phone without ElementInternals', () => {
    it('is a field of its form', async () => {
      await scene.script({ [UPLOAD]: [{ ...image('a'), delay: 300 }] });
      open('uploader-without-internals.html');
      await ready();
      expect('attachInternals' in page().HTMLElement.prototype).to.equal(false);
      expect(uploader().form).to.equal(form());
      expect(form().checkValidity()).to.equal(false);
      expect(uploader().validity!.valueMissing).to.equal(true);
      expect(uploader().validationMessage).to.equal('Add at least one picture.');
      expect(form().reportValidity()).to.equal(false);
      await choose();
      await seen(() => uploader().state === 'uploading', 'uploading');
      expect(form().checkValidity()).to.equal(false);
      expect(uploader().validity!.valueMissing).to.equal(false);
      await seen(() => sent().length === 1, 'the field');
      expect(form().checkValidity()).to.equal(true);
      expect([...new FormData(form()).keys()]).to.deep.equal(['photos']);
      form().reset();
      await seen(() => sent().length === 0, 'the reset');
      expect(uploader().images).to.deep.equal([]);
    });

    it('is disabled with its fieldset', async () => {
      open('uploader-without-internals.html');
      await ready();
      uploader().value = [urlOf('a'), urlOf('b')] as unknown as string;
      expect(sent()).to.deep.equal(['a', 'b'].map(urlOf));
      form().querySelector('fieldset')!.disabled = true;
      await seen(() => ($('[part=add]') as HTMLButtonElement).disabled, 'disabled');
      expect(sent()).to.deep.equal([]);
      expect(form().checkValidity()).to.equal(true);
      form().querySelector('fieldset')!.disabled = false;
      await seen(() => !($('[part=add]') as HTMLButtonElement).disabled, 'enabled');
      expect(sent()).to.deep.equal(['a', 'b'].map(urlOf));
      uploader().disabled = true;
      await uploader().updateComplete;
      expect(sent()).to.deep.equal([]);
    });
  });
});
