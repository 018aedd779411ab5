import { expect, fixture, html } from '@open-wc/testing';
import { emulateMedia, sendKeys } from '@web/test-runner-commands';
import 'jsqr';
import '../../widgets/index.ts';
import type { PayButton, PayCancelEvent, PayErrorEvent, PayStartEvent, PaySuccessEvent } from '../../widgets/index.ts';
import { CODE_URL, DESKTOP, recordEvents, Scene } from './scene.ts';
import { waitUntil } from './wait-until.ts';

/** The package is a script of old: it leaves its name in the window. */
const { jsQR } = window as unknown as { jsQR: typeof import('jsqr').default };

describe('<pay-button> on a desktop', () => {
  let scene: Scene;

  beforeEach(() => {
    scene = new Scene();
    scene.enterWechat(DESKTOP, { bridge: false });
  });

  afterEach(async () => {
    scene.leave();
    await emulateMedia({ colorScheme: 'light', forcedColors: 'none', reducedMotion: 'no-preference' });
  });

  const show = (lang = '') =>
    fixture<PayButton>(html`<pay-button order-id=${scene.orderId} proxy=${scene.proxy} lang=${lang}></pay-button>`);
  const ready = (...answers: Parameters<Scene['script']>[0][string]) =>
    scene.ready({}, { [scene.paymentRoute]: answers.length ? answers : [scene.code()] });
  const part = (element: PayButton, name: string) => element.shadowRoot!.querySelector<HTMLElement>(`[part=${name}]`);
  const textOf = (element: PayButton) => element.shadowRoot!.textContent!.replace(/\s+/g, ' ').trim();
  const spoken = (element: PayButton) => element.shadowRoot!.querySelector('[role=status]')!.textContent!.trim();
  const state = (element: PayButton, wanted: string, timeout = 6_000) =>
    waitUntil(() => element.getAttribute('state') === wanted, `state ${wanted}`, { timeout });
  const events = () =>
    recordEvents<PayStartEvent | PaySuccessEvent | PayCancelEvent | PayErrorEvent>(
      'pay-start',
      'pay-success',
      'pay-cancel',
      'pay-error',
    );
  const types = (recorded: Event[]) => recorded.map(({ type }) => type);

  async function showCode(element: PayButton): Promise<SVGSVGElement> {
    element.click();
    await waitUntil(() => part(element, 'code'), 'the code');
    return part(element, 'code')!.querySelector('svg')!;
  }

  /** What a camera reads off it. */
  async function scan(svg: SVGSVGElement): Promise<string | undefined> {
    const picture = new Image();
    const copy = svg.cloneNode(true) as SVGSVGElement;
    copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    copy.setAttribute('width', '300');
    copy.setAttribute('height', '300');
    picture.src = `data:image/svg+xml,${encodeURIComponent(copy.outerHTML)}`;
    await picture.decode();
    const context = Object.assign(document.createElement('canvas'), { width: 300, height: 300 }).getContext('2d')!;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, 300, 300);
    context.drawImage(picture, 0, 0);
    return jsQR(context.getImageData(0, 0, 300, 300).data, 300, 300)?.data;
  }

  it('shows a code to scan, what it costs and how long it lives, and turns to paid by itself', async () => {
    await ready();
    const recorded = events();
    const element = await show();
    const svg = await showCode(element);
    expect(await scan(svg)).to.equal(CODE_URL);
    await state(element, 'paying');
    const text = textOf(element);
    for (const each of ['用微信扫一扫付款', '¥39.80']) expect(text).to.include(each);
    expect(text).to.match(/(05:00|04:5\d)/);
    expect(svg.getAttribute('role')).to.equal('img');
    expect(svg.getAttribute('aria-label')).to.equal('微信支付二维码');
    expect(spoken(element)).to.equal('用微信扫一扫付款');
    await expect(element).to.be.accessible();
    await scene.setStatus('paid');
    await state(element, 'paid');
    expect(part(element, 'code')).to.equal(null);
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-success']);
    expect((recorded[0] as PayStartEvent).detail.channel).to.equal('native');
    const [payment] = await scene.calls(scene.paymentRoute);
    expect(payment!.body).to.deep.equal({ channel: 'native' });
    expect(payment!.authorization).to.equal(undefined);
  });

  it('counts down by the second, by the server’s clock', async () => {
    const elsewhere = Date.now() - 365 * 86_400_000;
    const at = (ms: number) => new Date(elsewhere + ms).toISOString();
    await scene.ready(
      { serverTime: at(0), expiresAt: at(600_000) },
      { [scene.paymentRoute]: [{ body: { channel: 'native', codeUrl: CODE_URL, expiresAt: at(65_000) } }] },
    );
    const element = await show();
    await showCode(element);
    const shows = (time: string) =>
      waitUntil(() => part(element, 'time')!.textContent!.includes(time), time, { timeout: 4_000 });
    await shows('01:05');
    await shows('01:04');
  });

  it('keeps the code black on white where the page is dark', async () => {
    await emulateMedia({ colorScheme: 'dark' });
    await ready();
    const element = await show();
    const svg = await showCode(element);
    expect(getComputedStyle(part(element, 'code')!).backgroundColor).to.equal('rgb(255, 255, 255)');
    expect(getComputedStyle(svg.querySelector('path')!).fill).to.equal('rgb(0, 0, 0)');
    // The quiet zone is part of the picture: four modules on each side.
    const [x, y, width] = svg.getAttribute('viewBox')!.split(' ').map(Number);
    expect([x, y]).to.deep.equal([-4, -4]);
    expect(svg.getBoundingClientRect().width).to.be.greaterThan(width! * 4);
    await expect(element).to.be.accessible();
  });

  it('keeps it black on white where the system forces its colours on pages', async () => {
    await emulateMedia({ colorScheme: 'dark', forcedColors: 'active' });
    expect(matchMedia('(forced-colors: active)').matches).to.equal(true);
    await ready();
    const element = await show();
    const svg = await showCode(element);
    expect(getComputedStyle(part(element, 'code')!).backgroundColor).to.equal('rgb(255, 255, 255)');
    expect(getComputedStyle(svg.querySelector('path')!).fill).to.equal('rgb(0, 0, 0)');
  });

  it('takes an expired code away and offers another one, in the same attempt', async () => {
    const next = 'weixin://wxpay/bizpayurl?pr=another';
    await ready(scene.code(CODE_URL, -1_000), { delay: 300, ...scene.code(next) });
    const recorded = events();
    const element = await show('en');
    const svg = await showCode(element);
    await waitUntil(() => part(element, 'refresh'), 'refresh');
    expect(getComputedStyle(svg).filter).to.include('blur');
    expect(spoken(element)).to.equal('The code has expired. Refresh it.');
    expect(svg.getAttribute('aria-hidden')).to.equal('true');
    expect(element.shadowRoot!.querySelector('[role=timer]')).to.equal(null);
    const button = part(element, 'button')!;
    expect(button.textContent!.trim()).to.equal('Code expired');
    expect(button.querySelector('svg')).to.equal(null);
    expect([button.getAttribute('aria-busy'), button.getAttribute('aria-disabled')]).to.deep.equal([null, 'true']);
    await expect(element).to.be.accessible();
    part(element, 'refresh')!.click();
    part(element, 'refresh')!.click();
    await waitUntil(() => !part(element, 'refresh'), 'the next code');
    expect(await scan(part(element, 'code')!.querySelector('svg')!)).to.equal(next);
    expect(svg.getAttribute('aria-hidden')).to.equal('false');
    expect(button.textContent!.trim()).to.equal('Waiting for payment…');
    expect(spoken(element)).to.equal('Scan with WeChat to pay');
    expect(types(recorded)).to.deep.equal(['pay-start']);
    expect(await scene.calls(scene.paymentRoute)).to.have.length(2);
  });

  it('says why a code could not be renewed, and lets the payer try again', async () => {
    await ready(scene.code(CODE_URL, -1_000), { fault: 'portal' }, scene.code());
    const recorded = events();
    const element = await show();
    await showCode(element);
    await waitUntil(() => part(element, 'refresh'), 'refresh');
    part(element, 'refresh')!.click();
    await waitUntil(() => spoken(element).includes('服务暂时不可用'), 'the reason');
    part(element, 'refresh')!.click();
    await waitUntil(() => spoken(element) === '用微信扫一扫付款', 'the code');
    expect(types(recorded)).to.deep.equal(['pay-start']);
  });

  it('can be put away', async () => {
    await ready();
    const recorded = events();
    const element = await show();
    await showCode(element);
    part(element, 'close')!.click();
    await state(element, 'cancelled');
    expect(part(element, 'code')).to.equal(null);
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-cancel']);
    expect((recorded[1] as PayCancelEvent).detail.said).to.equal('closed');
    await showCode(element);
  });

  describe('by keyboard', () => {
    const focused = (element: PayButton) => element.shadowRoot!.activeElement?.getAttribute('part');

    async function showCodeAndTab(element: PayButton): Promise<void> {
      element.focus();
      await sendKeys({ press: 'Enter' });
      await waitUntil(() => part(element, 'code'), 'the code');
      expect(focused(element)).to.equal('button');
      await sendKeys({ press: 'Tab' });
    }

    for (const key of ['Enter', 'Space', 'Escape']) {
      it(`puts the code away by ${key}, and is at the button again`, async () => {
        await ready();
        const recorded = events();
        const element = await show();
        await showCodeAndTab(element);
        expect(focused(element)).to.equal('close');
        await sendKeys({ press: key });
        await state(element, 'cancelled');
        expect(focused(element)).to.equal('button');
        expect(types(recorded)).to.deep.equal(['pay-start', 'pay-cancel']);
      });
    }

    it('is at Cancel of the new code after Refresh', async () => {
      await ready(scene.code(CODE_URL, -1_000), scene.code());
      const element = await show();
      await showCodeAndTab(element);
      expect(focused(element)).to.equal('refresh');
      await sendKeys({ press: 'Enter' });
      await waitUntil(() => !part(element, 'refresh'), 'the next code');
      expect(focused(element)).to.equal('close');
    });

    it('puts an expired code away by Escape', async () => {
      await ready(scene.code(CODE_URL, -1_000));
      const element = await show();
      await showCodeAndTab(element);
      await sendKeys({ press: 'Escape' });
      await state(element, 'cancelled');
      expect(focused(element)).to.equal('button');
    });

    for (const [status, shown] of [
      ['paid', 'paid'],
      ['expired', 'closed'],
    ] as const) {
      it(`is at the button when the order is ${shown}`, async () => {
        await ready();
        const element = await show();
        await showCodeAndTab(element);
        await scene.setStatus(status);
        await state(element, shown);
        expect(focused(element)).to.equal('button');
      });
    }

    it('takes no focus from elsewhere', async () => {
      await ready();
      const element = await show();
      await showCode(element);
      const field = await fixture<HTMLInputElement>(html`<input aria-label="Name" />`);
      field.focus();
      await scene.setStatus('paid');
      await state(element, 'paid');
      expect(document.activeElement).to.equal(field);
    });

    it('lets Escape alone outside the code', async () => {
      await ready();
      const element = await show();
      await showCodeAndTab(element);
      part(element, 'button')!.focus();
      await sendKeys({ press: 'Escape' });
      expect(element.getAttribute('state')).to.equal('paying');
    });
  });

  describe('below the fold', () => {
    const { scrollIntoView } = Element.prototype;
    const scrolled: ScrollIntoViewOptions[] = [];

    beforeEach(() => {
      scrolled.length = 0;
      Element.prototype.scrollIntoView = function (this: Element, options) {
        scrolled.push(options as ScrollIntoViewOptions);
        scrollIntoView.call(this, options);
      };
    });

    afterEach(() => {
      Element.prototype.scrollIntoView = scrollIntoView;
    });

    const isSeen = (element: Element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return top >= 0 && Math.floor(bottom) <= innerHeight;
    };

    for (const [reducedMotion, behavior] of [
      ['no-preference', 'smooth'],
      ['reduce', 'auto'],
    ] as const) {
      it(`brings the code that was asked for into view (reduced motion: ${reducedMotion})`, async () => {
        await emulateMedia({ reducedMotion });
        await ready();
        const element = await show();
        element.style.marginTop = `${innerHeight - 60}px`;
        scrollTo(0, 0);
        await showCode(element);
        await waitUntil(() => isSeen(part(element, 'code')!) && isSeen(part(element, 'close')!), 'all of the code');
        expect(scrolled).to.deep.equal([{ block: 'nearest', behavior }]);
      });
    }

    it('stays where it is when the code is one that a page shows again after a reload', async () => {
      await ready();
      const key = `weixin-widgets:attempt ${scene.proxy} ${scene.orderId}`;
      sessionStorage.setItem(key, JSON.stringify({ id: '1', channel: 'native', at: Date.now() }));
      const element = await show();
      await waitUntil(() => part(element, 'code'), 'the code');
      await element.updateComplete;
      expect(scrolled).to.deep.equal([]);
    });
  });

  it('says quietly that the proxy cannot be reached, until it can', async () => {
    await ready();
    const element = await show();
    await showCode(element);
    expect(textOf(element)).not.to.include('网络不佳');
    await scene.script({ [scene.orderRoute]: [{ fault: 'drop' }] });
    await waitUntil(() => textOf(element).includes('网络不佳，仍在等待付款'), 'the hint', { timeout: 4_000 });
    expect(spoken(element)).to.equal('用微信扫一扫付款');
    await expect(element).to.be.accessible();
    await scene.setStatus('paying');
    await waitUntil(() => !textOf(element).includes('网络不佳'), 'no hint', { timeout: 6_000 });
    expect(part(element, 'code')).not.to.equal(null);
  });

  it('closes where the order ends', async () => {
    await ready();
    const recorded = events();
    const element = await show();
    await showCode(element);
    await scene.setStatus('expired');
    await state(element, 'closed');
    expect(part(element, 'code')).to.equal(null);
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-error']);
    expect(textOf(element)).to.include('订单已过期');
  });

  it('is one code on the page, at the button that was clicked', async () => {
    await ready();
    const first = await show();
    const second = await show();
    await showCode(second);
    await state(first, 'paying');
    expect(part(first, 'code')).to.equal(null);
    expect(textOf(first)).to.include('请扫描页面上的付款二维码');
    const colourOf = (element: PayButton) => getComputedStyle(part(element, 'button')!).backgroundColor;
    expect(colourOf(first)).to.equal(colourOf(second));
    second.remove();
    await waitUntil(() => part(first, 'code'), 'the code at the one that is left');
  });

  it('sends the session that the site put into the page, without WeChat’s part of the widgets', async () => {
    scene.signIn();
    await ready();
    await showCode(await show());
    const [payment] = await scene.calls(scene.paymentRoute);
    expect(payment!.authorization).to.equal('Bearer site-session');
    expect(await scene.calls('GET /v1/jssdk/config')).to.deep.equal([]);
  });

  it('asks without it where the proxy no longer takes it, and sends nobody to sign in', async () => {
    scene.signIn('stale');
    await ready(scene.problem('session_invalid', 401), scene.code());
    const element = await show();
    await showCode(element);
    const calls = await scene.calls(scene.paymentRoute);
    expect(calls.map(({ authorization }) => authorization)).to.deep.equal(['Bearer stale', undefined]);
  });

  it('tells the payer of a refusal by WeChat what a payer can do', async () => {
    await ready(scene.problem('wechat_pay_not_permitted', 502));
    const recorded = events();
    const element = await show('en');
    element.click();
    await state(element, 'failed');
    expect(spoken(element)).to.equal('WeChat Pay cannot take this payment. Contact the merchant.');
    const { error } = (recorded[1] as PayErrorEvent).detail;
    expect([error.code, error.problem!.remedy]).to.deep.equal(['wechat_pay_not_permitted', 'wechat_pay_not_permitted']);
  });

  it('says whose order it is', async () => {
    await ready(scene.problem('payer_mismatch', 403));
    const recorded = events();
    const element = await show();
    element.click();
    await state(element, 'failed');
    expect(textOf(element)).to.include('此订单须由下单的微信账号付款。');
    expect((recorded[1] as PayErrorEvent).detail.error.code).to.equal('payer_mismatch');
    await expect(element).to.be.accessible();
  });
});
