/** What a shared page looks like elsewhere. */
export interface ShareCard {
  title: string;
  description: string;
  /** Absolute, http or https. */
  link: string;
  /** Absolute; empty where there is none that WeChat would show. */
  icon: string;
}

/** What the page says of itself. */
export interface SharePage {
  title: string;
  /** Of `<meta name="description">`. */
  description: string;
  /** Of `<link rel="canonical">`, as it stands there. */
  canonical: string;
  address: string;
  /** What relative addresses are relative to. */
  base: string;
}

/** What identifies a visit or a visitor, and is nobody else's business; what WeChat and others append to a shared link. */
const NOISE =
  /^((utm|wx|weixin|share|mc|gdt|bd|_g)_\w+|_g[al]|[a-z]*clid|msclkid|spm|qz_gdt|isappinstalled|clicktime|enterid|nsukey|exportkey|pass_ticket|wxfrom|subscene|srcid|ascene|\w*(open|union)_?id|sid|\w*token|\w*sess(ion)?(_?(id|key))?|jwt|auth)(=|$)|^from=(\w+message|timeline)$|^scene=\d+$/i;
/** What WeChat's sign-in brings back: both, or it is the page's own. */
const SIGN_IN = /^(code|state)=/;

/** What was asked for and, where nothing was or it cannot be used, what the page says of itself. */
export function shareCard(given: ShareCard, page: SharePage): ShareCard {
  const { origin } = new URL(page.address);
  const canonical = webAddress(page.canonical, page.base);
  return {
    title: given.title.trim() || page.title.trim(),
    description: given.description.trim() || page.description.trim(),
    link:
      webAddress(given.link, page.base)?.href ??
      // That of another site, such as the one for computers, is not where this page may send people.
      ownAddress(canonical?.origin === origin ? canonical.href : page.address),
    icon: iconAddress(given.icon, page.base),
  };
}

/** `undefined` where it is empty, malformed or neither http nor https. */
export function webAddress(address: string, base: string): URL | undefined {
  try {
    const url = new URL(address.trim() || 'none:', base);
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** WeChat shows icons from https only. On the machine of a developer, http does. */
function iconAddress(address: string, base: string): string {
  const url = webAddress(address, base);
  const isShown = url?.protocol === 'https:' || /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url?.hostname ?? '');
  return isShown ? url!.href : '';
}

/** An address without its noise, and without its fragment unless that is a route; the rest to the letter. */
function ownAddress(address: string): string {
  const [, path = '', query = '', route = ''] = /^([^?#]*)\??([^#]*)(#!?\/.*)?/.exec(address)!;
  const pairs = query.split('&');
  const isSignIn = pairs.filter((pair) => SIGN_IN.test(pair)).length > 1;
  const kept = pairs.filter((pair) => pair && !NOISE.test(pair) && !(isSignIn && SIGN_IN.test(pair))).join('&');
  return path + (kept && `?${kept}`) + route;
}

export function currentPage(): SharePage {
  const find = (selector: string) => document.head.querySelector<HTMLMetaElement & HTMLLinkElement>(selector);
  return {
    title: document.title,
    description: find('meta[name="description"]')?.content ?? '',
    canonical: find('link[rel="canonical"]')?.getAttribute('href') ?? '',
    address: location.href,
    base: document.baseURI,
  };
}
