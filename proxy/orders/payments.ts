/** Paying an order: what WeChat holds ready for its payer, through the channel that the page has chosen. */
import { randomBytes } from 'node:crypto';
import type { Channel, Payment } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { OrderRow } from '../store/schema.ts';
import type { Db, Store, Trx } from '../store/store.ts';
import { upstreamCode } from '../wechat/account/api-client.ts';
import { type PaymentGateway, PREPAID_LIFETIME } from '../wechat/pay/gateway.ts';
import { assertPayable } from './order-state.ts';
import { time } from './order-view.ts';
import { isPaid, type Orders, QUERY_WAITS } from './orders.ts';
import { asRefusal, busy, isUndecided } from './wechat-refusal.ts';

export interface PaymentsOptions {
  store: Store;
  orders: Orders;
  gateway: PaymentGateway;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

/** Who wants to pay, and how. */
export interface Payer {
  channel: Channel;
  /** From the session; needed for `jsapi`. */
  openid: string | undefined;
  /** IP address. */
  address: string;
  /** Of the printed code that was scanned: then it is WeChat that asks, for a prepay id. */
  productId?: string;
}

interface Prepared {
  /** The prepay id, the code or the address. */
  prepaid: string;
  expiresAt: number;
}

/**
 * Codes with which WeChat refuses a number that it knows: because it is paid or closed, or because it has been asked
 * for with other particulars, such as another channel or payer (201 商户订单号重复). Older spellings are still met.
 * https://pay.weixin.qq.com/doc/v3/merchant/4012791856
 */
const USED_CODES: ReadonlySet<string> = new Set([
  'INVALID_REQUEST',
  'OUT_TRADE_NO_USED',
  'ORDERPAID',
  'ORDER_PAID',
  'ORDERCLOSED',
  'ORDER_CLOSED',
]);
/** WeChat asks for the address of whoever orders; of a scan, it alone knows it. */
const NO_ADDRESS = '127.0.0.1';
/** Of the 32 characters of a number at WeChat, so many are the order's own; the rest tells its numbers apart. */
const OWN_CHARACTERS = 23;
/** How often a request begins anew because another one has given the order another number meanwhile. */
const ATTEMPTS = 3;

export class Payments {
  readonly #store: Store;
  readonly #orders: Orders;
  readonly #gateway: PaymentGateway;
  readonly #now: () => number;
  readonly #onError: PaymentsOptions['onError'];
  readonly #underway = new Map<string, Promise<Prepared>>();

  constructor({ store, orders, gateway, now, onError }: PaymentsOptions) {
    this.#store = store;
    this.#orders = orders;
    this.#gateway = gateway;
    this.#now = now;
    this.#onError = onError;
  }

  /**
   * What the page needs to pay. The same payer gets the same through the same channel while it lives.
   * @throws {ProxyError} `session_required`, `order_paid`, `order_closed`, `order_expired`, `payer_mismatch`,
   *   `trade_no_used`, `payment_refused` or another reason of WeChat's
   */
  async start(id: string, payer: Payer): Promise<Payment> {
    if (payer.channel === 'jsapi' && payer.openid === undefined) throw new ProxyError('session_required');
    const order = await this.#orders.findPayable(id, payer.openid);
    const { prepaid, expiresAt } =
      (await this.#living(this.#store.db, order, payer)) ?? (await this.#prepareOnce(order, payer));
    switch (payer.channel) {
      case 'jsapi':
        return { channel: 'jsapi', params: this.#gateway.signJsapi(prepaid) };
      case 'native':
        return { channel: 'native', codeUrl: prepaid, expiresAt: time(Math.min(expiresAt, order.expiresAt)) };
      case 'h5':
        return { channel: 'h5', url: prepaid };
    }
  }

  /**
   * The prepay id of an order that a printed code has made.
   * @throws {ProxyError} as `start`
   */
  async prepareScanned(order: OrderRow, openid: string, productId: string): Promise<string> {
    const payer = { channel: 'native' as const, openid, address: NO_ADDRESS, productId };
    assertPayable(order, openid, this.#now());
    return ((await this.#living(this.#store.db, order, payer)) ?? (await this.#prepareOnce(order, payer))).prepaid;
  }

  /** One request to WeChat for all that ask this process at once. */
  #prepareOnce(order: OrderRow, payer: Payer): Promise<Prepared> {
    const key = `${order.id} ${payer.channel} ${payerOf(payer)}`;
    const underway = this.#underway.get(key) ?? this.#prepare(order, payer).finally(() => this.#underway.delete(key));
    this.#underway.set(key, underway);
    return underway;
  }

  async #prepare(order: OrderRow, payer: Payer): Promise<Prepared> {
    let current = order;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      // It may have been paid by what was held ready before: for another payer, through another channel, too long ago.
      if (current.status === 'paying' || current.tradeNo !== current.outTradeNo) {
        await this.#orders.settle(current);
        const settled = await this.#findPayable(order.id, payer);
        const isSettled = settled.tradeNo === current.tradeNo;
        current = settled;
        // It has got another number meanwhile: that the one before has ended must be made sure of first.
        if (!isSettled) continue;
      }
      const prepared = await this.#prepareByPresentNumber(current, payer, attempt === ATTEMPTS);
      if (prepared) return prepared;
      current = await this.#findPayable(order.id, payer);
    }
    throw busy();
  }

  /** Makes the order at WeChat. Undefined where it has another number by now: its payer must begin anew. */
  async #prepareByPresentNumber(order: OrderRow, payer: Payer, isLast: boolean): Promise<Prepared | undefined> {
    const prepaid = await this.#createAtWechat(order, payer, isLast);
    if (prepaid === undefined) return undefined;
    const prepared = { prepaid, expiresAt: this.#now() + PREPAID_LIFETIME[payer.channel] };
    try {
      return await this.#store.transaction((trx) => this.#remember(trx, order, payer, prepared));
    } catch (error) {
      if (error instanceof ProxyError && (error.code === 'order_closed' || error.code === 'order_expired')) {
        // It was ended while WeChat was making it: it must not stay payable there.
        await this.#gateway
          .closeOrder(order.tradeNo)
          .catch((reason) => this.#onError(reason, 'closing an order again'));
      }
      throw error;
    }
  }

  /** Where another request has just done the same: what that one got. */
  async #remember(trx: Trx, order: OrderRow, payer: Payer, prepared: Prepared): Promise<Prepared | undefined> {
    const { channel } = payer;
    const current = await this.#store.lockOrder(trx, order.id);
    if (!current) throw new ProxyError('order_not_found');
    assertPayable(current, payer.openid, this.#now());
    if (current.tradeNo !== order.tradeNo) return undefined;
    const earlier = await this.#living(trx, order, payer);
    if (earlier) return earlier;
    const { id: orderId, tradeNo } = order;
    const payment = { orderId, channel, payer: payerOf(payer), tradeNo, ...prepared };
    await trx
      .insertInto('payments')
      .values(payment)
      .onConflict((conflict) => conflict.columns(['orderId', 'channel', 'payer']).doUpdateSet(payment))
      .execute();
    await this.#orders.apply(trx, current, {
      type: 'payment-requested',
      channel,
      askAt: this.#now() + QUERY_WAITS[0]!,
    });
    return prepared;
  }

  /** Undefined where WeChat wants another number for it, which the order has then been given. */
  async #createAtWechat(order: OrderRow, payer: Payer, isLast: boolean): Promise<string | undefined> {
    try {
      const { tradeNo, description, total, attach, expiresAt } = order;
      const { prepayId, codeUrl, h5Url } = await this.#gateway.createOrder({
        channel: payer.channel,
        openid: payer.channel === 'jsapi' ? payer.openid : undefined,
        payerAddress: payer.address,
        productId: payer.productId,
        ...{ tradeNo, description, total, attach: attach ?? undefined, expiresAt },
      });
      return payer.productId === undefined ? { jsapi: prepayId, native: codeUrl, h5: h5Url }[payer.channel] : prepayId;
    } catch (error) {
      if (!USED_CODES.has(upstreamCode(error) ?? '')) throw asRefusal(error, 'payment_refused');
      if (order.status === 'paying') {
        await this.#orders.settle(order);
        const current = await this.#findPayable(order.id, payer);
        if (current.tradeNo !== order.tradeNo) return undefined;
      }
      if (await this.#renumber(order, payer, isLast)) return undefined;
      throw asRefusal(error, 'payment_refused');
    }
  }

  /**
   * Gives the order another number, if WeChat knows the present one and has not been paid by it. The new one is known
   * here before the old one ends, so that at no time a payment could come for a number that is nobody's.
   */
  async #renumber(order: OrderRow, payer: Payer, isLast: boolean): Promise<boolean> {
    const known = await this.#gateway.queryOrder(order.tradeNo);
    if (!known) return false;
    if (known.total !== undefined && known.total !== order.total) throw new ProxyError('trade_no_used');
    if (isPaid(known)) {
      await this.#orders.recordTransaction(known);
      return true;
    }
    // Who gives up leaves the number to the other request that has just opened it.
    if (isLast) throw busy();
    const tradeNo = `${order.outTradeNo.slice(0, OWN_CHARACTERS)}_${randomBytes(4).toString('hex')}`;
    const earlier = { tradeNo: order.tradeNo, orderId: order.id, closedAt: null, dueAt: null, transactionId: null };
    await this.#store.transaction(async (trx) => {
      const current = await this.#store.lockOrder(trx, order.id);
      if (current?.tradeNo !== order.tradeNo) return;
      assertPayable(current, payer.openid, this.#now());
      await trx.insertInto('trades').values(earlier).execute();
      await trx.updateTable('orders').set({ tradeNo }).where('id', '=', order.id).execute();
    });
    try {
      await this.#orders.endEarlierTrades(order.id);
    } catch (error) {
      if (!isUndecided(error)) await this.#keepNumber(order, tradeNo);
      throw error;
    }
    return true;
  }

  /** WeChat does not end the old number, and what is held ready by it can still be used: so it stays the order's. */
  async #keepNumber({ id, tradeNo }: OrderRow, another: string): Promise<void> {
    await this.#store.transaction(async (trx) => {
      const current = await this.#store.lockOrder(trx, id);
      if (current?.tradeNo !== another) return;
      const { numDeletedRows } = await trx
        .deleteFrom('trades')
        .where('tradeNo', '=', tradeNo)
        .where('closedAt', 'is', null)
        .executeTakeFirst();
      // Another request has ended it after all, and may have opened the new one.
      if (numDeletedRows === 0n) return;
      await trx.updateTable('orders').set({ tradeNo }).where('id', '=', id).execute();
    });
  }

  async #findPayable(id: string, { openid }: Payer): Promise<OrderRow> {
    const order = await this.#orders.find(id);
    assertPayable(order, openid, this.#now());
    return order;
  }

  #living(db: Db, { id, tradeNo }: OrderRow, payer: Payer): Promise<Prepared | undefined> {
    return db
      .selectFrom('payments')
      .select(['prepaid', 'expiresAt'])
      .where('orderId', '=', id)
      .where('tradeNo', '=', tradeNo)
      .where('channel', '=', payer.channel)
      .where('payer', '=', payerOf(payer))
      .where('expiresAt', '>', this.#now())
      .executeTakeFirst();
  }
}

/** By whom what WeChat holds ready can be used. */
function payerOf({ channel, openid, address, productId }: Payer): string {
  if (channel === 'jsapi' || productId !== undefined) return openid!;
  return channel === 'h5' ? address : '';
}
