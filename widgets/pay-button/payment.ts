import type { PageOrder } from '../../proxy/api.ts';
import { asWidgetError, failure } from '../core/failure.ts';
import type { OrderFeed } from '../core/order-feed.ts';
import { isPassing, type WidgetError } from '../core/widget-error.ts';
import type { Attempt, AttemptOwner, Outcome } from './attempt.ts';
import type { PayChannel } from './channel.ts';
import type { AttemptKeeper } from './kept-attempt.ts';
import { isOver, isPaid } from './order-status.ts';
import { PayCancelEvent, PayErrorEvent, type PayEvent, PayStartEvent, PaySuccessEvent } from './pay-events.ts';

export type PayState = 'idle' | 'preparing' | 'paying' | 'confirming' | 'paid' | 'cancelled' | 'failed' | 'closed';

/** How to pay. */
export interface PayWay {
  channel: PayChannel;
  /** Of the mini program's page. */
  path?: string;
  /** It was no click that asked, but the return from the sign-in. */
  resumed?: boolean;
}

/** What a payment needs of the world. */
export interface PaymentWorld {
  orderId: string;
  feed: Pick<OrderFeed, 'order' | 'error' | 'serverNow' | 'subscribe'>;
  keeper: Pick<AttemptKeeper, 'read' | 'forget'>;
  /** Attempts are loaded when they are first needed. `id`: another page of this tab has left it under way. */
  createAttempt(payment: AttemptOwner, way: PayWay, id?: string): Promise<Attempt>;
}

type Emit = (event: PayEvent) => void;

/** Paying one order, for all buttons on the page that offer it: one attempt at a time, and what the order shows between. */
export class Payment implements AttemptOwner {
  state: PayState = 'idle';
  /** Why it failed or closed; while a code is shown, why it could not be renewed. */
  error: WidgetError | undefined;
  /** The attempt that is under way, once it is loaded. */
  attempt: Attempt | undefined;

  private readonly _world: PaymentWorld;
  private readonly _listeners = new Set<() => void>();
  /** Whom the attempt that is under way tells its events; `begun` when it has told the first. */
  private _current: { emit: Emit; way: PayWay; begun: boolean } | undefined;
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
   * Starts an attempt, unless one is under way or there is nothing to pay. While nobody knows how the old one went, ends
   * it in favour of a new one.
   */
  pay(emit: Emit, way: PayWay): void {
    if (this.attempt?.canPayAgain) this.end('idle', { error: failure('payment_unconfirmed') });
    // Whoever heard that the old one ended may have started the new one already.
    this._start(emit, way);
  }

  /** Goes on with the attempt that another page of this tab has left under way, if there is one. */
  resume(emit: Emit): void {
    const kept = this._world.keeper.read();
    if (kept) this._start(emit, { channel: kept.channel }, kept.id);
  }

  begin(): void {
    const { _current: current } = this;
    if (!current || current.begun) return;
    current.begun = true;
    current.emit(new PayStartEvent({ orderId: this._world.orderId, channel: current.way.channel }));
  }

  show(state: PayState, error?: WidgetError): void {
    this.state = state;
    this.error = error;
    this.tell();
  }

  end(state: PayState, { order, said, error }: Outcome): void {
    const { orderId } = this._world;
    this.begin();
    const { emit } = this._clear();
    this._world.keeper.forget();
    this.show(state, error);
    if (order) emit(new PaySuccessEvent({ orderId, order }));
    else if (error) emit(new PayErrorEvent({ orderId, error }));
    else emit(new PayCancelEvent({ orderId, said: said! }));
    this._watch();
  }

  drop(): void {
    const { emit } = this._clear();
    this.state = 'idle';
    this.resume(emit);
    this._update();
    this._watch();
  }

  private async _start(emit: Emit, way: PayWay, id?: string): Promise<void> {
    if (this._current || this.state === 'paid' || this.state === 'closed') return;
    const current = { emit, way, begun: id !== undefined };
    this._current = current;
    this._watch();
    this.show(id ? 'paying' : 'preparing');
    try {
      const attempt = await this._world.createAttempt(this, way, id);
      this.attempt = attempt;
      attempt.start();
    } catch (thrown) {
      this.end('failed', { error: asWidgetError(thrown) });
    }
  }

  /** The order was read, or could not be. */
  private _update(): void {
    if (this._current) this.attempt?.judge();
    else this._showOrder();
    this.tell();
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

  private _clear(): { emit: Emit } {
    const current = this._current!;
    this.attempt?.stop();
    this.attempt = undefined;
    this._current = undefined;
    return current;
  }

  private _watch(): void {
    const wanted = this._listeners.size > 0 || this._current !== undefined;
    if (wanted) this._unsubscribe ??= this._world.feed.subscribe(() => this._update());
    else {
      this._unsubscribe?.();
      this._unsubscribe = undefined;
    }
  }

  tell(): void {
    for (const listener of [...this._listeners]) listener();
  }
}
