/** Sources to add, by directive: `{'script-src': ['https://example.com']}`. */
export type PolicySources = Record<string, string[]>;

/**
 * What a page with the widgets needs, and no more: scripts, answers, customers' pictures and codes from the proxy; everything
 * else from the shop.
 * No inline script or style is allowed.
 */
export function contentSecurityPolicy(proxyOrigin: string, shopOrigin: string, extra: PolicySources = {}): string {
  const policy: PolicySources = {
    'default-src': ["'none'"],
    'script-src': ["'self'", proxyOrigin],
    'connect-src': [proxyOrigin],
    'style-src': ["'self'"],
    'img-src': ["'self'", shopOrigin, `${proxyOrigin}/v1/images/`, `${proxyOrigin}/v1/qrcodes/image`],
    'form-action': ["'self'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'self'"],
  };
  for (const [directive, sources] of Object.entries(extra)) {
    policy[directive] = [...(policy[directive] ?? []), ...sources];
  }
  return Object.entries(policy)
    .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
    .join('; ');
}
