import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsapiParams, PageOrder } from '../../proxy/api.ts';
import { failure } from '../../widgets/core/failure.ts';
import { OrderFeed } from '../../widgets/core/order-feed.ts';
import type { BridgeAnswer } from '../../widgets/core/wechat/bridge.ts';
import { PayErrorEvent, type PayEvent } from '../../widgets/pay-button/pay-events.ts';
import { Payment, type PayState } from '../../widgets/pay-button/payment.ts';
import { anOrder } from './an-order.ts';
import { FakeClock, settled } from './fake-clock.ts';

const PARAMS: JsapiParams = {
  appId: 'wx1',
  timeStamp: '1',
  nonceStr: 'n',
  package: 'prepay_id=1',
  signType: 'RSA',
  paySign: 's',
};

/** A payment with a proxy and a pay sheet that do as they are told. */
function arrange({ order = anOrder(), error }: { order?: PageOrder; error?: Error } = {}) {
  const clock = new FakeClock();
  const proxy = { order, error: error as unknown, reads: 0, prepared: 0, refusal: undefined as unknown };
  const sheets: ((answer: BridgeAnswer | undefined) => void)[] = [];
  const feed = new OrderFeed({
    clock,
    page: { hidden: false, onChange: () => () => {} },
    read: async () => {
      proxy.reads++;
      if (proxy.error) throw proxy.error;
      return { ...proxy.order };
    },
  });
  const payment = new Payment({
    feed,
    orderId: 'ord_1',
    clock,
    prepare: async (_resumed: boolean, begin: () => void) => {
      begin();
      proxy.prepared++;
      if (proxy.refusal) throw proxy.refusal;
      return PARAMS;
    },
    openPaySheet: () => new Promise((resolve) => sheets.push(resolve)),
  });
  const events: PayEvent[] = [];
  const states: PayState[] = [];
  const leave = payment.subscribe(() => {
    if (states.at(-1) !== payment.state) states.push(payment.state);
  });
  return {
    clock,
    proxy,
    feed,
    payment,
    events,
    states,
    leave,
    types: () => events.map(({ type }) => type.replace('pay-', '')),
    click: () => payment.pay((event) => events.push(event)),
    async answer(answer: BridgeAnswer | undefined) {
      sheets.shift()!(answer);
      await settled();
    },
    setStatus(status: PageOrder['status']) {
      proxy.order = { ...proxy.order, status };
    },
  };
}

async function arrangeConfirming(answer: BridgeAnswer | undefined) {
  const world = arrange();
  await settled();
  world.click();
  await settled();
  world.setStatus('paying');
  await world.answer(answer);
  return world;
}

const OK = { err_msg: 'get_brand_wcpay_request:ok' };
const CANCEL = { err_msg: 'get_brand_wcpay_request:cancel' };

function codeOf(event: PayEvent | undefined): string | undefined {
  return event instanceof PayErrorEvent ? event.detail.error.code : undefined;
}

describe('a payment', () => {
  it('goes from idle through the pay sheet to paid, once the proxy says so', async () => {
    const world = arrange();
    await settled();
    world.click();
    await settled();
    world.setStatus('paid');
    await world.answer(OK);
    assert.deepEqual(world.states, ['idle', 'preparing', 'paying', 'confirming', 'paid']);
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('is not paid because the pay sheet says ok', async () => {
    const world = await arrangeConfirming(OK);
    await world.clock.advance(9_000);
    assert.equal(world.payment.state, 'confirming');
    assert.deepEqual(world.types(), ['start']);
  });

  it('keeps asking while the proxy has not heard, every 2 s and more slowly after a minute', async () => {
    const world = await arrangeConfirming(OK);
    const before = world.proxy.reads;
    await world.clock.advance(58_000);
    const inFirstMinute = world.proxy.reads - before;
    assert.ok(inFirstMinute >= 27 && inFirstMinute <= 31, `${inFirstMinute} reads`);
    await world.clock.advance(10_000);
    const later = world.proxy.reads;
    await world.clock.advance(60_000);
    assert.equal(world.proxy.reads - later, 12);
    world.setStatus('paid');
    await world.clock.advance(5_000);
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('says after 10 s that it takes longer and offers to pay again after 20 s', async () => {
    const world = await arrangeConfirming(OK);
    await world.clock.advance(9_900);
    assert.equal(world.payment.isSlow, false);
    await world.clock.advance(200);
    assert.deepEqual([world.payment.isSlow, world.payment.canPayAgain], [true, false]);
    await world.clock.advance(10_000);
    assert.equal(world.payment.canPayAgain, true);
  });

  it('ends the unconfirmed attempt with an error when the payer pays again', async () => {
    const world = await arrangeConfirming(OK);
    await world.clock.advance(21_000);
    world.click();
    await settled();
    assert.deepEqual(world.types(), ['start', 'error', 'start']);
    assert.equal(codeOf(world.events[1]), 'payment_unconfirmed');
    assert.equal(world.payment.state, 'paying');
    assert.deepEqual([world.payment.isSlow, world.payment.canPayAgain], [false, false]);
    world.setStatus('paid');
    await world.answer(OK);
    assert.deepEqual(world.types(), ['start', 'error', 'start', 'success']);
  });

  it('asks again more than 2 s after the pay sheet was closed before it says cancelled', async () => {
    const world = await arrangeConfirming(CANCEL);
    assert.equal(world.payment.state, 'confirming');
    await world.clock.advance(2_100);
    assert.equal(world.payment.state, 'confirming');
    await world.clock.advance(200);
    assert.equal(world.payment.state, 'cancelled');
    assert.deepEqual(world.types(), ['start', 'cancel']);
  });

  it('is paid, not cancelled, where the proxy says paid after the pay sheet said cancel', async () => {
    const world = await arrangeConfirming(CANCEL);
    world.setStatus('paid');
    await world.clock.advance(2_300);
    assert.equal(world.payment.state, 'paid');
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('fails with what WeChat said, after the proxy was asked', async () => {
    const world = await arrangeConfirming({ err_msg: 'get_brand_wcpay_request:fail', err_desc: '余额不足' });
    await world.clock.advance(2_300);
    assert.equal(world.payment.state, 'failed');
    assert.equal(codeOf(world.events[1]), 'payment_failed');
    assert.match(world.payment.error!.cause['zh-CN'], /余额不足/);
    assert.match(world.payment.error!.cause.en, /余额不足/);
  });

  for (const message of ['get_brand_wcpay_request:fail_no permission', 'system:access_denied', '']) {
    it(`takes ${JSON.stringify(message)} for a failure`, async () => {
      const world = await arrangeConfirming({ err_msg: message });
      await world.clock.advance(2_300);
      assert.equal(world.payment.state, 'failed');
    });
  }

  it('confirms where the pay sheet never says anything', async () => {
    const world = await arrangeConfirming(undefined);
    assert.equal(world.payment.state, 'confirming');
    world.setStatus('paid');
    await world.clock.advance(2_000);
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('is paid as soon as the proxy says so, even while the pay sheet is open', async () => {
    const world = arrange();
    await settled();
    world.click();
    await settled();
    world.setStatus('paid');
    await world.clock.advance(2_000);
    assert.equal(world.payment.state, 'paid');
    await world.answer(CANCEL);
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('goes on confirming while the proxy cannot be reached, until it is back', async () => {
    const world = await arrangeConfirming(CANCEL);
    world.proxy.error = failure('proxy_unreachable');
    await world.clock.advance(60_000);
    assert.equal(world.payment.state, 'confirming');
    world.proxy.error = undefined;
    await world.clock.advance(5_000);
    assert.deepEqual(world.types(), ['start', 'cancel']);
  });

  it('takes a double click for one attempt', async () => {
    const world = arrange();
    world.click();
    world.click();
    await settled();
    world.click();
    assert.equal(world.proxy.prepared, 1);
    assert.deepEqual(world.types(), ['start']);
  });

  for (const end of ['cancelled', 'failed'] as const) {
    it(`can be paid again after it was ${end}`, async () => {
      const world = await arrangeConfirming(end === 'cancelled' ? CANCEL : { err_msg: ':fail' });
      await world.clock.advance(2_300);
      world.click();
      await settled();
      world.setStatus('paid');
      await world.answer(OK);
      assert.equal(world.payment.state, 'paid');
      assert.equal(world.payment.error, undefined);
    });
  }

  it('shows an order that is paid already, and takes no click', async () => {
    const world = arrange({ order: anOrder({ status: 'paid' }) });
    await settled();
    world.click();
    assert.equal(world.payment.state, 'paid');
    assert.deepEqual(world.events, []);
    assert.equal(world.proxy.prepared, 0);
  });

  it('succeeds where the proxy refuses because the order is paid', async () => {
    const world = arrange();
    await settled();
    world.proxy.refusal = failure('order_paid', { status: 409 });
    world.setStatus('paid');
    world.click();
    await settled();
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  for (const code of ['order_closed', 'order_expired'] as const) {
    it(`closes on ${code}`, async () => {
      const world = arrange();
      await settled();
      world.proxy.refusal = failure(code, { status: 409 });
      world.setStatus(code === 'order_closed' ? 'closed' : 'expired');
      world.click();
      await settled();
      assert.equal(world.payment.state, 'closed');
      assert.equal(codeOf(world.events[1]), code);
      world.click();
      assert.deepEqual(world.types(), ['start', 'error']);
    });
  }

  it('fails where the proxy cannot be reached for the payment, and can be clicked again', async () => {
    const world = arrange();
    await settled();
    world.proxy.refusal = failure('proxy_unreachable');
    world.click();
    await settled();
    assert.equal(world.payment.state, 'failed');
    assert.equal(codeOf(world.events[1]), 'proxy_unreachable');
    world.proxy.refusal = undefined;
    world.click();
    await settled();
    assert.equal(world.payment.state, 'paying');
  });

  it('closes by itself when an untouched order expires', async () => {
    const world = arrange();
    await settled();
    world.proxy.error = failure('proxy_unreachable');
    await world.clock.advance(9 * 60_000);
    assert.equal(world.payment.state, 'idle');
    await world.clock.advance(2 * 60_000);
    assert.equal(world.payment.state, 'closed');
    assert.deepEqual(world.events, []);
  });

  it('closes with an error where the order ends during the attempt', async () => {
    const world = await arrangeConfirming(OK);
    world.setStatus('expired');
    await world.clock.advance(2_000);
    assert.equal(world.payment.state, 'closed');
    assert.equal(codeOf(world.events[1]), 'order_expired');
  });

  it('becomes paid without an event where the payment arrives after the attempt has ended', async () => {
    const world = await arrangeConfirming(CANCEL);
    await world.clock.advance(2_300);
    world.setStatus('paid');
    await world.clock.advance(15_000);
    assert.equal(world.payment.state, 'paid');
    assert.deepEqual(world.types(), ['start', 'cancel']);
  });

  it('fails without an attempt where there is no such order, and heals when there is', async () => {
    const world = arrange({ error: failure('order_not_found', { status: 404 }) });
    await settled();
    assert.equal(world.payment.state, 'failed');
    assert.equal(world.payment.error?.code, 'order_not_found');
    world.proxy.error = undefined;
    await world.feed.refresh();
    assert.equal(world.payment.state, 'idle');
    assert.deepEqual(world.events, []);
  });

  it('goes on when nobody shows it any more, and stops the poll when it has ended', async () => {
    const world = arrange();
    await settled();
    world.click();
    await settled();
    world.leave();
    await world.answer(OK);
    world.setStatus('paid');
    await world.clock.advance(2_000);
    assert.deepEqual(world.types(), ['start', 'success']);
    assert.equal(world.clock.pending, 0);
  });

  it('offers to pay again where the pay sheet never says how it ended', async () => {
    const world = arrange();
    await settled();
    world.click();
    await settled();
    await world.clock.advance(59_000);
    assert.equal(world.payment.canPayAgain, false);
    await world.clock.advance(2_000);
    assert.equal(world.payment.canPayAgain, true);
    world.click();
    await settled();
    assert.deepEqual(world.types(), ['start', 'error', 'start']);
    assert.equal(codeOf(world.events[1]), 'payment_unconfirmed');
    await world.answer(OK);
    assert.equal(world.payment.state, 'paying', 'the old sheet’s answer is nobody’s');
  });

  it('starts one new attempt where a listener pays again as soon as it hears of the old one’s end', async () => {
    const world = await arrangeConfirming(OK);
    await world.clock.advance(21_000);
    const events: string[] = [];
    const emit = (event: PayEvent) => events.push(event.type);
    world.payment.pay(emit);
    world.payment.pay(emit);
    await settled();
    assert.deepEqual(events, ['pay-start']);
    assert.equal(world.proxy.prepared, 2);
  });
});
