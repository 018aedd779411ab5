import type { Order } from './books.ts';
import type { Product } from './catalogue.ts';

export function productPath({ id }: Product): string {
  return `/order_info?${new URLSearchParams({ product: id })}`;
}

export function payPath(order: Order): string {
  return `/order_pay?${new URLSearchParams({ order: order.id })}`;
}

export function resultPath(order: Order, check?: number): string {
  const path = `/pay_callback?${new URLSearchParams({ order: order.id })}`;
  return check === undefined ? path : `${path}&check=${check}`;
}

/** Where a review of the order is written, and shown once it is. */
export function reviewPath(orderId: string): string {
  return `/orders/${encodeURIComponent(orderId)}/review`;
}
