import { randomBytes, randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Account } from './account.ts';
import { beijingDigits, beijingTime } from './beijing-time.ts';
import type { Clock } from './clock.ts';
import type { JsapiOrder } from './jsapi-order.ts';
import { PayRefusal } from './pay-refusal.ts';

const PREPAY_ID_LIFETIME = 7200_000;
const SHORTEST = 60_000;
const DEFAULT = 7 * 86_400_000;
const LONGEST = 90 * 86_400_000;

/** An order as WeChat Pay keeps it. Times are milliseconds since the epoch, money is fen. */
export interface PayOrder {
  appid: string;
  mchid: string;
  description: string;
  outTradeNo: string;
  notifyUrl: string;
  total: number;
  currency: 'CNY';
  openid: string;
  attach?: string;
  createdAt: number;
  /** Until then it can be paid. */
  expiresAt: number;
  state: 'NOTPAY' | 'SUCCESS' | 'CLOSED';
  transactionId?: string;
  paidAt?: number;
}

const STATE_TEXTS = { NOTPAY: '订单未支付', SUCCESS: '支付成功', CLOSED: '订单已关闭' };

/** The orders of one merchant number. */
export class PayOrders {
  readonly #account: Account;
  readonly #clock: Clock;
  readonly #orders = new Map<string, { order: PayOrder; request: JsapiOrder }>();
  readonly #prepayIds = new Map<string, { order: PayOrder; expiresAt: number }>();

  constructor(account: Account, clock: Clock) {
    this.#account = account;
    this.#clock = clock;
  }

  /**
   * A new order, or another prepay id for one that was asked for with the very same parameters.
   * @throws PayRefusal
   */
  create(request: JsapiOrder): string {
    this.#checkParties(request);
    const known = this.#orders.get(request.out_trade_no);
    if (known) {
      this.#checkAgain(known.order, isDeepStrictEqual(known.request, request));
      return this.#issuePrepayId(known.order);
    }
    const order = this.#newOrder(request);
    this.#orders.set(order.outTradeNo, { order, request });
    return this.#issuePrepayId(order);
  }

  byOutTradeNo(outTradeNo: string): PayOrder | undefined {
    return this.#orders.get(outTradeNo)?.order;
  }

  byTransactionId(transactionId: string): PayOrder | undefined {
    return [...this.#orders.values()].find(({ order }) => order.transactionId === transactionId)?.order;
  }

  /** The order of a prepay id that is still alive. */
  byPrepayId(prepayId: string): PayOrder | undefined {
    const found = this.#prepayIds.get(prepayId);
    return found && found.expiresAt > this.#clock.now() ? found.order : undefined;
  }

  /** Closing twice is allowed. @throws PayRefusal */
  close(outTradeNo: string): void {
    const order = this.byOutTradeNo(outTradeNo);
    if (!order) throw orderNotExist();
    if (order.state === 'SUCCESS') throw orderPaid();
    order.state = 'CLOSED';
  }

  /** Why an order cannot be paid now, in the client's words; undefined where it can. */
  whyNotPayable(order: PayOrder): string | undefined {
    if (order.state === 'SUCCESS') return '该订单已支付';
    if (order.state === 'CLOSED') return '该订单已关闭，请重新下单';
    if (order.expiresAt <= this.#clock.now()) return '该订单已超过支付期限，请重新下单';
    return undefined;
  }

  /** The payer's money has moved. */
  pay(order: PayOrder): void {
    const now = this.#clock.now();
    order.state = 'SUCCESS';
    order.paidAt = now;
    order.transactionId = `42000${randomInt(10_000, 99_999)}${beijingDigits(now).slice(0, 8)}${randomInt(1e9, 9.9e9)}`;
  }

  #checkParties(request: JsapiOrder): void {
    if (request.mchid !== this.#account.mchid) throw mchidMismatch();
    if (request.appid !== this.#account.appId) {
      throw new PayRefusal(400, 'APPID_MCHID_NOT_MATCH', 'appid和mch_id不匹配，请检查后再试');
    }
    if (!this.#account.users.some(({ openid }) => openid === request.payer.openid)) {
      throw new PayRefusal(400, 'PARAM_ERROR', 'appid和openid不匹配');
    }
  }

  #checkAgain(order: PayOrder, same: boolean): void {
    if (order.state !== 'NOTPAY' && !same) throw new PayRefusal(403, 'OUT_TRADE_NO_USED', '商户订单号重复');
    if (order.state === 'SUCCESS') throw orderPaid();
    if (order.state === 'CLOSED') throw new PayRefusal(400, 'ORDER_CLOSED', '该订单已关闭，请重新下单');
    if (!same) throw new PayRefusal(400, 'INVALID_REQUEST', '201 商户订单号重复');
    if (order.expiresAt <= this.#clock.now()) {
      throw new PayRefusal(400, 'INVALID_REQUEST', '订单已超过支付结束时间，请更换商户订单号重新下单');
    }
  }

  #newOrder(request: JsapiOrder): PayOrder {
    const createdAt = this.#clock.now();
    const asked = request.time_expire === undefined ? createdAt + DEFAULT : Date.parse(request.time_expire);
    return {
      appid: request.appid,
      mchid: request.mchid,
      description: request.description,
      outTradeNo: request.out_trade_no,
      notifyUrl: request.notify_url,
      total: request.amount.total,
      currency: 'CNY',
      openid: request.payer.openid,
      attach: request.attach,
      createdAt,
      // WeChat Pay moves a time that is too near or too far to the nearest that it allows.
      expiresAt: Math.min(Math.max(asked, createdAt + SHORTEST), createdAt + LONGEST),
      state: 'NOTPAY',
    };
  }

  #issuePrepayId(order: PayOrder): string {
    const now = this.#clock.now();
    const prepayId = `wx${beijingDigits(now).slice(6)}${randomBytes(11).toString('hex')}0000`;
    this.#prepayIds.set(prepayId, { order, expiresAt: now + PREPAY_ID_LIFETIME });
    return prepayId;
  }
}

/** An order as queries and notifications show it. */
export function transaction(order: PayOrder): Record<string, unknown> {
  const shown = {
    appid: order.appid,
    mchid: order.mchid,
    out_trade_no: order.outTradeNo,
    trade_state: order.state,
    trade_state_desc: STATE_TEXTS[order.state],
    promotion_detail: [],
  };
  if (order.state !== 'SUCCESS') return { ...shown, amount: { total: order.total, currency: order.currency } };
  return {
    ...shown,
    transaction_id: order.transactionId,
    trade_type: 'JSAPI',
    bank_type: 'OTHERS',
    attach: order.attach ?? '',
    success_time: beijingTime(order.paidAt!),
    payer: { openid: order.openid },
    amount: { total: order.total, payer_total: order.total, currency: order.currency, payer_currency: order.currency },
  };
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
