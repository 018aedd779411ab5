import type { NewOrder } from './gateway.ts';

/**
 * The order without characters of four bytes, such as emoji, which WeChat is said to refuse: better to be paid without
 * them than not at all. Undefined where it has none.
 */
export function withoutEmoji(order: NewOrder): NewOrder | undefined {
  const description = strip(order.description) || order.tradeNo;
  const attach = order.attach && strip(order.attach);
  if (description === order.description && attach === order.attach) return undefined;
  return { ...order, description, attach };
}

/** With the joiners and selectors that would be left of composed ones. */
function strip(text: string): string {
  return text.replaceAll(/[\u{10000}-\u{10ffff}]|\u200d|\ufe0f/gu, '').trim();
}
