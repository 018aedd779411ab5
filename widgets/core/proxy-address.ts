import { failure } from './failure.ts';
import { scriptUrl } from './script-url.ts';

/**
 * Where the proxy is, without a slash at the end: the `proxy` attribute, else `<meta name="weixin-proxy">`, else the
 * origin that the widgets were loaded from.
 *
 * @throws WidgetError `proxy_unknown`
 */
export function proxyAddress(attribute: string): string {
  const named =
    attribute.trim() || document.querySelector<HTMLMetaElement>('meta[name="weixin-proxy"]')?.content.trim();
  const url = parse(named || scriptUrl, document.baseURI);
  if (!url) throw failure('proxy_unknown');
  return named ? (url.origin + url.pathname).replace(/\/+$/, '') : url.origin;
}

function parse(address: string, base: string): URL | undefined {
  try {
    const url = new URL(address, base);
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}
