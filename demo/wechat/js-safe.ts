import { isLoopback } from './loopback.ts';

/** Whether an address is on a domain (`host[:port]`) that may use the JS-SDK; null: on any loopback host. */
export function isJsSafe(url: string, domains: string[] | null): boolean {
  if (!URL.canParse(url)) return false;
  const { host, hostname, protocol } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return false;
  return domains ? domains.includes(host) : isLoopback(hostname);
}
