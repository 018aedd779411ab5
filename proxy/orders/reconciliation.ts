/** Compares a day's bill with what is known here, and mends what WeChat confirms. */
import { ProxyError } from '../errors.ts';
import type { OrderRow, RefundRow } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { PaymentGateway } from '../wechat/pay/gateway.ts';
import { type BillRow, readTradeBill } from '../wechat/pay/trade-bill.ts';
import type { Orders } from './orders.ts';
import type { Refunds } from './refunds.ts';

export interface ReconciliationOptions {
  store: Store;
  orders: Orders;
  refunds: Refunds;
  gateway: PaymentGateway;
  onError: (error: unknown, doing: string) => void;
}

export interface Difference {
  /** `missing_here`: WeChat has a payment or refund that nobody knows here; `missing_there`: the other way round. */
  kind: 'missing_here' | 'missing_there' | 'amount' | 'status';
  /** WeChat’s `out_trade_no`. */
  tradeNo: string;
  outRefundNo?: string;
  orderId?: string;
  transactionId?: string;
  /** In fen. */
  amount: number;
  /** What is known here and what WeChat says: a status, or an amount in fen. Null: nothing. */
  here: string | number | null;
  there: string | number | null;
  /** Whether it is right by now, because WeChat has confirmed it. */
  healed: boolean;
}

export interface Report {
  date: string;
  /** How many of them the bill has. */
  payments: number;
  refunds: number;
  differences: Difference[];
}

const DAY = 86_400_000;
/** How far WeChat’s clock and ours, and the ways between, may let a refund fall into another day. */
const MIDNIGHT = 5 * 60_000;

export class Reconciliation {
  readonly #options: ReconciliationOptions;

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  /**
   * @param date `2026-11-21`, in China's time
   * @throws {ProxyError} `bill_not_ready`, `bill_corrupt`, …
   */
  async run(date: string): Promise<Report> {
    const rows = await this.#rows(date);
    const payments = rows.filter(({ refund }) => !refund);
    const refunds = rows.filter(({ refund }) => refund);
    const differences: (Difference | undefined)[] = [];
    for (const row of payments) differences.push(await this.#comparePayment(row));
    for (const row of refunds) differences.push(await this.#compareRefund(row, row.refund!));
    const start = Date.parse(`${date}T00:00:00+08:00`);
    differences.push(...(await this.#paymentsMissingThere(payments, start)));
    differences.push(...(await this.#refundsMissingThere(refunds, start)));
    return {
      date,
      payments: payments.length,
      refunds: refunds.length,
      differences: differences.filter((difference) => difference !== undefined),
    };
  }

  async #rows(date: string): Promise<BillRow[]> {
    try {
      return readTradeBill(await this.#options.gateway.downloadBill(date));
    } catch (error) {
      if (saysNothingHappened(error)) return [];
      throw error;
    }
  }

  async #comparePayment(row: BillRow): Promise<Difference | undefined> {
    const { tradeNo, transactionId, amount } = row;
    const order = await this.#orderOf(tradeNo);
    const difference = { tradeNo, transactionId, amount, ...(order && { orderId: order.id }), healed: false };
    if (!order || (await this.#isAnother(order, transactionId))) {
      return { ...difference, kind: 'missing_here', here: null, there: 'SUCCESS' };
    }
    if (amount !== order.total || row.currency !== order.currency) {
      return { ...difference, kind: 'amount', here: order.total, there: amount };
    }
    if (order.transactionId !== null) return undefined;
    const healed = await this.#healOrder(order, tradeNo);
    return { ...difference, kind: 'status', here: order.status, there: 'SUCCESS', healed };
  }

  /** It is paid, but not by this: neither as its payment, nor as a second one that is known. */
  async #isAnother({ id, transactionId }: OrderRow, told: string): Promise<boolean> {
    if (transactionId === null || transactionId === told) return false;
    const { db } = this.#options.store;
    const second = db
      .selectFrom('trades')
      .select('tradeNo')
      .where('orderId', '=', id)
      .where('transactionId', '=', told);
    return (await second.executeTakeFirst()) === undefined;
  }

  #healOrder({ id }: OrderRow, tradeNo: string): Promise<boolean> {
    const { gateway, orders } = this.#options;
    return this.#heal(async () => {
      const transaction = await gateway.queryOrder(tradeNo);
      if (!transaction?.transactionId) return false;
      await orders.recordTransaction(transaction);
      return (await orders.find(id)).transactionId === transaction.transactionId;
    });
  }

  /** Where that fails, the difference stays, and all others are found nevertheless. */
  async #heal(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      this.#options.onError(error, 'mending a difference');
      return false;
    }
  }

  /** What WeChat says if it is asked, for whoever looks into the difference. */
  async #ask(question: Promise<{ state: string } | undefined>): Promise<string | null> {
    try {
      return (await question)?.state ?? null;
    } catch (error) {
      this.#options.onError(error, 'asking WeChat about a difference');
      return 'unknown';
    }
  }

  async #compareRefund(row: BillRow, told: NonNullable<BillRow['refund']>): Promise<Difference | undefined> {
    const { tradeNo, transactionId, amount } = row;
    const { outRefundNo, status } = told;
    const refund = await this.#refundOf(outRefundNo);
    const difference = {
      ...{ tradeNo, outRefundNo, transactionId, amount, healed: false },
      ...(refund && { orderId: refund.orderId }),
    };
    if (!refund) return { ...difference, kind: 'missing_here', here: null, there: status };
    if (amount !== refund.amount) return { ...difference, kind: 'amount', here: refund.amount, there: amount };
    if (agree(refund, status)) return undefined;
    return {
      ...{ ...difference, kind: 'status', here: refund.status, there: status },
      healed: await this.#healRefund(refund, status),
    };
  }

  #healRefund({ outRefundNo }: RefundRow, told: string): Promise<boolean> {
    const { gateway, refunds } = this.#options;
    return this.#heal(async () => {
      const state = await gateway.queryRefund(outRefundNo);
      if (!state) return false;
      await refunds.record(state);
      const refund = await this.#refundOf(outRefundNo);
      return refund !== undefined && agree(refund, told);
    });
  }

  async #paymentsMissingThere(rows: BillRow[], start: number): Promise<Difference[]> {
    const { store, gateway } = this.#options;
    const listed = new Set(rows.map(({ transactionId }) => transactionId));
    const paid = await store.db
      .selectFrom('orders')
      .select(['id', 'tradeNo', 'transactionId', 'status', 'total'])
      .where('paidAt', '>=', start)
      .where('paidAt', '<', start + DAY)
      .execute();
    const differences: Difference[] = [];
    for (const { id, tradeNo, transactionId, status, total } of paid) {
      if (transactionId === null || listed.has(transactionId)) continue;
      const there = await this.#ask(gateway.queryOrder(tradeNo));
      const found = { tradeNo, orderId: id, transactionId, amount: total, here: status, there, healed: false };
      differences.push({ kind: 'missing_there', ...found });
    }
    return differences;
  }

  async #refundsMissingThere(rows: BillRow[], start: number): Promise<Difference[]> {
    const { store, gateway } = this.#options;
    const listed = new Set(rows.map(({ refund }) => refund!.outRefundNo));
    const asked = await store.db
      .selectFrom('refunds')
      .innerJoin('orders', 'orders.id', 'refunds.orderId')
      .select(['refunds.outRefundNo', 'refunds.status', 'refunds.createdAt', 'refunds.succeededAt'])
      .select(['orders.id', 'refunds.tradeNo', 'refunds.amount'])
      .where('refunds.createdAt', '>=', start)
      .where('refunds.createdAt', '<', start + DAY)
      .where('refunds.status', 'in', ['processing', 'succeeded', 'abnormal'])
      .execute();
    const differences: Difference[] = [];
    for (const { outRefundNo, status, createdAt, succeededAt, id, tradeNo, amount } of asked) {
      if (listed.has(outRefundNo)) continue;
      const there = await this.#ask(gateway.queryRefund(outRefundNo));
      const fromMidnight = Math.min(createdAt - start, start + DAY - createdAt);
      // WeChat may have taken it on a later day only: it was out of reach, or had refused it first.
      const isLater = succeededAt === null || succeededAt >= start + DAY;
      if (there !== null && (fromMidnight < MIDNIGHT || isLater)) continue;
      const found = { tradeNo, outRefundNo, orderId: id, amount, here: status, there, healed: false };
      differences.push({ kind: 'missing_there', ...found });
    }
    return differences;
  }

  #orderOf(tradeNo: string): Promise<OrderRow | undefined> {
    return this.#options.store.transaction((trx) => this.#options.store.lockOrderByTradeNo(trx, tradeNo));
  }

  #refundOf(outRefundNo: string): Promise<RefundRow | undefined> {
    const { db } = this.#options.store;
    return db.selectFrom('refunds').selectAll().where('outRefundNo', '=', outRefundNo).executeTakeFirst();
  }
}

/** WeChat writes no bill of a day without payments and refunds: other than of one whose bill it is still writing. */
function saysNothingHappened(error: unknown): boolean {
  if (!(error instanceof ProxyError) || error.code !== 'bill_not_ready') return false;
  return !/creating/i.test(`${error.upstream?.code} ${error.upstream?.message}`);
}

/** A refund goes on after the bill was written, an abnormal one as well: only what the bill knows to have ended must have ended so here. */
function agree({ status }: RefundRow, told: string): boolean {
  if (told === 'SUCCESS') return status === 'succeeded';
  if (told === 'PROCESSING') return status !== 'refused';
  if (told === 'CHANGE') return status !== 'processing' && status !== 'refused';
  return status !== 'succeeded' && status !== 'processing';
}
