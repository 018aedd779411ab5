import { aTimeout, expect, fixture, html } from '@open-wc/testing';
import '../../widgets/index.ts';
import type { PayButton, PayErrorEvent, PayStartEvent, PaySuccessEvent } from '../../widgets/index.ts';
import { DESKTOP, ENTERPRISE_WECHAT, IPAD, MINI_PROGRAM, PHONE, recordEvents, Scene, WECHAT_IOS } from './scene.ts';
import { waitUntil } from './wait-until.ts';

const PAY_EVENTS = ['pay-start', 'pay-success', 'pay-cancel', 'pay-error'];

describe('<pay-button>', () => {
  let scene: Scene;

  beforeEach(() => {
    scene = new Scene();
    scene.enterWechat();
    scene.signIn();
  });

  afterEach(() => scene.leave());

  async function show(attributes: { returnUrl?: string; lang?: string; channel?: string } = {}): Promise<PayButton> {
    const { returnUrl = '', lang = '', channel = 'auto' } = attributes;
    const element = await fixture<PayButton>(html`
      <pay-button order-id=${scene.orderId} proxy=${scene.proxy} return-url=${returnUrl} lang=${lang} channel=${channel}></pay-button>
    `);
    return element;
  }

  const inner = (element: PayButton) => element.shadowRoot!.querySelector<HTMLButtonElement>('[part=button]')!;
  const again = (element: PayButton) => element.shadowRoot!.querySelector<HTMLButtonElement>('[part=again]');
  const textOf = (element: PayButton) => element.shadowRoot!.textContent!.replace(/\s+/g, ' ').trim();
  const state = (element: PayButton, wanted: string, timeout = 6_000) =>
    waitUntil(() => element.getAttribute('state') === wanted, `state ${wanted}`, { timeout });
  const events = () => recordEvents<PayStartEvent | PaySuccessEvent | PayErrorEvent>(...PAY_EVENTS);
  const types = (recorded: Event[]) => recorded.map(({ type }) => type);
  const loaded = (element: PayButton) => waitUntil(() => textOf(element).includes('39.80'), 'the amount');

  async function payUntilSheet(element: PayButton): Promise<void> {
    element.click();
    await waitUntil(() => scene.invoked.some(({ name }) => name === 'getBrandWCPayRequest'), 'the pay sheet');
  }

  it('pays: the amount, the sheet, the proxy’s word, one success', async () => {
    await scene.ready();
    const recorded = events();
    const element = await show();
    await loaded(element);
    expect(element.state).to.equal('idle');
    await payUntilSheet(element);
    await state(element, 'paying');
    const sheet = scene.invoked.find(({ name }) => name === 'getBrandWCPayRequest')!;
    expect(sheet.args).to.have.keys('appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign');
    await scene.setStatus('paid');
    scene.answerPaySheet('ok');
    await state(element, 'paid');
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-success']);
    expect((recorded[1] as PaySuccessEvent).detail.order.status).to.equal('paid');
    expect(recorded.every(({ bubbles, composed }) => bubbles && composed)).to.equal(true);
    const [payment] = await scene.calls(scene.paymentRoute);
    expect(payment!.authorization).to.equal('Bearer site-session');
    expect(payment!.body).to.deep.equal({ channel: 'jsapi' });
    expect(payment!.cookie).to.equal(undefined);
  });

  it('does not believe the pay sheet’s ok', async () => {
    await scene.ready();
    const recorded = events();
    const element = await show();
    await payUntilSheet(element);
    scene.answerPaySheet('ok');
    await state(element, 'confirming');
    await aTimeout(2_500);
    expect(element.state).to.equal('confirming');
    expect(inner(element).getAttribute('aria-busy')).to.equal('true');
    expect(types(recorded)).to.deep.equal(['pay-start']);
    await scene.setStatus('paid');
    await state(element, 'paid');
  });

  it('asks the proxy before it says cancelled, and can be clicked again', async () => {
    await scene.ready();
    const recorded = events();
    const element = await show();
    await loaded(element);
    await payUntilSheet(element);
    scene.answerPaySheet('cancel');
    await state(element, 'cancelled');
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-cancel']);
    expect(textOf(element)).to.include('支付已取消');
    await expect(element).to.be.accessible();
    element.click();
    await state(element, 'paying');
    await scene.setStatus('paid');
    scene.answerPaySheet('ok');
    await state(element, 'paid');
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-cancel', 'pay-start', 'pay-success']);
  });

  it('shows what WeChat said when it fails', async () => {
    await scene.ready();
    const recorded = events();
    const element = await show({ lang: 'en' });
    await payUntilSheet(element);
    scene.answerPaySheet('fail', { err_desc: 'no balance' });
    await state(element, 'failed');
    expect(textOf(element)).to.include('no balance');
    const { error } = (recorded[1] as PayErrorEvent).detail;
    expect(error.code).to.equal('payment_failed');
    expect(error.cause['zh-CN']).to.include('no balance');
    expect(error.remedy.en).to.be.a('string');
    await expect(element).to.be.accessible();
  });

  it('shows a paid order at once, and takes no click', async () => {
    await scene.ready({ status: 'paid' });
    const recorded = events();
    const element = await show();
    await state(element, 'paid');
    element.click();
    inner(element).click();
    expect(recorded).to.deep.equal([]);
    expect(scene.invoked.filter(({ name }) => name === 'getBrandWCPayRequest')).to.deep.equal([]);
    await expect(element).to.be.accessible();
  });

  for (const status of ['closed', 'expired'] as const) {
    it(`shows a ${status} order, and takes no click`, async () => {
      await scene.ready({ status });
      const recorded = events();
      const element = await show();
      await state(element, 'closed');
      inner(element).click();
      expect(recorded).to.deep.equal([]);
      expect(textOf(element)).to.include(status === 'closed' ? '订单已关闭' : '订单已过期');
      await expect(element).to.be.accessible();
    });
  }

  it('takes a double click for one attempt', async () => {
    await scene.ready({}, { [scene.paymentRoute]: [{ delay: 100, fault: 'hang' }] });
    const recorded = events();
    const element = await show();
    element.click();
    inner(element).click();
    await aTimeout(300);
    inner(element).click();
    expect(types(recorded)).to.deep.equal(['pay-start']);
    expect(await scene.calls(scene.paymentRoute)).to.have.length(1);
  });

  it('is one attempt with another button of the same order; events come from the one that was clicked', async () => {
    await scene.ready();
    const first = await show();
    const second = await show();
    const heard: [string, string][] = [];
    for (const [name, element] of Object.entries({ first, second })) {
      for (const type of PAY_EVENTS) element.addEventListener(type, () => heard.push([name, type]));
    }
    await payUntilSheet(second);
    await state(first, 'paying');
    first.click();
    expect(await scene.calls(scene.paymentRoute)).to.have.length(1);
    await scene.setStatus('paid');
    scene.answerPaySheet('ok');
    await state(first, 'paid');
    await state(second, 'paid');
    expect(heard).to.deep.equal([
      ['second', 'pay-start'],
      ['second', 'pay-success'],
    ]);
  });

  it('does not lose the attempt when it leaves the document, and shows it when it is back', async () => {
    await scene.ready();
    const element = await show();
    const home = element.parentElement!;
    await payUntilSheet(element);
    element.remove();
    scene.answerPaySheet('ok');
    home.append(element);
    await state(element, 'confirming');
    const recorded = events();
    element.remove();
    const successor = await show();
    await scene.setStatus('paid');
    await state(successor, 'paid');
    expect(types(recorded)).to.deep.equal(['pay-success']);
    expect(recorded[0]!.target).to.equal(successor);
  });

  it('is failed with cause and remedy where the proxy refuses, and tries again', async () => {
    await scene.ready({}, { [scene.paymentRoute]: [scene.problem('payer_mismatch', 403)] });
    const recorded = events();
    const element = await show();
    element.click();
    await state(element, 'failed');
    expect((recorded[1] as PayErrorEvent).detail.error.code).to.equal('payer_mismatch');
    expect(textOf(element)).to.include('请用该账号在微信中打开本页面');
  });

  it('succeeds on 409 order_paid, and closes on 409 order_expired', async () => {
    await scene.ready({}, { [scene.paymentRoute]: [scene.problem('order_paid', 409)] });
    const element = await show();
    await loaded(element);
    const recorded = events();
    await scene.setStatus('paid');
    element.click();
    await state(element, 'paid');
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-success']);

    scene.leave();
    scene = new Scene();
    scene.enterWechat();
    scene.signIn();
    await scene.ready({}, { [scene.paymentRoute]: [scene.problem('order_expired', 409)] });
    const other = await show();
    other.click();
    await state(other, 'closed');
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-success', 'pay-start', 'pay-error']);
  });

  it('goes on confirming through a lost network', async () => {
    await scene.ready();
    const element = await show();
    await payUntilSheet(element);
    await scene.script({
      [scene.orderRoute]: [{ fault: 'drop' }, { fault: 'portal' }, { body: scene.order({ status: 'paid' }) }],
    });
    scene.answerPaySheet('ok');
    await state(element, 'paid', 12_000);
  });

  it('offers to pay again when the confirmation takes too long', async () => {
    await scene.ready();
    const recorded = events();
    const element = await show({ lang: 'en' });
    await payUntilSheet(element);
    scene.answerPaySheet('ok');
    await waitUntil(() => textOf(element).includes('Nothing is lost'), 'the reassurance', { timeout: 12_000 });
    expect(again(element)).to.equal(null);
    await expect(element).to.be.accessible();
    await waitUntil(() => again(element), 'pay again', { timeout: 12_000 });
    await expect(element).to.be.accessible();
    again(element)!.click();
    await state(element, 'paying');
    expect(types(recorded)).to.deep.equal(['pay-start', 'pay-error', 'pay-start']);
    expect((recorded[1] as PayErrorEvent).detail.error.code).to.equal('payment_unconfirmed');
    expect(again(element)).to.equal(null);
  }).timeout(40_000);

  for (const [name, userAgent, channel, code, text] of [
    ['an ordinary browser, by jsapi', DESKTOP, 'jsapi', 'not_in_wechat', '请在微信中打开本页面'],
    ['a mini program', MINI_PROGRAM, 'auto', 'in_mini_program', '请返回小程序'],
    ['Enterprise WeChat', ENTERPRISE_WECHAT, 'auto', 'in_enterprise_wechat', '请在微信中打开本页面'],
    [
      'an iPad, by a code',
      IPAD,
      'native',
      'native_on_phone',
      '这台设备无法扫描自己屏幕上的付款码。 请在电脑上打开本页面付款。',
    ],
    ['WeChat, by a code', WECHAT_IOS, 'native', 'native_on_phone', '请在电脑上打开本页面'],
    ['a phone’s browser, by a code', PHONE, 'native', 'native_on_phone', '请在电脑上打开本页面'],
    ['WeChat, by h5', WECHAT_IOS, 'h5', 'h5_in_wechat', '请在浏览器中打开本页面'],
  ] as const) {
    it(`says what to do in ${name}`, async () => {
      scene.leave();
      scene.enterWechat(userAgent);
      await scene.ready();
      const recorded = events();
      const element = await show({ channel });
      await loaded(element);
      expect(textOf(element)).to.include(text);
      expect(inner(element).getAttribute('aria-disabled')).to.equal('true');
      await expect(element).to.be.accessible();
      element.click();
      expect(types(recorded)).to.deep.equal(['pay-error']);
      expect((recorded[0] as PayErrorEvent).detail.error.code).to.equal(code);
      expect(scene.invoked).to.deep.equal([]);
      expect(await scene.calls(scene.paymentRoute)).to.deep.equal([]);
    });
  }

  it('knows a mini program as soon as its client says so', async () => {
    scene.leave();
    scene.enterWechat(WECHAT_IOS, { bridge: false });
    await scene.ready();
    const element = await show();
    await loaded(element);
    expect(inner(element).getAttribute('aria-disabled')).to.equal(null);
    (window as { __wxjs_environment?: string }).__wxjs_environment = 'miniprogram';
    scene.installBridge();
    await waitUntil(() => textOf(element).includes('请返回小程序付款'), 'what to do');
    expect(inner(element).getAttribute('aria-disabled')).to.equal('true');
  });

  it('says on a click what could not be known before', async () => {
    await scene.ready();
    const recorded = events();
    const element = await show();
    await payUntilSheet(element);
    scene.answerPaySheet('cancel');
    await state(element, 'cancelled');
    (window as { __wxjs_environment?: string }).__wxjs_environment = 'miniprogram';
    element.click();
    await element.updateComplete;
    expect(textOf(element)).to.include('请返回小程序付款');
    expect((recorded.at(-1) as PayErrorEvent).detail.error.code).to.equal('in_mini_program');
    expect(scene.invoked.filter(({ name }) => name === 'getBrandWCPayRequest')).to.have.length(1);
  });

  it('takes a blank page of the mini program for none', async () => {
    scene.leave();
    scene.enterWechat(MINI_PROGRAM);
    await scene.ready();
    const recorded = events();
    const element = await show();
    element.miniProgramPath = ' ';
    await element.updateComplete;
    element.click();
    expect((recorded[0] as PayErrorEvent).detail.error.code).to.equal('in_mini_program');
  });

  it('has a spinner, which stands still for whoever wants no motion', async () => {
    await scene.ready({}, { [scene.paymentRoute]: [{ fault: 'hang' }] });
    const element = await show();
    element.click();
    await state(element, 'preparing');
    await element.updateComplete;
    expect(element.shadowRoot!.getAnimations()).to.have.length(1);
    const { emulateMedia } = await import('@web/test-runner-commands');
    await emulateMedia({ reducedMotion: 'reduce' });
    try {
      expect(element.shadowRoot!.getAnimations()).to.have.length(0);
    } finally {
      await emulateMedia({ reducedMotion: 'no-preference' });
    }
  });

  it('fails with bridge_missing where WeChat’s bridge never comes', async () => {
    scene.leave();
    scene.enterWechat(WECHAT_IOS, { bridge: false });
    scene.signIn();
    await scene.ready();
    const recorded = events();
    const element = await show();
    element.click();
    await state(element, 'failed', 8_000);
    expect((recorded[1] as PayErrorEvent).detail.error.code).to.equal('bridge_missing');
  });

  it('waits for a bridge that comes late', async () => {
    scene.leave();
    scene.enterWechat(WECHAT_IOS, { bridge: false });
    scene.signIn();
    await scene.ready();
    const element = await show();
    element.click();
    await state(element, 'paying');
    setTimeout(() => scene.installBridge(), 300);
    await waitUntil(() => scene.invoked.some(({ name }) => name === 'getBrandWCPayRequest'), 'the pay sheet');
  });

  it('configures the JS-SDK in the background for the page as it is, and again on a click after a route change', async () => {
    const entry = location.href;
    await scene.ready();
    history.replaceState(null, '', `${entry}&route=1`);
    const element = await show();
    const verifications = () => scene.invoked.filter(({ name }) => name === 'preVerifyJSAPI').length;
    await waitUntil(() => verifications() === 1, 'the verification');
    history.replaceState(null, '', `${entry}&route=2`);
    element.click();
    await waitUntil(() => verifications() === 2, 'another verification');
    history.replaceState(null, '', entry);
    const urls = (await scene.calls('GET /v1/jssdk/config')).map(({ query }) => query.url);
    expect(urls).to.deep.equal([`${entry}&route=1`, `${entry}&route=2`]);
    expect(await scene.calls(scene.paymentRoute)).to.have.length(1);
    await waitUntil(() => scene.invoked.some(({ name }) => name === 'preVerifyJSAPI'), 'the verification');
    const { args } = scene.invoked.find(({ name }) => name === 'preVerifyJSAPI')!;
    expect(args.verifyJsApiList).to.include('getBrandWCPayRequest');
    await waitUntil(() => (window as { wx?: unknown }).wx, 'wx');
  });

  it('works by keyboard and keeps the focus', async () => {
    await scene.ready();
    const element = await show();
    await loaded(element);
    element.focus();
    expect(element.shadowRoot!.activeElement).to.equal(inner(element));
    const { sendKeys } = await import('@web/test-runner-commands');
    await sendKeys({ press: 'Enter' });
    await state(element, 'paying');
    expect(element.shadowRoot!.activeElement).to.equal(inner(element));
    await scene.setStatus('paid');
    scene.answerPaySheet('ok');
    await state(element, 'paid');
    expect(element.shadowRoot!.activeElement).to.equal(inner(element));
  });

  it('asks a payer who is back from WeChat’s page how it went', async () => {
    scene.leave();
    scene.enterWechat(PHONE, { bridge: false });
    await scene.ready();
    const key = `weixin-widgets:attempt ${scene.proxy} ${scene.orderId}`;
    sessionStorage.setItem(key, JSON.stringify({ id: '1', channel: 'h5', at: Date.now() }));
    const element = await show();
    await waitUntil(() => again(element), 'the question');
    expect(inner(element).textContent).to.include('我已付款');
    expect(inner(element).getAttribute('aria-disabled')).to.equal(null);
    expect(again(element)!.textContent).to.include('重新支付');
    await expect(element).to.be.accessible();
    inner(element).click();
    await state(element, 'confirming');
    await expect(element).to.be.accessible();
  });

  it('is disabled by attribute', async () => {
    await scene.ready();
    const recorded = events();
    const element = await show();
    element.disabled = true;
    await element.updateComplete;
    element.click();
    expect(recorded).to.deep.equal([]);
    expect(inner(element).disabled).to.equal(true);
    await expect(element).to.be.accessible();
  });

  it('tells every state to screen readers, in one place', async () => {
    await scene.ready();
    const element = await show({ lang: 'en' });
    await loaded(element);
    const spoken = () => element.shadowRoot!.querySelector('[role=status]')!.textContent!.trim();
    expect(spoken()).to.equal('');
    await expect(element).to.be.accessible();
    await payUntilSheet(element);
    await waitUntil(() => spoken() === 'Pay on WeChat’s pay sheet.', 'paying');
    await expect(element).to.be.accessible();
    scene.answerPaySheet('ok');
    await waitUntil(() => spoken() === 'Confirming payment…', 'confirming');
    await expect(element).to.be.accessible();
    await scene.setStatus('paid');
    await waitUntil(() => spoken() === 'Paid', 'paid', { timeout: 4_000 });
  });

  it('is large enough for a thumb', async () => {
    await scene.ready();
    const element = await show();
    expect(inner(element).getBoundingClientRect().height).to.be.at.least(44);
  });

  it('speaks the language around it', async () => {
    await scene.ready();
    const element = await show();
    await loaded(element);
    expect(textOf(element)).to.include('微信支付 ¥39.80');
    element.parentElement!.lang = 'en';
    await waitUntil(() => textOf(element).includes('Pay ¥39.80'), 'English by what is around it');
    element.lang = 'zh-CN';
    await waitUntil(() => textOf(element).includes('微信支付'), 'Chinese by its own attribute');
  });

  it('changes with its order', async () => {
    await scene.ready({ status: 'paid' });
    const element = await show();
    await state(element, 'paid');
    const { proxy } = scene;
    scene = new Scene();
    await scene.ready({ amount: { total: 100, currency: 'CNY' } });
    expect(proxy).not.to.equal(scene.proxy);
    element.orderId = scene.orderId;
    element.proxy = scene.proxy;
    await state(element, 'idle');
    await waitUntil(() => textOf(element).includes('¥1.00'), 'the other amount');
  });

  it('names what is missing', async () => {
    const element = await fixture<PayButton>(html`<pay-button proxy=${scene.proxy} lang="en"></pay-button>`);
    const recorded = events();
    expect(textOf(element)).to.include('Check order-id and proxy.');
    element.click();
    expect((recorded[0] as PayErrorEvent).detail.error.code).to.equal('order_id_missing');
  });
});
