import { expect, fixture, html, waitUntil } from '@open-wc/testing';
import { emulateMedia, sendKeys } from '@web/test-runner-commands';
import 'jsqr';
import '../../widgets/index.ts';
import type { PayButton, PayCancelEvent, PayErrorEvent, PayStartEvent, PaySuccessEvent } from '../../widgets/index.ts';
import { CODE_URL, DESKTOP, recordEvents, Scene } from './scene.ts';

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
    await emulateMedia({ colorScheme: 'light' });
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

  it('takes an expired code away and offers another one, in the same attempt', async () => {
    const next = 'weixin://wxpay/bizpayurl?pr=another';
    await ready(scene.code(CODE_URL, -1_000), { delay: 300, ...scene.code(next) });
    const recorded = events();
    const element = await show('en');
    const svg = await showCode(element);
    await waitUntil(() => part(element, 'refresh'), 'refresh');
    expect(getComputedStyle(svg).filter).to.include('blur');
    expect(spoken(element)).to.equal('The code has expired');
    await expect(element).to.be.accessible();
    part(element, 'refresh')!.click();
    part(element, 'refresh')!.click();
    await waitUntil(() => !part(element, 'refresh'), 'the next code');
    expect(await scan(part(element, 'code')!.querySelector('svg')!)).to.equal(next);
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

  it('works by keyboard', async () => {
    await ready();
    const element = await show();
    element.focus();
    await sendKeys({ press: 'Enter' });
    await waitUntil(() => part(element, 'close'), 'the code');
    await sendKeys({ press: 'Tab' });
    expect(element.shadowRoot!.activeElement).to.equal(part(element, 'close'));
    await sendKeys({ press: 'Enter' });
    await state(element, 'cancelled');
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
