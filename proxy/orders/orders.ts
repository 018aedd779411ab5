/** The use cases of orders: create, read, close; and what WeChat tells about them, asked or unasked. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExpressionBuilder } from 'kysely';
import type { OrderRequest, OrderStatus } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { Events } from '../outbox/events.ts';
import { PAGE_SIZE, pageOf, readCursor } from '../store/cursor.ts';
import type { OrderRow, Tables } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import { upstreamCode } from '../wechat/account/api-client.ts';
import type { PaymentGateway, Transaction } from '../wechat/pay/gateway.ts';
import { assertPayable, OPEN, type OrderFact, orderChange, PAID } from './order-state.ts';
import { merchantView } from './order-view.ts';
import { asRefusal } from './wechat-refusal.ts';

export interface OrdersOptions {
  store: Store;
  events: Events;
  gateway: PaymentGateway;
  /** Runs in the transaction that has the order paid. */
  onPaid: (trx: Trx, order: OrderRow) => Promise<void>;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

/** What WeChat has taken, by which number. */
type Payment = Omit<Extract<OrderFact, { type: 'paid' }>, 'type'>;

const ORDER_ID = /^ord_[0-9a-f]{32}$/;
const HOUR = 3_600_000;
const DEFAULT_LIFETIME = 2 * HOUR;
const MAX_LIFETIME = 7 * 24 * HOUR;
/** WeChat is asked about an order at most so often, in milliseconds, however many pages read it. */
const QUERY_PAUSE = 2_000;
/** An order of which nothing is heard is asked about after these waits, then after the last one again and again. */
export const QUERY_WAITS = [5, 10, 20, 40, 60, 120, 300, 600].map((seconds) => seconds * 1_000);
/** How long a reader waits for WeChat's answer, in milliseconds, before it gets what is known. */
const READ_PATIENCE = 2_500;
/** After this time an abandoned number is ended at WeChat again, where that had failed, in milliseconds. */
const TRADE_PAUSE = 60_000;
/** How many due orders one round takes on. */
const ROUND = 20;

export class Orders {
  readonly #store: Store;
  readonly #events: Events;
  readonly #gateway: PaymentGateway;
  readonly #onPaid: OrdersOptions['onPaid'];
  readonly #now: () => number;
  readonly #onError: OrdersOptions['onError'];

  constructor({ store, events, gateway, onPaid, now, onError }: OrdersOptions) {
    this.#store = store;
    this.#events = events;
    this.#gateway = gateway;
    this.#onPaid = onPaid;
    this.#now = now;
    this.#onError = onError;
  }

  /**
   * Creates the order, or finds the one that the same request has created before.
   * @param productId of the printed code that was scanned
   * @throws {ProxyError} `order_conflict` where the number is taken by another order; `invalid_request`
   */
  async create(request: OrderRequest, productId: string | null = null): Promise<{ order: OrderRow; created: boolean }> {
    const row = this.#newOrder(request, productId);
    const earlier = await this.#sameOrder(row);
    if (earlier) return { order: earlier, created: false };
    if (row.expiresAt <= row.createdAt || row.expiresAt > row.createdAt + MAX_LIFETIME) {
      throw new ProxyError('invalid_request', 'expiresAt must lie ahead, by seven days at most.');
    }
    const { numInsertedOrUpdatedRows } = await this.#store.db
      .insertInto('orders')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 1n) return { order: row, created: true };
    const raced = await this.#sameOrder(row);
    // Then another order has this number at WeChat.
    if (!raced) throw new ProxyError('order_conflict');
    return { order: raced, created: false };
  }

  /** @throws {ProxyError} `order_not_found` */
  async find(id: string): Promise<OrderRow> {
    if (!ORDER_ID.test(id)) throw new ProxyError('order_not_found');
    const order = await this.#store.db.selectFrom('orders').selectAll().where('id', '=', id).executeTakeFirst();
    if (!order) throw new ProxyError('order_not_found');
    return order;
  }

  /** The order as it is now: WeChat is asked first where that may bring news. */
  async read(id: string): Promise<OrderRow> {
    const order = await this.find(id);
    const attended = this.#attend(order);
    if (!(await Promise.race([attended, sleep(READ_PATIENCE, true, { ref: false })]))) return order;
    return this.find(id);
  }

  async list(filter: {
    outTradeNo?: string;
    status?: OrderStatus;
    cursor?: string;
  }): Promise<{ rows: OrderRow[]; nextCursor: string | null }> {
    let query = this.#store.db
      .selectFrom('orders')
      .selectAll()
      .orderBy('createdAt', 'desc')
      .orderBy('id', 'desc')
      .limit(PAGE_SIZE + 1);
    if (filter.outTradeNo) query = query.where('outTradeNo', '=', filter.outTradeNo);
    if (filter.status) query = query.where('status', '=', filter.status);
    if (filter.cursor) {
      const [createdAt, id] = readCursor(filter.cursor);
      query = query.where((where) => where(where.refTuple('createdAt', 'id'), '<', where.tuple(createdAt, id)));
    }
    return pageOf(await query.execute());
  }

  /**
   * Ends an unpaid order, here and at WeChat. Ending one that is over already is no error.
   * @throws {ProxyError} `order_paid`
   */
  async close(id: string): Promise<OrderRow> {
    const order = await this.find(id);
    if (OPEN.has(order.status)) {
      await this.#closeUnlessPaid(order, { type: 'closed', at: this.#now() }).catch((error) => {
        throw asRefusal(error, 'wechat_refused');
      });
    }
    const now = await this.find(id);
    if (PAID.has(now.status)) throw new ProxyError('order_paid');
    return now;
  }

  /**
   * Takes in what WeChat says of a payment: from a notification, or as the answer to a query.
   * @throws {ProxyError} `merchant_mismatch`, `order_not_found`, `amount_mismatch`, `transaction_conflict`
   */
  async recordTransaction(transaction: Transaction): Promise<void> {
    const { appId, mchId, tradeNo, transactionId, total, currency, openid, channel, paidAt } = transaction;
    if (appId !== this.#gateway.appId || mchId !== this.#gateway.mchId) throw new ProxyError('merchant_mismatch');
    if (!isPaid(transaction) || transactionId === undefined) {
      throw new ProxyError('malformed_notification', 'It does not tell of a successful payment.');
    }
    const at = paidAt ?? this.#now();
    await this.#store.transaction(async (trx) => {
      const order = await this.#store.lockOrderByTradeNo(trx, tradeNo);
      if (!order) throw new ProxyError('order_not_found');
      if (total !== order.total || currency !== order.currency) throw new ProxyError('amount_mismatch');
      const fact = { tradeNo, transactionId, paidAt: at, openid, channel };
      if (order.transactionId !== null && order.tradeNo !== tradeNo) return this.#recordSecond(trx, order, fact);
      await this.apply(trx, order, { type: 'paid', ...fact });
      if (order.tradeNo !== tradeNo) await this.#abandonTrade(trx, order, tradeNo);
    });
    this.#events.onAdded();
  }

  /** It was paid by an earlier number than the present one, which must not stay payable. */
  async #abandonTrade(trx: Trx, order: OrderRow, paidTradeNo: string): Promise<void> {
    const now = this.#now();
    const ended = { closedAt: now, dueAt: null };
    await trx.updateTable('trades').set(ended).where('tradeNo', '=', paidTradeNo).execute();
    const abandoned = { tradeNo: order.tradeNo, orderId: order.id, closedAt: null, dueAt: now, transactionId: null };
    await trx.insertInto('trades').values(abandoned).execute();
  }

  /** WeChat has taken the money twice, by two numbers: it must be known, and can be given back. */
  async #recordSecond(trx: Trx, order: OrderRow, second: Payment): Promise<void> {
    const { tradeNo, transactionId, paidAt, channel } = second;
    const trade = await trx.selectFrom('trades').selectAll().where('tradeNo', '=', tradeNo).executeTakeFirst();
    if (trade?.transactionId === transactionId) return;
    if (!trade || trade.transactionId !== null) throw new ProxyError('transaction_conflict');
    const known = { transactionId, closedAt: this.#now(), dueAt: null };
    await trx.updateTable('trades').set(known).where('tradeNo', '=', tradeNo).execute();
    const view = merchantView({ ...order, tradeNo, transactionId, paidAt, channel: channel ?? order.channel });
    await this.#events.add(trx, 'payment.late', view);
  }

  /** Looks after the orders whose time has come: asks WeChat about them, or lets them expire. */
  async attendDue(): Promise<void> {
    const now = this.#now();
    const due = await this.#store.db
      .selectFrom('orders')
      .selectAll()
      .where('dueAt', '<=', now)
      .where(notJustQueried(now))
      .orderBy('dueAt')
      .limit(ROUND)
      .execute();
    const attended = due.map(async (order) => {
      const wait = QUERY_WAITS[Math.min(order.queries, QUERY_WAITS.length - 1)]!;
      const next = Math.min(now + wait, Math.max(order.expiresAt, now + QUERY_WAITS[0]!));
      const claim = await this.#store.db
        .updateTable('orders')
        .set({ dueAt: next, queries: order.queries + 1, queriedAt: now })
        .where('id', '=', order.id)
        .where('dueAt', '=', order.dueAt)
        .where(notJustQueried(now))
        .executeTakeFirst();
      if (claim.numUpdatedRows === 1n) await this.settle(order);
    });
    for (const result of await Promise.allSettled(attended)) {
      if (result.status === 'rejected') this.#onError(result.reason, 'looking after a due order');
    }
  }

  /** Ends the numbers at WeChat that nobody shall pay by any more, since their orders have been paid by others. */
  async attendAbandonedTrades(): Promise<void> {
    const { db } = this.#store;
    const now = this.#now();
    const due = await db.selectFrom('trades').selectAll().where('dueAt', '<=', now).limit(ROUND).execute();
    for (const { tradeNo, dueAt } of due) {
      const claim = await db
        .updateTable('trades')
        .set({ dueAt: now + TRADE_PAUSE })
        .where('tradeNo', '=', tradeNo)
        .where('dueAt', '=', dueAt)
        .executeTakeFirst();
      if (claim.numUpdatedRows !== 1n) continue;
      await this.#endTrade(tradeNo);
      await db.updateTable('trades').set({ closedAt: now, dueAt: null }).where('tradeNo', '=', tradeNo).execute();
    }
  }

  /** Asks WeChat about an open order, or lets it expire, unless that was just done. True where it may have changed. */
  async #attend(order: OrderRow): Promise<boolean> {
    const now = this.#now();
    if (!OPEN.has(order.status)) return false;
    if (order.status === 'created' && order.expiresAt > now) return false;
    const claim = await this.#store.db
      .updateTable('orders')
      .set({ queriedAt: now })
      .where('id', '=', order.id)
      .where(notJustQueried(now))
      .executeTakeFirst();
    if (claim.numUpdatedRows !== 1n) return false;
    try {
      await this.settle(order);
    } catch (error) {
      // The reader gets what is known; the order stays due.
      this.#onError(error, 'asking WeChat about an order');
    }
    return true;
  }

  /**
   * The order, if it can be paid by this payer: WeChat is asked first where its time is over.
   * @throws {ProxyError} `order_not_found`, `order_paid`, `order_closed`, `order_expired`, `payer_mismatch`
   */
  async findPayable(id: string, openid: string | undefined): Promise<OrderRow> {
    const order = await this.find(id);
    if (OPEN.has(order.status) && order.expiresAt <= this.#now()) {
      await this.#attend(order);
      assertPayable(await this.find(id), openid, this.#now());
    }
    assertPayable(order, openid, this.#now());
    return order;
  }

  /** Brings an open order to where WeChat says that it is. */
  async settle(order: OrderRow): Promise<void> {
    const now = this.#now();
    if (order.expiresAt <= now) return this.#closeUnlessPaid(order, { type: 'expired', at: now });
    if ((await this.endEarlierTrades(order.id)) || order.status === 'created') return;
    const transaction = await this.#gateway.queryOrder(order.tradeNo);
    if (transaction && isPaid(transaction)) await this.recordTransaction(transaction);
    else if (transaction?.state === 'CLOSED') await this.#recordClosed(order, now);
  }

  /**
   * Makes sure that WeChat takes no money for the numbers that the order had before.
   * @returns whether it has: then the order is paid
   */
  async endEarlierTrades(orderId: string): Promise<boolean> {
    const { db } = this.#store;
    const earlier = await db
      .selectFrom('trades')
      .select('tradeNo')
      .where('orderId', '=', orderId)
      .where('closedAt', 'is', null)
      .execute();
    for (const { tradeNo } of earlier) {
      if (await this.#endTrade(tradeNo)) return true;
      await db.updateTable('trades').set({ closedAt: this.#now() }).where('tradeNo', '=', tradeNo).execute();
    }
    return false;
  }

  /**
   * WeChat is asked, and promises by closing to take no money any more.
   * @returns whether it has taken the money: then that is known here too
   */
  async #endTrade(tradeNo: string): Promise<boolean> {
    const transaction = await this.#gateway.queryOrder(tradeNo);
    if (transaction && isPaid(transaction)) {
      await this.recordTransaction(transaction);
      return true;
    }
    try {
      await this.#gateway.closeOrder(tradeNo);
      return false;
    } catch (error) {
      // Whatever the code, WeChat may refuse because the payer has just paid.
      if (upstreamCode(error) === undefined) throw error;
      const now = await this.#gateway.queryOrder(tradeNo);
      if (now?.state === 'CLOSED') return false;
      if (!now || !isPaid(now)) throw error;
      await this.recordTransaction(now);
      return true;
    }
  }

  /** A paid order is never closed. */
  async #closeUnlessPaid(order: OrderRow, fact: Extract<OrderFact, { type: 'closed' | 'expired' }>): Promise<void> {
    if (order.status !== 'created' || fact.type === 'closed') {
      if ((await this.endEarlierTrades(order.id)) || (await this.#endTrade(order.tradeNo))) return;
    }
    const requested = await this.#store.transaction(async (trx) => {
      const current = await this.#store.lockOrder(trx, order.id);
      if (!current) return undefined;
      const isUntouched =
        current.tradeNo === order.tradeNo && (order.status !== 'created' || current.status !== 'paying');
      if (!isUntouched) return current;
      await this.apply(trx, current, fact);
      return undefined;
    });
    // A payment was requested meanwhile, and WeChat would take it.
    if (requested) return this.#closeUnlessPaid(requested, fact);
    this.#events.onAdded();
  }

  /** WeChat says that it takes no money for this number: the order is over, unless it has another one by now. */
  async #recordClosed({ id, tradeNo }: OrderRow, at: number): Promise<void> {
    await this.#store.transaction(async (trx) => {
      const order = await this.#store.lockOrder(trx, id);
      if (order?.tradeNo === tradeNo) await this.apply(trx, order, { type: 'closed', at });
    });
    this.#events.onAdded();
  }

  /** The change and its events, in the caller's transaction. */
  async apply(trx: Trx, order: OrderRow, fact: OrderFact): Promise<void> {
    const { set, events } = orderChange(order, fact);
    if (Object.keys(set).length === 0) return;
    await trx.updateTable('orders').set(set).where('id', '=', order.id).execute();
    const changed = { ...order, ...set };
    for (const type of events) await this.#events.add(trx, type, merchantView(changed));
    if (events.includes('order.paid')) await this.#onPaid(trx, changed);
  }

  async #sameOrder(row: OrderRow): Promise<OrderRow | undefined> {
    const earlier = await this.#store.db
      .selectFrom('orders')
      .selectAll()
      .where('outTradeNo', '=', row.outTradeNo)
      .executeTakeFirst();
    if (earlier && earlier.requestHash !== row.requestHash) throw new ProxyError('order_conflict');
    return earlier;
  }

  #newOrder(request: OrderRequest, productId: string | null): OrderRow {
    const createdAt = this.#now();
    const expiresAt = request.expiresAt ? Date.parse(request.expiresAt) : createdAt + DEFAULT_LIFETIME;
    return {
      id: `ord_${randomBytes(16).toString('hex')}`,
      outTradeNo: request.outTradeNo,
      tradeNo: request.outTradeNo,
      requestHash: createHash('sha256').update(JSON.stringify(request)).digest('hex'),
      description: request.description,
      itemsJson: JSON.stringify(request.items ?? []),
      total: request.amount.total,
      currency: request.amount.currency,
      status: 'created',
      openid: request.openid ?? null,
      attach: request.attach ?? null,
      returnUrl: request.returnUrl ?? null,
      createdAt,
      expiresAt,
      paidAt: null,
      closedAt: null,
      channel: null,
      transactionId: null,
      productId,
      refunded: 0,
      dueAt: expiresAt,
      queries: 0,
      queriedAt: null,
    };
  }
}

function notJustQueried(now: number) {
  return (where: ExpressionBuilder<Tables, 'orders'>) =>
    where.or([where('queriedAt', 'is', null), where('queriedAt', '<=', now - QUERY_PAUSE)]);
}

/** What was given back later was paid once. */
export function isPaid(transaction: Transaction): boolean {
  return transaction.state === 'SUCCESS' || transaction.state === 'REFUND';
}
