/** What one page has once, however many elements and copies of the bundle there are: its wiring to the browser. */
import { pageClock } from './clock.ts';
import { currentTraces, detectHost } from './environment.ts';
import { failure } from './failure.ts';
import { OrderFeed } from './order-feed.ts';
import { proxyAddress } from './proxy-address.ts';
import { ProxyClient } from './proxy-client.ts';
import { shared } from './shared.ts';
import { type SignInPage, type SignInReturn, takeReturn } from './sign-in.ts';
import type { Store } from './stored.ts';
import { loadWechat } from './wechat/load-wechat.ts';
import type { Wechat } from './wechat/wechat.ts';

const signInPage = (): SignInPage => ({
  location,
  history,
  storage: storage(),
  scroll: () => [scrollX, scrollY],
  announce: () => {
    for (const type of ['popstate', 'hashchange']) dispatchEvent(new Event(type));
  },
});

// Both are looked at while the script loads: routers that run later find the page's own address, and iOS signs for the
// address that the page was entered by.
const inPage = Boolean(globalThis.document);

/** What WeChat's sign-in brought back when this page was loaded. */
const signIn: { returned?: SignInReturn | undefined; resumed?: boolean } = inPage
  ? shared('sign-in@2', () => ({ returned: takeReturn(signInPage()) }))
  : {};
// A router may have changed that address before this script came.
const landingUrl: string = inPage
  ? shared('landing@1', () => performance.getEntriesByType('navigation')[0]?.name ?? location.href)
  : '';

/** The order's feed, one for all elements that show it. */
export function feedOf(address: string, orderId: string): OrderFeed {
  return shared(`feed@1 ${address} ${orderId}`, () => {
    const proxy = new ProxyClient(address);
    return new OrderFeed({ read: (signal) => proxy.readOrder(orderId, signal), clock: pageClock, page: visibility });
  });
}

/** Whether the payer left this page to sign in for this purpose: it goes on, once. */
export function takeResume(address: string, purpose: string): boolean {
  const { returned, resumed } = signIn;
  if (resumed || returned?.proxy !== address || returned.purpose !== purpose) return false;
  signIn.resumed = true;
  return true;
}

/** What only a page inside WeChat needs; loaded when it is first asked for. */
export function wechat(): Promise<Wechat> {
  const createProxy = () => new ProxyClient(proxyAddress(''));
  return loadWechat({ landingUrl, signInPage: signInPage(), returned: signIn.returned, failure, createProxy });
}

// Open tags want no element of ours, but what is loaded here to be configured.
if (inPage && document.querySelector('meta[name="weixin-open-tags"]') && detectHost(currentTraces()) === 'wechat')
  wechat().catch(console.warn);

const visibility = {
  get hidden() {
    return document.hidden;
  },
  onChange(listener: () => void): () => void {
    // `pageshow` comes with every load, too.
    const look = ({ persisted }: Partial<PageTransitionEvent>) => persisted === false || listener();
    const all = (method: 'addEventListener' | 'removeEventListener') => {
      document[method]('visibilitychange', look);
      window[method]('pageshow', look);
      window[method]('online', look);
    };
    all('addEventListener');
    return () => all('removeEventListener');
  },
};

/** sessionStorage; `undefined` where the browser refuses it. */
export function storage(): Store | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}
