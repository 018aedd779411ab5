/** What orders and refunds need of WeChat Pay, whichever of its dialects is spoken. */
import type { Channel } from '../../api.ts';

export interface NewOrder {
  channel: Channel;
  /** WeChat's `out_trade_no`. */
  tradeNo: string;
  description: string;
  /** In fen. */
  total: number;
  attach: string | undefined;
  /** Until when it can be paid. */
  expiresAt: number;
  /** Who pays; `jsapi` only. */
  openid: string | undefined;
  /** The payer's IP address. */
  payerAddress: string;
  /** Of a printed code. */
  productId?: string;
}

/** What WeChat holds ready: a prepay id for `jsapi`, a code for `native`, an address for `h5`. */
export interface Prepaid {
  prepayId?: string;
  /** `weixin://wxpay/bizpayurl?pr=…` */
  codeUrl?: string;
  h5Url?: string;
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

export const TRADE_STATES = [
  'NOTPAY',
  'SUCCESS',
  'CLOSED',
  'REFUND',
  'USERPAYING',
  'REVOKED',
  'PAYERROR',
  'ACCEPT',
] as const;

/** What WeChat Pay says of a payment: https://pay.weixin.qq.com/doc/v3/merchant/4012791900 */
export interface Transaction {
  appId: string;
  mchId: string;
  /** WeChat's `out_trade_no`. */
  tradeNo: string;
  state: (typeof TRADE_STATES)[number];
  /** The rest is there once it is paid. */
  transactionId?: string;
  /** In fen. */
  total?: number;
  currency?: string;
  openid?: string;
  paidAt?: number;
  channel?: Channel;
}

export interface NewRefund {
  /** `out_trade_no` of the payment that is given back. */
  tradeNo: string;
  outRefundNo: string;
  /** In fen: what is given back, and what was paid. */
  amount: number;
  total: number;
  reason: string | undefined;
}

export const REFUND_STATES = ['PROCESSING', 'SUCCESS', 'CLOSED', 'ABNORMAL'] as const;

/** What WeChat Pay says of a refund: https://pay.weixin.qq.com/doc/v3/merchant/4012791904 */
export interface RefundState {
  mchId: string;
  outRefundNo: string;
  refundId: string;
  /** `out_trade_no` of the payment that is given back. */
  tradeNo: string;
  state: (typeof REFUND_STATES)[number];
  /** In fen: what is given back, and what was paid. */
  amount: number;
  total: number;
  succeededAt?: number;
}

export type Notification = { type: 'transaction'; transaction: Transaction } | { type: 'refund'; refund: RefundState };

export interface PaymentGateway {
  readonly appId: string;
  readonly mchId: string;
  /** Makes the order at WeChat. The same order again is the same order. */
  createOrder(order: NewOrder): Promise<Prepaid>;
  signJsapi(prepayId: string): JsapiParams;
  /** Undefined where WeChat knows of no such order. */
  queryOrder(tradeNo: string): Promise<Transaction | undefined>;
  /** After it the order can no longer be paid. An order that WeChat does not know, or has closed, counts as closed. */
  closeOrder(tradeNo: string): Promise<void>;
  /** Asks for a refund. The same refund again is the same refund. */
  refund(refund: NewRefund): Promise<RefundState>;
  /** Undefined where WeChat knows of no such refund. */
  queryRefund(outRefundNo: string): Promise<RefundState | undefined>;
  /**
   * The trade bill of a day, as WeChat writes it: CSV, unpacked, its hash checked where WeChat gives one.
   * @param date `2026-11-21`, in China's time
   * @throws {ProxyError} `bill_not_ready` where there is none (yet), `bill_corrupt`
   */
  downloadBill(date: string): Promise<string>;
  /** Keeps at hand what proves WeChat's signatures. */
  keepFresh(): Promise<void>;
}

/** How long what WeChat holds ready can be used, in milliseconds; a little less than WeChat says, so that none dies on its way to the payer. */
export const PREPAID_LIFETIME: Record<Channel, number> = {
  jsapi: 115 * 60_000,
  native: 115 * 60_000,
  h5: 4.5 * 60_000,
};

/** WeChat wants the end of an order to lie at least a minute ahead, in milliseconds. */
const MIN_LIFETIME = 65_000;

/** Until when WeChat is to take money for an order. */
export function payableUntil({ expiresAt }: NewOrder, now: number): number {
  return Math.max(expiresAt, now + MIN_LIFETIME);
}
