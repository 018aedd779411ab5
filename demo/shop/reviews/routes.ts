import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Order } from '../books.ts';
import { CheckoutError, logCheckoutError } from '../checkout.ts';
import { lookUp, withOrder } from '../find-order.ts';
import { productOf } from '../order-product.ts';
import { problemPage } from '../pages.ts';
import { resultPath, reviewPath } from '../paths.ts';
import { readForm } from '../read-form.ts';
import type { Shop } from '../shop.ts';
import { visitOf } from '../visit.ts';
import { findVisitor } from '../visitor.ts';
import { REVIEW_MESSAGES } from './messages.ts';
import { checkReviewForm, EMPTY_FORM, type Mistake, type ReviewForm, readReviewForm } from './review-form.ts';
import { type ReviewProblem, reviewPage, writeReviewPage } from './review-page.ts';
import { isReviewable, reviewStep } from './review-step.ts';
import type { Photo } from './reviews.ts';

export function addReviewRoutes(router: Router, shop: Shop): void {
  router.get('/orders/:id/review', (ctx) => showReview(ctx, shop));
  router.post('/orders/:id/review', (ctx) => publishReview(ctx, shop));
}

async function showReview(ctx: Context, shop: Shop): Promise<void> {
  await withReviewer(ctx, shop, (order) => sendForm(ctx, shop, order, EMPTY_FORM));
}

async function publishReview(ctx: Context, shop: Shop): Promise<void> {
  // More than any review needs, so that one that is too long gets a page that says so.
  const form = readReviewForm(await readForm(ctx, '64kb'));
  await withReviewer(ctx, shop, async (order) => {
    const checked = checkReviewForm(form, shop.imagesUrl);
    if ('mistake' in checked) {
      ctx.status = 422;
      return sendForm(ctx, shop, order, checked.form, mistakeProblem(ctx, checked.mistake));
    }
    const { imageIds, ...written } = checked;
    const photos = await keepPhotos(ctx, shop, order, form, imageIds);
    if (!photos) return;
    const productId = productOf(order)!.id;
    shop.reviews.add({ orderId: order.id, productId, ...written, photos, writtenAt: new Date().toISOString() });
    seeOther(ctx, reviewPath(order.id));
  });
}

/** Tells the proxy that the photos are in use. Where that fails, the customer gets the form back, and this `undefined`. */
async function keepPhotos(ctx: Context, shop: Shop, order: Order, form: ReviewForm, imageIds: string[]) {
  const text = REVIEW_MESSAGES[visitOf(ctx).language];
  try {
    const kept = await Promise.all(imageIds.map((id) => keepPhoto(shop, id)));
    const photos = kept.filter((photo) => photo !== undefined);
    if (photos.length === imageIds.length) return photos;
    ctx.status = 422;
    const left = { ...form, photos: photos.map(({ url }) => url) };
    await sendForm(ctx, shop, order, left, { title: text.goneTitle, text: text.goneText, wrong: 'photos' });
  } catch (error) {
    if (!(error instanceof CheckoutError)) throw error;
    logCheckoutError(error);
    ctx.status = error.temporary ? 503 : 502;
    const { code } = error;
    await sendForm(ctx, shop, order, form, { title: text.notKeptTitle, text: text.notKeptText, code });
  }
  return undefined;
}

async function keepPhoto(shop: Shop, id: string): Promise<Photo | undefined> {
  const image = await shop.checkout.keepImage(id);
  return image && { id, url: shop.imagesUrl + id, width: image.width, height: image.height, removed: false };
}

/** The order of this address, for the customer who may review it. Everyone else gets the page that they may see. */
async function withReviewer(ctx: Context, shop: Shop, act: (order: Order) => Promise<void>): Promise<void> {
  await withOrder(ctx, shop, { id: ctx.params.id }, async (found) => {
    const order = await lookUp(shop, found);
    const visitor = findVisitor(ctx);
    const step = reviewStep(shop, order, visitor);
    if (step === 'write') return act(order);
    if (step === 'read' && ctx.method === 'GET') return sendReview(ctx, shop, order, visitor);
    if (step === 'read') return seeOther(ctx, reviewPath(order.id));
    if (!isReviewable(order)) return seeOther(ctx, resultPath(order));
    const visit = visitOf(ctx);
    const text = REVIEW_MESSAGES[visit.language];
    ctx.status = 403;
    return shop.sendPage(ctx, problemPage(visit, { title: text.notYoursTitle, text: text.notYoursText }));
  });
}

function sendReview(ctx: Context, shop: Shop, order: Order, visitor: string | undefined): void {
  const isOwn = visitor !== undefined && shop.books.isOfVisitor(order.id, visitor);
  shop.sendPage(ctx, reviewPage(visitOf(ctx), productOf(order)!, shop.reviews.ofOrder(order.id)!, isOwn));
}

function seeOther(ctx: Context, path: string): void {
  ctx.status = 303;
  ctx.redirect(path);
}

async function sendForm(
  ctx: Context,
  shop: Shop,
  order: Order,
  form: ReviewForm,
  problem?: ReviewProblem,
): Promise<void> {
  const session = await openSession(shop, order);
  const draft = { order, product: productOf(order)!, form, problem, session, widgetsUrl: shop.widgetsUrl };
  shop.sendPage(ctx, writeReviewPage(visitOf(ctx, reviewPath(order.id)), draft));
}

/**
 * The shop has no accounts. What it knows of its customer is the browser that ordered, and who paid that order; so that
 * browser uploads as that payer, on a desktop as well, where WeChat has no sign-in. Without a session the page still
 * takes reviews, and inside WeChat the element signs in by itself.
 */
async function openSession(shop: Shop, { openid }: Order): Promise<string | undefined> {
  if (openid === undefined) return undefined;
  try {
    return (await shop.checkout.createSession(openid)).token;
  } catch (error) {
    if (!(error instanceof CheckoutError)) throw error;
    logCheckoutError(error);
    return undefined;
  }
}

function mistakeProblem(ctx: Context, mistake: Mistake): ReviewProblem {
  const text = REVIEW_MESSAGES[visitOf(ctx).language];
  const name = { stars: 'badStars', text: 'badText', photos: 'badPhotos', tooManyPhotos: 'badTooManyPhotos' } as const;
  const wrong = mistake === 'tooManyPhotos' ? 'photos' : mistake;
  return { title: text[`${name[mistake]}Title`], text: text[`${name[mistake]}Text`], wrong };
}
