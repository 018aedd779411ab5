/** The Koa app: what is common to all routes. The rest of the proxy knows nothing of Koa. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import cors from '@koa/cors';
import Router from '@koa/router';
import Koa from 'koa';
import type { Logger } from 'pino';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ProxyError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Authenticate } from './authentication.ts';
import { check, readBytes, readJson } from './body.ts';
import { publicError, refusal } from './refusals.ts';
import type { Answer, Caller, Request, Route } from './route.ts';

export interface AppOptions {
  routes: readonly Route[];
  authenticate: Authenticate;
  allowedOrigins: readonly string[];
  /** Calls of the API a minute and address, the merchant's server aside. */
  rateLimit: number;
  /** How many reverse proxies stand in front. */
  trustProxy: number;
  logger: Logger;
  metrics: Metrics;
}

/** What a request's own log line and metrics tell. */
interface State {
  requestId: string;
  route?: Route;
  error?: ProxyError;
}
type Context = Koa.ParameterizedContext<State>;

const PREFLIGHT_SECONDS = 600;
const NO_BODY = Buffer.alloc(0);
const HUNG_UP = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE']);
/** In milliseconds: how long what is still to come of a refused request is taken, and how long its answer waits for that. */
const DRAIN_TIME = 30_000;
const LINGER_TIME = 3_000;
const IPV4_IN_IPV6 = /^::ffff:(?=[\d.]+$)/i;

export function createApp(options: AppOptions): RequestListener {
  const app = new Koa<State>({ proxy: options.trustProxy > 0, maxIpsCount: options.trustProxy });
  const router = new Router<State>({ sensitive: true, strict: true });
  const limit = createLimit(options.rateLimit);
  for (const route of options.routes) {
    router.register(route.path, [route.method], async (ctx: Context) => {
      ctx.state.route = route;
      const { origin, authorization } = ctx.headers;
      const caller = options.authenticate(route.callers, { origin, authorization });
      // Who is refused has used up one try, like anyone; the merchant's server may have much to do.
      if ((await caller.catch(() => undefined))?.kind !== 'merchant') await limit(route, ctx.ip);
      write(ctx, await route.handle(await readRequest(ctx, route, await caller)));
    });
  }
  app
    .use(describe(options))
    .use(
      cors({
        origin: (ctx) => (options.allowedOrigins.includes(ctx.get('origin')) ? ctx.get('origin') : ''),
        allowMethods: ['GET', 'POST', 'DELETE'],
        allowHeaders: ['authorization', 'content-type'],
        exposeHeaders: ['x-request-id', 'retry-after'],
        maxAge: PREFLIGHT_SECONDS,
      }),
    )
    .use(refuse(options.metrics))
    .use(router.routes())
    .use(unrouted(router, options.allowedOrigins));
  // Whoever hangs up has not waited for the end of an answer: that is no error of ours.
  app.on('error', (error) =>
    options.logger[HUNG_UP.has(error.code) ? 'debug' : 'error']({ cause: error }, 'request broken'),
  );
  return app.callback();
}

/** Gives the request its id, its log line and its place in the metrics. */
function describe({ logger, metrics }: AppOptions) {
  return async (ctx: Context, next: Koa.Next) => {
    const startedAt = performance.now();
    ctx.state.requestId = randomUUID();
    ctx.set('x-request-id', ctx.state.requestId);
    ctx.set('x-content-type-options', 'nosniff');
    await next();
    const { route, error, requestId } = ctx.state;
    const seconds = (performance.now() - startedAt) / 1_000;
    const labels = { method: ctx.method, route: route?.path ?? 'none', status: ctx.status };
    metrics.requests.observe(labels, seconds);
    // The route, never the address: what stands in an address may be a secret.
    const line = { requestId, ...labels, ms: Math.round(seconds * 1_000), ...(error && describeError(error)) };
    logger[levelOf(ctx.status, route, error)](line, 'request');
  };
}

/** A refused notification is worth a look; that WeChat probes whether false ones are refused is not. */
function levelOf(status: number, route: Route | undefined, error: ProxyError | undefined): 'error' | 'warn' | 'info' {
  if (status >= 500) return 'error';
  return error && error.code !== 'signature_probe' && isNotification(route) ? 'warn' : 'info';
}

function isNotification(route: Route | undefined): boolean {
  return route?.path.startsWith('/wechat/') ?? false;
}

function describeError(error: ProxyError) {
  const cause = error.code === 'internal' || error.status === 503 ? error.cause : undefined;
  return {
    code: error.code,
    ...(error.upstream && { upstream: error.upstream }),
    ...(cause instanceof Error && { cause: cause.stack }),
  };
}

/** Turns what is thrown into an answer. */
function refuse(metrics: Metrics) {
  return async (ctx: Context, next: Koa.Next) => {
    try {
      await next();
    } catch (thrown) {
      const error = publicError(thrown);
      ctx.state.error = error;
      const { accept } = ctx.headers;
      await drain(ctx);
      write(ctx, refusal(error, ctx.state.requestId, { form: ctx.state.route?.refusal, accept }));
    }
    if (isNotification(ctx.state.route)) {
      metrics.notifications.inc({ result: ctx.state.error?.code ?? 'accepted' });
    }
  };
}

/**
 * Many clients read no answer before they have sent all that they have: so it is taken, for a while, and forgotten. Where the
 * connection is to be closed after the answer, that one waits, since closing it would lose it.
 */
async function drain({ req, res }: Context): Promise<void> {
  if (req.complete || req.destroyed) return;
  const timer = setTimeout(() => req.destroy(), DRAIN_TIME).unref();
  const ended = once(req, 'close').finally(() => clearTimeout(timer));
  ended.catch(() => {});
  req.resume();
  if (!res.shouldKeepAlive) await Promise.race([ended.catch(() => {}), sleep(LINGER_TIME, undefined, { ref: false })]);
}

/** Comes after authentication: a stranger's body is not even read. */
async function readRequest(ctx: Context, route: Route, caller: Caller): Promise<Request> {
  const { query, body } = route;
  return {
    caller,
    params: ctx.params as Record<string, string>,
    headers: ctx.headers,
    address: addressOf(ctx),
    query: query && check(query, { ...ctx.query }, 'query'),
    body: body && typeof body !== 'string' ? await readJson(ctx.req, body) : undefined,
    bytes: body === 'bytes' ? await readBytes(ctx.req) : NO_BODY,
    incoming: ctx.req,
  };
}

/** Some proxies in front add a port, or write that they do not know. */
function addressOf(ctx: Context): string {
  const [, bracketed] = /^\[(.*)\](?::\d+)?$/.exec(ctx.ip) ?? [];
  const [, beforePort] = /^([\d.]+):\d+$/.exec(ctx.ip) ?? [];
  const address = bracketed ?? beforePort ?? ctx.ip;
  return (isIP(address) ? address : (ctx.req.socket.remoteAddress ?? '')).replace(IPV4_IN_IPV6, '');
}

function write(ctx: Context, { status, body, headers = {} }: Answer): void {
  ctx.status = status;
  if (!('cache-control' in headers)) ctx.set('cache-control', 'no-store');
  for (const [name, value] of Object.entries(headers)) ctx.set(name, value);
  if (body !== undefined) ctx.body = body;
}

/** The API only: WeChat, operators and pages that load the widgets are never turned away. */
function createLimit(points: number) {
  const limiter = new RateLimiterMemory({ points, duration: 60 });
  return async (route: Route, address: string) => {
    if (route.isUnlimited || !route.path.startsWith('/v1/')) return;
    try {
      await limiter.consume(address);
    } catch (reason) {
      if (!(reason instanceof RateLimiterRes)) throw reason;
      const seconds = String(Math.ceil(reason.msBeforeNext / 1_000));
      throw new ProxyError('rate_limited', undefined, { headers: { 'retry-after': seconds } });
    }
  };
}

function unrouted(router: Router<State>, allowedOrigins: readonly string[]) {
  return async (ctx: Context) => {
    const origin = ctx.get('origin');
    if (ctx.method === 'OPTIONS' && origin && !allowedOrigins.includes(origin))
      throw new ProxyError('origin_not_allowed');
    const methods = router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods);
    if (methods.length === 0) throw new ProxyError('not_found');
    throw new ProxyError('method_not_allowed', undefined, { headers: { allow: [...new Set(methods)].join(', ') } });
  };
}
