import { ProxyError } from '../errors.ts';
import type { Orders } from '../orders/orders.ts';
import type { PaymentGateway } from '../wechat/pay/gateway.ts';
import { type Route, route } from './route.ts';

export const V3_NOTIFY_PATH = '/wechat/pay/v3/notify';

export function payNotificationRoutes({ gateway, orders }: { gateway: PaymentGateway; orders: Orders }): Route[] {
  return [
    route({
      method: 'POST',
      path: V3_NOTIFY_PATH,
      callers: ['wechat'],
      summary: 'Notifications of WeChat Pay, API version 3.',
      body: 'bytes',
      answers: { 204: null },
      errors: [
        'invalid_signature',
        'signature_probe',
        'notification_expired',
        'unknown_serial',
        'decryption_failed',
        'malformed_notification',
        'merchant_mismatch',
        'order_not_found',
        'amount_mismatch',
        'transaction_conflict',
        'refund_not_found',
      ],
      refusal: 'wechat-pay',
      async handle({ headers, bytes }) {
        const notification = await gateway.readNotification(headers, bytes);
        if (notification.type === 'refund') throw new ProxyError('refund_not_found');
        if (notification.transaction.state !== 'SUCCESS') throw new ProxyError('malformed_notification');
        await orders.recordTransaction(notification.transaction);
        return { status: 204 };
      },
    }),
  ];
}
