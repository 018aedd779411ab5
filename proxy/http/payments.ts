import { Payment, PaymentRequest } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { Orders } from '../orders/orders.ts';
import { type Route, route } from './route.ts';

export function paymentRoutes({ orders }: { orders: Orders }): Route[] {
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
        'channel_not_supported',
        'order_not_found',
        'payer_mismatch',
        'order_paid',
        'order_closed',
        'order_expired',
        'payment_refused',
        'wechat_unavailable',
        'wechat_refused',
        'wechat_untrusted',
      ],
      async handle({ caller, params, body }) {
        if (body.channel !== 'jsapi') throw new ProxyError('channel_not_supported');
        if (caller.kind !== 'page' || caller.openid === undefined) throw new ProxyError('session_required');
        const payment = await orders.payInWechat(params.id!, caller.openid);
        return { status: 200, body: { channel: 'jsapi', params: payment } };
      },
    }),
  ];
}
