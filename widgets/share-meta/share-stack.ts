import { shared } from '../core/shared.ts';
import { SHARE_SETTLE } from '../core/timing.ts';
import { HeadTags } from './head-tags.ts';
import { currentPage, type SharePage } from './share-card.ts';
import { watchRoutes } from './watch-routes.ts';

/** Whoever wants the page to be shared in its way. */
export interface Sharer {
  /**
   * The page, or whose turn it is, may have changed.
   *
   * @param isShared it is this one's card that is shared.
   * @param isAgain what failed may succeed now.
   */
  refresh(isShared: boolean, isAgain: boolean): void;
}

/** Who decides how the page is shared: the last that came, and, once that is gone, the one before. */
export class ShareStack {
  readonly tags = new HeadTags();
  /** Ends when the last configuration of the JS-SDK has, well or not: they do not overtake each other. */
  configured: Promise<unknown> = Promise.resolve();

  /** The page's canonical address, and where the page was when it said so. */
  private _canonical = '';
  private _canonicalRoute = '';
  private _sharers: Sharer[] = [];
  private _turn = 0;
  private _isAgain = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;

  join(sharer: Sharer): void {
    this._sharers.push(sharer);
    this.touch();
  }

  leave(sharer: Sharer): void {
    this._sharers = this._sharers.filter((each) => each !== sharer);
    this.touch();
  }

  /** Something may have changed. All that changes at once, such as the route and then the title, is looked at once. */
  touch(isAgain = false): void {
    this._isAgain ||= isAgain;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._refresh(), SHARE_SETTLE);
  }

  /** What the page says of itself. A canonical address that has stayed while the page went elsewhere is not this route's. */
  page(): SharePage {
    const page = currentPage();
    const route = /^([^?#]*)[^#]*(#!?\/.*)?/.exec(page.address)!.slice(1).join('');
    if (page.canonical !== this._canonical) {
      this._canonical = page.canonical;
      this._canonicalRoute = route;
    }
    return route === this._canonicalRoute ? page : { ...page, canonical: '' };
  }

  /** A card is about to be set. Gives a way to ask whether it is still the last one. */
  begin(): () => boolean {
    const turn = ++this._turn;
    return () => turn === this._turn;
  }

  private _refresh(): void {
    const { _sharers: sharers, _isAgain: isAgain } = this;
    const last = sharers[sharers.length - 1];
    this._isAgain = false;
    if (!last) this.tags.remove();
    for (const sharer of sharers) sharer.refresh(sharer === last, isAgain);
  }
}

/** One for the page, and for all copies of the bundle. It goes on watching once it has begun. */
export function shareStack(): ShareStack {
  return shared('sharing@1', () => {
    const stack = new ShareStack();
    const touch = () => stack.touch();
    const touchAgain = () => stack.touch(true);
    watchRoutes(touch);
    // Routers change the title a moment after the address.
    const seen = { attributeFilter: ['content', 'href'], characterData: true, childList: true, subtree: true };
    new MutationObserver(touch).observe(document.head, seen);
    // It may come late; and some clients say only then that the page is in a mini program.
    document.addEventListener('WeixinJSBridgeReady', touchAgain);
    document.addEventListener('visibilitychange', touchAgain);
    addEventListener('online', touchAgain);
    return stack;
  });
}
