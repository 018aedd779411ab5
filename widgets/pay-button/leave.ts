import { PAYING_LEAVE, RETURN_AFTER } from '../core/timing.ts';

/**
 * Leaves for WeChat's page, which brings the payer back to this one. It wants to know the site that it was left from
 * (https://pay.weixin.qq.com/doc/v3/merchant/4012791834), also where the page itself sends no Referer: the origin is
 * enough. The link is nobody's business but the browser's, so it is never in the page. Gives `false` where that is no web
 * address.
 */
export function leaveFor(url: string): boolean {
  const link = document.createElement('a');
  link.href = `${url}&redirect_url=${encodeURIComponent(location.href)}`;
  link.referrerPolicy = 'origin';
  if (!isWeb(link)) return false;
  link.click();
  return true;
}

/**
 * Resolves when the payer is here again: the page comes out of the back-forward cache, or is seen again after another
 * app or page has covered it, or was never left.
 */
export function untilBack(): Promise<void> {
  return new Promise((resolve) => {
    const look = (event: Event) => {
      if (event.type === 'pageshow' ? (event as PageTransitionEvent).persisted : !document.hidden) back();
    };
    const back = () => {
      clearTimeout(timer);
      removeEventListener('pageshow', look);
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    const timer = setTimeout(back, PAYING_LEAVE);
    addEventListener('pageshow', look);
    document.addEventListener('visibilitychange', look);
  });
}

/** A moment later, so that the payer sees that it is paid. Anything but http and https is ignored: no `javascript:`. */
export function goOnTo(address: string | undefined): void {
  if (!address) return;
  const link = document.createElement('a');
  link.href = address;
  if (isWeb(link)) setTimeout(() => location.assign(link.href), RETURN_AFTER);
}

function isWeb({ protocol }: HTMLAnchorElement): boolean {
  return /^https?:$/.test(protocol);
}
