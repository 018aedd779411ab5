import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import Router from '@koa/router';
import type { Bridge, Invocation } from './bridge.ts';
import type { Calls } from './calls.ts';
import { openEventStream } from './event-stream.ts';
import { type Exchange, type ExchangeContext, jsonBody, queryValue } from './exchange.ts';
import type { Phones } from './phones.ts';
import type { Scanner } from './scanner.ts';

const CLIENT_FOLDER = join(import.meta.dirname, 'client');
/** Libraries that the phone's camera needs: one reads codes in pictures, one draws them. */
const LIBRARIES = { 'jsqr.js': 'jsqr', 'lean-qr.js': 'lean-qr' };

interface World {
  bridge: Bridge;
  phones: Phones;
  calls: Calls;
  scanner: Scanner;
}

/** What the phone page and the in-app browser talk to. Pages of any origin may. */
export function clientRoutes({ bridge, phones, calls, scanner }: World): Router<Exchange> {
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
    const { action } = jsonBody(ctx);
    if (action !== 'pay' && action !== 'cancel') return ctx.throw(400, 'action is pay or cancel');
    if (!phones.answerSheet(ctx.params.id ?? '', action)) return ctx.throw(404, 'no such sheet is open');
    json(ctx, { result: action === 'pay' ? 'ok' : 'cancel' });
  });

  router.post('/client/scan', async (ctx) => {
    const { phone, text } = jsonBody(ctx);
    if (typeof phone !== 'string' || typeof text !== 'string') return ctx.throw(400, 'phone and text are needed');
    json(ctx, await scanner.scan(text, phone));
  });

  router.get('/client/codes', (ctx) => json(ctx, scanner.inView()));

  router.get('/client/calls', (ctx) => json(ctx, calls.list));

  router.get('/client/calls/events', (ctx) => {
    const stream = openEventStream(ctx);
    stream.onClose(calls.subscribe((call) => stream.send('call', call)));
  });

  router.get('/client/user', (ctx) => json(ctx, phones.user(queryValue(ctx, 'phone') ?? '')));

  for (const [name, library] of Object.entries(LIBRARIES)) {
    const path = fileURLToPath(import.meta.resolve(library));
    router.get(`/client/${name}`, (ctx) => {
      ctx.type = '.js';
      ctx.set('cache-control', 'no-cache');
      ctx.body = createReadStream(path);
    });
  }

  router.get('/', (ctx) => sendFile(ctx, 'phone.html'));
  router.get('/client/*path', (ctx) => sendFile(ctx, ctx.path.slice('/client/'.length)));

  return router;
}

function parseInvocation(ctx: ExchangeContext): Invocation | undefined {
  const { phone, platform, name, args, url, landingUrl } = jsonBody(ctx);
  const texts = [phone, name, url, landingUrl].every((value) => typeof value === 'string' && value !== '');
  if (!texts || (platform !== 'ios' && platform !== 'android')) return undefined;
  const gone = new AbortController();
  ctx.res.once('close', () => gone.abort());
  return { phone, platform, name, url, landingUrl, args: args ?? {}, gone: gone.signal } as Invocation;
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
