import type Router from '@koa/router';
import type { Context } from 'koa';
import { generate } from 'lean-qr';
import { toSvgSource } from 'lean-qr/extras/svg';
import { CATALOGUE, findProduct } from '../catalogue.ts';
import { CheckoutError } from '../checkout.ts';
import { html } from '../html.ts';
import { MESSAGES } from '../messages.ts';
import type { Shop } from '../shop.ts';
import { TABLES } from '../tables/tables.ts';
import { parameter, visitOf } from '../visit.ts';
import { codesNeedV2Page, codesPage } from './codes-page.ts';
import { loopbackOnly } from './loopback-only.ts';
import { closeOrder, refundOrder, showOrder } from './order-routes.ts';
import { officeOrdersPage } from './orders-page.ts';
import { OFFICE_SHARE_PATH, OFFICE_TABLES_PATH } from './paths.ts';
import { sendOfficeProblem } from './problem.ts';
import { removePhoto, showReviews } from './review-routes.ts';
import { removeCard, saveCard, showStudio } from './share-routes.ts';
import { tablesPage } from './tables-page.ts';

/** The pages for the shop's own staff. Their facts come from the proxy, which has the orders of printed codes as well. */
export function addOfficeRoutes(router: Router, shop: Shop): void {
  router.use('/office', (ctx, next) => loopbackOnly(ctx, next, shop));
  router.get('/office', (ctx) => showOrders(ctx, shop));
  router.get('/office/orders/:id', (ctx) => showOrder(ctx, shop));
  router.post('/office/orders/:id/refunds', (ctx) => refundOrder(ctx, shop));
  router.post('/office/orders/:id/close', (ctx) => closeOrder(ctx, shop));
  router.get('/office/reviews', (ctx) => showReviews(ctx, shop));
  router.post('/office/reviews/:id/remove_photo', (ctx) => removePhoto(ctx, shop));
  router.get(OFFICE_SHARE_PATH, (ctx) => showStudio(ctx, shop));
  router.post(OFFICE_SHARE_PATH, (ctx) => saveCard(ctx, shop));
  router.post(`${OFFICE_SHARE_PATH}/remove`, (ctx) => removeCard(ctx, shop));
  router.get(OFFICE_TABLES_PATH, (ctx) => showTables(ctx, shop));
  router.get('/office/codes', (ctx) => showCodes(ctx, shop));
  router.get('/office/codes/:product.svg', (ctx) => sendCode(ctx, shop));
}

async function showOrders(ctx: Context, shop: Shop): Promise<void> {
  const cursor = parameter(ctx, 'cursor');
  try {
    const list = await shop.checkout.listOrders(cursor);
    shop.sendPage(ctx, officeOrdersPage(visitOf(ctx), { ...list, isFirst: cursor === undefined }));
  } catch (error) {
    sendOfficeProblem(ctx, shop, error, tryAgainLink(ctx));
  }
}

async function showCodes(ctx: Context, shop: Shop): Promise<void> {
  try {
    await Promise.all(CATALOGUE.map((product) => shop.printedCodes.codeUrl(product)));
    shop.sendPage(ctx, codesPage(visitOf(ctx)));
  } catch (error) {
    if (needsV2(error)) shop.sendPage(ctx, codesNeedV2Page(visitOf(ctx)));
    else sendOfficeProblem(ctx, shop, error, tryAgainLink(ctx));
  }
}

async function showTables(ctx: Context, shop: Shop): Promise<void> {
  const { tables, codePicturesUrl } = shop;
  try {
    const codes = TABLES.map(async (table) => {
      const code = await tables.code(table);
      const pictureUrl = codePicturesUrl + encodeURIComponent(code.ticket);
      return { table, code, pictureUrl, scans: tables.scans(table) };
    });
    shop.sendPage(ctx, tablesPage(visitOf(ctx), await Promise.all(codes)));
  } catch (error) {
    sendOfficeProblem(ctx, shop, error, tryAgainLink(ctx));
  }
}

/** A picture, so that no page needs a script, or a style of its own, for it. */
async function sendCode(ctx: Context, shop: Shop): Promise<void> {
  const product = findProduct(ctx.params.product);
  if (!product) return;
  try {
    const codeUrl = await shop.printedCodes.codeUrl(product);
    ctx.type = 'image/svg+xml';
    ctx.set({ 'cache-control': 'no-cache', 'content-security-policy': "default-src 'none'" });
    ctx.body = toSvgSource(generate(codeUrl), { on: '#15201a', off: '#ffffff', pad: 4, xmlDeclaration: true });
  } catch (error) {
    if (!needsV2(error)) sendOfficeProblem(ctx, shop, error, tryAgainLink(ctx));
  }
}

function needsV2(error: unknown): boolean {
  return error instanceof CheckoutError && error.code === 'products_need_v2';
}

function tryAgainLink(ctx: Context) {
  const visit = visitOf(ctx);
  return html`<a class="button" href="${visit.path}">${MESSAGES[visit.language].tryAgain}</a>`;
}
