import { adoptStyles, html, type PropertyDeclarations, type PropertyValues, type TemplateResult, unsafeCSS } from 'lit';
import { currentTraces, detectHost } from '../core/environment.ts';
import { asWidgetError } from '../core/failure.ts';
import { wechat } from '../core/page.ts';
import { ProxyClient } from '../core/proxy-client.ts';
import { SHARE_RETRY } from '../core/timing.ts';
import { REFLECTED, WeixinElement } from '../core/weixin-element.ts';
import type { WidgetError } from '../core/widget-error.ts';
import { loadSharing } from './load-sharing.ts';
import { ShareErrorEvent, ShareReadyEvent } from './share-events.ts';
import { shareMetaStyles } from './share-meta.styles.ts';
import type { ShareHost, ShareState, Sharing } from './sharing.ts';

/**
 * @summary Says how the page looks when it is shared: in WeChat's chats and Moments (JS-SDK), and, by tags in `<head>`
 *  (Open Graph, `itemprop`, Twitter), elsewhere. It is set again when the page's address, title or description changes
 *  without a new page. Of several, the last that came into the page decides; once it is gone, the one before.
 *
 *  In the web-view of a mini program and in Enterprise WeChat no page can set a card: there the tags are all that it does,
 *  and its state stays `idle`. Once it is gone, its tags are too; WeChat keeps the card that it has.
 *
 * @event {ShareReadyEvent} share-ready - The card is set, which is not to say shared: `detail` is what it says. After
 *  each change, again.
 * @event {ShareErrorEvent} share-error - The card breaks a rule or could not be set; `detail.error` says why and what to
 *  do. With `detail.warning`, it is set as was asked for all the same.
 *
 * @csspart preview - The whole preview.
 * @csspart chat - How it looks in a chat.
 * @csspart moments - How it looks in Moments.
 * @csspart card - The card in each.
 * @csspart title - Its title.
 * @csspart description - Its description; where there is none, the link.
 * @csspart icon - Its icon, or what WeChat shows where there is none.
 * @csspart source - Where it comes from.
 *
 * @cssproperty --weixin-font - The fonts.
 * @cssproperty --weixin-text-quiet - The captions.
 * @cssproperty --weixin-radius - How round the ground is on which the cards lie.
 */
export class ShareMeta extends WeixinElement {
  static override styles = shareMetaStyles;
  static override properties: PropertyDeclarations = {
    shareTitle: { attribute: 'share-title', ...REFLECTED },
    shareDescription: { attribute: 'share-description', ...REFLECTED },
    shareLink: { attribute: 'share-link', ...REFLECTED },
    shareIcon: { attribute: 'share-icon', ...REFLECTED },
    preview: { type: Boolean, reflect: true },
    state: { reflect: true },
  };

  /** Without it, the page's title. */
  declare shareTitle: string;
  /** Without it, the page's `<meta name="description">`. Moments show none. */
  declare shareDescription: string;
  /**
   * Where the card leads, http or https, on a domain that the official account lists. Without it, the page's
   * `<link rel="canonical">` where that is on the page's own origin and of this route, else the page's address. Left out
   * are: the fragment, unless it is a route (`#/…`), what WeChat and others append (`from`, `isappinstalled`, `scene`,
   * `utm_…`, `spm`, `gclid`…), the sign-in's `code` and `state`, and whatever is called a session, a token or an `openid`.
   */
  declare shareLink: string;
  /**
   * A picture by its https address: square, 300 pixels wide or more, 32 KB or less. Without it, or where WeChat would not
   * show it (not https, `data:`), the card is set without one.
   */
  declare shareIcon: string;
  /** Shows how the card will look. */
  declare preview: boolean;
  /**
   * `ready`: the card is set. `error`: it could not be, or breaks a rule; what cannot be used of it is left out. `idle`:
   * neither yet, or it is another element's turn, or no page can set one here. Reflected, to be read only.
   */
  declare state: ShareState;

  private _sharing: Sharing | undefined;

  constructor() {
    super();
    this.shareTitle = '';
    this.shareDescription = '';
    this.shareLink = '';
    this.shareIcon = '';
    this.preview = false;
    this.state = 'idle';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this._sharing) this._sharing.connect();
    else this._load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this._sharing?.disconnect();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.size > Number(changed.has('state'))) this._sharing?.touch();
  }

  private async _load(): Promise<void> {
    try {
      // Both at once.
      if (hostOfPage() === 'wechat') wechat().catch(() => {});
      const { createSharing, styles } = await loadSharing();
      if (this._sharing) return;
      adoptStyles(this.renderRoot as ShadowRoot, [...ShareMeta.elementStyles, unsafeCSS(styles)]);
      this._sharing = createSharing(this._host());
      if (this.isConnected) this._sharing.connect();
    } catch (thrown) {
      if (this.state !== 'error') this._fail(asWidgetError(thrown), false);
      this._show('error');
      setTimeout(() => this.isConnected && this._load(), SHARE_RETRY);
    }
  }

  private _host(): ShareHost {
    return {
      element: this,
      html,
      say: (text) => this.say(text),
      show: (state) => this._show(state),
      ready: (card) => this.dispatchEvent(new ShareReadyEvent(card)),
      fail: (error, warning) => this._fail(error, warning),
      host: hostOfPage,
      createProxy: () => new ProxyClient(this.proxyAddress()),
      wechat,
      asWidgetError,
    };
  }

  /** Whoever hears of the change finds it shown. */
  private _show(state: ShareState): void {
    this.state = state;
    this.requestUpdate();
    if (this.hasUpdated) this.performUpdate();
  }

  private _fail(error: WidgetError, warning: boolean): void {
    this.dispatchEvent(new ShareErrorEvent({ error, warning }));
  }

  override render(): TemplateResult | undefined {
    return this._sharing?.render();
  }
}

const hostOfPage = () => detectHost(currentTraces());

declare global {
  interface HTMLElementTagNameMap {
    'share-meta': ShareMeta;
  }
}
