/**
 * What may become of an order. Pure: the facts go in, the change and the events that the merchant must learn come out.
 *
 *     created → paying → paid → refunded | partially_refunded;  created, paying → closed | expired
 */

import type { Channel, EventType, OrderStatus } from '../api.ts';
import { type ErrorCode, ProxyError } from '../errors.ts';
import type { OrderRow } from '../store/schema.ts';

export type OrderFact =
  /** WeChat holds a payment ready. */
  | { type: 'payment-requested'; channel: Channel; askAt: number }
  /** WeChat has the money. */
  | {
      type: 'paid';
      /** The number by which WeChat has taken the money. */
      tradeNo: string;
      transactionId: string;
      paidAt: number;
      openid: string | undefined;
      channel: Channel | undefined;
    }
  /** WeChat will take no money for it any more. */
  | { type: 'closed'; at: number }
  | { type: 'expired'; at: number }
  /** So much has been given back, in all. */
  | { type: 'refunded'; total: number };

export interface OrderChange {
  set: Partial<OrderRow>;
  events: EventType[];
}

/** Nothing changes: the fact is known already, or comes too late to matter. */
const NONE: OrderChange = { set: {}, events: [] };

export const OPEN: ReadonlySet<OrderStatus> = new Set(['created', 'paying']);
export const PAID: ReadonlySet<OrderStatus> = new Set(['paid', 'partially_refunded', 'refunded']);

export function orderChange(order: OrderRow, fact: OrderFact): OrderChange {
  switch (fact.type) {
    case 'payment-requested':
      if (!OPEN.has(order.status)) return NONE;
      return {
        set: { status: 'paying', channel: fact.channel, dueAt: Math.min(fact.askAt, order.expiresAt) },
        events: [],
      };
    case 'paid':
      return paid(order, fact);
    case 'closed':
    case 'expired':
      if (!OPEN.has(order.status)) return NONE;
      return {
        set: { status: fact.type, closedAt: fact.at, dueAt: null },
        events: [fact.type === 'closed' ? 'order.closed' : 'order.expired'],
      };
    case 'refunded':
      return {
        set: { refunded: fact.total, ...(PAID.has(order.status) && { status: afterRefund(order, fact) }) },
        events: [],
      };
  }
}

/** What was paid too late stays closed or expired, however much of it is given back. */
function afterRefund(order: OrderRow, { total }: { total: number }): OrderStatus {
  if (total === 0) return 'paid';
  return total >= order.total ? 'refunded' : 'partially_refunded';
}

function paid(order: OrderRow, fact: Extract<OrderFact, { type: 'paid' }>): OrderChange {
  if (order.transactionId === fact.transactionId) return NONE;
  // WeChat takes the money for one number once: whatever this is, nobody should acknowledge it.
  if (order.transactionId !== null) throw new ProxyError('transaction_conflict');
  const set: Partial<OrderRow> = {
    tradeNo: fact.tradeNo,
    transactionId: fact.transactionId,
    paidAt: fact.paidAt,
    openid: order.openid ?? fact.openid ?? null,
    channel: fact.channel ?? order.channel,
    dueAt: null,
  };
  if (OPEN.has(order.status)) return { set: { ...set, status: 'paid' }, events: ['order.paid'] };
  // The money came for an order that was over: it must be known and can be given back, but the order stays as it is.
  return { set, events: ['payment.late'] };
}

/**
 * Refuses to pay an order that is over, or that is another payer's.
 * @throws {ProxyError} `order_paid`, `order_closed`, `order_expired`, `payer_mismatch`
 */
export function assertPayable(order: OrderRow, openid: string | undefined, now: number): void {
  const refusal = refusalToPay(order, now);
  if (refusal) throw new ProxyError(refusal);
  if (order.openid !== null && order.openid !== openid) throw new ProxyError('payer_mismatch');
}

function refusalToPay(order: OrderRow, now: number): ErrorCode | undefined {
  if (PAID.has(order.status)) return 'order_paid';
  if (order.status === 'closed') return 'order_closed';
  if (order.status === 'expired' || order.expiresAt <= now) return 'order_expired';
  return undefined;
}
