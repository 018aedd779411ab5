import type { PageOrder } from '../../proxy/api.ts';
import type { Clock } from './clock.ts';
import { asWidgetError } from './failure.ts';
import {
  POLL_IDLE,
  POLL_IDLE_GROWTH,
  POLL_IDLE_MAX,
  POLL_PATIENT,
  POLL_RETRY,
  POLL_RETRY_MAX,
  POLL_RETRY_URGENT_MAX,
  POLL_SETTLED,
  POLL_URGENT,
  POLL_URGENT_FOR,
} from './timing.ts';
import { isPassing, type WidgetError } from './widget-error.ts';

/** What a feed needs of the world. */
export interface FeedWorld {
  read(signal: AbortSignal): Promise<PageOrder>;
  clock: Clock;
  page: {
    readonly hidden: boolean;
    /** Calls back when the page is shown or hidden, comes back to life or goes online again; gives a way to stop. */
    onChange(listener: () => void): () => void;
  };
}

type Listener = () => void;

/**
 * One order, kept fresh for everything on the page that shows it: one poll however many listen, none while the page is
 * hidden, faster while a payment is under way, and through network failures until the network is back.
 */
export class OrderFeed {
  /** The order as last read; it stays while later reads fail. */
  order: PageOrder | undefined;
  /** Why the last read failed; `undefined` once one succeeds. */
  error: WidgetError | undefined;
  /** When the read began that brought `order`, by the clock handed in. */
  readAt = Number.NEGATIVE_INFINITY;

  private readonly _world: FeedWorld;
  private readonly _listeners = new Set<Listener>();
  private _abort: AbortController | undefined;
  private _begun = 0;
  private _applied = 0;
  private _reading = 0;
  private _failures = 0;
  private _unchanged = 0;
  private _timer: unknown;
  private _urgentSince: number | undefined;
  private _serverAhead = 0;
  private _stopWatching: (() => void) | undefined;

  constructor(world: FeedWorld) {
    this._world = world;
  }

  /** The server's clock, in milliseconds since 1970; before the first read there is none. */
  serverNow(): number | undefined {
    return this.order && this._world.clock.now() + this._serverAhead;
  }

  /** `listener` is called after every read. The first starts the poll, the last to leave stops it. */
  subscribe(listener: Listener): () => void {
    this._listeners.add(listener);
    if (this._listeners.size === 1) {
      this._stopWatching = this._world.page.onChange(() => this._wake());
      this._wake();
    }
    return () => {
      if (this._listeners.delete(listener) && this._listeners.size === 0) this._stop();
    };
  }

  /** While urgent, the poll is fast, and no refusal ends it. */
  setUrgent(urgent: boolean): void {
    if (urgent === (this._urgentSince !== undefined)) return;
    this._urgentSince = urgent ? this._world.clock.now() : undefined;
    this._unchanged = 0;
    if (!this._reading) this._schedule();
  }

  /** Reads at once. The answer is never older than this call. Never rejects: see `order` and `error`. */
  async refresh(): Promise<void> {
    this._clearTimer();
    this._abort ??= new AbortController();
    const { signal } = this._abort;
    const turn = ++this._begun;
    const startedAt = this._world.clock.now();
    this._reading++;
    let order: PageOrder | undefined;
    let error: WidgetError | undefined;
    try {
      order = await this._world.read(signal);
    } catch (thrown) {
      error = asWidgetError(thrown);
    }
    this._reading--;
    // A later read may have overtaken this one; an aborted one says nothing about the order.
    const isNews = !signal.aborted && turn >= this._applied;
    if (isNews) {
      this._applied = turn;
      this.error = error;
      if (order) this._succeed(order, startedAt);
      else this._failures++;
    }
    // Whichever ends last, be it news or not.
    if (!this._reading) this._schedule();
    if (!isNews) return;
    for (const listener of [...this._listeners]) listener();
  }

  private _succeed(order: PageOrder, startedAt: number): void {
    this._unchanged = this.order?.status === order.status ? this._unchanged + 1 : 0;
    this._failures = 0;
    this._serverAhead = Date.parse(order.serverTime) - this._world.clock.now();
    this.order = order;
    this.readAt = startedAt;
  }

  private _schedule(): void {
    this._clearTimer();
    if (this._listeners.size === 0 || this._world.page.hidden) return;
    const wait = this._interval();
    if (wait !== undefined) this._timer = this._world.clock.setTimeout(() => this.refresh(), wait);
  }

  /** How long to wait for the next read; `undefined`: nothing more is to be expected. */
  private _interval(): number | undefined {
    const urgentFor = this._urgentSince === undefined ? undefined : this._world.clock.now() - this._urgentSince;
    if (this.error) {
      if (urgentFor === undefined && !isPassing(this.error)) return undefined;
      const most = urgentFor === undefined ? POLL_RETRY_MAX : POLL_RETRY_URGENT_MAX;
      const wait = Math.min(POLL_RETRY * 2 ** (this._failures - 1), most);
      return Math.max(wait, this.error.retryAfter ?? 0);
    }
    if (urgentFor !== undefined) return urgentFor < POLL_URGENT_FOR ? POLL_URGENT : POLL_PATIENT;
    switch (this.order?.status) {
      case 'paid':
      case 'partially_refunded':
        return POLL_SETTLED;
      case 'refunded':
      case 'closed':
      case 'expired':
        return undefined;
      default:
        return this._untilExpiry(Math.min(POLL_IDLE * POLL_IDLE_GROWTH ** this._unchanged, POLL_IDLE_MAX));
    }
  }

  /** An order that is about to expire is read just after it has. */
  private _untilExpiry(wait: number): number {
    const left = this.order ? Date.parse(this.order.expiresAt) - this.serverNow()! : Number.NaN;
    return left > 0 ? Math.min(wait, left + 500) : wait;
  }

  private _wake(): void {
    if (this._world.page.hidden) this._pause();
    else this.refresh();
  }

  private _pause(): void {
    this._clearTimer();
    this._abort?.abort();
    this._abort = undefined;
  }

  private _stop(): void {
    this._pause();
    this._stopWatching?.();
    this._stopWatching = undefined;
  }

  private _clearTimer(): void {
    this._world.clock.clearTimeout(this._timer);
    this._timer = undefined;
  }
}
