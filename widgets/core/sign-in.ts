import { readStored, type Store } from './stored.ts';

/**
 * Leaving the page for WeChat's sign-in and coming back to it as it was: address, fragment and scroll. What must
 * outlive the page is in sessionStorage; the secret that proves who left (the verifier) never leaves this browser.
 */
export interface SignInPage {
  location: Pick<Location, 'href' | 'hash' | 'pathname' | 'search' | 'assign'>;
  history: Pick<History, 'state' | 'replaceState'>;
  /** sessionStorage; `undefined` where the browser refuses it. */
  storage: Store | undefined;
  scroll(): [x: number, y: number];
  /** Tells a router that has looked at the address already that it is another one now. */
  announce(): void;
}

/** What the page remembers while the payer is away. */
interface Departure {
  verifier: string;
  proxy: string;
  purpose: string;
  fragment: string;
  scroll: [x: number, y: number];
}

/** What a sign-in brought back: a code to exchange, or the code of an error. */
export interface SignInReturn {
  proxy: string;
  /** What the payer left for, as `SessionRequest` has it. */
  purpose: string;
  verifier: string;
  /** Where the page was scrolled to. */
  scroll: [x: number, y: number];
  code?: string;
  error?: string;
}

const DEPARTURE = 'weixin-widgets:sign-in';
// A router that ran first may have put a slash of its own in front.
const RETURNED = /^#(\/?)wx_(code|error)=([^&]*)/;

/** Remembers the page and gives the address to come back to. */
export function depart(page: SignInPage, leave: Pick<Departure, 'verifier' | 'proxy' | 'purpose'>): string {
  const departure: Departure = { ...leave, fragment: page.location.hash, scroll: page.scroll() };
  page.storage?.setItem(DEPARTURE, JSON.stringify(departure));
  return page.location.href.split('#')[0]!;
}

/** Forgets a departure that did not happen. */
export function stay(page: SignInPage): void {
  page.storage?.removeItem(DEPARTURE);
}

/**
 * Takes `#wx_code=…` or `#wx_error=…` out of the address and puts the page's own fragment back. Gives
 * `undefined` where nothing came back, or where it was not this page that left.
 */
export function takeReturn(page: SignInPage): SignInReturn | undefined {
  const [, slash, kind, value = ''] = RETURNED.exec(page.location.hash) ?? [];
  const departure = takeDeparture(page);
  if (!kind) return undefined;
  const { pathname, search } = page.location;
  const { fragment = '', ...left }: Partial<Departure> = departure ?? {};
  page.history.replaceState(page.history.state, '', pathname + search + fragment);
  if (slash) page.announce();
  return departure && ({ ...left, [kind]: decodeURIComponent(value) } as SignInReturn);
}

function takeDeparture(page: SignInPage): Departure | undefined {
  const departure = readStored<Departure>(page.storage, DEPARTURE);
  stay(page);
  return departure;
}
