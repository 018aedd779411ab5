import type { Refund } from '../api.ts';
import { time } from './order-view.ts';
import type { OrderRefund } from './refunds.ts';

/** A refund as the merchant sees it, in answers and events. */
export function refundView({ order, refund }: OrderRefund): Refund {
  return {
    outRefundNo: refund.outRefundNo,
    orderId: order.id,
    outTradeNo: order.outTradeNo,
    amount: { total: refund.amount, currency: order.currency },
    ...(refund.reason !== null && { reason: refund.reason }),
    status: refund.status,
    ...(refund.refundId !== null && { refundId: refund.refundId }),
    createdAt: time(refund.createdAt),
    ...(refund.succeededAt !== null && { succeededAt: time(refund.succeededAt) }),
    ...(refund.failureCode !== null && {
      failure: { code: refund.failureCode, message: refund.failureMessage ?? '' },
    }),
  };
}
