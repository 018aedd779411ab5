import { randomBytes, randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Account } from './account.ts';
import { beijingDigits } from './beijing-time.ts';
import type { Clock } from './clock.ts';
import { nonce } from './nonce.ts';
import { PayRefusal } from './pay-refusal.ts';
import type { SignType } from './v2-signature.ts';

const PREPAY_ID_LIFETIME = 7200_000;
const H5_LIFETIME = 300_000;
const SHORTEST = 60_000;
const DEFAULT = 7 * 86_400_000;
const LONGEST = 90 * 86_400_000;

export type TradeType = 'JSAPI' | 'NATIVE' | 'MWEB';

/** An order as it is asked for in either version, its fields checked. */
export interface NewPayOrder {
  payVersion: 'v2' | 'v3';
  tradeType: TradeType;
  appid: string;
  mchid: string;
  description: string;
  outTradeNo: string;
  notifyUrl: string;
  total: number;
  openid: string | undefined;
  attach: string | undefined;
  deviceInfo?: string;
  productId?: string;
  /** Milliseconds since the epoch. */
  expiresAt: number | undefined;
  payerAddress: string | undefined;
  /** How version 2 signed it. */
  signType?: SignType;
  /** All that was asked for: the same number may come again with the very same only. */
  parameters: unknown;
}

/** An order as WeChat Pay keeps it. Times are milliseconds since the epoch, money is fen. */
export interface PayOrder {
  appid: string;
  mchid: string;
  description: string;
  outTradeNo: string;
  notifyUrl: string;
  total: number;
  currency: 'CNY';
  tradeType: TradeType;
  /** Which version the order was made in; its notification speaks the same. */
  payVersion: 'v2' | 'v3';
  /** How version 2 signed it, and is answered. */
  signType?: SignType;
  /** The payer: from the start with JSAPI, else as soon as somebody has scanned or paid. */
  openid?: string;
  attach?: string;
  deviceInfo?: string;
  productId?: string;
  payerAddress?: string;
  createdAt: number;
  /** Until then it can be paid. */
  expiresAt: number;
  state: 'NOTPAY' | 'SUCCESS' | 'REFUND' | 'CLOSED';
  transactionId?: string;
  paidAt?: number;
}

/** What an order was given to be paid with; each lives for its own time. */
export interface Prepaid {
  order: PayOrder;
  prepayId: string;
  /** Of Native orders: what the code says. */
  codeUrl?: string;
  /** Of H5 orders: `package` in the address of the page. */
  h5Package?: string;
  createdAt: number;
  expiresAt: number;
}

/** The orders of one merchant number, whichever version they were made in. */
export class PayOrders {
  readonly #account: Account;
  readonly #clock: Clock;
  readonly #orders = new Map<string, { order: PayOrder; parameters: unknown }>();
  readonly #prepaid = new Map<string, Prepaid>();

  constructor(account: Account, clock: Clock) {
    this.#account = account;
    this.#clock = clock;
  }

  /**
   * A new order, or another prepay id for one that was asked for with the very same parameters.
   * @throws PayRefusal
   */
  create(asked: NewPayOrder): Prepaid {
    this.#checkParties(asked);
    const parameters = [asked.payVersion, asked.tradeType, asked.parameters];
    const known = this.#orders.get(asked.outTradeNo);
    if (known) {
      this.#checkAgain(known.order, isDeepStrictEqual(known.parameters, parameters));
      return this.#prepare(known.order);
    }
    const order = this.#newOrder(asked);
    this.#orders.set(order.outTradeNo, { order, parameters });
    return this.#prepare(order);
  }

  all(): PayOrder[] {
    return [...this.#orders.values()].map(({ order }) => order);
  }

  byOutTradeNo(outTradeNo: string): PayOrder | undefined {
    return this.#orders.get(outTradeNo)?.order;
  }

  byTransactionId(transactionId: string): PayOrder | undefined {
    return this.all().find((order) => order.transactionId === transactionId);
  }

  /** The order of a prepay id that is still alive. */
  byPrepayId(prepayId: string): PayOrder | undefined {
    const found = this.#prepaid.get(prepayId);
    return found && this.isAlive(found) ? found.order : undefined;
  }

  /** Alive or not. */
  prepaidBy(found: (prepaid: Prepaid) => boolean): Prepaid | undefined {
    return this.prepaid().find(found);
  }

  /** Everything that was given out, newest first. */
  prepaid(): Prepaid[] {
    return [...this.#prepaid.values()].reverse();
  }

  isAlive({ expiresAt }: Prepaid): boolean {
    return expiresAt > this.#clock.now();
  }

  /** Closing twice is allowed in version 3. @throws PayRefusal */
  close(outTradeNo: string): void {
    const order = this.byOutTradeNo(outTradeNo);
    if (!order) throw orderNotExist();
    if (isPaid(order)) throw orderPaid();
    order.state = 'CLOSED';
  }

  /** Why an order cannot be paid now, in the client's words; undefined where it can. */
  whyNotPayable(order: PayOrder, openid?: string): string | undefined {
    if (isPaid(order)) return '该订单已支付';
    if (order.state === 'CLOSED') return '该订单已关闭，请重新下单';
    if (order.expiresAt <= this.#clock.now()) return '该订单已超过支付期限，请重新下单';
    if (openid === undefined || order.openid === undefined || order.openid === openid) return undefined;
    return order.tradeType === 'JSAPI'
      ? '下单账号与支付账号不一致，请核实后再支付'
      : '该订单已被他人发起支付，请重新下单后再支付';
  }

  /** The payer's money has moved. */
  pay(order: PayOrder, openid: string): void {
    const now = this.#clock.now();
    order.openid = openid;
    order.state = 'SUCCESS';
    order.paidAt = now;
    order.transactionId = `42000${randomInt(10_000, 99_999)}${beijingDigits(now).slice(0, 8)}${randomInt(1e9, 9.9e9)}`;
  }

  #checkParties({ appid, mchid, tradeType, openid }: NewPayOrder): void {
    if (mchid !== this.#account.mchid) throw mchidMismatch();
    if (appid !== this.#account.appId) {
      throw new PayRefusal(400, 'APPID_MCHID_NOT_MATCH', 'appid和mch_id不匹配，请检查后再试');
    }
    if (tradeType === 'JSAPI' && !this.#account.users.some((user) => user.openid === openid)) {
      throw new PayRefusal(400, 'PARAM_ERROR', 'appid和openid不匹配');
    }
  }

  #checkAgain(order: PayOrder, same: boolean): void {
    if (order.state !== 'NOTPAY' && !same) throw new PayRefusal(403, 'OUT_TRADE_NO_USED', '商户订单号重复');
    if (isPaid(order)) throw orderPaid();
    if (order.state === 'CLOSED') throw new PayRefusal(400, 'ORDER_CLOSED', '该订单已关闭，请重新下单');
    // The merchant cannot pay a number through another trade type, nor with another amount: yansongda/pay#705.
    if (!same) throw new PayRefusal(400, 'INVALID_REQUEST', '201 商户订单号重复');
    if (order.expiresAt <= this.#clock.now()) {
      throw new PayRefusal(400, 'INVALID_REQUEST', '订单已超过支付结束时间，请更换商户订单号重新下单');
    }
  }

  #newOrder({ parameters: _parameters, ...asked }: NewPayOrder): PayOrder {
    const createdAt = this.#clock.now();
    const expiresAt = asked.expiresAt ?? createdAt + DEFAULT;
    return {
      ...asked,
      currency: 'CNY',
      createdAt,
      // WeChat Pay moves a time that is too near or too far to the nearest that it allows.
      expiresAt: Math.min(Math.max(expiresAt, createdAt + SHORTEST), createdAt + LONGEST),
      state: 'NOTPAY',
    };
  }

  #prepare(order: PayOrder): Prepaid {
    const now = this.#clock.now();
    const prepaid = {
      order,
      prepayId: `wx${beijingDigits(now).slice(6)}${randomBytes(11).toString('hex')}0000`,
      codeUrl: order.tradeType === 'NATIVE' ? `weixin://wxpay/bizpayurl?pr=${nonce(7)}zz` : undefined,
      h5Package: order.tradeType === 'MWEB' ? String(randomInt(1e9, 4e9)) : undefined,
      createdAt: now,
      expiresAt: now + (order.tradeType === 'MWEB' ? H5_LIFETIME : PREPAY_ID_LIFETIME),
    };
    this.#prepaid.set(prepaid.prepayId, prepaid);
    return prepaid;
  }
}

/** Also where some of it was given back since. */
export function isPaid({ state }: PayOrder): boolean {
  return state === 'SUCCESS' || state === 'REFUND';
}

export function orderNotExist(): PayRefusal {
  return new PayRefusal(404, 'ORDER_NOT_EXIST', '订单不存在');
}

export function mchidMismatch(): PayRefusal {
  return new PayRefusal(400, 'PARAM_ERROR', 'http header中的mchid与post payload中的mchid不匹配');
}

function orderPaid(): PayRefusal {
  return new PayRefusal(400, 'ORDERPAID', '该订单已支付');
}
