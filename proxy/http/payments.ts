import { Payment, PaymentRequest } from '../api.ts';
import type { Payments } from '../orders/payments.ts';
import { type Route, route } from './route.ts';

export function paymentRoutes({ payments }: { payments: Payments }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/orders/:id/payments',
      callers: ['page'],
      summary: 'Start to pay. The page names an order and a channel; amount and payer are known here.',
      body: PaymentRequest,
      answers: { 200: Payment },
      errors: [
        'session_required',
        'order_not_found',
        'payer_mismatch',
        'order_paid',
        'order_closed',
        'order_expired',
        'trade_no_used',
        'payment_refused',
        'wechat_pay_not_permitted',
        'wechat_pay_account_mismatch',
        'wechat_pay_signature_refused',
        'wechat_pay_busy',
        'wechat_pay_rule_limit',
        'wechat_unavailable',
        'wechat_untrusted',
      ],
      async handle({ caller, params, body, address }) {
        const openid = caller.kind === 'page' ? caller.openid : undefined;
        return { status: 200, body: await payments.start(params.id!, { channel: body.channel, openid, address }) };
      },
    }),
  ];
}
