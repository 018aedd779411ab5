import type { Order } from './books.ts';

/** The proxy did not do what it was asked. */
export class CheckoutError extends Error {
  /** The proxy's own code, or `unreachable` where no answer came. */
  readonly code: string;
  /** Whether the same call may succeed later. */
  readonly temporary: boolean;
  readonly requestId: string | undefined;

  constructor(code: string, message: string, options: { temporary: boolean; requestId?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'CheckoutError';
    this.code = code;
    this.temporary = options.temporary;
    this.requestId = options.requestId;
  }
}

export interface NewOrder {
  outTradeNo: string;
  description: string;
  items: Order['items'];
  amount: { total: number; currency: 'CNY' };
  returnUrl: string;
}

/** The merchant's side of the proxy's API. All of it throws `CheckoutError`. */
export interface Checkout {
  /** The same `outTradeNo` and content again give the same order. */
  createOrder(order: NewOrder): Promise<Order>;
  findById(id: string): Promise<Order | undefined>;
  findByOutTradeNo(outTradeNo: string): Promise<Order | undefined>;
}

const TIMEOUT_MS = 5000;

export function createCheckout(proxyUrl: string, apiKey: string): Checkout {
  async function call(method: string, path: string, body?: unknown): Promise<Response> {
    try {
      return await fetch(new URL(path, proxyUrl), {
        method,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
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
  };
}

async function readJson<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as T;
  const problem = (body ?? {}) as { code?: string; detail?: string };
  throw new CheckoutError(problem.code ?? `http_${response.status}`, problem.detail ?? 'not the proxy’s form', {
    temporary: response.status >= 500 || response.status === 429,
    requestId: response.headers.get('x-request-id') ?? undefined,
  });
}
