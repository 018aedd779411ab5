/** Puts the proxy together, starts it and stops it. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';
import { ProxyError } from './errors.ts';
import { accountRoutes } from './http/account.ts';
import { createApp } from './http/app.ts';
import { createAuthenticate } from './http/authentication.ts';
import { createRefuseBroken } from './http/broken-requests.ts';
import { eventRoutes } from './http/events.ts';
import { imageRoutes } from './http/images.ts';
import { jssdkRoutes } from './http/jssdk.ts';
import { messageKeys, messageRoutes } from './http/messages.ts';
import { openapi } from './http/openapi.ts';
import { operationRoutes } from './http/operations.ts';
import { orderRoutes } from './http/orders.ts';
import { payNotificationRoutes } from './http/pay-notifications.ts';
import { payV2NotificationRoutes } from './http/pay-v2-notifications.ts';
import { paymentRoutes } from './http/payments.ts';
import { productRoutes } from './http/products.ts';
import { qrCodeRoutes } from './http/qr-codes.ts';
import { refundRoutes } from './http/refunds.ts';
import { type Route, route } from './http/route.ts';
import { sessionRoutes } from './http/sessions.ts';
import { templateMessageRoutes } from './http/template-messages.ts';
import { widgetRoutes } from './http/widgets.ts';
import { ImageFiles } from './images/image-files.ts';
import { Images } from './images/images.ts';
import { openImageStorage } from './images/open-image-storage.ts';
import { ScratchFolder } from './images/scratch-folder.ts';
import { Inbox } from './messages/inbox.ts';
import { createMetrics } from './metrics.ts';
import { DailyReconciliation } from './orders/daily-reconciliation.ts';
import type { Report } from './orders/reconciliation.ts';
import { Delivery } from './outbox/delivery.ts';
import { repeat } from './repeat.ts';
import { createServices, receiverOf } from './services.ts';
import { Sessions } from './sessions.ts';
import { SignIns } from './sign-ins.ts';
import { JsapiTicket } from './wechat/account/jsapi-ticket.ts';
import { Media } from './wechat/account/media.ts';
import { OAuth } from './wechat/account/oauth.ts';
import { PassThrough } from './wechat/account/pass-through.ts';
import { QrCodes } from './wechat/account/qr-code.ts';
import { createDownloader, createExchange } from './wechat/http-client.ts';

export interface Proxy {
  /** Where it listens; known once it has started. */
  readonly url: string;
  start(): Promise<void>;
  /** Takes no more requests, finishes those that it has, within ten seconds. */
  stop(): Promise<void>;
}

export interface ProxyOptions {
  logger?: Logger;
  /** Milliseconds since 1970. */
  now?: () => number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DRAIN_TIME = 8 * SECOND;
const HEADERS_TIME = 30 * SECOND;
/** A photo over a slow network takes its time; that it comes at all is seen to where it is read. */
const REQUEST_TIME = 10 * MINUTE;

/** `dist/widgets`, seen from the sources as well as from the built proxy beside it. */
const WIDGETS_FOLDER = join(
  dirname(fileURLToPath(import.meta.url)),
  import.meta.url.endsWith('.ts') ? '../dist/widgets' : '../widgets',
);

/**
 * Builds a proxy from its configuration. Nothing listens yet.
 * @throws {ProxyError} `store_unavailable`
 */
export async function createProxy(config: Config, options: ProxyOptions = {}): Promise<Proxy> {
  const { now = Date.now, logger = pino({ level: config.LOG_LEVEL }) } = options;
  const onError = (error: unknown, doing: string) => logger.error(describe(error), doing);
  const metrics = createMetrics();
  const services = await createServices(config, { now, onError });
  const { store, http, credentials, api, app, accessToken, gateway, events, orders, refunds } = services;
  const { templateMessages, messageResults } = services;
  const jsapiTicket = new JsapiTicket({ ...credentials, ...app, api, accessToken });
  const oauth = new OAuth({ ...app, api, openUrl: config.WECHAT_OPEN_URL });

  const callbackUrl = `${config.PUBLIC_URL}/v1/oauth/callback`;
  const signIns = new SignIns({ store, oauth, callbackUrl, now, onError });
  const sessions = new Sessions({
    secrets: config.SESSION_SECRET,
    lifetime: config.SESSION_TTL,
    appId: config.WECHAT_APP_ID,
    now,
  });
  const scratch = await openScratchFolder();
  const { images, imageFiles } = await createImages();
  const passThrough = new PassThrough({ exchange: createExchange(), baseUrl: config.WECHAT_API_URL, accessToken });
  const qrCodes = new QrCodes({ api, http, accessToken, mpUrl: config.WECHAT_MP_URL, now });
  const delivery = createDelivery();
  const onBadReply = (reason: string) => logger.warn({ reason }, 'a reply that cannot be passed on');
  const inbox = new Inbox({ store, events, delivery, results: messageResults, now, onError, onBadReply });

  let draining = false;
  const routes = [
    ...orderRoutes({ orders, now }),
    ...paymentRoutes(services),
    ...refundRoutes(services),
    ...productRoutes(services),
    ...jssdkRoutes({ ...app, jsapiTicket, allowedOrigins: config.ALLOWED_ORIGINS, now }),
    ...sessionRoutes({ sessions, signIns, allowedOrigins: config.ALLOWED_ORIGINS }),
    ...imageRoutes({ images, files: imageFiles, publicUrl: config.PUBLIC_URL }),
    ...qrCodeRoutes({ qrCodes }),
    ...templateMessageRoutes(services),
    ...accountRoutes({ accessToken, passThrough, scratch }),
    ...eventRoutes({ events }),
    ...messageRoutes({ inbox, keys: messageKeys(config), now }),
    ...payNotificationRoutes(services),
    ...payV2NotificationRoutes({ ...services, onError }),
    ...operationRoutes({ metrics, assertReady, verificationFiles: config.DOMAIN_VERIFICATION ?? [] }),
    ...(await widgetRoutes(WIDGETS_FOLDER)),
  ];
  const listener = createApp({
    routes: [...routes, openapiRoute(routes, config.PUBLIC_URL)],
    authenticate: createAuthenticate({ apiKeys: config.API_KEYS, allowedOrigins: config.ALLOWED_ORIGINS, sessions }),
    allowedOrigins: config.ALLOWED_ORIGINS,
    rateLimit: config.RATE_LIMIT,
    trustProxy: config.TRUST_PROXY,
    logger,
    metrics,
  });
  // What Node would answer by itself is answered as everything is: without a Host, which nothing here needs, or with an
  // expectation that nobody knows.
  const server = createServer(
    { headersTimeout: HEADERS_TIME, requestTimeout: REQUEST_TIME, requireHostHeader: false },
    listener,
  );
  server.on('checkExpectation', listener);
  server.on('clientError', createRefuseBroken(logger));
  // Browsers open connections ahead: those that have sent nothing yet do not count as idle.
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  const work = [
    repeat(SECOND, onError, 'looking after due orders', () => orders.attendDue()),
    repeat(SECOND, onError, 'ending abandoned numbers', () => orders.attendAbandonedTrades()),
    repeat(SECOND, onError, 'looking after due refunds', () => refunds.attendDue()),
    repeat(SECOND, onError, 'keeping token and ticket fresh', () =>
      Promise.all([accessToken.keepFresh(), jsapiTicket.keepFresh()]),
    ),
    repeat(10 * SECOND, onError, 'telling what became of messages', () => messageResults.tellDue()),
    repeat(MINUTE, onError, 'forgetting what was answered', () => inbox.forgetReplies()),
    repeat(MINUTE, onError, 'keeping certificates fresh', () => gateway.keepFresh()),
    repeat(10 * MINUTE, onError, 'removing old sign-ins', () => signIns.removeOld()),
  ];
  const removing = repeat(MINUTE, onError, 'removing files of images', () => imageFiles.removeStrays());
  imageFiles.onStrays = removing.soon;
  work.push(
    removing,
    repeat(10 * MINUTE, onError, 'removing orphaned images', () => images.removeOrphans().then(removing.soon)),
  );
  const sending = repeat(SECOND, onError, 'sending messages', () => templateMessages.startDue());
  templateMessages.onAdded = sending.soon;
  work.push(sending);
  if (delivery) {
    const delivering = repeat(SECOND, onError, 'delivering events', () => delivery.startDue());
    events.onAdded = delivering.soon;
    delivery.onRoom = delivering.soon;
    work.push(delivering);
  }

  if (config.RECONCILE_AT) {
    const daily = new DailyReconciliation({ ...services, at: config.RECONCILE_AT, now, onReport, onError });
    work.push(repeat(MINUTE, onError, 'reconciling', () => daily.attendDue()));
  }

  /** What is wrong with a day's payments is worth waking somebody: metrics count it, the log tells it. */
  function onReport({ date, differences, ...counts }: Report): void {
    metrics.differences.inc(differences.filter(({ healed }) => !healed).length);
    logger.info({ date, ...counts, differences: differences.length }, 'reconciled');
    for (const difference of differences) logger[difference.healed ? 'info' : 'warn'](difference, 'difference');
  }

  async function assertReady(): Promise<void> {
    if (draining) throw new ProxyError('draining');
    await store.ping().catch((cause) => {
      throw new ProxyError('store_unavailable', undefined, { cause });
    });
  }

  async function createImages() {
    const { IMAGE_STORE, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = config;
    const storage = openImageStorage(IMAGE_STORE, { accessKeyId, secretAccessKey });
    await storage.prepare();
    const files = new ImageFiles({ store, storage, scratch, now });
    const { WECHAT_API_URL: baseUrl, IMAGE_ORPHAN_TTL: ttl } = config;
    const images = new Images({
      ...{ store, files, scratch, now },
      media: new Media({ download: createDownloader(), baseUrl, accessToken }),
      maxBytes: config.UPLOAD_MAX_BYTES,
      quota: config.UPLOAD_QUOTA,
      orphanTtl: ttl && ttl * SECOND,
    });
    return { images, imageFiles: files };
  }

  function createDelivery(): Delivery | undefined {
    const { WEBHOOK_SECRET: secret } = config;
    if (!secret) return undefined;
    const onResult = (result: string) => metrics.deliveries.inc({ result });
    return new Delivery({ store, urlOf: (type) => receiverOf(config, type), secret, now, onError, onResult });
  }

  const proxy: Proxy = {
    get url() {
      const { port } = server.address() as AddressInfo;
      return `http://${config.HOST}:${port}`;
    },
    async start() {
      await listen(server, config.HOST, config.PORT);
      for (const { start } of work) start();
      logger.info({ url: proxy.url, publicUrl: config.PUBLIC_URL }, 'the proxy listens');
      if (!existsSync(join(WIDGETS_FOLDER, 'widgets.js')))
        logger.warn('the widgets are not built: run `npm run build`');
    },
    async stop() {
      draining = true;
      const idle = setInterval(() => {
        server.closeIdleConnections();
        for (const socket of unused) if (socket.bytesRead === 0) socket.destroy();
      }, 50);
      const finished = Promise.all([closed(server), ...work.map(({ stop }) => stop())]).then(() =>
        Promise.all([delivery?.drain(), templateMessages.drain()]),
      );
      await Promise.race([finished, sleep(DRAIN_TIME, undefined, { ref: false })]);
      clearInterval(idle);
      server.closeAllConnections();
      await store.close();
      logger.info('the proxy has stopped');
    },
  };
  return proxy;
}

/** For uploads that are under way: this user's own, on this machine. */
async function openScratchFolder(): Promise<ScratchFolder> {
  const scratch = new ScratchFolder(join(tmpdir(), `weixin-widgets-${userInfo().uid}`));
  await scratch.clean().catch((cause) => {
    throw new ProxyError('image_store_unavailable', 'The folder for uploads that are under way is of no use.', {
      cause,
    });
  });
  return scratch;
}

function openapiRoute(routes: readonly Route[], publicUrl: string): Route {
  const own = route({
    method: 'GET',
    path: '/openapi.json',
    callers: ['anyone'],
    summary: 'This description.',
    answers: { 200: null },
    handle: async () => ({ status: 200, body: description }),
  });
  const description = openapi([...routes, own], publicUrl);
  return own;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** Only what we wrote ourselves, and the stack: foreign errors may hold requests with secrets in them. */
function describe(error: unknown) {
  if (error instanceof ProxyError) {
    const cause = error.status === 503 && error.cause instanceof Error ? error.cause.stack : undefined;
    return {
      code: error.code,
      detail: error.message,
      ...(error.upstream && { upstream: error.upstream }),
      ...(cause && { cause }),
    };
  }
  return { cause: error instanceof Error ? error.stack : String(error) };
}
