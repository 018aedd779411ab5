import type { Order, PageOrder } from '../api.ts';
import type { OrderRow } from '../store/schema.ts';

/** RFC 3339 in UTC. */
export function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function common(order: OrderRow) {
  return {
    id: order.id,
    description: order.description,
    items: JSON.parse(order.itemsJson) as Order['items'],
    amount: { total: order.total, currency: order.currency },
    status: order.status,
    createdAt: time(order.createdAt),
    expiresAt: time(order.expiresAt),
    ...(order.paidAt !== null && { paidAt: time(order.paidAt) }),
    ...(order.closedAt !== null && { closedAt: time(order.closedAt) }),
    ...(order.returnUrl !== null && { returnUrl: order.returnUrl }),
  };
}

/** What any page may see that knows the order's id: nothing of the payer, nothing of the merchant's books. */
export function pageView(order: OrderRow, now: number): PageOrder {
  return { ...common(order), serverTime: time(now) };
}

/** All of it, for the merchant's server and its events. */
export function merchantView(order: OrderRow): Order {
  return {
    ...common(order),
    outTradeNo: order.outTradeNo,
    ...(order.tradeNo !== order.outTradeNo && { tradeNo: order.tradeNo }),
    ...(order.openid !== null && { openid: order.openid }),
    ...(order.attach !== null && { attach: order.attach }),
    ...(order.channel !== null && { channel: order.channel }),
    ...(order.transactionId !== null && { transactionId: order.transactionId }),
    ...(order.productId !== null && { productId: order.productId }),
    refunded: { total: order.refunded, currency: order.currency },
  };
}
