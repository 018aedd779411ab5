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
  closedAt?: string;
  /** How it was paid, or is about to be. */
  channel?: 'jsapi' | 'native' | 'h5';
  transactionId?: string;
  openid?: string;
  /** The printed code that was scanned. */
  productId?: string;
  refunded: { total: number; currency: string };
}

/** Money that goes back. In fen; times RFC 3339. */
export interface Refund {
  outRefundNo: string;
  orderId: string;
  amount: { total: number; currency: string };
  reason?: string;
  /** `closed` and `refused` moved no money; `abnormal`: the money did not reach the payer. */
  status: 'processing' | 'succeeded' | 'closed' | 'abnormal' | 'refused';
  createdAt: string;
  succeededAt?: string;
  failure?: { code: string; message: string };
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
  readonly #outdated = new Set<string>();

  /** Takes over what the proxy says of an order, unless more is known already. Answers with what is known then. */
  record(order: Order): Order {
    const known = this.#orders.get(order.id);
    if (known && isBehind(order, known)) return known;
    this.#orders.set(order.id, order);
    this.#outdated.delete(order.id);
    this.#idByOutTradeNo.set(order.outTradeNo, order.id);
    return order;
  }

  assign(orderId: string, visitor: string): void {
    const ids = this.#idsByVisitor.get(visitor) ?? new Set();
    this.#idsByVisitor.set(visitor, ids.add(orderId));
  }

  isOfVisitor(orderId: string, visitor: string): boolean {
    return this.#idsByVisitor.get(visitor)?.has(orderId) ?? false;
  }

  /** Something has happened to the order that the books do not tell: the proxy has to be asked. */
  outdate(id: string): void {
    this.#outdated.add(id);
  }

  /** Whether the proxy may know more: a payment may still come, or something else has happened. */
  mayBeBehind(order: Order): boolean {
    return isOpen(order) || this.#outdated.has(order.id);
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

function isBehind(order: Order, known: Order): boolean {
  const steps = (of: Order) => [PROGRESS[of.status], of.paidAt ? 1 : 0, of.refunded.total];
  const [mine, theirs] = [steps(order), steps(known)];
  const differs = mine.findIndex((step, index) => step !== theirs[index]);
  return differs >= 0 && mine[differs]! < theirs[differs]!;
}

/** Whether the money came after the order was over: it was taken, and has to be given back. */
export function isLate(order: Order): boolean {
  return order.paidAt !== undefined && order.closedAt !== undefined;
}

/** Whether a payment may still come. */
export function isOpen(order: Order): boolean {
  return order.status === 'created' || order.status === 'paying';
}
