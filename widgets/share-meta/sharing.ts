import type { html, TemplateResult } from 'lit';
import type { Host } from '../core/environment.ts';
import type { asWidgetError } from '../core/failure.ts';
import type { Text } from '../core/language.ts';
import type { ProxyClient } from '../core/proxy-client.ts';
import { SHARE_RETRY } from '../core/timing.ts';
import type { Wechat } from '../core/wechat/wechat.ts';
import { type ErrorText, WidgetError } from '../core/widget-error.ts';
import { checkCard, problemsOfCard, type ShareCase } from './check-card.ts';
import { renderPreview } from './preview.ts';
import { setCards } from './set-cards.ts';
import { type ShareCard, shareCard } from './share-card.ts';
import { SHARE_ERROR_TEXTS } from './share-error-texts.ts';
import type { ShareMeta } from './share-meta.ts';
import { type Sharer, shareStack } from './share-stack.ts';

export type ShareState = 'idle' | 'ready' | 'error';

/** What the element hands to its part for sharing, so that it need not bring the same things again. */
export interface ShareHost {
  element: ShareMeta;
  html: typeof html;
  say(text: Text): string;
  /** Draws anew, at once. */
  show(state: ShareState): void;
  ready(card: ShareCard): void;
  fail(error: WidgetError, warning: boolean): void;
  /** Where the page is shown. */
  host(): Host;
  /** @throws WidgetError `proxy_unknown` */
  createProxy(): ProxyClient;
  wechat(): Promise<Wechat>;
  asWidgetError: typeof asWidgetError;
}

/** What one element does to have the page shared in its way. */
export class Sharing implements Sharer {
  private readonly _host: ShareHost;
  private _card: ShareCard | undefined;
  /** What the card was last set from, and where. */
  private _key = '';
  /** The code of the error for which it could not be set. */
  private _failure: string | undefined;
  /** The problems that were told already, and what each is about. */
  private readonly _told = new Map<string, string>();

  constructor(host: ShareHost) {
    this._host = host;
  }

  connect(): void {
    shareStack().join(this);
  }

  disconnect(): void {
    this._key = '';
    shareStack().leave(this);
  }

  /** The element has changed. */
  touch(): void {
    shareStack().touch();
  }

  refresh(isShared: boolean, isAgain: boolean): void {
    const { element, host } = this._host;
    const given = givenTo(element);
    const card = shareCard(given, shareStack().page());
    const key = isShared ? JSON.stringify([host(), location.href, element.proxy, given, card]) : '';
    this._card = card;
    if (isShared) shareStack().tags.put(card, given);
    if (key === this._key && !(isAgain && this._failure)) this._host.show(element.state);
    else if (isShared) this._share(key, given, card);
    else {
      this._key = '';
      this._host.show('idle');
    }
  }

  render(): TemplateResult | undefined {
    const { element, html, say } = this._host;
    return this._card && element.preview ? renderPreview({ html, say, card: this._card }) : undefined;
  }

  private async _share(key: string, given: ShareCard, card: ShareCard): Promise<void> {
    const { createProxy, wechat, asWidgetError, show, ready, fail } = this._host;
    const host = this._host.host();
    const stack = shareStack();
    const isLastTurn = stack.begin();
    const isLast = () => isLastTurn() && key === this._key;
    const shareCase = { given, card, address: location.href, isThorough: this._host.element.preview };
    let error: WidgetError | undefined;
    this._key = key;
    try {
      if (host === 'wechat') await setCards(card, await wechat(), createProxy(), stack, isLast);
    } catch (thrown) {
      error = inWords(asWidgetError(thrown));
    }
    // Another card, or another element's turn.
    if (!isLast()) return;
    const isNews = this._failure !== error?.code;
    this._failure = error?.code;
    if (error) {
      if (/^proxy_|^rate_limited$/.test(error.code)) setTimeout(() => stack.touch(true), SHARE_RETRY);
      show('error');
      if (isNews) fail(error, false);
    } else if (problemsOfCard(shareCase).some(({ warning }) => !warning)) show('error');
    else if (host === 'wechat' || host === 'browser') {
      show('ready');
      ready(card);
    } else show('idle');
    this._check(key, shareCase);
  }

  /** What is wrong with the card is told in idle time; no card waits for it. */
  private _check(key: string, shareCase: ShareCase): void {
    const { given, card } = shareCase;
    const { fail, show } = this._host;
    const { requestIdleCallback: idle = setTimeout } = window;
    // What was mended and comes back is news.
    const present = [given.icon.trim(), card.icon, given.link, card.link];
    for (const [name, about] of this._told) if (present.indexOf(about) < 0) this._told.delete(name);
    idle(() => {
      if (key !== this._key) return;
      checkCard(shareCase, ({ error, warning, about }) => {
        const name = `${error.code} ${about}`;
        if (key !== this._key) return;
        if (!warning) show('error');
        if (this._told.has(name)) return;
        this._told.set(name, about);
        fail(error, warning);
      });
    });
  }
}

/** Some of what can go wrong anywhere has words for cards. */
function inWords(error: WidgetError): WidgetError {
  const text = (SHARE_ERROR_TEXTS as Record<string, ErrorText>)[error.code];
  return text ? new WidgetError(error.code, text, { reason: error }) : error;
}

function givenTo({ shareTitle, shareDescription, shareLink, shareIcon }: ShareMeta): ShareCard {
  return { title: shareTitle ?? '', description: shareDescription ?? '', link: shareLink ?? '', icon: shareIcon ?? '' };
}
