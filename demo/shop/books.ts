/** An order as the shop knows it: the parts of the proxy's order that the shop uses. Money in fen, times RFC 3339. */
export interface Order {
  id: string;
  outTradeNo: string;
  description: string;
  items: { name: string; quantity: number; unitPrice: number; imageUrl?: string }[];
  amount: { total: number; currency: string };
  status: OrderStatus;
  createdAt: string;
  expiresAt: string;
  paidAt?: string;
}

export type OrderStatus = keyof typeof PROGRESS;

/** How far an order has come. News may arrive twice, late or out of order: what is behind changes nothing. */
const PROGRESS = {
  created: 0,
  paying: 1,
  closed: 2,
  expired: 2,
  paid: 3,
  partially_refunded: 4,
  refunded: 5,
} as const;

/** The shop's own orders, kept in memory. A real shop has a database here, with `outTradeNo` as a unique key. */
export class Books {
  readonly #orders = new Map<string, Order>();
  readonly #idByOutTradeNo = new Map<string, string>();
  readonly #idsByVisitor = new Map<string, Set<string>>();

  /** Takes over what the proxy says of an order, unless more is known already. Answers with what is known then. */
  record(order: Order): Order {
    const known = this.#orders.get(order.id);
    if (known && PROGRESS[known.status] > PROGRESS[order.status]) return known;
    this.#orders.set(order.id, order);
    this.#idByOutTradeNo.set(order.outTradeNo, order.id);
    return order;
  }

  assign(orderId: string, visitor: string): void {
    const ids = this.#idsByVisitor.get(visitor) ?? new Set();
    this.#idsByVisitor.set(visitor, ids.add(orderId));
  }

  byId(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  byOutTradeNo(outTradeNo: string): Order | undefined {
    const id = this.#idByOutTradeNo.get(outTradeNo);
    return id === undefined ? undefined : this.#orders.get(id);
  }

  /** Newest first. */
  ofVisitor(visitor: string): Order[] {
    const ids = [...(this.#idsByVisitor.get(visitor) ?? [])];
    return ids.reverse().flatMap((id) => this.#orders.get(id) ?? []);
  }
}

/** Whether a payment may still come. */
export function isOpen(order: Order): boolean {
  return order.status === 'created' || order.status === 'paying';
}
