import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { Item, PageOrder } from '../../proxy/api.ts';
import { baseStyles } from '../core/base.styles.ts';
import { asWidgetError, failure } from '../core/failure.ts';
import { formatFen } from '../core/money.ts';
import type { OrderFeed } from '../core/order-feed.ts';
import { feedOf } from '../core/page.ts';
import { timeLeft } from '../core/time-left.ts';
import { REFLECTED, WeixinElement } from '../core/weixin-element.ts';
import { isPassing, type WidgetError } from '../core/widget-error.ts';
import { orderCardStyles } from './order-card.styles.ts';
import { REFUND_TEXTS, STATUS_TEXTS, TEXTS } from './order-card.texts.ts';
import { OrderChangeEvent, OrderErrorEvent, OrderLoadEvent } from './order-events.ts';

/**
 * @summary Shows one order: its items, amount, status and the time left to pay it. It keeps itself up to date.
 *
 * @event {OrderLoadEvent} order-load - The order is shown for the first time.
 * @event {OrderChangeEvent} order-change - Its status changed.
 * @event {OrderErrorEvent} order-error - It cannot be shown; `detail.error` says why and what to do.
 *
 * @slot - Anything of the page's own, below the amount.
 *
 * @csspart card - The whole card.
 * @csspart status - The order's status.
 * @csspart items - The list of items; each is an `item`.
 * @csspart amount - The sum.
 * @csspart time - The time left.
 * @csspart refund - Where the money of a refund is.
 * @csspart retry - The button that loads the order again.
 *
 * @cssproperty --weixin-surface - The card's colour; `--weixin-surface-quiet` of what is set off on it.
 * @cssproperty --weixin-text - Text; `--weixin-text-quiet` what matters less.
 * @cssproperty --weixin-line - Lines.
 * @cssproperty --weixin-radius - How round it is.
 * @cssproperty --weixin-font - The fonts.
 */
export class OrderCard extends WeixinElement {
  static override styles = [baseStyles, orderCardStyles];
  static override properties: PropertyDeclarations = {
    orderId: { attribute: 'order-id', ...REFLECTED },
    state: { reflect: true },
  };

  /** The order to show. */
  declare orderId: string;
  /** Reflected, to be read only. */
  declare state: 'loading' | 'ready' | 'error';

  private _feed: OrderFeed | undefined;
  private _unsubscribe: (() => void) | undefined;
  private _order: PageOrder | undefined;
  private _error: WidgetError | undefined;
  private _tick: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.orderId = '';
    this.state = 'loading';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this._join();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this._leave();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('orderId') || changed.has('proxy')) {
      this._order = undefined;
      this._join();
    }
    clearTimeout(this._tick);
    if (this.isConnected && this._clock())
      this._tick = setTimeout(() => this.requestUpdate(), 1000 - (this._now() % 1000));
  }

  private _join(): void {
    this._leave();
    try {
      if (!this.orderId) throw failure('order_id_missing');
      this._feed = feedOf(this.proxyAddress(), this.orderId);
      this._unsubscribe = this._feed.subscribe(() => this._show());
      this._show();
    } catch (thrown) {
      this._fail(asWidgetError(thrown));
    }
  }

  private _leave(): void {
    this._unsubscribe?.();
    this._unsubscribe = undefined;
    this._feed = undefined;
    clearTimeout(this._tick);
  }

  /** A shown order stays while the network is away; only what will not pass by itself takes its place. */
  private _show(): void {
    const { order, error } = this._feed!;
    if (error && (!order || !isPassing(error))) this._fail(error);
    else if (order) this._succeed(order);
    else this.state = 'loading';
  }

  private _succeed(order: PageOrder): void {
    const previous = this._order;
    this._order = order;
    this._error = undefined;
    this._settle('ready');
    if (!previous) this.dispatchEvent(new OrderLoadEvent({ order }));
    else if (previous.status !== order.status) this.dispatchEvent(new OrderChangeEvent({ order, previous }));
  }

  private _fail(error: WidgetError): void {
    const isNew = this._error?.code !== error.code;
    this._error = error;
    this._settle('error');
    if (isNew) this.dispatchEvent(new OrderErrorEvent({ orderId: this.orderId, error }));
  }

  /** Whoever hears of the change finds it shown. */
  private _settle(state: OrderCard['state']): void {
    this.state = state;
    this.requestUpdate();
    if (this.hasUpdated) this.performUpdate();
  }

  private _handleRetry(): void {
    this._error = undefined;
    this.state = 'loading';
    if (this._feed) this._feed.refresh();
    else this._join();
  }

  private _now(): number {
    return this._feed?.serverNow() ?? 0;
  }

  private _clock(): string | undefined {
    const { _order: order } = this;
    const isDue = order?.status === 'created' || order?.status === 'paying';
    return isDue ? timeLeft(order.expiresAt, this._now()) : undefined;
  }

  override render(): TemplateResult {
    const isLoading = this.state === 'loading';
    return html`<section part="card" class="card" aria-busy=${isLoading ? 'true' : 'false'}>
      ${this.state === 'error' ? this._renderError() : isLoading || !this._order ? this._renderSkeleton() : this._renderOrder(this._order)}
    </section>`;
  }

  private _renderOrder(order: PageOrder): TemplateResult {
    const clock = this._clock();
    const isDue = order.status === 'created' || order.status === 'paying';
    const refund = REFUND_TEXTS[order.status];
    return html`
      <div class="head">
        <div class="description">${order.description}</div>
        <div part="status" class="status ${isDue ? 'due' : order.status}" role="status">
          ${this.say(STATUS_TEXTS[order.status] ?? STATUS_TEXTS.created)}
        </div>
      </div>
      ${
        order.items.length
          ? html`<ul part="items" class="items" aria-label=${this.say(TEXTS.items)}>
            ${order.items.map((item) =>
              this._renderItem(
                item,
                order.items.some(({ imageUrl }) => imageUrl),
              ),
            )}
          </ul>`
          : nothing
      }
      <div class="sum">
        <span class="label">${this.say(TEXTS.total)}</span>
        <span part="amount" class="amount">${formatFen(order.amount.total)}</span>
      </div>
      ${
        clock
          ? html`<div part="time" class="time">
            <span>${this.say(TEXTS.timeLeft)}</span>
            <span class="clock" role="timer">${clock}</span>
          </div>`
          : nothing
      }
      ${refund ? html`<p part="refund" class="refund">${this.say(refund)}</p>` : nothing}
      <slot></slot>
    `;
  }

  private _renderItem({ name, quantity, unitPrice, imageUrl }: Item, hasPictures: boolean): TemplateResult {
    return html`<li part="item" class="item">
      ${hasPictures ? html`<span class="picture">${imageUrl ? html`<img src=${imageUrl} alt="" loading="lazy" @error=${forgo} />` : nothing}</span>` : nothing}
      <span class="name">${name}</span>
      <span class="price">
        ${formatFen(unitPrice)}
        <span class="quantity"><span class="unseen">${this.say(TEXTS.quantity)} </span>×${quantity}</span>
      </span>
    </li>`;
  }

  private _renderSkeleton(): TemplateResult {
    return html`
      <span class="unseen" role="status">${this.say(TEXTS.loading)}</span>
      <div aria-hidden="true">
        <div class="head"><div class="bone title"></div><div class="bone pill"></div></div>
        <div class="items">
          <div class="item"><div class="bone picture"></div><div class="bone row"></div></div>
        </div>
        <div class="sum"><div class="bone pill"></div><div class="bone total"></div></div>
      </div>
    `;
  }

  private _renderError(): TemplateResult {
    const { cause, remedy } = this._error!;
    return html`
      <div role="alert">
        <p class="cause">${cause[this.language]}</p>
        <p class="remedy">${remedy[this.language]}</p>
      </div>
      <button part="retry" class="retry" @click=${this._handleRetry}>${this.say(TEXTS.retry)}</button>
    `;
  }
}

/** A picture that does not load leaves its quiet square. */
function forgo(event: Event): void {
  (event.target as HTMLElement).hidden = true;
}

declare global {
  interface HTMLElementTagNameMap {
    'order-card': OrderCard;
  }
}
