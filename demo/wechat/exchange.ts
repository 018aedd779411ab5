import { isUtf8 } from 'node:buffer';
import type { DefaultContext, Middleware, ParameterizedContext } from 'koa';
import getRawBody from 'raw-body';
import type { Calls } from './calls.ts';

const LARGEST_BODY = '1mb';
/** For pictures: the files of merchants' servers, and the albums of tests, which are text. */
const LARGEST_UPLOAD = '16mb';
const LARGEST_CONTROL = '128mb';

/** What the routes share of one exchange. */
export interface Exchange {
  /** The bytes as they came: signatures are over them. */
  rawBody: Buffer;
  /** For the list of calls. */
  code?: string;
  message?: string;
  stringToSign?: string;
  /** The answer of version 3 bears no signature. */
  unsigned?: boolean;
}

export type ExchangeContext = ParameterizedContext<Exchange, DefaultContext, unknown>;
export type ExchangeMiddleware = Middleware<Exchange>;

export const readBody: ExchangeMiddleware = async (ctx, next) => {
  ctx.state.rawBody = await getRawBody(ctx.req, { limit: largestBody(ctx.path) });
  await next();
};

function largestBody(path: string): string {
  if (path.startsWith('/control/')) return LARGEST_CONTROL;
  return path === '/cgi-bin/media/upload' ? LARGEST_UPLOAD : LARGEST_BODY;
}

/** Lists each call when its answer is out, or when there is to be none. */
export function listCalls(calls: Calls): ExchangeMiddleware {
  return async (ctx, next) => {
    const startedAt = Date.now();
    ctx.res.once('close', () => {
      const { code, message, stringToSign, rawBody } = ctx.state;
      const answered = ctx.res.writableFinished;
      calls.add({
        startedAt,
        direction: 'in',
        method: ctx.method,
        path: ctx.url,
        status: answered ? ctx.status : 0,
        verdict: answered && ctx.status < 400 && code === undefined ? 'ok' : 'refused',
        code,
        message,
        stringToSign,
        requestHeaders: headersOf(ctx),
        requestBody: readable(rawBody, ctx.get('content-type')),
        responseBody: readable(ctx.body, String(ctx.response.get('content-type'))),
      });
    });
    await next();
  };
}

/** The one value of a query parameter; undefined where it is absent or empty. */
export function queryValue(ctx: ExchangeContext, name: string): string | undefined {
  const value = ctx.query[name];
  return (Array.isArray(value) ? value[0] : value) || undefined;
}

/** The body as a JSON object; else 400. */
export function jsonBody(ctx: ExchangeContext): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(ctx.state.rawBody.toString());
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // Not JSON: refused below.
  }
  return ctx.throw(400, 'the body must be a JSON object');
}

export function json(ctx: ExchangeContext, body: unknown): void {
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
}

function headersOf(ctx: ExchangeContext): Record<string, string> {
  return Object.fromEntries(Object.entries(ctx.headers).map(([name, value]) => [name, String(value)]));
}

/** A file is listed by its type and size. */
function readable(body: unknown, contentType: string): string {
  if (typeof body === 'string') return body;
  if (!Buffer.isBuffer(body)) return '';
  const isFile = /^(multipart|image|audio|video)\//.test(contentType) || !isUtf8(body);
  return isFile ? `(${contentType.replace(/;.*/, '')}, ${body.length} bytes)` : body.toString();
}
