import type { PageOrder } from '../../proxy/api.ts';

/** Paid, even if some or all of it has been given back. */
export function isPaid({ status }: PageOrder): boolean {
  return /paid|refunded/.test(status);
}

/** By a status or the code of an error. */
export function isOver(word: string): boolean {
  return /closed|expired/.test(word);
}
