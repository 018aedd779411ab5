import { Refund, RefundList, RefundRequest } from '../api.ts';
import { refundView } from '../orders/refund-view.ts';
import type { Refunds } from '../orders/refunds.ts';
import { type Route, route } from './route.ts';

export function refundRoutes({ refunds }: { refunds: Refunds }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/orders/:id/refunds',
      callers: ['merchant'],
      summary: 'Give money back, all of it or a part. The same request again answers with the same refund.',
      body: RefundRequest,
      answers: { 201: Refund, 200: Refund },
      errors: [
        'order_not_found',
        'order_not_paid',
        'refund_conflict',
        'refund_exceeds_paid',
        'refund_refused',
        'refund_certificate_missing',
        'wechat_pay_balance_too_low',
        'wechat_pay_not_permitted',
        'wechat_pay_account_mismatch',
        'wechat_pay_signature_refused',
        'wechat_pay_rule_limit',
      ],
      async handle({ params, body }) {
        const refund = await refunds.create(params.id!, body);
        return { status: refund.created ? 201 : 200, body: refundView(refund) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/:id/refunds',
      callers: ['merchant'],
      summary: 'List the refunds of an order, the oldest first.',
      answers: { 200: RefundList },
      errors: ['order_not_found'],
      async handle({ params }) {
        return { status: 200, body: { data: (await refunds.list(params.id!)).map(refundView) } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/:id/refunds/:outRefundNo',
      callers: ['merchant'],
      summary: 'Read a refund.',
      answers: { 200: Refund },
      errors: ['order_not_found', 'refund_not_found'],
      async handle({ params }) {
        return { status: 200, body: refundView(await refunds.read(params.id!, params.outRefundNo!)) };
      },
    }),
  ];
}
