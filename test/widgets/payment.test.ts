import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsapiParams, PageOrder } from '../../proxy/api.ts';
import { addErrorTexts, asWidgetError, failure } from '../../widgets/core/failure.ts';
import { OrderFeed } from '../../widgets/core/order-feed.ts';
import type { Store } from '../../widgets/core/stored.ts';
import type { BridgeAnswer } from '../../widgets/core/wechat/bridge.ts';
import { Attempt, type Prepared } from '../../widgets/pay-button/attempt.ts';
import { ATTEMPT_ERROR_TEXTS, attemptErrorKind } from '../../widgets/pay-button/attempt-error-texts.ts';
import type { PayChannel } from '../../widgets/pay-button/channel.ts';
import { AttemptKeeper } from '../../widgets/pay-button/kept-attempt.ts';
import {
  type PayCancelEvent,
  PayErrorEvent,
  type PayEvent,
  type PayStartEvent,
} from '../../widgets/pay-button/pay-events.ts';
import { Payment, type PayState } from '../../widgets/pay-button/payment.ts';
import { anOrder } from './an-order.ts';
import { FakeClock, settled } from './fake-clock.ts';

addErrorTexts(ATTEMPT_ERROR_TEXTS, attemptErrorKind);

const PARAMS: JsapiParams = {
  appId: 'wx1',
  timeStamp: '1',
  nonceStr: 'n',
  package: 'prepay_id=1',
  signType: 'RSA',
  paySign: 's',
};

/** What the proxy answers, by the channel; codes live for five minutes. */
const PREPARED = (): Record<PayChannel, Prepared> => ({
  jsapi: { channel: 'jsapi', params: PARAMS },
  native: { channel: 'native', codeUrl: 'weixin://wxpay/bizpayurl?pr=1', expiresAt: '2026-03-01T08:05:00.000Z' },
  h5: { channel: 'h5', url: 'https://wx.test/checkmweb?prepay_id=1' },
  'mini-program': { channel: 'mini-program', path: '/pages/pay?id=1' },
});

interface Options {
  order?: PageOrder;
  error?: Error;
  channel?: PayChannel;
  /** What the tab keeps over its pages. */
  kept?: Store | undefined;
}

function aStore(): Store {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** A payment with a proxy and a pay sheet that do as they are told. */
function arrange({ order = anOrder(), error, channel = 'jsapi', ...options }: Options = {}) {
  const clock = new FakeClock();
  const kept = 'kept' in options ? options.kept : aStore();
  const prepared = PREPARED();
  const proxy = { order, error: error as unknown, reads: 0, prepared: 0, refusal: undefined as unknown };
  const opened: ((answer: BridgeAnswer | 'back' | undefined) => void)[] = [];
  const started = Date.parse(order.serverTime);
  const feed = new OrderFeed({
    clock,
    page: { hidden: false, onChange: () => () => {} },
    read: async () => {
      proxy.reads++;
      if (proxy.error) throw proxy.error;
      return { ...proxy.order, serverTime: new Date(started + clock.now()).toISOString() };
    },
  });
  const keeper = new AttemptKeeper(kept, 'https://pay.test', 'ord_1');
  const payment = new Payment({
    feed,
    keeper,
    orderId: 'ord_1',
    createAttempt: async (payment, way, id) =>
      new Attempt(
        {
          payment,
          feed,
          clock,
          keeper,
          failure,
          asWidgetError,
          prepare: async (begin) => {
            begin();
            proxy.prepared++;
            if (proxy.refusal) throw proxy.refusal;
            return prepared[way.channel];
          },
          open: () => new Promise((resolve) => opened.push(resolve)),
        },
        way,
        id,
      ),
  });
  const events: PayEvent[] = [];
  const states: PayState[] = [];
  const leave = payment.subscribe(() => {
    if (states.at(-1) !== payment.state) states.push(payment.state);
  });
  const emit = (event: PayEvent) => events.push(event);
  return {
    clock,
    proxy,
    prepared,
    feed,
    payment,
    events,
    states,
    kept,
    leave,
    types: () => events.map(({ type }) => type.replace('pay-', '')),
    click: () => payment.pay(emit, { channel }),
    resume: () => payment.resume(emit),
    async answer(answer: BridgeAnswer | 'back' | undefined) {
      opened.shift()!(answer);
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
    assert.equal(world.payment.attempt?.isSlow, false);
    await world.clock.advance(200);
    assert.deepEqual([world.payment.attempt?.isSlow, world.payment.attempt?.canPayAgain], [true, false]);
    await world.clock.advance(10_000);
    assert.equal(world.payment.attempt?.canPayAgain, true);
  });

  it('ends the unconfirmed attempt with an error when the payer pays again', async () => {
    const world = await arrangeConfirming(OK);
    await world.clock.advance(21_000);
    world.click();
    await settled();
    assert.deepEqual(world.types(), ['start', 'error', 'start']);
    assert.equal(codeOf(world.events[1]), 'payment_unconfirmed');
    assert.equal(world.payment.state, 'paying');
    assert.deepEqual([world.payment.attempt?.isSlow, world.payment.attempt?.canPayAgain], [false, false]);
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
    assert.equal(world.payment.attempt?.canPayAgain, false);
    await world.clock.advance(2_000);
    assert.equal(world.payment.attempt?.canPayAgain, true);
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
    world.payment.pay(emit, { channel: 'jsapi' });
    world.payment.pay(emit, { channel: 'jsapi' });
    await settled();
    assert.deepEqual(events, ['pay-start']);
    assert.equal(world.proxy.prepared, 2);
  });
});

describe('paying by a code', () => {
  async function arrangeShown(options: Options = {}) {
    const world = arrange({ channel: 'native', ...options });
    await settled();
    world.click();
    await settled();
    world.setStatus('paying');
    return world;
  }

  it('shows the code until the proxy says that the order is paid, which it asks by itself', async () => {
    const world = await arrangeShown();
    assert.equal(world.payment.state, 'paying');
    assert.equal(world.payment.attempt!.timeLeft, '05:00');
    assert.equal((world.events[0] as PayStartEvent).detail.channel, 'native');
    await world.clock.advance(10_000);
    assert.equal(world.payment.attempt!.timeLeft, '04:50');
    world.setStatus('paid');
    await world.clock.advance(2_000);
    assert.equal(world.payment.state, 'paid');
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('asks every 2 s, more slowly after a minute, and goes on where the network is gone', async () => {
    const world = await arrangeShown();
    const before = world.proxy.reads;
    await world.clock.advance(59_000);
    const inFirstMinute = world.proxy.reads - before;
    assert.ok(inFirstMinute >= 28 && inFirstMinute <= 30, `${inFirstMinute} reads`);
    world.proxy.error = failure('proxy_unreachable');
    await world.clock.advance(60_000);
    world.proxy.error = undefined;
    const later = world.proxy.reads;
    await world.clock.advance(60_000);
    assert.ok(world.proxy.reads - later >= 11 && world.proxy.reads - later <= 13);
    world.setStatus('paid');
    await world.clock.advance(5_000);
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('expires by the server’s clock, and is renewed within the same attempt', async () => {
    const world = await arrangeShown();
    await world.clock.advance(5 * 60_000);
    assert.equal(world.payment.attempt!.timeLeft, undefined);
    assert.equal(world.payment.state, 'paying');
    world.prepared.native = {
      channel: 'native',
      codeUrl: 'weixin://wxpay/bizpayurl?pr=2',
      expiresAt: '2026-03-01T08:10:00.000Z',
    };
    world.payment.attempt!.renew();
    world.payment.attempt!.renew();
    await settled();
    assert.equal(world.proxy.prepared, 2, 'asked once, however often it was clicked');
    assert.deepEqual(world.payment.attempt!.prepared, world.prepared.native);
    assert.equal(world.payment.attempt!.timeLeft, '05:00');
    assert.deepEqual(world.types(), ['start']);
  });

  it('says why a code could not be renewed, and lets the payer try again', async () => {
    const world = await arrangeShown();
    world.proxy.refusal = failure('proxy_unreachable');
    await world.payment.attempt!.renew();
    assert.deepEqual([world.payment.state, world.payment.error?.code], ['paying', 'proxy_unreachable']);
    world.proxy.refusal = undefined;
    await world.payment.attempt!.renew();
    assert.equal(world.payment.error, undefined);
    assert.deepEqual(world.types(), ['start']);
  });

  it('is paid where a renewal finds that it is', async () => {
    const world = await arrangeShown();
    world.proxy.refusal = failure('order_paid', { status: 409 });
    world.setStatus('paid');
    await world.payment.attempt!.renew();
    await settled();
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('closes where a renewal finds the order over', async () => {
    const world = await arrangeShown();
    world.proxy.refusal = failure('order_closed', { status: 409 });
    await world.payment.attempt!.renew();
    assert.equal(world.payment.state, 'closed');
    assert.deepEqual(world.types(), ['start', 'error']);
  });

  it('is cancelled when it is put away and the proxy says that nothing was paid', async () => {
    const world = await arrangeShown();
    world.payment.attempt!.putAway();
    assert.equal(world.payment.state, 'confirming');
    await world.clock.advance(2_300);
    assert.equal(world.payment.state, 'cancelled');
    assert.equal((world.events[1] as PayCancelEvent).detail.said, 'closed');
    assert.deepEqual(world.types(), ['start', 'cancel']);
  });

  it('is paid where the payer scanned it just before putting it away', async () => {
    const world = await arrangeShown();
    world.payment.attempt!.putAway();
    world.setStatus('paid');
    await world.clock.advance(2_300);
    assert.deepEqual(world.types(), ['start', 'success']);
  });

  it('closes with an error when the order does', async () => {
    const world = await arrangeShown();
    world.setStatus('expired');
    await world.clock.advance(2_000);
    assert.equal(world.payment.state, 'closed');
    assert.deepEqual(world.types(), ['start', 'error']);
    assert.equal(world.clock.pending, 0, 'nothing is left running');
  });

  it('is shown again by a page that was loaded anew, in the same attempt', async () => {
    const { kept } = await arrangeShown();
    const next = arrange({ channel: 'native', kept });
    next.resume();
    await settled();
    assert.equal(next.payment.state, 'paying');
    assert.equal(next.payment.attempt!.prepared?.channel, 'native');
    next.setStatus('paid');
    await next.clock.advance(2_000);
    assert.deepEqual(next.types(), ['success']);
  });
});

describe('leaving the page to pay', () => {
  /** The payer clicked and left; another page of the tab is loaded then. */
  async function arrangeReturned(channel: PayChannel = 'h5', order = anOrder({ status: 'paying' })) {
    const left = arrange({ channel });
    await settled();
    left.click();
    await settled();
    assert.deepEqual(left.types(), ['start'], 'before the page is left');
    const world = arrange({ channel, kept: left.kept, order });
    world.resume();
    await settled();
    return { left, ...world, world };
  }

  for (const channel of ['h5', 'mini-program', 'jsapi'] as const) {
    it(`asks the payer who is back how it went, and gives no verdict of its own (${channel})`, async () => {
      const { world } = await arrangeReturned(channel);
      await world.clock.advance(60_000);
      assert.equal(world.payment.state, 'paying');
      assert.equal(world.payment.attempt!.isBack, true);
      assert.equal(world.payment.attempt!.canPayAgain, true);
      assert.equal(world.proxy.prepared, 0);
      assert.deepEqual(world.types(), []);
    });
  }

  it('ends once over both pages: paid when the proxy says so', async () => {
    const { world, left } = await arrangeReturned();
    world.setStatus('paid');
    await world.clock.advance(2_000);
    assert.equal(world.payment.state, 'paid');
    assert.deepEqual(world.types(), ['success']);
    // The first page comes out of the back-forward cache.
    left.setStatus('paid');
    left.payment.attempt!.reappear();
    await left.feed.refresh();
    assert.equal(left.payment.state, 'paid');
    assert.deepEqual(left.types(), ['start']);
  });

  it('believes no “I have paid”, but asks at once and goes on asking', async () => {
    const { world } = await arrangeReturned();
    await world.clock.advance(120_000);
    const before = world.proxy.reads;
    world.payment.attempt!.confirm();
    await settled();
    assert.equal(world.payment.state, 'confirming');
    assert.equal(world.proxy.reads, before + 1);
    await world.clock.advance(20_000);
    assert.ok(world.proxy.reads >= before + 10, 'fast again');
    assert.equal(world.payment.state, 'confirming');
    assert.equal(world.payment.attempt!.isSlow, true);
    assert.equal(world.payment.attempt!.canPayAgain, true);
    assert.deepEqual(world.types(), []);
    world.setStatus('paid');
    await world.clock.advance(2_000);
    assert.deepEqual(world.types(), ['success']);
  });

  it('pays again in a new attempt', async () => {
    const { world } = await arrangeReturned();
    world.click();
    await settled();
    assert.deepEqual(world.types(), ['error', 'start']);
    assert.equal(codeOf(world.events[0]), 'payment_unconfirmed');
    assert.equal(world.payment.state, 'paying');
    assert.equal(world.payment.attempt!.isBack, false);
  });

  it('is paid where paying again finds that it is', async () => {
    const { world } = await arrangeReturned();
    world.proxy.refusal = failure('order_paid', { status: 409 });
    world.setStatus('paid');
    world.click();
    await settled();
    assert.deepEqual(world.types(), ['error', 'start', 'success']);
  });

  it('is paid at once where it was paid before the payer came back', async () => {
    const { world } = await arrangeReturned('h5', anOrder({ status: 'paid' }));
    assert.equal(world.payment.state, 'paid');
    assert.deepEqual(world.types(), ['success']);
  });

  it('closes where the order is over', async () => {
    const { world } = await arrangeReturned('h5', anOrder({ status: 'expired' }));
    assert.equal(world.payment.state, 'closed');
    assert.deepEqual(world.types(), ['error']);
    const next = arrange({ channel: 'h5', kept: world.kept });
    next.resume();
    await settled();
    assert.equal(next.payment.state, 'idle', 'and is forgotten');
  });

  it('is asked on the page that was left, where that one is shown again', async () => {
    const world = arrange({ channel: 'h5' });
    await settled();
    world.click();
    await settled();
    await world.answer('back');
    assert.deepEqual([world.payment.state, world.payment.attempt!.isBack], ['paying', true]);
    assert.deepEqual(world.types(), ['start']);
  });

  it('is asked there even where the browser keeps nothing', async () => {
    const world = arrange({ channel: 'h5', kept: undefined });
    await settled();
    world.click();
    await settled();
    await world.answer('back');
    assert.equal(world.payment.attempt!.isBack, true);
  });

  it('goes on with the attempt that a later page of the tab has begun', async () => {
    const { world, left } = await arrangeReturned();
    world.click();
    await settled();
    left.payment.attempt!.reappear();
    await settled();
    assert.equal(left.payment.attempt!.isBack, true);
    left.setStatus('paid');
    await left.clock.advance(2_000);
    assert.deepEqual(left.types(), ['start', 'success']);
    world.payment.attempt!.reappear();
    await settled();
    assert.equal(world.payment.state, 'idle');
    assert.deepEqual(world.types(), ['error', 'start'], 'its attempt ended on the other page');
  });

  it('forgets an attempt after two hours', async (test) => {
    test.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-03-01T08:00:00.000Z') });
    const { left } = await arrangeReturned();
    test.mock.timers.setTime(Date.parse('2026-03-01T10:00:01.000Z'));
    const next = arrange({ channel: 'h5', kept: left.kept });
    next.resume();
    await settled();
    assert.equal(next.payment.state, 'idle');
    assert.deepEqual(next.types(), []);
  });

  it('keeps nothing of an attempt that has ended', async () => {
    const { world } = await arrangeReturned();
    world.setStatus('paid');
    await world.clock.advance(2_000);
    const next = arrange({ channel: 'h5', kept: world.kept });
    next.resume();
    await settled();
    assert.equal(next.payment.state, 'idle');
  });
});

describe('an attempt that cannot be loaded', () => {
  it('fails, and can be tried again', async () => {
    const { feed, kept } = arrange();
    const payment = new Payment({
      feed,
      orderId: 'ord_1',
      keeper: new AttemptKeeper(kept, 'https://pay.test', 'ord_1'),
      createAttempt: async () => {
        throw failure('script_unavailable');
      },
    });
    const events: PayEvent[] = [];
    for (let click = 0; click < 2; click++) {
      payment.pay((event) => events.push(event), { channel: 'native' });
      await settled();
    }
    assert.equal(payment.state, 'failed');
    assert.deepEqual(
      events.map((event) => codeOf(event) ?? event.type),
      ['pay-start', 'script_unavailable', 'pay-start', 'script_unavailable'],
    );
  });
});
