/** Giving money back: asked for by the merchant, done by WeChat, sooner or later. */
import { OutRefundNo, type RefundRequest, type RefundStatus } from '../api.ts';
import { ProxyError, type Upstream } from '../errors.ts';
import type { Events } from '../outbox/events.ts';
import type { OrderRow, RefundRow } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import type { PaymentGateway, RefundState } from '../wechat/pay/gateway.ts';
import type { Orders } from './orders.ts';
import { refundView } from './refund-view.ts';
import { asRefusal, isUndecided } from './wechat-refusal.ts';

export interface RefundsOptions {
  store: Store;
  events: Events;
  orders: Orders;
  gateway: PaymentGateway;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

/** A refund with the order that it belongs to. */
export interface OrderRefund {
  order: OrderRow;
  refund: RefundRow;
}

/** A refund of which nothing is heard is asked about after these waits, then after the last one again and again. */
const QUERY_WAITS = [5, 10, 30, 60, 300, 900, 1_800, 3_600].map((seconds) => seconds * 1_000);
/** An abnormal refund goes on when somebody sees to it in WeChat's console: sooner or later, or never. */
const ABNORMAL_WAIT = 24 * 3_600_000;
/** WeChat is asked about a refund at most so often, in milliseconds, however often it is read. */
const QUERY_PAUSE = 2_000;
const ROUND = 20;

/** What counts against what was paid: what is given back, and what may be. */
const HELD: RefundStatus[] = ['processing', 'succeeded', 'abnormal'];

/** What may still become something else. */
const UNDECIDED: RefundStatus[] = ['processing', 'abnormal'];

/**
 * What is told late must not undo what was told since. Money that has arrived stays there; an abnormal refund may still
 * arrive, or be given up; and WeChat may take from one request what it has refused to another with the same number.
 */
const FINALITY: Record<RefundStatus, number> = { refused: 0, processing: 1, abnormal: 2, closed: 3, succeeded: 4 };

const STATUSES: Record<RefundState['state'], RefundStatus> = {
  PROCESSING: 'processing',
  SUCCESS: 'succeeded',
  CLOSED: 'closed',
  ABNORMAL: 'abnormal',
};

export class Refunds {
  readonly #options: RefundsOptions;

  constructor(options: RefundsOptions) {
    this.#options = options;
  }

  /**
   * Asks WeChat for a refund. The same request again is the same refund. Where WeChat does not say how it went, the
   * refund is `processing`, and goes on by itself.
   * @throws {ProxyError} `order_not_found`, `order_not_paid`, `refund_conflict`, `refund_exceeds_paid`,
   *   `refund_refused` or another reason of WeChat's
   */
  async create(orderId: string, request: RefundRequest): Promise<OrderRefund & { created: boolean }> {
    // It may have been paid without our knowing.
    await this.#options.orders.read(orderId);
    const { refund, created } = await this.#reserve(orderId, request);
    // Who asks again asks WeChat again where it had refused: with the same number, it is one refund.
    if (created) await this.#submit(refund, { isAwaited: true });
    return { ...(await this.find(orderId, refund.outRefundNo)), created };
  }

  /** @throws {ProxyError} `order_not_found`, `refund_not_found` */
  async find(orderId: string, outRefundNo: string): Promise<OrderRefund> {
    const order = await this.#options.orders.find(orderId);
    const refund = OutRefundNo.safeParse(outRefundNo).success ? await this.#row(outRefundNo) : undefined;
    if (refund?.orderId !== orderId) throw new ProxyError('refund_not_found');
    return { order, refund };
  }

  /** The refund as it is now: WeChat is asked first where that may bring news. */
  async read(orderId: string, outRefundNo: string): Promise<OrderRefund> {
    const { refund } = await this.find(orderId, outRefundNo);
    if (UNDECIDED.includes(refund.status) && (await this.#claim(refund, {}))) {
      await this.#settle(refund).catch((error) => this.#options.onError(error, 'asking WeChat about a refund'));
    }
    return this.find(orderId, outRefundNo);
  }

  /** All of an order, the oldest first. @throws {ProxyError} `order_not_found` */
  async list(orderId: string): Promise<OrderRefund[]> {
    const { store, orders } = this.#options;
    const order = await orders.find(orderId);
    const rows = await store.db
      .selectFrom('refunds')
      .selectAll()
      .where('orderId', '=', orderId)
      .orderBy('createdAt')
      .orderBy('outRefundNo')
      .execute();
    return rows.map((refund) => ({ order, refund }));
  }

  /**
   * Takes in what WeChat says of a refund: from a notification, or as the answer to a query.
   * @throws {ProxyError} `merchant_mismatch`, `refund_not_found`, `amount_mismatch`
   */
  async record(state: RefundState): Promise<void> {
    const { store, events, gateway, now } = this.#options;
    if (state.mchId !== gateway.mchId) throw new ProxyError('merchant_mismatch');
    await store.transaction(async (trx) => {
      const { order, refund } = await this.#lock(trx, state.outRefundNo);
      if (state.amount !== refund.amount || state.total !== order.total || state.tradeNo !== refund.tradeNo) {
        throw new ProxyError('amount_mismatch');
      }
      const { refundId } = state;
      const status = STATUSES[state.state];
      if (!isNews(refund.status, status)) {
        if (refund.refundId === null) await this.#set(trx, refund, { refundId });
        return;
      }
      const succeededAt = status === 'succeeded' ? (state.succeededAt ?? now()) : null;
      const dueAt = UNDECIDED.includes(status) ? now() + waitOf(status, 0) : null;
      const noFailure = { failureCode: null, failureMessage: null };
      await this.#change(trx, order, refund, { status, refundId, succeededAt, dueAt, ...noFailure });
    });
    events.onAdded();
  }

  /** Looks after the refunds whose time has come. */
  async attendDue(): Promise<void> {
    const { store, now, onError } = this.#options;
    const due = await store.db
      .selectFrom('refunds')
      .selectAll()
      .where('dueAt', '<=', now())
      .orderBy('dueAt')
      .limit(ROUND)
      .execute();
    const attended = due.map(async (refund) => {
      const dueAt = now() + waitOf(refund.status, refund.queries);
      if (await this.#claim(refund, { dueAt, queries: refund.queries + 1 })) await this.#settle(refund);
    });
    for (const result of await Promise.allSettled(attended)) {
      if (result.status === 'rejected') onError(result.reason, 'looking after a due refund');
    }
  }

  /** Something has happened to one of the refunds that are under way: asks about all of them now. */
  async hurry(): Promise<void> {
    const { store, now } = this.#options;
    await store.db.updateTable('refunds').set({ dueAt: now() }).where('status', '=', 'processing').execute();
  }

  /** Sets the money aside, so that however many ask at once, no more is given back than was paid. */
  #reserve(orderId: string, request: RefundRequest): Promise<{ refund: RefundRow; created: boolean }> {
    const { store, now } = this.#options;
    const { outRefundNo, amount, reason = null, transactionId } = request;
    return store.transaction(async (trx) => {
      const order = await store.lockOrder(trx, orderId);
      if (!order) throw new ProxyError('order_not_found');
      const tradeNo = await this.#paidTradeNo(trx, order, transactionId);
      const known = await trx
        .selectFrom('refunds')
        .selectAll()
        .where('outRefundNo', '=', outRefundNo)
        .executeTakeFirst();
      if (known) {
        const isSame = known.tradeNo === tradeNo && known.amount === amount.total && known.reason === reason;
        if (!isSame) throw new ProxyError('refund_conflict');
        if (known.status !== 'refused') return { refund: known, created: false };
      }
      if (tradeNo === undefined) throw new ProxyError('order_not_paid');
      if ((await this.#sum(trx, tradeNo, HELD)) + amount.total > order.total) {
        throw new ProxyError('refund_exceeds_paid');
      }
      const refund: RefundRow = {
        outRefundNo,
        orderId,
        tradeNo,
        amount: amount.total,
        reason,
        status: 'processing',
        refundId: null,
        createdAt: known?.createdAt ?? now(),
        succeededAt: null,
        failureCode: null,
        failureMessage: null,
        dueAt: now() + QUERY_WAITS[0]!,
        queries: 0,
        queriedAt: now(),
      };
      // What is locked is this order: another one may have taken the number just now.
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto('refunds')
        .values(refund)
        .onConflict((conflict) =>
          conflict.column('outRefundNo').doUpdateSet(refund).where('refunds.orderId', '=', orderId),
        )
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) throw new ProxyError('refund_conflict');
      return { refund, created: true };
    });
  }

  /** The number by which WeChat took the money that is to go back; undefined where it has not. */
  async #paidTradeNo(trx: Trx, order: OrderRow, transactionId = order.transactionId): Promise<string | undefined> {
    if (transactionId === null) return undefined;
    if (transactionId === order.transactionId) return order.tradeNo;
    const second = await trx
      .selectFrom('trades')
      .select('tradeNo')
      .where('orderId', '=', order.id)
      .where('transactionId', '=', transactionId)
      .executeTakeFirst();
    return second?.tradeNo;
  }

  /** Where WeChat knows nothing of a refund, it has never got the request: it gets it again, with the same number. */
  async #settle(refund: RefundRow): Promise<void> {
    const state = await this.#options.gateway.queryRefund(refund.outRefundNo);
    if (state) await this.record(state);
    else await this.#submit(refund, { isAwaited: false });
  }

  /** @param isAwaited somebody waits who hears of a refusal: then it is no event */
  async #submit(refund: RefundRow, { isAwaited }: { isAwaited: boolean }): Promise<void> {
    const { orders, gateway, onError } = this.#options;
    const order = await orders.find(refund.orderId);
    const { tradeNo, outRefundNo, amount, reason } = refund;
    const request = { tradeNo, outRefundNo, amount, total: order.total, reason: reason ?? undefined };
    const state = await gateway.refund(request).catch(async (error: unknown) => {
      if (isUndecided(error)) return onError(error, 'asking WeChat for a refund');
      const refusal = asRefusal(error, 'refund_refused');
      if (!(refusal instanceof ProxyError)) throw error;
      const reason = refusal.upstream ?? { code: refusal.code, message: refusal.message };
      if ((await this.#refuse(outRefundNo, reason, isAwaited)) && isAwaited) throw refusal;
    });
    if (state) await this.record(state);
  }

  /** @returns whether it is refused: not where WeChat has taken it from another request meanwhile */
  async #refuse(outRefundNo: string, { code, message }: Upstream, isAwaited: boolean): Promise<boolean> {
    const { store, events } = this.#options;
    const isRefused = await store.transaction(async (trx) => {
      const { order, refund } = await this.#lock(trx, outRefundNo);
      if (refund.refundId !== null) return false;
      if (refund.status !== 'processing') return true;
      const change = { status: 'refused' as const, failureCode: code, failureMessage: message, dueAt: null };
      if (isAwaited) await this.#set(trx, refund, change);
      else await this.#change(trx, order, refund, change);
      return true;
    });
    events.onAdded();
    return isRefused;
  }

  async #lock(trx: Trx, outRefundNo: string): Promise<OrderRefund> {
    const { store } = this.#options;
    const found = await trx
      .selectFrom('refunds')
      .select('orderId')
      .where('outRefundNo', '=', outRefundNo)
      .executeTakeFirst();
    const order = found && (await store.lockOrder(trx, found.orderId));
    const refund = await trx
      .selectFrom('refunds')
      .selectAll()
      .where('outRefundNo', '=', outRefundNo)
      .executeTakeFirst();
    if (!order || !refund) throw new ProxyError('refund_not_found');
    return { order, refund };
  }

  /** A new status, with what follows from it for the order, and its event. */
  async #change(trx: Trx, order: OrderRow, refund: RefundRow, set: Partial<RefundRow>): Promise<void> {
    const { orders, events } = this.#options;
    await this.#set(trx, refund, set);
    const changed = { ...refund, ...set };
    const hasSucceeded = changed.status === 'succeeded';
    if (hasSucceeded) {
      const total = await this.#sum(trx, order.tradeNo, ['succeeded']);
      await orders.apply(trx, order, { type: 'refunded', total });
    }
    if (changed.status === 'processing') return;
    await events.add(trx, hasSucceeded ? 'refund.succeeded' : 'refund.failed', refundView({ order, refund: changed }));
  }

  async #set(trx: Trx, { outRefundNo }: RefundRow, set: Partial<RefundRow>): Promise<void> {
    await trx.updateTable('refunds').set(set).where('outRefundNo', '=', outRefundNo).execute();
  }

  async #sum(trx: Trx, tradeNo: string, statuses: RefundStatus[]): Promise<number> {
    const { total } = await trx
      .selectFrom('refunds')
      .select((select) => select.fn.sum<number | string | null>('amount').as('total'))
      .where('tradeNo', '=', tradeNo)
      .where('status', 'in', statuses)
      .executeTakeFirstOrThrow();
    return Number(total ?? 0);
  }

  /** Whoever wins asks WeChat. */
  async #claim({ outRefundNo }: RefundRow, set: Partial<RefundRow>): Promise<boolean> {
    const { store, now } = this.#options;
    const { numUpdatedRows } = await store.db
      .updateTable('refunds')
      .set({ ...set, queriedAt: now() })
      .where('outRefundNo', '=', outRefundNo)
      .where('status', 'in', UNDECIDED)
      .where((where) => where.or([where('queriedAt', 'is', null), where('queriedAt', '<=', now() - QUERY_PAUSE)]))
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  #row(outRefundNo: string): Promise<RefundRow | undefined> {
    const { db } = this.#options.store;
    return db.selectFrom('refunds').selectAll().where('outRefundNo', '=', outRefundNo).executeTakeFirst();
  }
}

/** Nothing goes back to where it was. */
/** How long nobody asks WeChat about it by itself. */
function waitOf(status: RefundStatus, queries: number): number {
  if (status === 'abnormal') return ABNORMAL_WAIT;
  return QUERY_WAITS[Math.min(queries, QUERY_WAITS.length - 1)]!;
}

function isNews(known: RefundStatus, told: RefundStatus): boolean {
  return FINALITY[told] > FINALITY[known];
}
