/** The use cases of orders: create, read, pay, close; and what WeChat tells about them, asked or unasked. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExpressionBuilder } from 'kysely';
import type { OrderRequest, OrderStatus } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { Events } from '../outbox/events.ts';
import { PAGE_SIZE, pageOf, readCursor } from '../store/cursor.ts';
import type { OrderRow, Tables } from '../store/schema.ts';
import type { Db, Store, Trx } from '../store/store.ts';
import { upstreamCode } from '../wechat/account/api-client.ts';
import {
  type JsapiParams,
  OVER_CODES,
  PAID_CODES,
  type PaymentGateway,
  type Transaction,
} from '../wechat/pay/gateway.ts';
import { assertPayable, OPEN, type OrderFact, orderChange, PAID } from './order-state.ts';
import { merchantView } from './order-view.ts';

export interface OrdersOptions {
  store: Store;
  events: Events;
  gateway: PaymentGateway;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

const ORDER_ID = /^ord_[0-9a-f]{32}$/;
const HOUR = 3_600_000;
const DEFAULT_LIFETIME = 2 * HOUR;
const MAX_LIFETIME = 7 * 24 * HOUR;
/** WeChat is asked about an order at most so often, in milliseconds, however many pages read it. */
const QUERY_PAUSE = 2_000;
/** An order of which nothing is heard is asked about after these waits, then after the last one again and again. */
const QUERY_WAITS = [5, 10, 20, 40, 60, 120, 300, 600].map((seconds) => seconds * 1_000);
/** How long a reader waits for WeChat's answer, in milliseconds, before it gets what is known. */
const READ_PATIENCE = 2_500;
/** How many due orders one round takes on. */
const ROUND = 20;

export class Orders {
  readonly #store: Store;
  readonly #events: Events;
  readonly #gateway: PaymentGateway;
  readonly #now: () => number;
  readonly #onError: OrdersOptions['onError'];
  readonly #prepaying = new Map<string, Promise<string>>();

  constructor({ store, events, gateway, now, onError }: OrdersOptions) {
    this.#store = store;
    this.#events = events;
    this.#gateway = gateway;
    this.#now = now;
    this.#onError = onError;
  }

  /**
   * Creates the order, or finds the one that the same request has created before.
   * @throws {ProxyError} `order_conflict` where the number is taken by another order; `invalid_request`
   */
  async create(request: OrderRequest): Promise<{ order: OrderRow; created: boolean }> {
    const row = this.#newOrder(request);
    const earlier = await this.#sameOrder(row);
    if (earlier) return { order: earlier, created: false };
    if (row.expiresAt <= row.createdAt || row.expiresAt > row.createdAt + MAX_LIFETIME) {
      throw new ProxyError('invalid_request', 'expiresAt must lie ahead, by seven days at most.');
    }
    const { numInsertedOrUpdatedRows } = await this.#store.db
      .insertInto('orders')
      .values(row)
      .onConflict((conflict) => conflict.column('outTradeNo').doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 1n) return { order: row, created: true };
    const raced = await this.#sameOrder(row);
    if (!raced) throw new ProxyError('store_unavailable');
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
   * What the page needs to bring up the pay sheet. The same payer gets the same prepay id while it lives.
   * @throws {ProxyError} `order_paid`, `order_closed`, `order_expired`, `payer_mismatch`, `payment_refused`, …
   */
  async payInWechat(id: string, openid: string): Promise<JsapiParams> {
    const order = await this.find(id);
    await this.#assertPayable(order, openid);
    const prepayId = await this.#livePrepayId(this.#store.db, id, openid);
    return this.#gateway.signJsapi(prepayId ?? (await this.#prepayOnce(order, openid)));
  }

  /** One request to WeChat for all that ask this process at once. */
  #prepayOnce(order: OrderRow, openid: string): Promise<string> {
    const key = `${order.id} ${openid}`;
    const underway = this.#prepaying.get(key) ?? this.#prepay(order, openid).finally(() => this.#prepaying.delete(key));
    this.#prepaying.set(key, underway);
    return underway;
  }

  /**
   * Ends an unpaid order, here and at WeChat. Ending one that is over already is no error.
   * @throws {ProxyError} `order_paid`
   */
  async close(id: string): Promise<OrderRow> {
    const order = await this.find(id);
    if (OPEN.has(order.status)) await this.#closeUnlessPaid(order, { type: 'closed', at: this.#now() });
    const now = await this.find(id);
    if (PAID.has(now.status)) throw new ProxyError('order_paid');
    return now;
  }

  /**
   * Takes in what WeChat says of a payment: from a notification, or as the answer to a query.
   * @throws {ProxyError} `merchant_mismatch`, `order_not_found`, `amount_mismatch`, `transaction_conflict`
   */
  async recordTransaction(transaction: Transaction): Promise<void> {
    const { appId, mchId, outTradeNo, transactionId, total, currency, openid, paidAt } = transaction;
    if (appId !== this.#gateway.appId || mchId !== this.#gateway.mchId) throw new ProxyError('merchant_mismatch');
    if (!isPaid(transaction) || transactionId === undefined) {
      throw new ProxyError('malformed_notification', 'It does not tell of a successful payment.');
    }
    await this.#store.transaction(async (trx) => {
      const order = await this.#store.lockOrder(trx, 'outTradeNo', outTradeNo);
      if (!order) throw new ProxyError('order_not_found');
      if (total !== order.total || currency !== order.currency) throw new ProxyError('amount_mismatch');
      await this.#apply(trx, order, { type: 'paid', transactionId, paidAt: paidAt ?? this.#now(), openid });
    });
    this.#events.onAdded();
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
      if (claim.numUpdatedRows === 1n) await this.#settle(order);
    });
    for (const result of await Promise.allSettled(attended)) {
      if (result.status === 'rejected') this.#onError(result.reason, 'looking after a due order');
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
      await this.#settle(order);
    } catch (error) {
      // The reader gets what is known; the order stays due.
      this.#onError(error, 'asking WeChat about an order');
    }
    return true;
  }

  /** Brings an open order to where WeChat says that it is. */
  async #settle(order: OrderRow): Promise<void> {
    const now = this.#now();
    if (order.expiresAt <= now) return this.#closeUnlessPaid(order, { type: 'expired', at: now });
    if (order.status === 'created') return;
    const transaction = await this.#gateway.queryOrder(order.outTradeNo);
    if (transaction && isPaid(transaction)) await this.recordTransaction(transaction);
    else if (transaction?.state === 'CLOSED') await this.#record(order.id, { type: 'closed', at: now });
  }

  /** A paid order is never closed: WeChat is asked first, and by closing there it promises to take no money any more. */
  async #closeUnlessPaid(order: OrderRow, fact: Extract<OrderFact, { type: 'closed' | 'expired' }>): Promise<void> {
    if (order.status !== 'created' || fact.type === 'closed') {
      const transaction = await this.#gateway.queryOrder(order.outTradeNo);
      if (transaction && isPaid(transaction)) return this.recordTransaction(transaction);
      try {
        await this.#gateway.closeOrder(order.outTradeNo);
      } catch (error) {
        if (!PAID_CODES.has(upstreamCode(error) ?? '')) throw error;
        const paid = await this.#gateway.queryOrder(order.outTradeNo);
        if (paid) return this.recordTransaction(paid);
      }
    }
    const requested = await this.#store.transaction(async (trx) => {
      const current = await this.#store.lockOrder(trx, 'id', order.id);
      if (order.status === 'created' && current?.status === 'paying') return current;
      if (current) await this.#apply(trx, current, fact);
      return undefined;
    });
    // A payment was requested meanwhile, and WeChat would take it.
    if (requested) return this.#closeUnlessPaid(requested, fact);
    this.#events.onAdded();
  }

  async #livePrepayId(db: Db, orderId: string, openid: string): Promise<string | undefined> {
    const payment = await db
      .selectFrom('payments')
      .select('prepayId')
      .where('orderId', '=', orderId)
      .where('channel', '=', 'jsapi')
      .where('openid', '=', openid)
      .where('expiresAt', '>', this.#now())
      .executeTakeFirst();
    return payment?.prepayId;
  }

  /** Makes the order at WeChat and remembers its prepay id. Where another request has just done so: that one's. */
  async #prepay(order: OrderRow, openid: string): Promise<string> {
    // Its prepay id is too old, or another payer's: it may have been paid by it.
    if (order.status === 'paying') await this.#settle(order).then(() => this.#reassertPayable(order.id, openid));
    const { prepayId } = await this.#createAtWechat(order, openid);
    const expiresAt = this.#now() + this.#gateway.prepayLifetime;
    try {
      return await this.#store.transaction(async (trx) => {
        const current = await this.#store.lockOrder(trx, 'id', order.id);
        if (!current) throw new ProxyError('order_not_found');
        assertPayable(current, openid, this.#now());
        const earlier = await this.#livePrepayId(trx, order.id, openid);
        if (earlier) return earlier;
        const payment = { orderId: order.id, channel: 'jsapi' as const, openid, prepayId, expiresAt };
        await trx
          .insertInto('payments')
          .values(payment)
          .onConflict((conflict) => conflict.columns(['orderId', 'channel', 'openid']).doUpdateSet(payment))
          .execute();
        const askAt = this.#now() + QUERY_WAITS[0]!;
        await this.#apply(trx, current, { type: 'payment-requested', channel: 'jsapi', askAt });
        return prepayId;
      });
    } catch (error) {
      if (error instanceof ProxyError && (error.code === 'order_closed' || error.code === 'order_expired')) {
        // It was ended while WeChat was making it: it must not stay payable there.
        await this.#gateway
          .closeOrder(order.outTradeNo)
          .catch((reason) => this.#onError(reason, 'closing an order again'));
      }
      throw error;
    }
  }

  async #createAtWechat(order: OrderRow, openid: string): Promise<{ prepayId: string }> {
    try {
      return await this.#gateway.createJsapiOrder({ ...order, openid, attach: order.attach ?? undefined });
    } catch (error) {
      if (!(error instanceof ProxyError) || error.code !== 'wechat_refused') throw error;
      if (OVER_CODES.has(upstreamCode(error) ?? '')) {
        await this.#settle({ ...order, status: 'paying' });
        await this.#reassertPayable(order.id, openid);
      }
      // WeChat binds an order's number to the payer who asked first.
      const code = (await this.#isBegunByAnother(order.id, openid)) ? 'payer_mismatch' : 'payment_refused';
      throw new ProxyError(code, undefined, { cause: error, ...(error.upstream && { upstream: error.upstream }) });
    }
  }

  async #isBegunByAnother(orderId: string, openid: string): Promise<boolean> {
    const payments = await this.#store.db
      .selectFrom('payments')
      .select('openid')
      .where('orderId', '=', orderId)
      .where('channel', '=', 'jsapi')
      .execute();
    return payments.length > 0 && payments.every((payment) => payment.openid !== openid);
  }

  async #reassertPayable(id: string, openid: string): Promise<void> {
    assertPayable(await this.find(id), openid, this.#now());
  }

  async #assertPayable(order: OrderRow, openid: string): Promise<void> {
    if (OPEN.has(order.status) && order.expiresAt <= this.#now()) {
      await this.#attend(order);
      await this.#reassertPayable(order.id, openid);
    }
    assertPayable(order, openid, this.#now());
  }

  async #record(id: string, fact: OrderFact): Promise<void> {
    await this.#store.transaction(async (trx) => {
      const order = await this.#store.lockOrder(trx, 'id', id);
      if (order) await this.#apply(trx, order, fact);
    });
    this.#events.onAdded();
  }

  /** The change and its events, in the caller's transaction. */
  async #apply(trx: Trx, order: OrderRow, fact: OrderFact): Promise<void> {
    const { set, events } = orderChange(order, fact);
    if (Object.keys(set).length === 0) return;
    await trx.updateTable('orders').set(set).where('id', '=', order.id).execute();
    for (const type of events) await this.#events.add(trx, type, merchantView({ ...order, ...set }));
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

  #newOrder(request: OrderRequest): OrderRow {
    const createdAt = this.#now();
    const expiresAt = request.expiresAt ? Date.parse(request.expiresAt) : createdAt + DEFAULT_LIFETIME;
    return {
      id: `ord_${randomBytes(16).toString('hex')}`,
      outTradeNo: request.outTradeNo,
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
function isPaid(transaction: Transaction): boolean {
  return transaction.state === 'SUCCESS' || transaction.state === 'REFUND';
}
