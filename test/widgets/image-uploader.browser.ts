import { aTimeout, expect, fixture, html, waitUntil } from '@open-wc/testing';
import { emulateMedia, sendKeys, sendMouse } from '@web/test-runner-commands';
import '../../widgets/index.ts';
import type { Image } from '../../proxy/api.ts';
import type { ImageErrorEvent, ImageProgressEvent, ImageUploader, UploaderImage } from '../../widgets/index.ts';
import { DESKTOP, recordEvents, Scene, setUserAgent, WECHAT_ANDROID } from './scene.ts';
import type { ScriptedAnswer } from './scripted-proxy.ts';

const EVENTS = ['image-add', 'image-progress', 'image-done', 'image-error', 'image-remove', 'change'];
const UPLOAD = 'POST /v1/images';

/** A picture in a colour of its own. */
async function picture(name = 'image.png', colour = '#07864c', type = 'image/png'): Promise<File> {
  const canvas = document.createElement('canvas');
  canvas.width = 40;
  canvas.height = 30;
  const context = canvas.getContext('2d')!;
  context.fillStyle = colour;
  context.fillRect(0, 0, 40, 30);
  const blob = await new Promise<Blob>((resolve) => canvas.toBlob((made) => resolve(made!), type));
  return new File([blob], name, { type });
}

describe('<image-uploader>', () => {
  let scene: Scene;

  beforeEach(() => {
    scene = new Scene();
    setUserAgent(DESKTOP);
    scene.signIn();
  });

  afterEach(() => scene.leave());

  const urlOf = (name: string) => `${scene.proxy}/v1/images/img_${name.padEnd(43, '0')}`;

  function image(name: string): ScriptedAnswer {
    const id = `img_${name.padEnd(43, '0')}`;
    const body: Image = { id, url: urlOf(name), type: 'image/png', size: 120, width: 40, height: 30 };
    return { status: 201, body };
  }

  const answers = (...all: ScriptedAnswer[]) => scene.script({ [UPLOAD]: all });
  const $ = (element: ImageUploader, selector: string) => element.shadowRoot!.querySelector<HTMLElement>(selector);
  const all = (element: ImageUploader, selector: string) => [
    ...element.shadowRoot!.querySelectorAll<HTMLElement>(selector),
  ];
  const textOf = (element: ImageUploader) => element.shadowRoot!.textContent!.replace(/\s+/g, ' ').trim();
  const said = (element: ImageUploader) => $(element, '[role=status]')!.textContent!.trim();
  const fileInput = (element: ImageUploader) => $(element, 'input[type=file]') as HTMLInputElement;
  const types = (recorded: Event[]) => recorded.map(({ type }) => type).filter((type) => type !== 'image-progress');
  const settled = (element: ImageUploader, state = 'idle', timeout = 6_000) =>
    waitUntil(() => element.getAttribute('state') === state, `state ${state}`, { timeout });
  const seen = (condition: () => unknown, what: string) =>
    waitUntil(() => Boolean(condition()), what, { timeout: 6_000 });
  const done = (element: ImageUploader, count: number) =>
    seen(() => element.images.filter(({ state }) => state === 'done').length === count, `${count} done`);
  const button = (element: ImageUploader, at: number, part = 'picture') =>
    all(element, `[part=item]`)[at]!.querySelector<HTMLElement>(`[part=${part}]`)!;

  async function ready(element: ImageUploader): Promise<ImageUploader> {
    await seen(() => $(element, '[part=add]:not([aria-busy])') ?? $(element, '[part=item]'), 'the part');
    return element;
  }

  async function show(attributes: Record<string, string | number> = {}, around = ''): Promise<ImageUploader> {
    const given = Object.entries({ name: 'photos', lang: 'en', proxy: scene.proxy, ...attributes })
      .map(([name, value]) => `${name}="${value}"`)
      .join(' ');
    const holder = await fixture<HTMLElement>(html`<div></div>`);
    holder.innerHTML = `<form>${around}<fieldset><image-uploader ${given}></image-uploader></fieldset><button>Send</button></form>`;
    return ready(holder.querySelector('image-uploader')!);
  }

  /** As the browser does it when files are chosen. */
  function choose(element: ImageUploader, ...files: File[]): void {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    fileInput(element).files = transfer.files;
    fileInput(element).dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    fileInput(element).dispatchEvent(new Event('change', { bubbles: true }));
  }

  const sent = (element: ImageUploader) => new FormData(element.form!).getAll('photos');

  it('uploads what was chosen, and is a field of its form', async () => {
    await answers(image('a'), image('b'));
    const recorded = recordEvents(...EVENTS, 'input');
    const element = await show();
    expect(textOf(element)).to.include('Up to 9 pictures');
    await expect(element).to.be.accessible();
    choose(element, await picture('image.jpg'), await picture('image.jpg', '#c33'));
    await done(element, 2);
    await settled(element);
    expect([...sent(element)].sort()).to.deep.equal([urlOf('a'), urlOf('b')]);
    expect(element.value).to.equal(sent(element).join());
    expect(types(recorded).filter((type) => type === 'image-add')).to.have.length(2);
    expect(types(recorded).slice(0, 2)).to.deep.equal(['image-add', 'image-add']);
    expect(types(recorded).slice(2)).to.deep.equal(['image-done', 'change', 'image-done', 'change']);
    expect(recorded.every(({ bubbles, composed }) => bubbles && composed)).to.equal(true);
    expect(said(element)).to.equal('All pictures are uploaded.');
    expect(fileInput(element).value).to.equal('');
    const [call] = await scene.calls(UPLOAD);
    expect(call!.authorization).to.equal('Bearer site-session');
    expect(call!.cookie).to.equal(undefined);
    await seen(() => all(element, 'canvas').length === 2, 'the previews');
    expect($(element, '[part=add]')!.textContent).to.include('2/9');
    await expect(element).to.be.accessible();
  });

  it('shows that it uploads, and holds the form back meanwhile', async () => {
    await answers({ ...image('a'), delay: 600 });
    const element = await show({ lang: 'zh-CN' });
    choose(element, await picture());
    await settled(element, 'uploading');
    await seen(() => $(element, '[role=progressbar]'), 'the progress');
    expect(element.form!.checkValidity()).to.equal(false);
    expect(element.validity!.customError).to.equal(true);
    expect(element.validationMessage).to.include('还在上传');
    expect(element.images[0]!.state).to.equal('uploading');
    await expect(element).to.be.accessible();
    const leaving = new Event('beforeunload', { cancelable: true });
    dispatchEvent(leaving);
    expect(leaving.defaultPrevented).to.equal(true);
    await settled(element);
    expect(element.form!.checkValidity()).to.equal(true);
    const again = new Event('beforeunload', { cancelable: true });
    dispatchEvent(again);
    expect(again.defaultPrevented).to.equal(false);
  });

  for (const [lang, cause, message] of [
    ['zh-CN', '图片已损坏', '请重试或移除'],
    ['en', 'The picture is damaged', 'Retry or remove it'],
  ] as const) {
    it(`says why one failed, and uploads it again when asked (${lang})`, async () => {
      await answers(scene.problem('image_broken', 422));
      const recorded = recordEvents(...EVENTS);
      const element = await show({ lang });
      choose(element, await picture('beach.png'));
      await settled(element, 'failed');
      const { error, image: failed } = (recorded.find(({ type }) => type === 'image-error') as ImageErrorEvent).detail;
      expect([error.code, failed!.name, failed!.state]).to.deep.equal(['image_broken', 'beach.png', 'failed']);
      expect($(element, '[part=error]')!.textContent).to.include('beach.png').and.include(cause);
      expect(said(element)).to.include(cause);
      expect(element.validationMessage).to.include(message);
      expect(sent(element)).to.deep.equal([]);
      await expect(element).to.be.accessible();
      await answers(image('a'));
      $(element, '[part=retry]')!.click();
      await settled(element);
      expect(sent(element)).to.deep.equal([urlOf('a')]);
      expect($(element, '[part=error]')).to.equal(null);
    });
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [color, background] of [
      ['#222', '#fff'],
      ['#ddd', '#111'],
    ] as const) {
      it(`can be read on ${background} by a reader who likes it ${colorScheme}`, async () => {
        await emulateMedia({ colorScheme });
        Object.assign(document.body.style, { color, background });
        try {
          const element = await show();
          await expect(element).to.be.accessible();
          choose(element, new File(['hello'], 'notes.png'));
          await seen(() => $(element, '[part=error]'), 'the refusal');
          await expect(element).to.be.accessible();
          // Axe does not look at it, nor does it see what is translucent.
          expect(getComputedStyle($(element, '[part=add]')!).color).to.equal(getComputedStyle(document.body).color);
        } finally {
          document.body.removeAttribute('style');
          await emulateMedia({ colorScheme: 'light' });
        }
      });
    }
  }

  it('refuses what it cannot take, each by its name, and takes the rest', async () => {
    await answers(image('a'), image('b'));
    const recorded = recordEvents<ImageErrorEvent>('image-error');
    const element = await show({ max: 2 });
    const text = new File(['hello'], 'notes.png', { type: 'image/png' });
    choose(element, await picture('one.png'), text, await picture('two.png'), await picture('three.png'));
    await done(element, 2);
    const codes = recorded.map(({ detail }) => [detail.name, detail.error.code, detail.image]);
    expect(codes).to.deep.equal([
      ['notes.png', 'image_type_not_allowed', undefined],
      ['three.png', 'image_too_many', undefined],
    ]);
    expect($(element, '[part=error]')!.textContent).to.include('notes.png').and.include('three.png');
    expect($(element, '[part=add]')).to.equal(null);
    await expect(element).to.be.accessible();
    element.click();
  });

  it('refuses what is too large, whatever is done to make it smaller', async () => {
    await answers(image('a'));
    const recorded = recordEvents<ImageErrorEvent>('image-error');
    const element = await show({ 'max-size': 40 });
    choose(element, await picture('large.png'));
    await settled(element, 'failed');
    expect(recorded[0]!.detail.error.code).to.equal('image_too_large');
    expect(await scene.calls(UPLOAD)).to.deep.equal([]);
  });

  it('opens one chooser for a double click, with what the attributes allow', async () => {
    const element = await show({ accept: 'image/png', max: 1, source: 'camera' });
    let opened = 0;
    fileInput(element).addEventListener('click', (event) => {
      event.preventDefault();
      opened++;
    });
    $(element, '[part=add]')!.click();
    $(element, '[part=add]')!.click();
    element.click();
    expect(opened).to.equal(1);
    expect(fileInput(element).accept).to.equal('image/png');
    expect(fileInput(element).multiple).to.equal(false);
    expect(fileInput(element).getAttribute('capture')).to.equal('environment');
    await aTimeout(450);
    $(element, '[part=add]')!.click();
    expect(opened).to.equal(2);
    fileInput(element).dispatchEvent(new Event('cancel', { bubbles: true }));
    $(element, '[part=add]')!.click();
    expect(opened).to.equal(3);
    expect(fileInput(await show()).multiple).to.equal(true);
    expect(fileInput(await show()).hasAttribute('capture')).to.equal(false);
  });

  it('opens the chooser again at once after a picture was chosen or removed', async () => {
    await answers(image('a'));
    const element = await show({ max: 1 });
    let opened = 0;
    fileInput(element).addEventListener('click', (event) => {
      event.preventDefault();
      opened++;
    });
    $(element, '[part=add]')!.click();
    choose(element, await picture());
    await done(element, 1);
    button(element, 0, 'remove').click();
    $(element, '[part=add]')!.click();
    expect(opened).to.equal(2);
  });

  for (const [max, counted] of Object.entries({ abc: 9, '': 9, '-1': 9, '1.5': 1, ' 3': 3 })) {
    it(`takes max="${max}" for ${counted}`, async () => {
      const element = await show({ max });
      expect(element.max).to.equal(counted);
      expect(textOf(element)).to.match(new RegExp(`Up to ${counted} picture`));
    });
  }

  it('can be told in no way to say nonsense, and adds nothing to none', async () => {
    const element = await show();
    for (const max of [Number.NaN, -1]) {
      element.max = max;
      await element.updateComplete;
      expect(textOf(element)).to.include('Up to 9 pictures');
    }
    element.max = 0;
    await element.updateComplete;
    expect($(element, '[part=add]')).to.equal(null);
    expect(textOf(element)).not.to.include('Up to');
    const recorded = recordEvents<ImageErrorEvent>('image-error');
    choose(element, await picture());
    await seen(() => recorded.length === 1, 'the refusal');
    expect(recorded[0]!.detail.error.code).to.equal('image_too_many');
  });

  it('names the tiles of one file name by their places', async () => {
    await answers(image('a'), image('b'));
    const element = await show({ lang: 'zh-CN' });
    choose(element, await picture('image.jpg'), await picture('image.jpg', '#c33'));
    await done(element, 2);
    const names = () => all(element, '[part=remove]').map(({ ariaLabel }) => ariaLabel);
    expect(names()).to.deep.equal(['移除第 1 张 image.jpg', '移除第 2 张 image.jpg']);
    element.lang = 'en';
    await element.updateComplete;
    expect(names()).to.deep.equal(['Remove Picture 1 image.jpg', 'Remove Picture 2 image.jpg']);
  });

  it('says that one has to sign in, before anything is chosen', async () => {
    document.querySelector('meta[name="weixin-session"]')!.remove();
    const recorded = recordEvents<ImageErrorEvent>('image-error');
    const element = await show();
    let opened = 0;
    fileInput(element).addEventListener('click', () => opened++);
    $(element, '[part=add]')!.click();
    await seen(() => recorded.length === 1, 'the error');
    expect(recorded[0]!.detail.error.code).to.equal('session_required');
    expect($(element, '[part=error]')!.textContent!.trim()).not.to.equal('');
    expect(opened).to.equal(0);
  });

  describe('files from elsewhere', () => {
    function transfer(...files: File[]): DataTransfer {
      const made = new DataTransfer();
      for (const file of files) made.items.add(file);
      return made;
    }
    const drag = (target: Element, type: string, dataTransfer: DataTransfer) => {
      const event = new DragEvent(type, { bubbles: true, composed: true, cancelable: true, dataTransfer });
      target.dispatchEvent(event);
      return event;
    };
    const paste = (target: Element, clipboardData: DataTransfer) => {
      const event = new ClipboardEvent('paste', { bubbles: true, composed: true, cancelable: true, clipboardData });
      target.dispatchEvent(event);
      return event;
    };

    it('takes files that are dropped, and shows where', async () => {
      await answers(image('a'));
      const element = await show();
      const files = transfer(await picture());
      expect(drag($(element, '[part=list]')!, 'dragenter', files).defaultPrevented).to.equal(true);
      drag($(element, '[part=list]')!, 'dragover', files);
      expect($(element, '.over')).not.to.equal(null);
      drag(element, 'dragleave', files);
      expect($(element, '.over')).to.equal(null);
      drag($(element, '[part=list]')!, 'dragover', files);
      drag($(element, '[part=list]')!, 'drop', files);
      expect($(element, '.over')).to.equal(null);
      await done(element, 1);
    });

    it('leaves alone what are no files, and takes none while disabled', async () => {
      const element = await show();
      const text = new DataTransfer();
      text.setData('text/plain', 'hello');
      expect(drag(element, 'dragover', text).defaultPrevented).to.equal(false);
      element.disabled = true;
      await element.updateComplete;
      expect(drag(element, 'drop', transfer(await picture())).defaultPrevented).to.equal(true);
      expect(element.images).to.deep.equal([]);
    });

    it('takes files that are pasted into it or its form, but no picture of a text', async () => {
      await answers(image('a'), image('b'));
      const element = await show({}, '<textarea></textarea>');
      const area = element.form!.querySelector('textarea')!;
      expect(paste(document.body, transfer(await picture())).defaultPrevented).to.equal(false);
      const document_ = transfer(await picture());
      document_.setData('text/plain', 'hello');
      expect(paste(area, document_).defaultPrevented).to.equal(false);
      expect(paste(area, transfer(await picture())).defaultPrevented).to.equal(true);
      expect(paste($(element, '[part=add]')!, transfer(await picture('b.png', '#00f'))).defaultPrevented).to.equal(
        true,
      );
      await done(element, 2);
    });
  });

  describe('keyboard and pointer', () => {
    async function three(): Promise<ImageUploader> {
      await answers(image('c'));
      const element = await show({ value: ['a', 'b', 'c'].map(urlOf).join() });
      await seen(() => all(element, '[part=item]').length === 3, 'the tiles');
      // With the tiles comes what moves them.
      await aTimeout(300);
      return element;
    }
    const order = (element: ImageUploader) => element.value.replace(/[^,]*img_(\w)0*/g, '$1');
    const focused = (element: ImageUploader) =>
      all(element, '[part=item]').indexOf(element.shadowRoot!.activeElement?.closest('li') as HTMLElement);

    it('moves the focus by arrow keys, and a tile by Alt and an arrow key', async () => {
      const element = await three();
      const recorded = recordEvents(...EVENTS);
      button(element, 0).focus();
      await sendKeys({ press: 'ArrowRight' });
      expect(focused(element)).to.equal(1);
      await sendKeys({ press: 'End' });
      expect(focused(element)).to.equal(2);
      await sendKeys({ press: 'Home' });
      await sendKeys({ press: 'ArrowLeft' });
      expect(focused(element)).to.equal(0);
      expect(all(element, '[part=picture][tabindex="0"]')).to.have.length(1);
      await sendKeys({ down: 'Alt' });
      await sendKeys({ press: 'ArrowRight' });
      await sendKeys({ up: 'Alt' });
      expect(order(element)).to.equal('b,a,c');
      expect(focused(element)).to.equal(1);
      expect(element.shadowRoot!.activeElement!.matches(':focus-visible')).to.equal(true);
      expect(said(element)).to.equal('Moved to place 2 of 3.');
      expect(types(recorded)).to.deep.equal(['change']);
      expect(sent(element)).to.deep.equal(['b', 'a', 'c'].map(urlOf));
    });

    it('removes by Delete and by the button, and keeps the focus', async () => {
      const element = await three();
      const recorded = recordEvents(...EVENTS);
      button(element, 1).focus();
      await sendKeys({ press: 'Delete' });
      expect(order(element)).to.equal('a,c');
      expect(focused(element)).to.equal(1);
      expect(said(element)).to.equal('Removed. 2 pictures left.');
      await sendKeys({ press: 'Backspace' });
      expect(focused(element)).to.equal(0);
      button(element, 0, 'remove').focus();
      await sendKeys({ press: 'Enter' });
      expect(element.value).to.equal('');
      expect(element.shadowRoot!.activeElement).to.equal($(element, '[part=add]'));
      expect(types(recorded)).to.deep.equal(Array(3).fill(['image-remove', 'change']).flat());
      const { width, height } = button(await three(), 0, 'remove').getBoundingClientRect();
      expect([width, height]).to.deep.equal([44, 44]);
    });

    const middle = (element: Element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return [Math.round(left + width / 3), Math.round(top + (height * 2) / 3)] as [number, number];
    };

    it('moves a tile by the mouse, and does not open it', async () => {
      const element = await three();
      const opened = window.open;
      let opens = 0;
      window.open = () => {
        opens++;
        return null;
      };
      try {
        const [from, to] = [middle(button(element, 0)), middle(button(element, 2))];
        await sendMouse({ type: 'move', position: from });
        await sendMouse({ type: 'down' });
        await sendMouse({ type: 'move', position: [from[0] + 30, from[1]] });
        await sendMouse({ type: 'move', position: to });
        expect($(element, '.held')).not.to.equal(null);
        expect(order(element)).to.equal('a,b,c');
        await sendMouse({ type: 'up' });
        expect(order(element)).to.equal('b,c,a');
        expect($(element, '.held')).to.equal(null);
        await aTimeout(300);
        expect(opens).to.equal(0);
        button(element, 0).click();
        expect(opens).to.equal(1);
      } finally {
        window.open = opened;
      }
    });

    it('moves a tile by taps after a long press, without dragging', async () => {
      const element = await three();
      await sendMouse({ type: 'move', position: middle(button(element, 0)) });
      await sendMouse({ type: 'down' });
      await aTimeout(450);
      await sendMouse({ type: 'up' });
      expect(all(element, '.picked')).to.have.length(1);
      await expect(element).to.be.accessible();
      $(element, '[part=back]')!.click();
      expect(order(element)).to.equal('b,a,c');
      await aTimeout(200);
      button(element, 1).click();
      expect(all(element, '.picked')).to.have.length(0);
    });

    it('moves a tile by a finger that presses long, and lets one that does not scroll', async () => {
      const element = await three();
      const finger = (type: string, [clientX, clientY]: [number, number], target: EventTarget = window) =>
        target.dispatchEvent(
          new PointerEvent(type, {
            ...{ bubbles: true, composed: true, pointerId: 7, pointerType: 'touch', isPrimary: true },
            ...{ clientX, clientY },
          }),
        );
      const touch = () => {
        const event = new Event('touchmove', { bubbles: true, composed: true, cancelable: true });
        button(element, 0).dispatchEvent(event);
        return event.defaultPrevented;
      };
      const [from, to] = [middle(button(element, 0)), middle(button(element, 1))];
      finger('pointerdown', from, button(element, 0));
      finger('pointermove', to);
      expect(touch()).to.equal(false);
      await aTimeout(450);
      expect($(element, '.held')).to.equal(null);
      finger('pointerdown', from, button(element, 0));
      await aTimeout(450);
      expect(touch()).to.equal(true);
      finger('pointermove', to);
      finger('pointerup', to);
      expect(order(element)).to.equal('b,a,c');
      finger('pointerdown', from, button(element, 0));
      await aTimeout(450);
      finger('pointermove', to);
      finger('pointercancel', to);
      expect(order(element)).to.equal('b,a,c');
    });
  });

  describe('in a form', () => {
    it('says what is missing, where one can see it', async () => {
      await answers(image('a'));
      const element = await show({ required: '' });
      expect(element.validity!.valueMissing).to.equal(true);
      expect(element.validationMessage).to.equal('Add at least one picture.');
      expect(element.form!.reportValidity()).to.equal(false);
      expect(document.activeElement).to.equal(element);
      expect(element.shadowRoot!.activeElement).to.equal($(element, '[part=add]'));
      element.lang = 'zh-CN';
      expect(element.validationMessage).to.equal('请至少添加一张图片。');
      choose(element, await picture());
      await done(element, 1);
      expect(element.form!.checkValidity()).to.equal(true);
      element.setCustomValidity('No pets.');
      expect(element.checkValidity()).to.equal(false);
      expect(element.validationMessage).to.equal('No pets.');
      element.setCustomValidity('');
      expect(element.reportValidity()).to.equal(true);
      expect(element.willValidate).to.equal(true);
    });

    it('has a value that can be set, and returns to its default', async () => {
      const element = await show({ value: urlOf('a') });
      const recorded = recordEvents(...EVENTS);
      expect(sent(element)).to.deep.equal([urlOf('a')]);
      element.value = [urlOf('b'), urlOf('c')] as unknown as string;
      expect(sent(element)).to.deep.equal([urlOf('b'), urlOf('c')]);
      expect(element.defaultValue).to.equal(urlOf('a'));
      expect(element.images.map(({ url, state }: UploaderImage) => [url, state])).to.deep.equal([
        [urlOf('b'), 'done'],
        [urlOf('c'), 'done'],
      ]);
      element.form!.reset();
      expect(sent(element)).to.deep.equal([urlOf('a')]);
      element.setAttribute('value', urlOf('d'));
      await element.updateComplete;
      expect(element.value).to.equal(urlOf('d'));
      element.formStateRestoreCallback(urlOf('e'));
      expect(element.value).to.equal(urlOf('e'));
      expect(types(recorded)).to.deep.equal([]);
    });

    it('takes the place of everything when it is set, as in any input', async () => {
      await answers(image('a'), { ...image('b'), delay: 400 });
      const element = await show();
      const recorded = recordEvents(...EVENTS);
      choose(element, await picture(), await picture('b.png', '#c33'));
      await done(element, 1);
      const { value } = element;
      element.value = value;
      expect(element.images).to.have.length(2);
      element.value = urlOf('c');
      expect(sent(element)).to.deep.equal([urlOf('c')]);
      expect(element.state).to.equal('idle');
      await aTimeout(600);
      expect(sent(element)).to.deep.equal([urlOf('c')]);
      expect(types(recorded).filter((type) => type === 'image-done')).to.have.length(1);
    });

    it('has no value but addresses of the web', async () => {
      const element = await show({ value: `javascript:alert(1),${urlOf('a')},data:image/png;base64,AAAA` });
      expect(element.value).to.equal(urlOf('a'));
      element.value = ['javascript:alert(1)', 'java\nscript:alert(1)', urlOf('b')] as unknown as string;
      expect(sent(element)).to.deep.equal([urlOf('b')]);
    });

    it('is not disabled in the first legend of a disabled fieldset', async () => {
      const element = await show({ value: urlOf('a') });
      const fieldset = element.form!.querySelector('fieldset')!;
      const [legend, second] = [document.createElement('legend'), document.createElement('legend')];
      fieldset.append(legend, second);
      fieldset.disabled = true;
      for (const [place, isUsed] of [
        [legend, true],
        [second, false],
      ] as const) {
        place.append(element);
        await element.updateComplete;
        expect(sent(element)).to.deep.equal(isUsed ? [urlOf('a')] : []);
        expect(($(element, '[part=add]') as HTMLButtonElement).disabled).to.equal(!isUsed);
        expect(element.matches(':disabled')).to.equal(!isUsed);
      }
    });

    it('is neither used nor sent while it, or the fieldset around it, is disabled', async () => {
      const element = await show({ value: urlOf('a'), max: 3 });
      const fieldset = element.form!.querySelector('fieldset')!;
      for (const owner of [element, fieldset] as (HTMLElement & { disabled: boolean })[]) {
        owner.disabled = true;
        await element.updateComplete;
        expect(sent(element)).to.deep.equal([]);
        expect(($(element, '[part=add]') as HTMLButtonElement).disabled).to.equal(true);
        expect($(element, '[part=remove]')).to.equal(null);
        await expect(element).to.be.accessible();
        owner.disabled = false;
        await element.updateComplete;
        expect(sent(element)).to.deep.equal([urlOf('a')]);
        expect(($(element, '[part=add]') as HTMLButtonElement).disabled).to.equal(false);
      }
    });

    it('has back after a reload what was uploaded, until the form is sent', async () => {
      await answers(image('a'));
      const first = await show();
      choose(first, await picture());
      await done(first, 1);
      first.closest('div')!.remove();
      const second = await show();
      await seen(() => second.value === urlOf('a'), 'what was kept');
      expect(sent(second)).to.deep.equal([urlOf('a')]);
      second.form!.addEventListener('submit', (event) => setTimeout(() => event.preventDefault()));
      second.form!.dispatchEvent(new Event('submit', { bubbles: true }));
      second.closest('div')!.remove();
      const third = await show();
      await aTimeout(50);
      expect(third.value).to.equal('');
    });

    it('is named by its label', async () => {
      const element = await show({ id: 'review' }, '<label for="review">Your photos</label>');
      await seen(() => $(element, '[part=list]')!.ariaLabel === 'Your photos', 'the label');
    });
  });

  describe('inside WeChat', () => {
    const LOCAL = 'wxLocalResource://1';

    /** Answers the JS-SDK's calls. */
    function answerBridge(more: Record<string, Record<string, unknown>> = {}): void {
      const usual: Record<string, Record<string, unknown>> = {
        checkJsApi: { err_msg: 'checkJsApi:ok', checkResult: '{"chooseImage":true,"uploadImage":true}' },
        chooseImage: { err_msg: 'chooseImage:ok', localIds: JSON.stringify([LOCAL]) },
        uploadImage: { err_msg: 'uploadImage:ok', serverId: 'media-1' },
        getLocalImgData: { err_msg: 'getLocalImgData:ok', localData: PIXEL },
        imagePreview: { err_msg: 'imagePreview:ok' },
        ...more,
      };
      const { invoked } = scene;
      const push = invoked.push.bind(invoked);
      invoked.push = (...calls) => {
        for (const { name, answer } of calls) if (usual[name]) setTimeout(() => answer(usual[name]!));
        return push(...calls);
      };
    }
    const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const invoked = (name: string) => scene.invoked.filter((call) => call.name === name);

    it('chooses and uploads by the JS-SDK', async () => {
      scene.enterWechat(WECHAT_ANDROID);
      answerBridge();
      await scene.ready({}, { [UPLOAD]: [image('a')] });
      const element = await show();
      await seen(() => invoked('checkJsApi').length > 0, 'the JS-SDK');
      $(element, '[part=add]')!.click();
      $(element, '[part=add]')!.click();
      await done(element, 1);
      expect(invoked('chooseImage')).to.have.length(1);
      expect(Number(invoked('chooseImage')[0]!.args.count)).to.equal(9);
      const [call] = await scene.calls(UPLOAD);
      expect(call!.body).to.deep.equal({ mediaId: 'media-1' });
      expect(sent(element)).to.deep.equal([urlOf('a')]);
      button(element, 0).click();
      await seen(() => invoked('imagePreview').length === 1, 'the viewer');
    });

    it('tells when WeChat begins and when it has the picture', async () => {
      scene.enterWechat(WECHAT_ANDROID);
      answerBridge();
      await scene.ready({}, { [UPLOAD]: [image('a')] });
      const recorded = recordEvents<ImageProgressEvent>('image-progress');
      const element = await show();
      $(element, '[part=add]')!.click();
      await done(element, 1);
      expect(recorded.map(({ detail }) => [detail.image.loaded, detail.image.total])).to.deep.equal([
        [0, 0],
        [0, 0],
      ]);
    });

    it('takes no more than there may be, whatever the client gives', async () => {
      scene.enterWechat(WECHAT_ANDROID);
      answerBridge({ chooseImage: { err_msg: 'chooseImage:ok', localIds: JSON.stringify(['1', '2', '3']) } });
      await scene.ready({}, { [UPLOAD]: [image('a')] });
      const recorded = recordEvents<ImageErrorEvent>('image-error');
      const element = await show({ max: 1 });
      $(element, '[part=add]')!.click();
      await done(element, 1);
      expect(element.images).to.have.length(1);
      expect(recorded.map(({ detail }) => detail.error.code)).to.deep.equal(['image_too_many', 'image_too_many']);
    });

    it('opens the chooser again where it never answers, and takes the late answer too', async () => {
      scene.enterWechat(WECHAT_ANDROID);
      answerBridge({ chooseImage: undefined! });
      await scene.ready({}, { [UPLOAD]: [image('a'), image('b')] });
      const element = await show();
      const add = $(element, '[part=add]')!;
      add.click();
      await seen(() => invoked('chooseImage').length === 1, 'the chooser');
      add.click();
      await aTimeout(300);
      expect(invoked('chooseImage')).to.have.length(1);
      await aTimeout(800);
      $(element, '[part=add]')!.click();
      await seen(() => invoked('chooseImage').length === 2, 'the second chooser');
      for (const { answer } of invoked('chooseImage')) answer({ err_msg: 'chooseImage:ok', localIds: `["${LOCAL}"]` });
      await done(element, 2);
    });

    it('opens the chooser again at once after the album was left', async () => {
      scene.enterWechat(WECHAT_ANDROID);
      answerBridge({ chooseImage: { err_msg: 'chooseImage:cancel' } });
      await scene.ready();
      const element = await show();
      for (let count = 1; count <= 2; count++) {
        $(element, '[part=add]')!.click();
        await seen(() => invoked('chooseImage').length === count, `${count}`);
        await aTimeout(60);
      }
    });

    it('shows that it is busy where WeChat does not answer, and soon asks for a click that opens the file input', async () => {
      scene.enterWechat(WECHAT_ANDROID);
      scene.preVerify = undefined;
      // What is ready for one address of the page is not for another.
      const { href } = location;
      history.replaceState(null, '', `${href}&silent`);
      try {
        answerBridge();
        await scene.ready({}, { [UPLOAD]: [image('a')] });
        const element = await show({ lang: 'zh-CN' });
        let opened = 0;
        fileInput(element).addEventListener('click', (event) => {
          event.preventDefault();
          opened++;
        });
        const start = performance.now();
        $(element, '[part=add]')!.click();
        await element.updateComplete;
        expect($(element, '[part=add]')!.getAttribute('aria-busy')).to.equal('true');
        await expect(element).to.be.accessible();
        await seen(() => textOf(element).includes('请再点一次'), 'the request');
        expect(performance.now() - start).to.be.below(4_000);
        expect(said(element)).to.include('请再点一次');
        expect($(element, '[part=add]')!.hasAttribute('aria-busy')).to.equal(false);
        expect(opened).to.equal(0);
        $(element, '[part=add]')!.click();
        // In the very moment of the click.
        expect(opened).to.equal(1);
        expect(all(element, '.hint').some(({ textContent }) => textContent!.includes('请再点一次'))).to.equal(false);
      } finally {
        history.replaceState(null, '', href);
      }
    });

    it('uses the file input where WeChat has no chooser', async () => {
      scene.enterWechat(WECHAT_ANDROID);
      answerBridge({ checkJsApi: { err_msg: 'checkJsApi:ok', checkResult: '{"chooseImage":false}' } });
      await scene.ready({}, { [UPLOAD]: [image('a')] });
      const element = await show();
      let opened = 0;
      fileInput(element).addEventListener('click', () => opened++);
      await seen(() => invoked('checkJsApi').length > 0, 'the question');
      await aTimeout(200);
      $(element, '[part=add]')!.click();
      await seen(() => opened === 1, 'the file input');
      expect(invoked('chooseImage')).to.deep.equal([]);
    });
  });
});
