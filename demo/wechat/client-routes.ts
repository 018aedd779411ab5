import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import Router from '@koa/router';
import type { Album } from './album/album.ts';
import type { Bridge, Invocation } from './bridge.ts';
import type { Calls } from './calls.ts';
import { addChatRoutes, type ChatWorld } from './chat-routes.ts';
import type { Knobs } from './control.ts';
import { addDebugRoutes, type DebugWorld } from './debug-routes.ts';
import { openEventStream } from './event-stream.ts';
import { type Exchange, type ExchangeContext, json, jsonBody, queryValue } from './exchange.ts';
import type { LocalImages } from './local-images.ts';
import { mediaKind } from './media-kind.ts';
import type { Phones, Picked } from './phones.ts';
import type { Scanner } from './scanner.ts';
import { addShareRoutes, type ShareWorld } from './share-routes.ts';

const CLIENT_FOLDER = join(import.meta.dirname, 'client');
/** Libraries that the phone's camera needs: one reads codes in pictures, one draws them. */
const LIBRARIES = { 'jsqr.js': 'jsqr', 'lean-qr.js': 'lean-qr' };

interface World extends ChatWorld, ShareWorld, DebugWorld {
  album: Album;
  bridge: Bridge;
  knobs: () => Knobs;
  localImages: LocalImages;
  phones: Phones;
  calls: Calls;
  scanner: Scanner;
}

/** What the phone page and the in-app browser talk to. Pages of any origin may. */
export function clientRoutes(world: World): Router<Exchange> {
  const { bridge, phones, calls, scanner } = world;
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
      responseBody: JSON.stringify(answer, withoutPictures),
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

  router.post('/client/pickers/:id', async (ctx) => {
    const picked = parsePicked(jsonBody(ctx));
    if (!picked) return ctx.throw(400, 'action is cancel, or choose with pictures, original and source');
    if (!phones.answerPicker(ctx.params.id ?? '', picked === 'cancel' ? undefined : picked)) {
      return ctx.throw(404, 'no such picker is open');
    }
    json(ctx, {});
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

  pictureRoutes(router, world);
  addChatRoutes(router, world);
  addShareRoutes(router, world);
  addDebugRoutes(router, world);

  for (const [name, library] of Object.entries(LIBRARIES)) {
    const path = fileURLToPath(import.meta.resolve(library));
    router.get(`/client/${name}`, (ctx) => {
      ctx.type = '.js';
      ctx.set('cache-control', 'no-cache');
      ctx.body = createReadStream(path);
    });
  }

  router.get('/', (ctx) => sendFile(ctx, 'phone.html'));
  router.get('/debug', (ctx) => ctx.redirect('/#debugging'));
  router.get('/client/*path', (ctx) => sendFile(ctx, ctx.path.slice('/client/'.length)));

  return router;
}

/** What the album's sheet, the camera and the viewer show. */
function pictureRoutes(router: Router<Exchange>, { album, knobs, localImages }: World): void {
  router.get('/client/album', (ctx) => {
    const pictures = knobs().albumEmpty ? [] : album.list();
    json(
      ctx,
      pictures.map(({ id, name, title }) => ({ id, name, title })),
    );
  });

  router.get('/client/album/:id', async (ctx) => {
    const picture = album.get(ctx.params.id ?? '');
    if (picture) sendPicture(ctx, await picture.read());
  });

  router.get('/client/album/:id/thumbnail', async (ctx) => {
    const picture = album.get(ctx.params.id ?? '');
    if (picture) sendPicture(ctx, await picture.thumbnail());
  });

  router.post('/client/camera', async (ctx) => json(ctx, { id: await album.takePhoto() }));

  router.get('/client/local-image', (ctx) => {
    const bytes = localImages.get(queryValue(ctx, 'phone') ?? '', queryValue(ctx, 'localId'));
    if (bytes) sendPicture(ctx, bytes);
  });
}

function sendPicture(ctx: ExchangeContext, bytes: Buffer): void {
  ctx.set({ 'content-type': mediaKind(bytes)?.contentType ?? 'application/octet-stream', 'cache-control': 'no-cache' });
  ctx.body = bytes;
}

function parsePicked({ action, pictures, original, source }: Record<string, unknown>): Picked | 'cancel' | undefined {
  if (action === 'cancel') return 'cancel';
  const isChoice = action === 'choose' && (source === 'album' || source === 'camera');
  if (!isChoice || !Array.isArray(pictures)) return undefined;
  return { pictures: pictures.map(String), original: original === true, source };
}

/** Pictures are not listed, only how long they are. */
function withoutPictures(_name: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length < 4096) return value;
  return `${value.slice(0, 48)}… (${value.length} characters)`;
}

function parseInvocation(ctx: ExchangeContext): Invocation | undefined {
  const { phone, page = phone, platform, name, args, url, landingUrl } = jsonBody(ctx);
  const texts = [phone, page, name, url, landingUrl].every((value) => typeof value === 'string' && value !== '');
  if (!texts || (platform !== 'ios' && platform !== 'android')) return undefined;
  const gone = new AbortController();
  ctx.res.once('close', () => gone.abort());
  return { phone, page, platform, name, url, landingUrl, args: args ?? {}, gone: gone.signal } as Invocation;
}

function isRefusal(errMsg: string): boolean {
  return /:fail|:access_denied/.test(errMsg);
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
