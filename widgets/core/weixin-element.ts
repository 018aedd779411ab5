import { LitElement, type PropertyDeclaration, type PropertyDeclarations } from 'lit';
import { type Language, languageFrom, languageOf, type Text } from './language.ts';
import { proxyAddress } from './proxy-address.ts';

/** Attribute and property say the same; a default is no attribute. */
export const REFLECTED: PropertyDeclaration = { reflect: true, useDefault: true };

/**
 * What all elements share: the proxy that they talk to and the language that they speak.
 *
 * Styles are adopted stylesheets, which every Content-Security-Policy lets through. Browsers that lack them (iOS before
 * 16.4) get `<style>` elements; where the policy wants a nonce on these, set `window.litNonce` to it before the widgets
 * load.
 */
export abstract class WeixinElement extends LitElement {
  static override properties: PropertyDeclarations = {
    proxy: REFLECTED,
    lang: REFLECTED,
  };

  /** The proxy's address; without it `<meta name="weixin-proxy">`, else the origin that the widgets came from. */
  declare proxy: string;
  /** `zh-…` for Chinese, anything else for English; without it the language of the page around the element. */
  declare lang: string;

  private _languageChanges: MutationObserver | undefined;

  constructor() {
    super();
    this.proxy = '';
    this.lang = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this._languageChanges = new MutationObserver(() => this.requestUpdate());
    this._languageChanges.observe(document, { subtree: true, attributeFilter: ['lang'] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this._languageChanges?.disconnect();
  }

  /** @throws WidgetError `proxy_unknown` */
  protected proxyAddress(): string {
    return proxyAddress(this.proxy);
  }

  protected get language(): Language {
    // Its own first: the attribute follows the property only after rendering.
    return this.lang ? languageFrom(this.lang) : languageOf(this);
  }

  /** The text in the element's language. */
  protected say([zh, en]: Text): string {
    return this.language === 'en' ? en : zh;
  }
}
