import type { Order, Refund } from './books.ts';

/** The proxy did not do what it was asked. */
export class CheckoutError extends Error {
  /** The proxy's own code, or `unreachable` where no answer came. */
  readonly code: string;
  /** Whether the same call may succeed later. */
  readonly temporary: boolean;
  readonly requestId: string | undefined;
  /** WeChat's own words, where it was WeChat that refused. */
  readonly upstream: { code: string; message: string } | undefined;

  constructor(code: string, message: string, options: CheckoutErrorOptions) {
    super(message, { cause: options.cause });
    this.name = 'CheckoutError';
    this.code = code;
    this.temporary = options.temporary;
    this.requestId = options.requestId;
    this.upstream = options.upstream;
  }
}

/** Tells the operator; nothing of it is secret. */
export function logCheckoutError({ code, message, requestId }: CheckoutError): void {
  console.error(`shop: the proxy did not serve: ${code}: ${message}${requestId ? ` (${requestId})` : ''}`);
}

interface CheckoutErrorOptions {
  temporary: boolean;
  requestId?: string;
  upstream?: { code: string; message: string };
  cause?: unknown;
}

export interface NewOrder {
  outTradeNo: string;
  description: string;
  items: Order['items'];
  amount: { total: number; currency: 'CNY' };
  returnUrl: string;
}

export interface NewRefund {
  outRefundNo: string;
  amount: { total: number; currency: string };
  reason?: string;
}

/** A picture that the proxy has. */
export interface Image {
  id: string;
  width: number;
  height: number;
}

export interface NewProduct {
  productId: string;
  description: string;
  amount: { total: number; currency: 'CNY' };
}

/** A code that leads to the official account, and tells by which scene. */
export interface QrCode {
  ticket: string;
  /** What the code says. */
  url: string;
}

/** The merchant's side of the proxy's API. All of it throws `CheckoutError`. */
export interface Checkout {
  /** The same `outTradeNo` and content again give the same order. */
  createOrder(order: NewOrder): Promise<Order>;
  findById(id: string): Promise<Order | undefined>;
  findByOutTradeNo(outTradeNo: string): Promise<Order | undefined>;
  /** Newest first, from where the last list ended. */
  listOrders(cursor?: string): Promise<{ data: Order[]; nextCursor: string | null }>;
  /** Ends an unpaid order. */
  closeOrder(id: string): Promise<Order>;
  /** The same `outRefundNo` again is the same refund; where it was refused, it is tried again. */
  refund(orderId: string, refund: NewRefund): Promise<Refund>;
  /** The proxy asks WeChat first where the refund is under way. */
  findRefund(orderId: string, outRefundNo: string): Promise<Refund | undefined>;
  /** Oldest first. */
  listRefunds(orderId: string): Promise<Refund[]>;
  /** What the printed code of a product says. */
  registerProduct(product: NewProduct): Promise<{ codeUrl: string }>;
  /** A permanent code of the account, by a name of the shop's own. */
  createQrCode(code: { scene: string }): Promise<QrCode>;
  /** Lets the page of a customer act as this payer, without a sign-in at WeChat. */
  createSession(openid: string): Promise<{ token: string }>;
  /** The picture is in use from now on; `undefined` where the proxy has it no more. */
  keepImage(id: string): Promise<Image | undefined>;
  /** Nothing happens where it is gone already. */
  deleteImage(id: string): Promise<void>;
}

const TIMEOUT_MS = 5000;
/** For what the proxy asks WeChat about first, which it may have to do twice. */
const WECHAT_TIMEOUT_MS = 15_000;

export function createCheckout(proxyUrl: string, apiKey: string): Checkout {
  async function call(method: string, path: string, body?: unknown, timeout = TIMEOUT_MS): Promise<Response> {
    try {
      return await fetch(new URL(path, proxyUrl), {
        method,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(timeout),
      });
    } catch (cause) {
      throw new CheckoutError('unreachable', `${method} ${path}: no answer from the proxy`, { temporary: true, cause });
    }
  }

  return {
    async createOrder(order) {
      return await readJson(await call('POST', '/v1/orders', order));
    },

    async findById(id) {
      const response = await call('GET', `/v1/orders/${encodeURIComponent(id)}`);
      return response.status === 404 ? undefined : await readJson(response);
    },

    async findByOutTradeNo(outTradeNo) {
      const response = await call('GET', `/v1/orders?${new URLSearchParams({ outTradeNo })}`);
      const { data } = await readJson<{ data: Order[] }>(response);
      return data[0];
    },

    async listOrders(cursor) {
      return await readJson(await call('GET', `/v1/orders${cursor ? `?${new URLSearchParams({ cursor })}` : ''}`));
    },

    async closeOrder(id) {
      const path = `/v1/orders/${encodeURIComponent(id)}/close`;
      return await readJson(await call('POST', path, undefined, WECHAT_TIMEOUT_MS));
    },

    async refund(orderId, refund) {
      const path = `/v1/orders/${encodeURIComponent(orderId)}/refunds`;
      return await readJson(await call('POST', path, refund, WECHAT_TIMEOUT_MS));
    },

    async findRefund(orderId, outRefundNo) {
      const path = `/v1/orders/${encodeURIComponent(orderId)}/refunds/${encodeURIComponent(outRefundNo)}`;
      const response = await call('GET', path, undefined, WECHAT_TIMEOUT_MS);
      return response.status === 404 ? undefined : await readJson(response);
    },

    async listRefunds(orderId) {
      const response = await call('GET', `/v1/orders/${encodeURIComponent(orderId)}/refunds`);
      return (await readJson<{ data: Refund[] }>(response)).data;
    },

    async registerProduct(product) {
      return await readJson(await call('POST', '/v1/products', product));
    },

    async createQrCode(code) {
      return await readJson(await call('POST', '/v1/qrcodes', code, WECHAT_TIMEOUT_MS));
    },

    async createSession(openid) {
      return await readJson(await call('POST', '/v1/sessions', { openid }));
    },

    async keepImage(id) {
      const response = await call('POST', `/v1/images/${encodeURIComponent(id)}/keep`);
      return response.status === 404 ? undefined : await readJson(response);
    },

    async deleteImage(id) {
      const response = await call('DELETE', `/v1/images/${encodeURIComponent(id)}`);
      if (response.status !== 204 && response.status !== 404) await readJson(response);
    },
  };
}

/** What of RFC 9457 and its extensions the shop reads. */
interface Problem {
  code: string;
  detail: string;
  upstream: { code: string; message: string };
}

async function readJson<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as T;
  const problem = (body ?? {}) as Partial<Problem>;
  throw new CheckoutError(problem.code ?? `http_${response.status}`, problem.detail ?? 'not the proxy’s form', {
    temporary: response.status >= 500 || response.status === 429,
    requestId: response.headers.get('x-request-id') ?? undefined,
    upstream: problem.upstream,
  });
}
