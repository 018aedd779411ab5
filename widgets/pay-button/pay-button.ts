import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import type { Channel } from '../../proxy/api.ts';
import { baseStyles } from '../core/base.styles.ts';
import { pageClock } from '../core/clock.ts';
import { currentTraces, detectHost } from '../core/environment.ts';
import { asWidgetError, failure } from '../core/failure.ts';
import type { Text } from '../core/language.ts';
import { formatFen } from '../core/money.ts';
import { feedOf, takeResume, wechat } from '../core/page.ts';
import { ProxyClient } from '../core/proxy-client.ts';
import { shared } from '../core/shared.ts';
import { RETURN_AFTER } from '../core/timing.ts';
import { REFLECTED, WeixinElement } from '../core/weixin-element.ts';
import type { WidgetError } from '../core/widget-error.ts';
import { channelObstacle } from './channel.ts';
import { payButtonStyles } from './pay-button.styles.ts';
import { TEXTS } from './pay-button.texts.ts';
import { PayErrorEvent, type PayEvent, type PaySuccessEvent } from './pay-events.ts';
import { Payment, type PayState } from './payment.ts';

/** The buttons of one payment that are in the page, and the payment. */
interface SharedPayment {
  payment: Payment;
  buttons: Set<HTMLElement>;
}

/**
 * @summary A button that pays one order with WeChat Pay, inside WeChat. It shows `paid` only when the proxy says that
 *  the order is paid, whatever the pay sheet said.
 *
 * @event {PayStartEvent} pay-start - An attempt began: the payer is known. It ends in exactly one of the other three.
 * @event {PaySuccessEvent} pay-success - The order is paid. Unless cancelled, the payer goes to the return page, if any.
 * @event {PayCancelEvent} pay-cancel - The payer closed the pay sheet without paying.
 * @event {PayErrorEvent} pay-error - The attempt failed, or cannot begin here; `detail.error` says why and what to do.
 *
 * @slot - What the button says while it can be clicked. By default the amount.
 *
 * @csspart button - The button.
 * @csspart icon - The spinner, or the tick.
 * @csspart note - The text below the button.
 * @csspart again - The second button, which pays again where the first payment stays unconfirmed.
 *
 * @cssproperty --weixin-brand - The button's colour; `--weixin-on-brand` of the text on it.
 * @cssproperty --weixin-brand-text - What is said in that colour; `--weixin-brand-surface` behind it, once it is paid.
 * @cssproperty --weixin-text-quiet - The note; `--weixin-danger` of what went wrong.
 * @cssproperty --weixin-surface-quiet - The button where it cannot be used.
 * @cssproperty --weixin-radius - How round it is.
 * @cssproperty --weixin-font - The fonts.
 */
export class PayButton extends WeixinElement {
  static override styles = [baseStyles, payButtonStyles];
  static override shadowRootOptions = { ...WeixinElement.shadowRootOptions, delegatesFocus: true };
  static override properties: PropertyDeclarations = {
    orderId: { attribute: 'order-id', ...REFLECTED },
    channel: REFLECTED,
    returnUrl: { attribute: 'return-url', ...REFLECTED },
    disabled: { type: Boolean, reflect: true },
    state: { reflect: true },
  };

  /** The order to pay. */
  declare orderId: string;
  /** How to pay; `auto` chooses by where the page is shown. */
  declare channel: Channel | 'auto';
  /** Where the payer goes after paying, http or https; without it the order's own `returnUrl`. */
  declare returnUrl: string;
  /** Takes no click. A payment that is under way goes on. */
  declare disabled: boolean;
  /** Where the payment is; reflected, to be read only. */
  declare state: PayState;

  private _shared: SharedPayment | undefined;
  private _unsubscribe: (() => void) | undefined;
  /** What keeps the element from working at all: no order, no proxy. */
  private _misuse: WidgetError | undefined;

  constructor() {
    super();
    this.orderId = '';
    this.channel = 'auto';
    this.returnUrl = '';
    this.disabled = false;
    this.state = 'idle';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this._join();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this._leave();
  }

  /** As if the payer had clicked. */
  override click(): void {
    this.renderRoot.querySelector<HTMLButtonElement>('.button')?.click();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('orderId') || changed.has('proxy')) this._join();
  }

  /** Takes part in the payment of its order. */
  private _join(): void {
    this._leave();
    this._misuse = undefined;
    try {
      if (!this.orderId) throw failure('order_id_missing');
      const address = this.proxyAddress();
      this._shared = sharedPayment(address, this.orderId);
      this._shared.buttons.add(this);
      this._unsubscribe = this._shared.payment.subscribe(() => this._show());
      if (!this._obstacle()) {
        this._prepareJssdk(address);
        if (takeResume(address, this.orderId) && !this.disabled)
          this._shared.payment.pay(this._emitter(), { resumed: true });
      }
    } catch (thrown) {
      this._misuse = asWidgetError(thrown);
    }
    this._show();
  }

  private _leave(): void {
    this._unsubscribe?.();
    this._shared?.buttons.delete(this);
    this._unsubscribe = undefined;
    this._shared = undefined;
  }

  private _show(): void {
    this.state = this._misuse ? 'failed' : (this._shared?.payment.state ?? 'idle');
    this.requestUpdate();
  }

  private _obstacle(): WidgetError | undefined {
    if (this._misuse) return this._misuse;
    const code = channelObstacle(this.channel, detectHost(currentTraces()));
    return code && failure(code);
  }

  /** For the page's own use of `wx`, and so that a wrong domain shows early. Paying does not need it. */
  private _prepareJssdk(address: string): void {
    wechat()
      .then(({ configureJssdk }) => configureJssdk(new ProxyClient(address), ['chooseWXPay']))
      .catch((error: WidgetError) => console.warn(`JS-SDK ${error.code}: ${error.message}`));
  }

  private _handleClick(): void {
    const { state } = this;
    if (state === 'paid' || state === 'closed') return;
    const obstacle = this._obstacle();
    if (obstacle) {
      this.dispatchEvent(new PayErrorEvent({ orderId: this.orderId, error: obstacle }));
      return;
    }
    this._prepareJssdk(this.proxyAddress());
    // The main button never starts a second attempt; that is what the other one says that it does.
    if (!isBusy(state)) this._pay();
  }

  private _pay(): void {
    this._shared?.payment.pay(this._emitter());
  }

  /** Events come from the button that was clicked; if a page has replaced it meanwhile, from the one in its place. */
  private _emitter(): (event: PayEvent) => void {
    const { returnUrl } = this;
    const { buttons } = this._shared!;
    return (event) => {
      const button = this.isConnected ? this : ([...buttons][0] ?? this);
      if (this.isUpdatePending) this.performUpdate();
      const isGoing = button.dispatchEvent(event);
      // By type: it may be of another copy of the bundle.
      if (isGoing && event.type === 'pay-success')
        leaveFor(returnUrl || (event as PaySuccessEvent).detail.order.returnUrl);
    };
  }

  override render(): TemplateResult {
    const obstacle = this._obstacle();
    const { state, _shared: shared } = this;
    const look = state === 'paid' ? 'done' : isBusy(state) ? 'busy' : state === 'closed' || obstacle ? 'inert' : '';
    const label = this._label();
    const note = this._note(obstacle);
    return html`
      <button
        part="button"
        class="button ${look}"
        ?disabled=${this.disabled}
        aria-disabled=${look ? 'true' : nothing}
        aria-busy=${look === 'busy' ? 'true' : nothing}
        aria-describedby="note"
        @click=${this._handleClick}
      >
        ${look === 'done' ? TICK : look === 'busy' ? SPINNER : nothing}${look ? label : html`<slot>${label}</slot>`}
      </button>
      <p id="note" part="note" class=${note ? `note ${state}` : 'unseen'} role="status">
        ${note || (state === 'idle' ? '' : label)}
      </p>
      ${
        shared?.payment.canPayAgain
          ? html`<button part="again" class="again" @click=${this._pay}>${this.say(TEXTS.again)}</button>`
          : nothing
      }
    `;
  }

  private _label(): string {
    const { state } = this;
    const { amount, status } = this._shared?.payment.order ?? {};
    const withAmount = (text: Text) => (amount ? `${this.say(text)} ${formatFen(amount.total)}` : this.say(text));
    switch (state) {
      case 'idle':
        return withAmount(TEXTS.pay);
      case 'cancelled':
      case 'failed':
        return withAmount(TEXTS[amount ? 'retry' : 'pay']);
      case 'paid':
        return this.say(status === 'refunded' ? TEXTS.refunded : TEXTS.paid);
      case 'closed':
        return this.say(status === 'closed' ? TEXTS.closed : TEXTS.expired);
      default:
        return this.say(TEXTS[state]);
    }
  }

  /** The text below. It, or else the label, is what screen readers are told of a new state. */
  private _note(obstacle: WidgetError | undefined): TemplateResult | string | undefined {
    const { state, _shared: shared } = this;
    if (state === 'paid') return undefined;
    if (state === 'paying') return this.say(TEXTS.payingNote);
    if (state === 'cancelled') return this.say(TEXTS.cancelledNote);
    if (shared?.payment.isSlow) return this.say(TEXTS.slowNote);
    const error = (state !== 'closed' && obstacle) || shared?.payment.error;
    return error && html`<span class="cause">${error.cause[this.language]}</span> ${error.remedy[this.language]}`;
  }
}

const TICK = icon('M4 10.5l4 4 8-9');
const SPINNER = icon('M10 2a8 8 0 108 8');

function icon(path: string): TemplateResult {
  return html`<svg part="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${path} /></svg>`;
}

function isBusy(state: PayState): boolean {
  return state === 'preparing' || state === 'paying' || state === 'confirming';
}

/** One payment an order, for all its buttons. */
function sharedPayment(address: string, orderId: string): SharedPayment {
  return shared(`payment@1 ${address} ${orderId}`, () => {
    const proxy = new ProxyClient(address);
    const prepare = async (resumed: boolean, begin: () => void) => {
      const request = { orderId, mayLeave: !resumed };
      const create = (token: string) => {
        begin();
        return proxy.createPayment(orderId, token);
      };
      return (await (await wechat()).sessionOf(proxy).with(request, create)).params;
    };
    const payment = new Payment({
      orderId,
      feed: feedOf(address, orderId),
      clock: pageClock,
      prepare,
      openPaySheet: async (params) => (await wechat()).openPaySheet(params),
    });
    return { payment, buttons: new Set<HTMLElement>() };
  });
}

/** A moment later, so that the payer sees that it is paid. Anything but http and https is ignored: no `javascript:`. */
function leaveFor(address: string | undefined): void {
  if (!address) return;
  const link = document.createElement('a');
  link.href = address;
  if (/^https?:$/.test(link.protocol)) setTimeout(() => location.assign(link.href), RETURN_AFTER);
}

declare global {
  interface HTMLElementTagNameMap {
    'pay-button': PayButton;
  }
}
