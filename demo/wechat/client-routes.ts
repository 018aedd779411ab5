import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import Router from '@koa/router';
import type { Bridge, Invocation } from './bridge.ts';
import type { Calls } from './calls.ts';
import { openEventStream } from './event-stream.ts';
import { type Exchange, type ExchangeContext, queryValue } from './exchange.ts';
import type { Phones } from './phones.ts';

const CLIENT_FOLDER = join(import.meta.dirname, 'client');

interface World {
  bridge: Bridge;
  phones: Phones;
  calls: Calls;
}

/** What the phone page and the in-app browser talk to. Pages of any origin may. */
export function clientRoutes({ bridge, phones, calls }: World): Router<Exchange> {
  const router = new Router<Exchange>();

  router.use('/client', async (ctx, next) => {
    ctx.set({ 'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type' });
    await next();
  });
  router.options('/client/*path', (ctx) => {
    ctx.set('access-control-allow-methods', 'GET, POST');
    ctx.status = 204;
  });

  router.post('/client/invoke', async (ctx) => {
    const invocation = parseInvocation(ctx);
    if (!invocation) return ctx.throw(400, 'phone, platform, name, args, url and landingUrl are needed');
    const startedAt = Date.now();
    const { answer, message, stringToSign } = await bridge.invoke(invocation);
    calls.add({
      startedAt,
      direction: 'in',
      method: 'BRIDGE',
      path: invocation.name,
      status: 200,
      verdict: isRefusal(answer.err_msg) ? 'refused' : 'ok',
      code: answer.err_msg,
      message,
      stringToSign,
      requestHeaders: { platform: invocation.platform, url: invocation.url, 'landing-url': invocation.landingUrl },
      requestBody: JSON.stringify(invocation.args),
      responseBody: JSON.stringify(answer),
    });
    json(ctx, answer);
  });

  router.get('/client/phones/:phone/events', (ctx) => {
    phones.connect(ctx.params.phone ?? '', openEventStream(ctx));
  });

  router.post('/client/sheets/:id', (ctx) => {
    const { action } = parseJson(ctx);
    if (action !== 'pay' && action !== 'cancel') return ctx.throw(400, 'action is pay or cancel');
    if (!phones.answerSheet(ctx.params.id ?? '', action)) return ctx.throw(404, 'no such sheet is open');
    json(ctx, { result: action === 'pay' ? 'ok' : 'cancel' });
  });

  router.get('/client/calls', (ctx) => json(ctx, calls.list));

  router.get('/client/calls/events', (ctx) => {
    const stream = openEventStream(ctx);
    stream.onClose(calls.subscribe((call) => stream.send('call', call)));
  });

  router.get('/client/user', (ctx) => json(ctx, phones.user(queryValue(ctx, 'phone') ?? '')));

  router.get('/', (ctx) => sendFile(ctx, 'phone.html'));
  router.get('/client/*path', (ctx) => sendFile(ctx, ctx.path.slice('/client/'.length)));

  return router;
}

function parseInvocation(ctx: ExchangeContext): Invocation | undefined {
  const { phone, platform, name, args, url, landingUrl } = parseJson(ctx);
  const texts = [phone, name, url, landingUrl].every((value) => typeof value === 'string' && value !== '');
  if (!texts || (platform !== 'ios' && platform !== 'android')) return undefined;
  const gone = new AbortController();
  ctx.res.once('close', () => gone.abort());
  return { phone, platform, name, url, landingUrl, args: args ?? {}, gone: gone.signal } as Invocation;
}

function parseJson(ctx: ExchangeContext): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(ctx.state.rawBody.toString());
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // Not JSON: refused below.
  }
  return ctx.throw(400, 'the body must be a JSON object');
}

function isRefusal(errMsg: string): boolean {
  return /:fail/.test(errMsg);
}

function json(ctx: ExchangeContext, body: unknown): void {
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
}

async function sendFile(ctx: ExchangeContext, name: string): Promise<void> {
  const path = normalize(join(CLIENT_FOLDER, decodeURIComponent(name)));
  if (!path.startsWith(CLIENT_FOLDER + sep)) return;
  const file = await stat(path).catch(() => undefined);
  if (!file?.isFile()) return;
  ctx.type = extname(path);
  ctx.set('cache-control', 'no-cache');
  ctx.body = createReadStream(path);
}
