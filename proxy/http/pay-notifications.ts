import type { ErrorCode } from '../errors.ts';
import { ProxyError } from '../errors.ts';
import type { Orders } from '../orders/orders.ts';
import type { Refunds } from '../orders/refunds.ts';
import { isRefundNoticeOf, readRefundNotice, type V2Keys } from '../wechat/pay/v2/notifications.ts';
import type { V3Gateway } from '../wechat/pay/v3/gateway.ts';
import { type Route, route } from './route.ts';
import { V2_ACCEPTED } from './v2-accepted.ts';

export const V3_NOTIFY_PATH = '/wechat/pay/v3/notify';

/** What proves notifications of version 2, if their key is known. */
export type V2Account = Omit<V2Keys, 'key'> & { key: string | undefined };

export interface PayNotificationOptions {
  /** Undefined where this version is not configured. */
  v3: V3Gateway | undefined;
  v2: V2Account;
  orders: Orders;
  refunds: Refunds;
}

/** What every notification of a payment or refund may be refused with. */
export const NOTIFICATION_ERRORS: readonly ErrorCode[] = [
  'pay_api_not_configured',
  'invalid_signature',
  'decryption_failed',
  'malformed_notification',
  'merchant_mismatch',
  'order_not_found',
  'amount_mismatch',
  'transaction_conflict',
  'refund_not_found',
];

export function payNotificationRoutes({ v3, v2, orders, refunds }: PayNotificationOptions): Route[] {
  return [
    route({
      method: 'POST',
      path: V3_NOTIFY_PATH,
      callers: ['wechat'],
      summary: 'Notifications of WeChat Pay, API version 3.',
      body: 'bytes',
      answers: { 204: null, 200: null },
      errors: [...NOTIFICATION_ERRORS, 'signature_probe', 'notification_expired', 'unknown_serial'],
      refusal: 'wechat-pay',
      async handle({ headers, bytes }) {
        if (!v3) throw new ProxyError('pay_api_not_configured');
        if (isXml(bytes)) return recordXmlNotice(bytes);
        const notification = await v3.readNotification(headers, bytes);
        if (notification.type === 'refund') await refunds.record(notification.refund);
        else if (notification.transaction.state === 'SUCCESS') await orders.recordTransaction(notification.transaction);
        else throw new ProxyError('malformed_notification');
        return { status: 204 };
      },
    }),
  ];

  /**
   * Version 3 merchants are told of some refunds in version 2's form. Without its key nothing in there can be
   * believed; but that there is something to ask about is no secret.
   */
  async function recordXmlNotice(bytes: Buffer) {
    if (v2.key) await refunds.record(readRefundNotice({ ...v2, key: v2.key }, bytes));
    else if (isRefundNoticeOf(v2, bytes)) await refunds.hurry();
    else throw new ProxyError('malformed_notification');
    return V2_ACCEPTED;
  }
}

function isXml(bytes: Buffer): boolean {
  return /^\s*</.test(bytes.subarray(0, 64).toString('latin1'));
}
