import { findProduct } from '../catalogue.ts';
import { localTime } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Language } from '../messages.ts';
import { REVIEW_MESSAGES } from '../reviews/messages.ts';
import { thumbnail } from '../reviews/photos.ts';
import type { Photo, Review } from '../reviews/reviews.ts';
import { starsShown } from '../reviews/stars.ts';
import { symbol } from '../symbol.ts';
import type { Visit } from '../visit.ts';
import { officeLayout } from './layout.ts';
import { OFFICE_MESSAGES } from './messages.ts';
import { type Notice, noticeBox } from './notice.ts';
import { officeOrderPath, removePhotoPath } from './paths.ts';

/** Every review, newest first, for whoever has to look after what customers put there. */
export function officeReviewsPage(visit: Visit, reviews: Review[], notice?: Notice): string {
  const text = OFFICE_MESSAGES[visit.language];
  const main =
    reviews.length === 0
      ? html`<section class="result">${symbol('cup')}
<div><h1>${text.reviewsEmpty}</h1><p>${text.reviewsEmptyText}</p></div>
<p class="actions"><a class="button" href="/">${text.toShop}</a></p></section>`
      : html`<h1>${text.reviews}</h1><p class="quiet">${text.reviewsText}</p>
${notice && noticeBox(notice)}
<ul class="office-reviews">${reviews.map((review) => html`<li class="panel">${officeReview(review, visit.language)}</li>`)}</ul>`;
  return officeLayout(visit, { title: text.reviews, main, current: 'reviews' });
}

function officeReview(review: Review, language: Language): Html {
  const name = findProduct(review.productId)?.name[language];
  return html`<article><div class="review-head"><h2>${name}</h2>${starsShown(review.stars, language)}
<time class="quiet" datetime="${review.writtenAt}">${localTime(review.writtenAt, language)}</time></div>
${review.text === '' ? undefined : html`<p class="review-text">${review.text}</p>`}
${review.photos.length === 0 ? undefined : photosToManage(review, language)}
<p class="quiet"><a href="${officeOrderPath(review.orderId)}">${OFFICE_MESSAGES[language].toOrder}</a></p></article>`;
}

function photosToManage({ orderId, photos }: Review, language: Language): Html {
  const alt = (index: number) => `${REVIEW_MESSAGES[language].photo} ${index + 1}/${photos.length}`;
  return html`<ul class="photos">${photos.map(
    (photo, index) => html`<li>${thumbnail(photo, alt(index), language)}
${photo.removed ? undefined : removal(orderId, photo, alt(index), language)}</li>`,
  )}</ul>`;
}

/** Two steps, without a script: a photo that is removed cannot be brought back. */
function removal(orderId: string, photo: Photo, name: string, language: Language): Html {
  const text = OFFICE_MESSAGES[language];
  return html`<details class="removal"><summary>${text.removePhoto}<span class="unseen"> ${name}</span></summary>
<form method="post" action="${removePhotoPath(orderId)}"><input type="hidden" name="photo" value="${photo.id}">
<button class="small">${text.removeForGood}<span class="unseen"> ${name}</span></button></form></details>`;
}
