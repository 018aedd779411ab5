import {
  adoptStyles,
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
  unsafeCSS,
} from 'lit';
import type { Channel } from '../../proxy/api.ts';
import { baseStyles } from '../core/base.styles.ts';
import { pageClock } from '../core/clock.ts';
import { currentTraces, detectHost, isMobile } from '../core/environment.ts';
import { addErrorTexts, asWidgetError, failure } from '../core/failure.ts';
import type { Text } from '../core/language.ts';
import { formatFen } from '../core/money.ts';
import { feedOf, storage, takeResume, wechat } from '../core/page.ts';
import { ProxyClient } from '../core/proxy-client.ts';
import { shared } from '../core/shared.ts';
import { REFLECTED, WeixinElement } from '../core/weixin-element.ts';
import type { WidgetError } from '../core/widget-error.ts';
import type { AttemptPart, Said } from './attempt-part.ts';
import { chooseChannel } from './channel.ts';
import { AttemptKeeper } from './kept-attempt.ts';
import { loadAttempt } from './load-attempt.ts';
import { loadNative } from './load-native.ts';
import type { Native } from './native.ts';
import { payButtonStyles } from './pay-button.styles.ts';
import { TEXTS } from './pay-button.texts.ts';
import { PayErrorEvent, type PayEvent, type PaySuccessEvent } from './pay-events.ts';
import { Payment, type PayState } from './payment.ts';

/** The buttons of one payment that are in the page, and the payment. */
interface SharedPayment {
  payment: Payment;
  buttons: Set<HTMLElement>;
  /** The button that was clicked: it shows the code. */
  clicked?: HTMLElement;
  /** What is loaded when it is needed. */
  part?: AttemptPart;
  native?: Native;
}

/**
 * @summary A button that pays one order with WeChat Pay: inside WeChat by the pay sheet (`jsapi`), in the browser of a
 *  phone or tablet by WeChat's own page (`h5`), on a computer by a code to scan (`native`), in the web-view of a mini
 *  program by a page of that. It shows `paid` only when the proxy says that the order is paid, whatever the browser was
 *  told.
 *
 *  The attempt outlives its page: whoever left to pay and comes back is asked, not told, how it went, and may pay again.
 *
 * @event {PayStartEvent} pay-start - An attempt began; `detail.channel` is how. It ends in exactly one of the other
 *  three, over all pages that the tab has shown meanwhile.
 * @event {PaySuccessEvent} pay-success - The order is paid. Unless cancelled, the payer goes to the return page, if any.
 * @event {PayCancelEvent} pay-cancel - The payer closed the pay sheet, or put the code away, without paying.
 * @event {PayErrorEvent} pay-error - The attempt failed, or cannot begin here; `detail.error` says why and what to do.
 *  Whoever pays again while nobody knows how the first attempt went ends that one with `payment_unconfirmed`: it may yet
 *  turn out to be paid.
 *
 * @slot - What the button says while it can be clicked. By default the amount.
 *
 * @csspart button - The button. To a payer who is back it says: I have paid.
 * @csspart icon - The spinner, or the tick.
 * @csspart note - The text below the button.
 * @csspart code - The code to scan, with its white margin.
 * @csspart amount - What is to be paid by the code.
 * @csspart time - How long the code is valid.
 * @csspart refresh - The button that replaces a code that has expired.
 * @csspart close - The button that puts the code away.
 * @csspart again - The second button, which pays again where nobody knows yet how the first payment went.
 *
 * @cssproperty --weixin-brand - The button's colour; `--weixin-on-brand` of the text on it.
 * @cssproperty --weixin-brand-text - What is said in that colour; `--weixin-brand-surface` behind it, once it is paid.
 * @cssproperty --weixin-text-quiet - The note; `--weixin-danger` of what went wrong.
 * @cssproperty --weixin-surface - What the code lies on; `--weixin-line` around it, `--weixin-text` of what is said there.
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
    miniProgramPath: { attribute: 'mini-program-path', ...REFLECTED },
    returnUrl: { attribute: 'return-url', ...REFLECTED },
    disabled: { type: Boolean, reflect: true },
    state: { reflect: true },
  };

  /** The order to pay. */
  declare orderId: string;
  /**
   * How to pay; `auto` chooses by where the page is shown. `h5` is taken at its word on a computer too, so that it can be
   * tried there; WeChat's page wants a phone.
   */
  declare channel: Channel | 'auto';
  /**
   * In the web-view of a mini program: the page of it that pays, as `wx.miniProgram.navigateTo` wants it. It is opened to
   * the letter, so it must name the order itself: `/pages/pay/index?id=…`. A blank one counts as none.
   */
  declare miniProgramPath: string;
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
  private _hasNativeStyles = false;

  constructor() {
    super();
    this.orderId = '';
    this.channel = 'auto';
    this.miniProgramPath = '';
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

  protected override update(changed: PropertyValues): void {
    const { part, clicked } = this._shared ?? {};
    const finish = part?.beforeDrawing(this.renderRoot as ShadowRoot, this === clicked);
    super.update(changed);
    finish?.();
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
      const joined = sharedPayment(address, this.orderId);
      this._shared = joined;
      joined.buttons.add(this);
      this._unsubscribe = joined.payment.subscribe(() => this._show());
      joined.payment.resume(this._emitter());
      const { channel } = this._way();
      if (channel === 'jsapi') {
        this._prepareJssdk(address);
        if (takeResume(address, this.orderId) && !this.disabled) this._pay(true);
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
    const { payment, native } = this._shared ?? {};
    this.state = this._misuse ? 'failed' : (payment?.state ?? 'idle');
    this.requestUpdate();
    if (native && !this._hasNativeStyles) {
      this._hasNativeStyles = true;
      adoptStyles(this.renderRoot as ShadowRoot, [...PayButton.elementStyles, unsafeCSS(native.styles)]);
    }
  }

  /** How it would pay here and now, or why it cannot. */
  private _way() {
    const traces = currentTraces();
    return chooseChannel(this.channel, {
      host: detectHost(traces),
      mobile: isMobile(traces),
      hasMiniProgramPath: Boolean(this.miniProgramPath?.trim()),
    });
  }

  private _obstacle(): WidgetError | undefined {
    if (this._misuse) return this._misuse;
    const { obstacle } = this._way();
    return obstacle && failure(obstacle);
  }

  /** For the page's own use of `wx`, and so that a wrong domain shows early; what paying needs is loaded ahead. */
  private _prepareJssdk(address: string): void {
    Promise.all([wechat(), loadAttempt()])
      .then(([{ configureJssdk }]) => configureJssdk(new ProxyClient(address)))
      .catch((error) => console.warn('JS-SDK', error));
  }

  private _handleClick(): void {
    const { state } = this;
    const attempt = this._shared?.payment.attempt;
    const obstacle = this._obstacle();
    if (state === 'paying' && attempt?.isBack) attempt.confirm();
    // The main button never starts a second attempt; that is what the other one says that it does.
    else if (!canStart(state)) return;
    else if (obstacle) {
      // Where the page is may have become known only now.
      this.requestUpdate();
      this.dispatchEvent(new PayErrorEvent({ orderId: this.orderId, error: obstacle }));
    } else this._pay();
  }

  private _pay(resumed = false): void {
    const { channel } = this._way();
    if (!channel) return;
    if (channel === 'jsapi' && !resumed) this._prepareJssdk(this.proxyAddress());
    this._shared!.clicked = this;
    this._shared!.payment.pay(this._emitter(), { channel, path: this.miniProgramPath, resumed });
  }

  /** Events come from the button that was clicked; if a page has replaced it meanwhile, from the one in its place. */
  private _emitter(): (event: PayEvent) => void {
    const { returnUrl } = this;
    const shared = this._shared!;
    return (event) => {
      const button = this.isConnected ? this : ([...shared.buttons][0] ?? this);
      if (this.isUpdatePending) this.performUpdate();
      const isGoing = button.dispatchEvent(event);
      // By type: it may be of another copy of the bundle.
      if (isGoing && event.type === 'pay-success')
        shared.part!.goOnTo(returnUrl || (event as PaySuccessEvent).detail.order.returnUrl);
    };
  }

  override render(): TemplateResult {
    const { state, _shared: shared } = this;
    const { payment, part, native } = shared ?? {};
    const say = (text: Text) => this.say(text);
    const view = { html, say, amount: this._amount(), hasCode: this._showsCode(), native, pay: () => this._pay() };
    const said: Said = part?.say(state, payment!.attempt, view) ?? {};
    const { code } = said;
    const obstacle = canStart(state) ? this._obstacle() : undefined;
    const isInert = state === 'closed' || obstacle;
    const look = said.look ?? (state === 'paid' ? 'done' : isInert ? 'inert' : canStart(state) ? '' : 'busy');
    const label = said.label ? this.say(said.label) : this._label();
    const note = this._note(said.note, obstacle);
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
        ${look === 'done' ? TICK : look === 'busy' ? SPINNER : nothing}${look || said.label ? label : html`<slot>${label}</slot>`}
      </button>
      <div class=${code ? 'sheet' : ''}>
        <p id="note" part="note" class=${note ? `note ${state}` : 'unseen'} role="status">
          ${note || (state === 'idle' ? '' : label)}
        </p>
        ${code}
      </div>
      ${said.again}
    `;
  }

  /** One button of the page shows the code: the one that was clicked, or else the first. */
  private _showsCode(): boolean {
    const { clicked, buttons } = this._shared ?? {};
    return this === (clicked?.isConnected ? clicked : [...(buttons ?? [])][0]);
  }

  private _amount(): string {
    const { amount } = this._shared?.payment.order ?? {};
    return amount ? formatFen(amount.total) : '';
  }

  private _label(): string {
    const { state } = this;
    const { status } = this._shared?.payment.order ?? {};
    const amount = this._amount();
    if (canStart(state)) return `${this.say(TEXTS[amount && state !== 'idle' ? 'retry' : 'pay'])} ${amount}`.trim();
    if (state === 'paid') return this.say(status === 'refunded' ? TEXTS.refunded : TEXTS.paid);
    if (state === 'closed') return this.say(status === 'closed' ? TEXTS.closed : TEXTS.expired);
    return this.say(TEXTS.preparing);
  }

  /** The text below. It, or else the label, is what screen readers are told of a new state. */
  private _note(said: Text | undefined, obstacle: WidgetError | undefined): TemplateResult | string | undefined {
    const { language } = this;
    const error = this._shared?.payment.error ?? obstacle;
    if (error) return html`<span class="cause">${error.cause[language]}</span> ${error.remedy[language]}`;
    return said && this.say(said);
  }
}

const TICK = icon('M4 10.5l4 4 8-9');
const SPINNER = icon('M10 2a8 8 0 108 8');

function icon(path: string): TemplateResult {
  return html`<svg part="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${path} /></svg>`;
}

/** Idle, cancelled or failed: a click starts an attempt. */
function canStart(state: PayState): boolean {
  return /idle|led$/.test(state);
}

/** One payment an order, for all its buttons. */
function sharedPayment(address: string, orderId: string): SharedPayment {
  return shared(`payment@2 ${address} ${orderId}`, () => {
    const feed = feedOf(address, orderId);
    const keeper = new AttemptKeeper(storage(), address, orderId);
    const all: SharedPayment = {
      buttons: new Set(),
      payment: new Payment({
        orderId,
        feed,
        keeper,
        async createAttempt(payment, way, id) {
          const part = await loadAttempt();
          all.part = part;
          addErrorTexts(part.errorTexts, part.errorKind);
          const proxy = new ProxyClient(address);
          const world = { payment, orderId, feed, keeper, proxy, clock: pageClock, wechat, failure, asWidgetError };
          return part.createAttempt({ ...world, loadNative: bringNative }, way, id);
        },
      }),
    };
    const bringNative = async () => {
      all.native = await loadNative();
    };
    // Some clients say only then that the page is in a mini program.
    document.addEventListener('WeixinJSBridgeReady', () => all.payment.tell());
    addEventListener('pageshow', ({ persisted }) => persisted && all.payment.attempt?.reappear());
    return all;
  });
}

declare global {
  interface HTMLElementTagNameMap {
    'pay-button': PayButton;
  }
}
