/** What orders need of WeChat Pay, whichever of its dialects is spoken. */
import type { IncomingHttpHeaders } from 'node:http';

export interface JsapiOrder {
  outTradeNo: string;
  description: string;
  /** In fen. */
  total: number;
  openid: string;
  attach: string | undefined;
  /** Until when it can be paid. */
  expiresAt: number;
}

/** The parameters of `getBrandWCPayRequest`. */
export interface JsapiParams {
  appId: string;
  /** Seconds since 1970, as a string. */
  timeStamp: string;
  nonceStr: string;
  /** `prepay_id=…` */
  package: string;
  signType: string;
  paySign: string;
}

/** What WeChat Pay says of a payment: https://pay.weixin.qq.com/doc/v3/merchant/4012791900 */
export interface Transaction {
  appId: string;
  mchId: string;
  outTradeNo: string;
  state: 'NOTPAY' | 'SUCCESS' | 'CLOSED' | 'REFUND' | 'USERPAYING' | 'REVOKED' | 'PAYERROR' | 'ACCEPT';
  /** The rest is there once it is paid. */
  transactionId?: string;
  /** In fen. */
  total?: number;
  currency?: string;
  openid?: string;
  paidAt?: number;
}

export type Notification = { type: 'transaction'; transaction: Transaction } | { type: 'refund'; outRefundNo: string };

export interface PaymentGateway {
  readonly appId: string;
  readonly mchId: string;
  /** How long a prepay id lives, in milliseconds. */
  readonly prepayLifetime: number;
  /** Makes the order at WeChat. The same order again is the same order. */
  createJsapiOrder(order: JsapiOrder): Promise<{ prepayId: string }>;
  signJsapi(prepayId: string): JsapiParams;
  /** Undefined where WeChat knows of no such order. */
  queryOrder(outTradeNo: string): Promise<Transaction | undefined>;
  /** After it the order can no longer be paid. An order that WeChat does not know counts as closed. */
  closeOrder(outTradeNo: string): Promise<void>;
  /** Proves and reads a notification. `body`: the bytes as they came. */
  readNotification(headers: IncomingHttpHeaders, body: Buffer): Promise<Notification>;
}

/** Codes with which WeChat Pay refuses because the order is paid. Older spellings are still met. */
export const PAID_CODES: ReadonlySet<string> = new Set(['ORDERPAID', 'ORDER_PAID']);

/** Codes with which it refuses a new payment because the number has been through: asking tells how it ended. */
export const OVER_CODES: ReadonlySet<string> = new Set([
  ...PAID_CODES,
  'ORDERCLOSED',
  'ORDER_CLOSED',
  'OUT_TRADE_NO_USED',
]);
