import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyError } from '../errors.ts';
import { ERROR_MEANINGS } from '../errors.zh-CN.ts';
import type { Orders } from '../orders/orders.ts';
import type { Products } from '../orders/products.ts';
import type { Refunds } from '../orders/refunds.ts';
import {
  answerScan,
  readRefundNotice,
  readScan,
  readTransactionNotice,
  type Scan,
  type V2Keys,
} from '../wechat/pay/v2/notifications.ts';
import { NOTIFICATION_ERRORS, type V2Account } from './pay-notifications.ts';
import { publicError } from './refusals.ts';
import { type Route, route } from './route.ts';
import { V2_ACCEPTED } from './v2-accepted.ts';

export const V2_NOTIFY_PATH = '/wechat/pay/v2/notify';
export const V2_REFUND_NOTIFY_PATH = '/wechat/pay/v2/refund-notify';

/** In milliseconds. */
const PATIENCE = 4_500;
const TRY_AGAIN = '暂时无法下单，请稍后重新扫码。';

export interface PayV2NotificationOptions {
  v2: V2Account;
  orders: Orders;
  refunds: Refunds;
  products: Products;
  onError: (error: unknown, doing: string) => void;
}

export function payV2NotificationRoutes(options: PayV2NotificationOptions): Route[] {
  const { v2, orders, refunds, products, onError } = options;
  const keys = (): V2Keys => {
    if (!v2.key) throw new ProxyError('pay_api_not_configured');
    return { ...v2, key: v2.key };
  };
  const common = {
    method: 'POST',
    callers: ['wechat'],
    body: 'bytes',
    answers: { 200: null },
    refusal: 'wechat-pay-v2',
  } as const;
  return [
    route({
      ...common,
      path: V2_NOTIFY_PATH,
      summary: 'Notifications of payments, API version 2.',
      errors: NOTIFICATION_ERRORS,
      async handle({ bytes }) {
        await orders.recordTransaction(readTransactionNotice(keys(), bytes));
        return V2_ACCEPTED;
      },
    }),
    route({
      ...common,
      path: V2_REFUND_NOTIFY_PATH,
      summary: 'Notifications of refunds, API version 2.',
      errors: NOTIFICATION_ERRORS,
      async handle({ bytes }) {
        await refunds.record(readRefundNotice(keys(), bytes));
        return V2_ACCEPTED;
      },
    }),
    route({
      ...common,
      path: '/wechat/pay/v2/native',
      summary: 'Somebody has scanned a printed code (Native mode 1): makes the order and answers with its prepay id.',
      errors: ['pay_api_not_configured', 'invalid_signature', 'malformed_notification', 'merchant_mismatch'],
      async handle({ bytes }) {
        const scan = readScan(keys(), bytes);
        const body = answerScan(keys(), scan, await order(scan), randomBytes(16).toString('hex'));
        return { status: 200, body, headers: V2_ACCEPTED.headers! };
      },
    }),
  ];

  /** Whoever has scanned reads what went wrong on the phone, in time: WeChat waits five seconds. */
  async function order(scan: Scan): Promise<{ prepayId: string } | { error: string }> {
    const made = products.order(scan).then(
      (prepayId) => ({ prepayId }),
      (thrown) => {
        const { code, status } = publicError(thrown);
        if (status >= 500) onError(thrown, 'making the order of a scan');
        return { error: status >= 500 ? TRY_AGAIN : ERROR_MEANINGS[code][0] };
      },
    );
    return Promise.race([made, sleep(PATIENCE, { error: TRY_AGAIN }, { ref: false })]);
  }
}
