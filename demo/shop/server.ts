import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa, { type Context, type Next } from 'koa';
import { Books } from './books.ts';
import { createCheckout } from './checkout.ts';
import { contentSecurityPolicy, type PolicySources } from './content-security-policy.ts';
import { MESSAGES } from './messages.ts';
import { PrintedCodes } from './office/printed-codes.ts';
import { problemPage } from './pages.ts';
import { Reviews } from './reviews/reviews.ts';
import { addRoutes } from './routes.ts';
import { ShareCards } from './sharing/share-cards.ts';
import type { Shop } from './shop.ts';
import { Tables } from './tables/tables.ts';
import { chooseLanguage } from './visitor.ts';
import { createWebhookReceiver, type ReceivedEvent } from './webhooks.ts';

export interface ShopOptions {
  /** 0 takes any free port. */
  port: number;
  host?: string;
  /** Where browsers and this server reach the proxy. */
  proxyUrl: string;
  apiKey: string;
  /** `whsec_…` */
  webhookSecret: string;
  /** Where customers reach the shop; its own loopback address by default. */
  publicUrl?: string;
  /** Sees every page before it is sent. */
  wrapHtml?: (html: string) => string;
  /** Is told what each product's printed code says, once it is known. */
  onPrintedCode?: (codeUrl: string) => void;
  /** What the pages may load besides, by directive. */
  contentSecurityPolicy?: PolicySources;
}

export interface RunningShop {
  url: string;
  /** What the proxy has reported, every event once, oldest first. */
  events: ReceivedEvent[];
  stop(): Promise<void>;
}

/**
 * A small tea shop with server-rendered pages, as a merchant might have had for years. It sells through the proxy:
 * its server creates the orders, its pay page holds the widgets, its webhook learns what was paid.
 *
 * Rejects where it cannot listen, such as with `EADDRINUSE`.
 */
export async function startShop(options: ShopOptions): Promise<RunningShop> {
  const host = options.host ?? '127.0.0.1';
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  const shop = createShop(options, options.publicUrl?.replace(/\/$/, '') ?? url);
  const app = new Koa();
  app.use((ctx, next) => answerFailures(ctx, next, shop));
  addRoutes(app, shop);
  server.on('request', app.callback());

  return {
    url,
    events: shop.webhooks.events,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function createShop(options: ShopOptions, publicUrl: string): Shop {
  const { proxyUrl, wrapHtml = (page) => page } = options;
  const policy = contentSecurityPolicy(
    new URL(proxyUrl).origin,
    new URL(publicUrl).origin,
    options.contentSecurityPolicy,
  );
  const checkout = createCheckout(proxyUrl, options.apiKey);
  return {
    publicUrl,
    widgetsUrl: new URL('/widgets.js', proxyUrl).href,
    imagesUrl: new URL('/v1/images/', proxyUrl).href,
    books: new Books(),
    reviews: new Reviews(),
    shareCards: new ShareCards(),
    checkout,
    printedCodes: new PrintedCodes(checkout, options.onPrintedCode),
    tables: new Tables(checkout),
    codePicturesUrl: new URL('/v1/qrcodes/image?ticket=', proxyUrl).href,
    webhooks: createWebhookReceiver(options.webhookSecret),
    sendPage(ctx, page) {
      ctx.type = 'text/html; charset=utf-8';
      ctx.set({
        'content-security-policy': policy,
        'cache-control': 'no-store',
        'referrer-policy': 'strict-origin-when-cross-origin',
        'x-content-type-options': 'nosniff',
      });
      ctx.body = wrapHtml(page);
    },
  };
}

/** Whatever goes wrong, the customer gets a page that says so, and nothing of what happened inside. */
async function answerFailures(ctx: Context, next: Next, shop: Shop): Promise<void> {
  try {
    await next();
  } catch (error) {
    const status = (error as { status?: number }).status ?? 500;
    if (status >= 500) console.error('shop:', error);
    const visit = { language: chooseLanguage(ctx), path: '/' };
    const text = MESSAGES[visit.language];
    ctx.status = status;
    const problem =
      status >= 500
        ? { title: text.internalTitle, text: text.internalText }
        : { title: text.badRequestTitle, text: text.badRequestText };
    shop.sendPage(ctx, problemPage(visit, problem));
  }
}
