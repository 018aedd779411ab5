import { aTimeout, expect, fixture, html } from '@open-wc/testing';
import '../../widgets/index.ts';
import type { OrderCard, OrderChangeEvent, OrderErrorEvent, OrderLoadEvent } from '../../widgets/index.ts';
import { recordEvents, Scene } from './scene.ts';
import { waitUntil } from './wait-until.ts';

describe('<order-card>', () => {
  let scene: Scene;

  beforeEach(() => {
    scene = new Scene();
  });

  const show = (lang = 'en') =>
    fixture<OrderCard>(html`<order-card order-id=${scene.orderId} proxy=${scene.proxy} lang=${lang}></order-card>`);
  const textOf = (element: OrderCard) => element.shadowRoot!.textContent!.replace(/\s+/g, ' ').trim();
  const state = (element: OrderCard, wanted: string, timeout = 4_000) =>
    waitUntil(() => element.getAttribute('state') === wanted, `state ${wanted}`, { timeout });
  const events = () =>
    recordEvents<OrderLoadEvent | OrderChangeEvent | OrderErrorEvent>('order-load', 'order-change', 'order-error');

  it('shows the order: items, amount, status and the time left', async () => {
    await scene.ready({
      items: [
        { name: '云南日晒 250 g', quantity: 2, unitPrice: 1990, imageUrl: `${location.origin}/no-such-picture.png` },
        { name: '<b>滤纸</b>', quantity: 1, unitPrice: 0 },
      ],
    });
    const recorded = events();
    const element = await show();
    await state(element, 'ready');
    const text = textOf(element);
    for (const part of ['云南日晒 250 g', '×2', '¥19.90', '<b>滤纸</b>', '¥39.80', 'Awaiting payment']) {
      expect(text).to.include(part);
    }
    expect(text).to.match(/(10:00|09:5\d)/);
    expect(recorded.map(({ type }) => type)).to.deep.equal(['order-load']);
    expect((recorded[0] as OrderLoadEvent).detail.order.id).to.equal(scene.orderId);
    await expect(element).to.be.accessible();
  });

  it('counts down by the server’s clock', async () => {
    const elsewhere = Date.now() - 365 * 86_400_000;
    await scene.ready({
      serverTime: new Date(elsewhere).toISOString(),
      expiresAt: new Date(elsewhere + 65_000).toISOString(),
    });
    const element = await show();
    await state(element, 'ready');
    const clock = () => element.shadowRoot!.querySelector('[role=timer]')!.textContent;
    expect(clock()).to.match(/01:0[45]/);
    await waitUntil(() => clock() === '01:03', 'the next second', { timeout: 3_000 });
  });

  it('is a skeleton while it loads', async () => {
    await scene.ready({}, { [scene.orderRoute]: [{ delay: 600, body: scene.order() }] });
    const element = await show();
    expect(element.state).to.equal('loading');
    expect(textOf(element)).to.include('Loading the order');
    await expect(element).to.be.accessible();
    await state(element, 'ready');
  });

  it('follows the order', async () => {
    await scene.ready({}, { [scene.orderRoute]: [{ body: scene.order() }, { body: scene.order({ status: 'paid' }) }] });
    const recorded = events();
    const element = await show();
    await waitUntil(() => textOf(element).includes('Paid'), 'paid', { timeout: 7_000 });
    const { detail } = recorded[1] as OrderChangeEvent;
    expect([recorded[1]!.type, detail.previous.status, detail.order.status]).to.deep.equal([
      'order-change',
      'created',
      'paid',
    ]);
    expect(element.shadowRoot!.querySelector('[role=timer]')).to.equal(null);
    await expect(element).to.be.accessible();
  });

  for (const [lang, partly, all, where] of [
    ['zh-CN', '部分退款', '已退款', '退回原支付方式'],
    ['en', 'Partly refunded', 'Refunded', 'to your original payment method.'],
  ] as const) {
    it(`shows refunds as they come (${lang})`, async () => {
      await scene.ready({ status: 'paid' });
      const recorded = events();
      const element = await show(lang);
      await state(element, 'ready');
      expect(element.shadowRoot!.querySelector('[part=refund]')).to.equal(null);
      for (const [status, text] of [
        ['partially_refunded', partly],
        ['refunded', all],
      ] as const) {
        await scene.setStatus(status);
        // Whoever looks at the page again sees it as it is.
        document.dispatchEvent(new Event('visibilitychange'));
        await waitUntil(() => textOf(element).includes(text), text);
        expect(element.shadowRoot!.querySelector('[part=refund]')!.textContent).to.include(where);
        await expect(element).to.be.accessible();
      }
      expect(recorded.map(({ type }) => type)).to.deep.equal(['order-load', 'order-change', 'order-change']);
    });
  }

  it('says what is wrong and what to do, and tries again when asked', async () => {
    await scene.ready({}, { [scene.orderRoute]: [scene.problem('order_not_found', 404)] });
    const recorded = events();
    const element = await show('zh-CN');
    await state(element, 'error');
    expect(textOf(element)).to.include('找不到此订单');
    expect((recorded[0] as OrderErrorEvent).detail.error.code).to.equal('order_not_found');
    await expect(element).to.be.accessible();
    await scene.setStatus('created');
    element.shadowRoot!.querySelector<HTMLButtonElement>('[part=retry]')!.click();
    expect(element.state).to.equal('loading');
    await state(element, 'ready');
  });

  it('heals by itself when the network is back, and says once that it was away', async () => {
    await scene.ready({}, { [scene.orderRoute]: [{ fault: 'drop' }, { fault: 'drop' }, { body: scene.order() }] });
    const recorded = events();
    const element = await show();
    await state(element, 'error');
    await state(element, 'ready', 10_000);
    expect(recorded.map(({ type }) => type)).to.deep.equal(['order-error', 'order-load']);
  });

  it('keeps showing the order while the network is away', async () => {
    await scene.ready({}, { [scene.orderRoute]: [{ body: scene.order() }, { fault: 'drop' }] });
    const element = await show();
    await state(element, 'ready');
    await aTimeout(5_500);
    expect(element.state).to.equal('ready');
  });

  it('asks once for several elements that show one order', async () => {
    await scene.ready({}, { [scene.orderRoute]: [{ delay: 100, body: scene.order() }] });
    const elements = await Promise.all([show(), show(), show()]);
    await Promise.all(elements.map((element) => state(element, 'ready')));
    expect(await scene.calls(scene.orderRoute)).to.have.length(1);
  });

  it('says once that no order was given', async () => {
    const recorded = events();
    const element = await fixture<OrderCard>(html`<order-card proxy=${scene.proxy} lang="en"></order-card>`);
    expect(element.state).to.equal('error');
    expect((recorded[0] as OrderErrorEvent).detail.error.code).to.equal('order_id_missing');
    expect(recorded).to.have.length(1);
  });
});
