import type { Order, Refund } from '../books.ts';

/** Fen of an order that has gone back, is on its way, and can still be given back. */
export interface RefundSums {
  refunded: number;
  pending: number;
  left: number;
}

export function sumRefunds(order: Order, refunds: Refund[]): RefundSums {
  const sum = (...statuses: Refund['status'][]) =>
    refunds.filter(({ status }) => statuses.includes(status)).reduce((total, { amount }) => total + amount.total, 0);
  const refunded = sum('succeeded');
  // What did not reach the payer has left the merchant's account all the same.
  const pending = sum('processing', 'abnormal');
  return { refunded, pending, left: order.paidAt === undefined ? 0 : order.amount.total - refunded - pending };
}
