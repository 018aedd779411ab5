import { randomInt } from 'node:crypto';
import { beijingDigits } from './beijing-time.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import { isPaid, type PayOrder, type PayOrders } from './pay-orders.ts';
import { PayRefusal } from './pay-refusal.ts';

const YEAR = 365 * 86_400_000;
const MOST = 50;

export const REFUND_ENDS = ['SUCCESS', 'CLOSED', 'ABNORMAL'] as const;

/** How a refund ends; ABNORMAL can still become one of the others. */
export type RefundEnd = (typeof REFUND_ENDS)[number];

/** A refund as it is asked for in either version, its fields checked. */
export interface NewRefund {
  payVersion: 'v2' | 'v3';
  /** One of the two names the payment. */
  transactionId: string | undefined;
  outTradeNo: string | undefined;
  outRefundNo: string;
  amount: number;
  total: number;
  reason: string | undefined;
  notifyUrl: string | undefined;
}

/** A refund as WeChat Pay keeps it. Times are milliseconds since the epoch, money is fen. */
export interface PayRefund {
  refundId: string;
  outRefundNo: string;
  outTradeNo: string;
  transactionId: string;
  /** What is given back, and what was paid. */
  amount: number;
  total: number;
  reason?: string;
  /** Where its end is told; not at all where there is none. */
  notifyUrl?: string;
  payVersion: 'v2' | 'v3';
  state: 'PROCESSING' | RefundEnd;
  createdAt: number;
  succeededAt?: number;
}

/** The refunds of one merchant number, whichever version they were asked for in. */
export class Refunds {
  readonly #orders: PayOrders;
  readonly #clock: Clock;
  readonly #knobs: () => Knobs;
  readonly #refunds = new Map<string, PayRefund>();

  constructor(orders: PayOrders, clock: Clock, knobs: () => Knobs) {
    this.#orders = orders;
    this.#clock = clock;
    this.#knobs = knobs;
  }

  /**
   * A new refund, or the one that was asked for with this number before.
   * @throws PayRefusal
   * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791903
   */
  request(asked: NewRefund): { refund: PayRefund; isNew: boolean } {
    const order = this.#orderOf(asked);
    const known = this.#refunds.get(asked.outRefundNo);
    if (known) {
      const same = known.outTradeNo === order.outTradeNo && known.amount === asked.amount;
      if (!same || known.total !== asked.total) throw mismatch();
      return { refund: known, isNew: false };
    }
    this.#check(order, asked);
    const refund = this.#newRefund(order, asked);
    this.#refunds.set(refund.outRefundNo, refund);
    order.state = 'REFUND';
    this.#takeFromBalance(refund.amount);
    return { refund, isNew: true };
  }

  all(): PayRefund[] {
    return [...this.#refunds.values()];
  }

  /** Oldest first. */
  of(order: PayOrder): PayRefund[] {
    return this.all().filter(({ outTradeNo }) => outTradeNo === order.outTradeNo);
  }

  byOutRefundNo(outRefundNo: string): PayRefund | undefined {
    return this.#refunds.get(outRefundNo);
  }

  /** @throws TypeError where it has ended already */
  finish(refund: PayRefund, end: RefundEnd): void {
    if (refund.state === 'SUCCESS' || refund.state === 'CLOSED' || refund.state === end) {
      throw new TypeError(`The refund ${refund.outRefundNo} is ${refund.state}.`);
    }
    refund.state = end;
    if (end === 'SUCCESS') refund.succeededAt = this.#clock.now();
    if (end === 'CLOSED') this.#takeFromBalance(-refund.amount);
  }

  #orderOf({ transactionId, outTradeNo }: NewRefund): PayOrder {
    const order = transactionId
      ? this.#orders.byTransactionId(transactionId)
      : this.#orders.byOutTradeNo(outTradeNo ?? '');
    if (!order || !isPaid(order)) {
      throw new PayRefusal(404, 'RESOURCE_NOT_EXISTS', '订单不存在', { v2: { code: 'ORDERNOTEXIST' } });
    }
    return order;
  }

  #check(order: PayOrder, { amount, total }: NewRefund): void {
    if (order.total !== total) throw mismatch();
    if (amount > total) {
      throw new PayRefusal(400, 'PARAM_ERROR', '退款金额不能大于订单金额', { v2: { message: 'invalid refund_fee' } });
    }
    const refunds = this.of(order).filter(({ state }) => state !== 'CLOSED');
    const refunded = refunds.reduce((sum, refund) => sum + refund.amount, 0);
    if (refunded === order.total) {
      throw new PayRefusal(400, 'INVALID_REQUEST', '订单已全额退款', { v2: { code: 'ERROR' } });
    }
    if (refunded + amount > order.total) {
      throw new PayRefusal(400, 'INVALID_REQUEST', '申请退款金额超过订单可退金额', {
        v2: { code: 'INVALID_REQUEST', message: 'refund_fee大于可退金额' },
      });
    }
    if (order.paidAt! + YEAR < this.#clock.now()) {
      throw new PayRefusal(400, 'INVALID_REQUEST', '订单已超过可退款的最大期限', { v2: { code: 'TRADE_OVERDUE' } });
    }
    if (refunds.length >= MOST) throw new PayRefusal(400, 'INVALID_REQUEST', '订单部分退款次数超过限制');
    const { merchantBalance } = this.#knobs();
    if (merchantBalance !== null && amount > merchantBalance) {
      throw new PayRefusal(403, 'NOT_ENOUGH', '基本账户余额不足，请充值后重新发起');
    }
  }

  #newRefund(order: PayOrder, asked: NewRefund): PayRefund {
    const now = this.#clock.now();
    return {
      refundId: `50${randomInt(1e7, 9e7)}${beijingDigits(now).slice(0, 8)}${randomInt(1e10, 9e10)}`,
      outRefundNo: asked.outRefundNo,
      outTradeNo: order.outTradeNo,
      transactionId: order.transactionId!,
      amount: asked.amount,
      total: asked.total,
      reason: asked.reason,
      notifyUrl: asked.notifyUrl,
      payVersion: asked.payVersion,
      state: 'PROCESSING',
      createdAt: now,
    };
  }

  #takeFromBalance(amount: number): void {
    const knobs = this.#knobs();
    if (knobs.merchantBalance !== null) knobs.merchantBalance -= amount;
  }
}

function mismatch(): PayRefusal {
  return new PayRefusal(400, 'INVALID_REQUEST', '订单金额或退款金额与之前请求不一致，请核实后再试', {
    v2: { code: 'REFUND_FEE_MISMATCH' },
  });
}
