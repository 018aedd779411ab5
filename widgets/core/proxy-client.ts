import type { PageOrder, Problem } from '../../proxy/api.ts';
import { failure } from './failure.ts';
import { READ_TIMEOUT, WRITE_TIMEOUT } from './timing.ts';
import { WidgetError } from './widget-error.ts';

interface Request {
  body?: unknown;
  token?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The proxy, as pages may call it. Every call ends within a time limit; every failure is a WidgetError: the proxy's
 * own `code`, or `proxy_unreachable`, `proxy_timeout`, `proxy_answer_invalid`. No cookie is ever sent.
 */
export class ProxyClient {
  readonly address: string;
  private readonly _fetch: typeof fetch;

  constructor(address: string, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.address = address;
    this._fetch = fetcher;
  }

  readOrder(orderId: string, signal?: AbortSignal): Promise<PageOrder> {
    return this.call(`/v1/orders/${encodeURIComponent(orderId)}`, { signal }, 'items');
  }

  /**
   * Any call, for those that only some pages need.
   *
   * @param field tells the proxy's answer from JSON that somebody else answered with.
   */
  async call<T>(path: string, request: Request, field: keyof T & string): Promise<T> {
    const limit = request.body ? WRITE_TIMEOUT : READ_TIMEOUT;
    const abort = new AbortController();
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      abort.abort();
    }, limit);
    const stop = () => abort.abort();
    request.signal?.addEventListener('abort', stop);
    try {
      const response = await this._fetch(this.address + path, init(request, abort.signal));
      return this.take(response.status, await response.text(), response.headers.get('retry-after'), field);
    } catch (reason) {
      if (reason instanceof WidgetError) throw reason;
      throw failure(timedOut ? 'proxy_timeout' : 'proxy_unreachable', { reason });
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * What the proxy answered, by whatever it was asked.
   *
   * @param retryAfter the header of that name.
   * @throws WidgetError
   */
  take<T>(status: number, text: string, retryAfter: string | null, field: keyof T & string): T {
    const answer = parse(text);
    if (status > 299) throw refusal(status, retryAfter, answer);
    if (!answer?.[field]) throw failure('proxy_answer_invalid', { status });
    return answer as T;
  }
}

function init({ body, token }: Request, signal: AbortSignal): RequestInit {
  const headers: Record<string, string> = {};
  if (token) headers.authorization = `Bearer ${token}`;
  const common = { headers, credentials: 'omit', cache: 'no-store', signal } as const;
  if (!body) return common;
  headers['content-type'] = 'application/json';
  return { ...common, method: 'POST', body: JSON.stringify(body) };
}

/** `undefined` where it is not JSON: a captive portal, or an error page of a server in between. */
function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(status: number, after: string | null, answer: Partial<Problem> | undefined): WidgetError {
  const retryAfter = Number(after) * 1000 || undefined;
  if (answer?.code) return failure(answer.code, { status, problem: answer as Problem, retryAfter });
  const code = status === 429 ? 'rate_limited' : status < 500 ? 'proxy_answer_invalid' : 'proxy_failed';
  return failure(code, { status, retryAfter });
}
