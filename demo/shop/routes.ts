import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Router from '@koa/router';
import type Koa from 'koa';
import type { Context } from 'koa';
import getRawBody from 'raw-body';
import { WebhookVerificationError } from 'standardwebhooks';
import type { Order, Refund } from './books.ts';
import { CATALOGUE, describePurchase, findProduct, type Product, parseQuantity } from './catalogue.ts';
import { answerTo } from './chat/answer.ts';
import { CheckoutError } from './checkout.ts';
import { sendCheckoutProblem } from './checkout-problem.ts';
import { lookUp, type OrderName, withOrder } from './find-order.ts';
import { html } from './html.ts';
import { MESSAGES } from './messages.ts';
import { addOfficeRoutes } from './office/routes.ts';
import { ordersPage, payPage, problemPage, productPage, productsPage, retryForm } from './pages.ts';
import { payPath, productPath, resultPath } from './paths.ts';
import { readForm } from './read-form.ts';
import { resultPage } from './result-page.ts';
import { reviewStep } from './reviews/review-step.ts';
import { addReviewRoutes } from './reviews/routes.ts';
import { iconOf } from './sharing/icons.ts';
import type { PageSharing } from './sharing/page-sharing.ts';
import type { Shop } from './shop.ts';
import { tableOf } from './tables/tables.ts';
import { parameter, type Visit, visitOf } from './visit.ts';
import { findOrMakeVisitor, findVisitor } from './visitor.ts';
import type { ReceivedEvent } from './webhooks.ts';

export function addRoutes(app: Koa, shop: Shop): void {
  const router = new Router();
  router.get('/', (ctx) => showProducts(ctx, shop));
  router.get('/order_info', (ctx) => showProduct(ctx, shop));
  router.post('/orders', (ctx) => placeOrder(ctx, shop));
  router.get('/order_pay', (ctx) => showPay(ctx, shop));
  router.get('/pay_callback', (ctx) => showResult(ctx, shop));
  router.get('/my_orders', (ctx) => showOrders(ctx, shop));
  router.post('/webhooks/weixin', (ctx) => receiveEvent(ctx, shop));
  addReviewRoutes(router, shop);
  addOfficeRoutes(router, shop);
  serveFiles(router);
  app.use(router.routes());
  app.use(router.allowedMethods());
  app.use((ctx) => sendNotFound(ctx, shop));
}

function showProducts(ctx: Context, shop: Shop): void {
  const visit = visitOf(ctx);
  shop.sendPage(ctx, productsPage(visit, shop.reviews.latest(6), sharingOf(shop, visit)));
}

function showProduct(ctx: Context, shop: Shop): void {
  const product = findProduct(parameter(ctx, 'product'));
  if (product) {
    const visit = visitOf(ctx);
    const formToken = randomBytes(16).toString('base64url');
    const reviews = shop.reviews.ofProduct(product.id);
    shop.sendPage(ctx, productPage(visit, product, formToken, reviews, sharingOf(shop, visit, product)));
  } else sendNotFound(ctx, shop);
}

function sharingOf({ shareCards, widgetsUrl }: Shop, { path, language }: Visit, product?: Product): PageSharing {
  const page = { path, plainPath: product ? productPath(product) : '/', product };
  return { card: shareCards.cardOf(page, language), widgetsUrl };
}

async function placeOrder(ctx: Context, shop: Shop): Promise<void> {
  const form = await readForm(ctx);
  const product = findProduct(form.get('product') ?? undefined);
  const quantity = parseQuantity(form.get('quantity') ?? undefined);
  const visit = visitOf(ctx, product ? `/order_info?product=${product.id}` : '/');
  const text = MESSAGES[visit.language];
  if (!product || !quantity) {
    ctx.status = 400;
    return shop.sendPage(ctx, problemPage(visit, { title: text.badOrderTitle, text: text.badOrderText }));
  }

  const formToken = form.get('form') || randomBytes(16).toString('base64url');
  try {
    const order = await shop.checkout.createOrder(newOrder(shop, visit, product, quantity, formToken));
    shop.books.record(order);
    shop.books.assign(order.id, findOrMakeVisitor(ctx));
    ctx.status = 303;
    ctx.redirect(payPath(order));
  } catch (error) {
    const fields = { product: product.id, quantity: String(quantity), form: formToken };
    sendCheckoutProblem(ctx, shop, visit, error, {
      retry: retryForm(visit, 'POST', '/orders', fields),
      giveUp: html`<a class="button" href="${visit.path}">${text.buyAgain}</a>`,
    });
  }
}

/** The amount comes from the catalogue. The number comes from the form's token, so that a form sent twice is one order. */
function newOrder(shop: Shop, visit: Visit, product: Product, quantity: number, formToken: string) {
  const { language } = visit;
  const content = JSON.stringify([formToken, product.id, product.price, quantity, language]);
  const outTradeNo = `QY${createHash('sha256').update(content).digest('hex').slice(0, 24).toUpperCase()}`;
  const imageUrl = `${shop.publicUrl}/pictures/${product.id}.svg`;
  return {
    outTradeNo,
    description: describePurchase(product, quantity, MESSAGES[language].shopName, language),
    items: [{ name: product.name[language], quantity, unitPrice: product.price, imageUrl }],
    amount: { total: product.price * quantity, currency: 'CNY' as const },
    returnUrl: `${shop.publicUrl}/pay_callback?${new URLSearchParams({ outTradeNo })}`,
  };
}

async function showPay(ctx: Context, shop: Shop): Promise<void> {
  await withOrder(ctx, shop, nameIn(ctx), (order) => shop.sendPage(ctx, payPage(visitOf(ctx), order, shop.widgetsUrl)));
}

async function showResult(ctx: Context, shop: Shop): Promise<void> {
  await withOrder(ctx, shop, nameIn(ctx), async (order) => {
    if (!ctx.URL.searchParams.has('order')) return ctx.redirect(resultPath(order));
    const check = Number.parseInt(parameter(ctx, 'check') ?? '0', 10) || 0;
    const path = resultPath(order);
    const [known, refunds] = await Promise.all([lookUp(shop, order), findRefunds(shop, order)]);
    const review = reviewStep(shop, known, findVisitor(ctx));
    shop.sendPage(ctx, resultPage(visitOf(ctx, path), { order: known, refunds, check, review }));
  });
}

/** For show only: without the proxy's answer the page shows what the order says. */
async function findRefunds(shop: Shop, order: Order): Promise<Refund[]> {
  try {
    return await shop.checkout.listRefunds(order.id);
  } catch (error) {
    if (error instanceof CheckoutError) return [];
    throw error;
  }
}

async function showOrders(ctx: Context, shop: Shop): Promise<void> {
  const visitor = findVisitor(ctx);
  const orders = visitor === undefined ? [] : shop.books.ofVisitor(visitor).slice(0, 50);
  shop.sendPage(ctx, ordersPage(visitOf(ctx), await Promise.all(orders.map((order) => lookUp(shop, order)))));
}

function nameIn(ctx: Context): OrderName {
  return { id: parameter(ctx, 'order'), outTradeNo: parameter(ctx, 'outTradeNo') };
}

async function receiveEvent(ctx: Context, shop: Shop): Promise<void> {
  // The signature is over the bytes as they came: nothing may parse them before.
  const rawBody = await getRawBody(ctx.req, { limit: '256kb', encoding: 'utf8' });
  try {
    const event = shop.webhooks.receive(rawBody, ctx.headers);
    if (event) enterEvent(shop, event);
    const reply = event && answerTo(event, shop);
    if (reply) ctx.body = { reply };
    else ctx.status = 204;
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    ctx.status = 401;
    ctx.body = 'The signature is wrong or too old.\n';
  }
}

function enterEvent({ books, tables }: Shop, { type, data }: ReceivedEvent): void {
  if (type.startsWith('order.') || type === 'payment.late') books.record(data as unknown as Order);
  if (type.startsWith('refund.')) books.outdate((data as unknown as Refund).orderId);
  const table = type === 'code.scanned' ? tableOf(data.scene) : undefined;
  if (table) tables.recordScan(table, data as { subscribed: boolean; createdAt: string });
}

function sendNotFound(ctx: Context, shop: Shop): void {
  if (ctx.status !== 404) return;
  const visit = visitOf(ctx);
  const text = MESSAGES[visit.language];
  shop.sendPage(ctx, problemPage(visit, { title: text.notFoundTitle, text: text.notFoundText }));
  ctx.status = 404;
}

function serveFiles(router: Router): void {
  const pictures = ['hero', 'seal', ...CATALOGUE.map((product) => product.id)];
  const files = [
    ...pictures.map((name) => [`pictures/${name}.svg`, 'image/svg+xml']),
    ['shop.css', 'text/css'],
    ['office/office.css', 'text/css'],
    ['office/share-studio.js', 'text/javascript'],
  ];
  for (const [path, type] of files) {
    const content = readFileSync(new URL(path!, import.meta.url));
    router.get(`/${path}`, (ctx) => sendFile(ctx, type!, content));
  }
  for (const name of ['shop', ...CATALOGUE.map((product) => product.id)])
    router.get(`/pictures/${name}.jpg`, async (ctx) => sendFile(ctx, 'image/jpeg', await iconOf(name)));
}

function sendFile(ctx: Context, type: string, content: Buffer): void {
  const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 16)}"`;
  ctx.status = 200;
  ctx.set({ etag, 'cache-control': 'no-cache' });
  ctx.type = type;
  if (ctx.fresh) ctx.status = 304;
  else ctx.body = content;
}
