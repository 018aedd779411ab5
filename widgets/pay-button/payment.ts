import type { JsapiParams, PageOrder } from '../../proxy/api.ts';
import type { Clock } from '../core/clock.ts';
import { asWidgetError, failure } from '../core/failure.ts';
import type { OrderFeed } from '../core/order-feed.ts';
import { PAY_AGAIN_AFTER, SHEET_SILENT_AFTER, SLOW_AFTER, VERDICT_AFTER } from '../core/timing.ts';
import type { BridgeAnswer } from '../core/wechat/bridge.ts';
import { isPassing, type WidgetError } from '../core/widget-error.ts';
import { PayCancelEvent, PayErrorEvent, type PayEvent, PayStartEvent, PaySuccessEvent } from './pay-events.ts';

export type PayState = 'idle' | 'preparing' | 'paying' | 'confirming' | 'paid' | 'cancelled' | 'failed' | 'closed';

/** What a payment needs of the world. */
export interface PaymentWorld {
  orderId: string;
  feed: Pick<OrderFeed, 'order' | 'error' | 'readAt' | 'serverNow' | 'subscribe' | 'refresh' | 'setUrgent'>;
  clock: Clock;
  /**
   * Asks the proxy for the parameters of the pay sheet. `begin` is called as soon as the payer is known: before that,
   * the page may be left for the sign-in. `resumed`: it was no click that asked, but the return from there.
   */
  prepare(resumed: boolean, begin: () => void): Promise<JsapiParams>;
  /** Opens the pay sheet. `undefined` where it has not said anything for a long time. */
  openPaySheet(params: JsapiParams): Promise<BridgeAnswer | undefined>;
}

interface Attempt {
  emit: (event: PayEvent) => void;
  begun?: boolean;
  /** What the pay sheet said, and when. It is a hint: the proxy decides. */
  verdict?: 'ok' | 'cancel' | 'fail';
  answeredAt: number;
  said: string;
  timers: unknown[];
}

/**
 * Paying one order, for all buttons on the page that offer it. The pay sheet's own answer decides nothing: `paid` comes
 * from the proxy, and so does the `not paid` that makes a `cancelled` or `failed` of what the pay sheet said.
 */
export class Payment {
  state: PayState = 'idle';
  /** Why it failed or closed. */
  error: WidgetError | undefined;
  /** Confirming takes longer than usual. */
  isSlow = false;
  /** The pay sheet says nothing, or confirming takes, for so long that a new attempt is offered. */
  canPayAgain = false;

  private readonly _world: PaymentWorld;
  private readonly _listeners = new Set<() => void>();
  private _attempt: Attempt | undefined;
  private _readError: WidgetError | undefined;
  private _unsubscribe: (() => void) | undefined;

  constructor(world: PaymentWorld) {
    this._world = world;
  }

  get order(): PageOrder | undefined {
    return this._world.feed.order;
  }

  /** `listener` is called after every change. The order is watched while somebody listens, or pays. */
  subscribe(listener: () => void): () => void {
    this._listeners.add(listener);
    this._watch();
    return () => {
      this._listeners.delete(listener);
      this._watch();
    };
  }

  /**
   * Starts an attempt, unless one is under way or there is nothing to pay. While confirming takes long, ends the old
   * attempt in favour of a new one.
   */
  pay(emit: (event: PayEvent) => void, { resumed = false } = {}): void {
    if (this.state === 'paid' || this.state === 'closed') return;
    if (this._attempt && !this.canPayAgain) return;
    if (this._attempt) this._endBadly(this._attempt, 'idle', failure('payment_unconfirmed'));
    // Whoever heard that the old one ended may have started the new one already.
    if (this._attempt) return;
    const attempt: Attempt = { emit, answeredAt: Number.POSITIVE_INFINITY, said: '', timers: [] };
    this._attempt = attempt;
    this._watch();
    this.error = undefined;
    this._show('preparing');
    this._run(attempt, resumed);
  }

  /** Once an attempt: one that leaves the page for the sign-in begins when it comes back. */
  private _begin(attempt: Attempt): void {
    if (attempt.begun) return;
    attempt.begun = true;
    attempt.emit(new PayStartEvent({ orderId: this._world.orderId, channel: 'jsapi' }));
  }

  private async _run(attempt: Attempt, resumed: boolean): Promise<void> {
    try {
      const params = await this._world.prepare(resumed, () => this._begin(attempt));
      if (this._attempt !== attempt) return;
      this._world.feed.setUrgent(true);
      this._show('paying');
      this._offerAgain(attempt, SHEET_SILENT_AFTER);
      const answer = await this._world.openPaySheet(params);
      if (this._attempt === attempt) this._confirm(attempt, answer);
    } catch (thrown) {
      if (this._attempt === attempt) this._refuse(attempt, asWidgetError(thrown));
    }
  }

  /** The proxy, or the way to it, refused the attempt before any money could move. */
  private _refuse(attempt: Attempt, error: WidgetError): void {
    if (error.code === 'order_paid') {
      // Paid by an earlier attempt, or elsewhere: shown once the order itself says so.
      this._confirm(attempt, { err_msg: ':ok' });
      return;
    }
    this._endBadly(attempt, isOver(error.code) ? 'closed' : 'failed', error);
    this._world.feed.refresh();
  }

  private _confirm(attempt: Attempt, answer: BridgeAnswer | undefined): void {
    const { clock, feed } = this._world;
    // `get_brand_wcpay_request:fail_no permission`; a sheet that says nothing may have been paid.
    const said = answer ? String(answer.err_msg ?? '').replace(/^[^:]*:/, '') : 'ok';
    attempt.verdict = said === 'ok' || said === 'cancel' ? said : 'fail';
    attempt.said = String(answer?.err_desc ?? answer?.err_code ?? said);
    attempt.answeredAt = clock.now();
    const after = (ms: number, run: () => void) => attempt.timers.push(clock.setTimeout(run, ms));
    feed.setUrgent(true);
    this.canPayAgain = false;
    this._show('confirming');
    after(VERDICT_AFTER, () => feed.refresh());
    after(SLOW_AFTER, () => {
      this.isSlow = true;
      this._tell();
    });
    this._offerAgain(attempt, PAY_AGAIN_AFTER);
    feed.refresh();
  }

  private _offerAgain(attempt: Attempt, after: number): void {
    const offer = () => {
      this.canPayAgain = true;
      this._tell();
    };
    attempt.timers.push(this._world.clock.setTimeout(offer, after));
  }

  /** The order was read, or could not be. */
  private _update(): void {
    if (this._attempt) this._judge(this._attempt);
    else this._showOrder();
    this._tell();
  }

  private _judge(attempt: Attempt): void {
    const { feed, orderId } = this._world;
    const { order, error, readAt } = feed;
    if (!order || error) return;
    if (isPaid(order)) {
      this._end(attempt, 'paid', new PaySuccessEvent({ orderId, order }));
    } else if (isOver(order.status)) {
      this._endBadly(attempt, 'closed', failure(`order_${order.status}`));
    } else if (readAt >= attempt.answeredAt + VERDICT_AFTER) {
      if (attempt.verdict === 'cancel')
        this._end(attempt, 'cancelled', new PayCancelEvent({ orderId, said: attempt.said }));
      if (attempt.verdict === 'fail')
        this._endBadly(attempt, 'failed', failure('payment_failed', { detail: attempt.said }));
    }
  }

  /** Between attempts the order alone decides, but for how the last attempt ended. */
  private _showOrder(): void {
    const { order, error } = this._world.feed;
    if (order && isPaid(order)) {
      this.state = 'paid';
      this.error = undefined;
    } else if (order && (isOver(order.status) || this._hasExpired(order))) {
      this.state = 'closed';
    } else if (!order && error && !isPassing(error)) {
      this.state = 'failed';
      this.error = error;
      this._readError = error;
    } else if (order && this._readError && this.error === this._readError) {
      this.state = 'idle';
      this.error = undefined;
    }
  }

  /** An untouched order ends with its time; of one that somebody may be paying, the proxy decides. */
  private _hasExpired(order: PageOrder): boolean {
    return order.status === 'created' && this._world.feed.serverNow()! >= Date.parse(order.expiresAt);
  }

  private _show(state: PayState): void {
    this.state = state;
    this._tell();
  }

  private _end(attempt: Attempt, state: PayState, event: PayEvent): void {
    this._begin(attempt);
    for (const timer of attempt.timers) this._world.clock.clearTimeout(timer);
    this._attempt = undefined;
    this.isSlow = false;
    this.canPayAgain = false;
    this._world.feed.setUrgent(false);
    this.state = state;
    this._tell();
    attempt.emit(event);
    this._watch();
  }

  private _endBadly(attempt: Attempt, state: PayState, error: WidgetError): void {
    this.error = error;
    this._end(attempt, state, new PayErrorEvent({ orderId: this._world.orderId, error }));
  }

  private _watch(): void {
    const wanted = this._listeners.size > 0 || this._attempt !== undefined;
    if (wanted) this._unsubscribe ??= this._world.feed.subscribe(() => this._update());
    else {
      this._unsubscribe?.();
      this._unsubscribe = undefined;
    }
  }

  private _tell(): void {
    for (const listener of [...this._listeners]) listener();
  }
}

/** Paid, even if some or all of it has been given back. */
function isPaid({ status }: PageOrder): boolean {
  return /paid|refunded/.test(status);
}

/** By a status or the code of an error. */
function isOver(word: string): boolean {
  return /closed|expired/.test(word);
}
