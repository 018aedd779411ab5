import type { PageOrder, Payment as PaymentAnswer } from '../../proxy/api.ts';
import type { Clock } from '../core/clock.ts';
import type { ErrorCode } from '../core/error-texts.ts';
import type { OrderFeed } from '../core/order-feed.ts';
import { timeLeft } from '../core/time-left.ts';
import { PAY_AGAIN_AFTER, SHEET_SILENT_AFTER, SLOW_AFTER, VERDICT_AFTER } from '../core/timing.ts';
import type { BridgeAnswer } from '../core/wechat/bridge.ts';
import { type ErrorDetails, isPassing, type WidgetError } from '../core/widget-error.ts';
import type { PayChannel } from './channel.ts';
import type { AttemptKeeper } from './kept-attempt.ts';
import { isOver, isPaid } from './order-status.ts';
import type { PayState, PayWay } from './payment.ts';

/** What the payer pays by: the proxy's answer, or the page of the mini program. */
export type Prepared = PaymentAnswer | { channel: 'mini-program'; path: string };

/** How it ended: with the paid order, with what the pay sheet said when it was closed, or with an error. */
export interface Outcome {
  order?: PageOrder;
  said?: string;
  error?: WidgetError;
}

/** What an attempt tells the payment that it is of. */
export interface AttemptOwner {
  readonly state: PayState;
  /** The payer is known: the attempt begins, once. */
  begin(): void;
  show(state: PayState, error?: WidgetError): void;
  /** Something else about it has changed. */
  tell(): void;
  /** Once: with it, the attempt is over. */
  end(state: PayState, outcome: Outcome): void;
  /** Another page of this tab has ended it. */
  drop(): void;
}

/** What an attempt needs of the world. */
export interface AttemptWorld {
  payment: AttemptOwner;
  feed: Pick<OrderFeed, 'order' | 'error' | 'readAt' | 'serverNow' | 'refresh' | 'setUrgent'>;
  clock: Clock;
  keeper: Pick<AttemptKeeper, 'read' | 'keep'>;
  failure(code: ErrorCode, details?: ErrorDetails): WidgetError;
  asWidgetError(thrown: unknown): WidgetError;
  /**
   * Asks the proxy for what the channel needs. `begin` is called as soon as the payer is known: before that, the page
   * may be left for the sign-in.
   */
  prepare(begin: () => void): Promise<Prepared>;
  /**
   * Lets the payer pay: shows a code, opens the pay sheet, leaves the page. Resolves with what the pay sheet said
   * (`undefined` where it has not said anything for a long time), or `'back'` where a payer who left is here again.
   */
  open(prepared: Prepared): Promise<BridgeAnswer | 'back' | undefined>;
}

/**
 * One attempt to pay an order. What the pay sheet answers, and that the payer came back, decides nothing: `paid` comes
 * from the proxy, and so does the `not paid` that makes a `cancelled` or `failed` of what the pay sheet said.
 */
export class Attempt {
  readonly channel: PayChannel;
  /** What is being paid by. */
  prepared: Prepared | undefined;
  /** Confirming takes longer than usual. */
  isSlow = false;
  /** The pay sheet says nothing, or confirming takes, for so long that a new attempt is offered; or the payer is back. */
  canPayAgain = false;
  /** The payer had left to pay and is here again: only the payer knows how it went, until the proxy does. */
  isBack = false;
  /** A code that has expired is being replaced. */
  isRenewing = false;

  private readonly _world: AttemptWorld;
  /** Of the kept attempt, as soon as the payer can pay. */
  private _id: string | undefined;
  /** What the pay sheet said, and when. It is a hint: the proxy decides. */
  private _verdict: 'ok' | 'cancel' | 'fail' | undefined;
  private _said = '';
  private _answeredAt = Number.POSITIVE_INFINITY;
  private _timers: unknown[] = [];
  private _tick: unknown;
  private _isOver = false;

  /** `id` is that of an attempt that another page of this tab has left under way. */
  constructor(world: AttemptWorld, { channel }: PayWay, id?: string) {
    this._world = world;
    this._id = id;
    this.channel = channel;
  }

  /** How long the code can be paid by, as a clock shows it; `undefined` when it no longer can. */
  get timeLeft(): string | undefined {
    return this.prepared?.channel === 'native' ? timeLeft(this.prepared.expiresAt, this._now()) : undefined;
  }

  /** Nobody knows now whether it has been paid. */
  get isOffline(): boolean {
    return Boolean(this._world.feed.error);
  }

  async start(): Promise<void> {
    const { payment, feed, prepare, open, asWidgetError } = this._world;
    // A code is shown again; a pay sheet has gone with its page.
    if (this._id && this.channel !== 'native') {
      this._comeBack();
      return;
    }
    try {
      const prepared = await prepare(() => payment.begin());
      if (this._isOver) return;
      this.prepared = prepared;
      this._id ??= this._keep();
      feed.setUrgent(true);
      payment.show('paying');
      if (this.channel === 'jsapi') this._offerAgain(SHEET_SILENT_AFTER);
      if (this.channel === 'native') this._countDown();
      const answer = await open(prepared);
      if (this._isOver) return;
      if (answer === 'back') this.reappear();
      else this._confirm(answer);
    } catch (thrown) {
      if (!this._isOver) this._refuse(asWidgetError(thrown));
    }
  }

  /** The order was read. */
  judge(): void {
    const { payment, feed, failure } = this._world;
    const { order, error, readAt } = feed;
    if (!order || error) return;
    if (isPaid(order)) payment.end('paid', { order });
    else if (isOver(order.status)) payment.end('closed', { error: failure(`order_${order.status}` as ErrorCode) });
    else if (readAt >= this._answeredAt + VERDICT_AFTER) {
      if (this._verdict === 'cancel') payment.end('cancelled', { said: this._said });
      if (this._verdict === 'fail') payment.end('failed', { error: failure('payment_failed', { detail: this._said }) });
    }
  }

  /** The payer says: I have paid. The proxy is asked at once, and until it knows. */
  confirm(): void {
    // Fast again, however long the payer was away.
    this._world.feed.setUrgent(false);
    this._confirm(undefined);
  }

  /** Replaces the code, in the same attempt. */
  async renew(): Promise<void> {
    const { payment, prepare, asWidgetError } = this._world;
    if (this.isRenewing) return;
    this.isRenewing = true;
    payment.tell();
    let error: WidgetError | undefined;
    try {
      this.prepared = await prepare(() => {});
    } catch (thrown) {
      error = asWidgetError(thrown);
    }
    this.isRenewing = false;
    if (this._isOver || payment.state !== 'paying') return;
    if (error && !isPassing(error)) this._refuse(error);
    else payment.show('paying', error);
  }

  /** The payer has put the code away. It may have been paid by just before. */
  putAway(): void {
    this._confirm({ err_msg: ':cancel', err_desc: 'closed' });
  }

  /** The page is shown again. Another page of this tab may have ended the attempt meanwhile. */
  reappear(): void {
    const { payment, keeper } = this._world;
    if (this._id && keeper.read()?.id !== this._id) payment.drop();
    else if (payment.state === 'paying' && (this.channel === 'h5' || this.channel === 'mini-program')) this._comeBack();
  }

  /** It has ended: nothing more is to come of it. */
  stop(): void {
    const { clock, feed } = this._world;
    this._isOver = true;
    for (const timer of [this._tick, ...this._timers]) clock.clearTimeout(timer);
    feed.setUrgent(false);
  }

  /** Gives its id; `undefined` where the browser keeps nothing. */
  private _keep(): string | undefined {
    const id = String(Math.random());
    try {
      this._world.keeper.keep({ id, channel: this.channel, at: Date.now() });
      return id;
    } catch {
      return undefined;
    }
  }

  private _comeBack(): void {
    const { payment, feed } = this._world;
    this.isBack = true;
    this.canPayAgain = true;
    feed.setUrgent(true);
    payment.show('paying');
    this.judge();
  }

  /** The proxy, or the way to it, refused the attempt before any money could move. */
  private _refuse(error: WidgetError): void {
    const { payment, feed } = this._world;
    // Paid by an earlier attempt, or elsewhere: shown once the order itself says so.
    if (error.code === 'order_paid') this._confirm(undefined);
    else {
      payment.end(isOver(error.code) ? 'closed' : 'failed', { error });
      feed.refresh();
    }
  }

  private _confirm(answer: BridgeAnswer | undefined): void {
    const { payment, clock, feed } = this._world;
    // `get_brand_wcpay_request:fail_no permission`; a sheet that says nothing may have been paid.
    const said = answer ? String(answer.err_msg ?? '').replace(/^[^:]*:/, '') : 'ok';
    this._verdict = said === 'ok' || said === 'cancel' ? said : 'fail';
    this._said = String(answer?.err_desc ?? answer?.err_code ?? said);
    this._answeredAt = clock.now();
    feed.setUrgent(true);
    this.canPayAgain = this.isBack;
    payment.show('confirming');
    this._after(VERDICT_AFTER, () => feed.refresh());
    this._after(SLOW_AFTER, () => {
      this.isSlow = true;
      payment.tell();
    });
    this._offerAgain(PAY_AGAIN_AFTER);
    feed.refresh();
  }

  private _offerAgain(after: number): void {
    const { payment } = this._world;
    this._after(after, () => {
      this.canPayAgain = true;
      payment.tell();
    });
  }

  /** The time that is left is shown by the second. */
  private _countDown(): void {
    const { clock, payment } = this._world;
    const next = () => {
      payment.tell();
      if (payment.state === 'paying') this._countDown();
    };
    this._tick = clock.setTimeout(next, 1000 - (this._now() % 1000));
  }

  private _now(): number {
    return this._world.feed.serverNow() ?? 0;
  }

  private _after(ms: number, run: () => void): void {
    this._timers.push(this._world.clock.setTimeout(run, ms));
  }
}
