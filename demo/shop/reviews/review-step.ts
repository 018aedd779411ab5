import { isLate, type Order } from '../books.ts';
import { productOf } from '../order-product.ts';
import type { Shop } from '../shop.ts';

/** What there is to do about an order's review. */
export type ReviewStep = 'write' | 'read' | 'no';

/** A review is written by the browser that ordered, once the order is paid; whoever has the order's address can read it. */
export function reviewStep({ books, reviews }: Shop, order: Order, visitor: string | undefined): ReviewStep {
  if (reviews.ofOrder(order.id)) return 'read';
  return isReviewable(order) && visitor !== undefined && books.isOfVisitor(order.id, visitor) ? 'write' : 'no';
}

/** Whether the customer gets the goods. Those whose money came late, or has all gone back, do not. */
export function isReviewable(order: Order): boolean {
  const isSold = order.status === 'paid' || order.status === 'partially_refunded';
  return isSold && !isLate(order) && productOf(order) !== undefined;
}
