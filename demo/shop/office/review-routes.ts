import type { Context } from 'koa';
import { CheckoutError, logCheckoutError } from '../checkout.ts';
import { problemPage } from '../pages.ts';
import { readForm } from '../read-form.ts';
import type { Shop } from '../shop.ts';
import { visitOf } from '../visit.ts';
import { OFFICE_MESSAGES } from './messages.ts';
import { OFFICE_REVIEWS_PATH } from './paths.ts';
import { officeReviewsPage } from './reviews-page.ts';

export function showReviews(ctx: Context, shop: Shop): void {
  shop.sendPage(ctx, officeReviewsPage(visitOf(ctx), shop.reviews.all()));
}

/** Takes a photo away from the proxy, and with that from everywhere. */
export async function removePhoto(ctx: Context, shop: Shop): Promise<void> {
  const id = (await readForm(ctx)).get('photo');
  const visit = visitOf(ctx, OFFICE_REVIEWS_PATH);
  const text = OFFICE_MESSAGES[visit.language];
  const photo = shop.reviews.ofOrder(ctx.params.id)?.photos.find((one) => one.id === id);
  if (!photo) {
    ctx.status = 404;
    shop.sendPage(ctx, problemPage(visit, { title: text.photoNotFoundTitle, text: text.photoNotFoundText }));
    return;
  }
  try {
    await shop.checkout.deleteImage(photo.id);
    shop.reviews.removePhoto(photo.id);
    ctx.status = 303;
    ctx.redirect(OFFICE_REVIEWS_PATH);
  } catch (error) {
    if (!(error instanceof CheckoutError)) throw error;
    logCheckoutError(error);
    ctx.status = error.temporary ? 503 : 502;
    const { notRemovedTitle: title, notRemovedText } = text;
    const details: [string, string][] = [[text.code, error.code]];
    const notice = { kind: 'bad', title, text: notRemovedText, details } as const;
    shop.sendPage(ctx, officeReviewsPage(visit, shop.reviews.all(), notice));
  }
}
