import { waitUntil as waitUntilSoon } from '@open-wc/testing';

/** As in @open-wc/testing, whose patience of a second is too little where the machine is busy. */
export function waitUntil(
  condition: () => unknown,
  what: string,
  { timeout = 6_000 }: { timeout?: number } = {},
): Promise<void> {
  return waitUntilSoon(condition, what, { timeout });
}
