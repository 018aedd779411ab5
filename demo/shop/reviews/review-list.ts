import { findProduct, type Product } from '../catalogue.ts';
import { localTime } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Language } from '../messages.ts';
import { REVIEW_MESSAGES } from './messages.ts';
import { photoList } from './photos.ts';
import type { Review } from './reviews.ts';
import { starsShown } from './stars.ts';

/** No more than these photos of a review in a list of all products; the product's page has the others. */
const PHOTOS_IN_LATEST = 3;

/** For the home page: what customers have shown of any product. Nothing where there is nothing. */
export function latestReviews(reviews: Review[], language: Language): Html | undefined {
  if (reviews.length === 0) return undefined;
  return html`<section class="reviews" aria-labelledby="reviews"><h2 id="reviews">${REVIEW_MESSAGES[language].latest}</h2>
<ul class="review-cards">${reviews.map((review) => html`<li>${latestReview(review, language)}</li>`)}</ul></section>`;
}

function latestReview(review: Review, language: Language): Html {
  const product = findProduct(review.productId);
  const name = product && html`<a href="/order_info?product=${product.id}#reviews">${product.name[language]}</a>`;
  const photos = review.photos.filter(({ removed }) => !removed).slice(0, PHOTOS_IN_LATEST);
  return reviewArticle({ ...review, photos }, language, name);
}

/** For the product's own page: how many, how good, and each. */
export function productReviews(reviews: Review[], language: Language): Html {
  const text = REVIEW_MESSAGES[language];
  const summary = reviews.length === 0 ? html`<p class="quiet">${text.none}</p>` : reviewSummary(reviews, language);
  return html`<section class="reviews product-reviews" aria-labelledby="reviews"><div class="reviews-head"><h2 id="reviews">${text.productReviews}</h2>${summary}</div>
${reviews.length === 0 ? undefined : html`<ul class="review-cards">${reviews.map((review) => html`<li>${reviewArticle(review, language)}</li>`)}</ul>`}</section>`;
}

function reviewSummary(reviews: Review[], language: Language): Html {
  const text = REVIEW_MESSAGES[language];
  const average = reviews.reduce((sum, { stars }) => sum + stars, 0) / reviews.length;
  const count = `${reviews.length} ${reviews.length === 1 ? text.countOne : text.count}`;
  return html`<p class="review-summary">${starsShown(average, language)}<strong>${average.toFixed(1)}</strong> <span class="quiet">${count}</span></p>`;
}

/**
 * A review for everyone. The order's id must not be in it: whoever knows that can open the order.
 * `about`: what it is about, where the page does not say so.
 */
export function reviewArticle(review: Review, language: Language, about?: Html): Html {
  return html`<article class="review"><div class="review-head">${starsShown(review.stars, language)}
<time class="quiet" datetime="${review.writtenAt}">${localTime(review.writtenAt, language)}</time></div>
${review.text === '' ? undefined : html`<p class="review-text">${review.text}</p>`}
${photoList(review.photos, language)}
${about && html`<p class="review-about">${about}</p>`}</article>`;
}

/** What a review is about, on top of a page. */
export function reviewedProduct(product: Product, language: Language): Html {
  return html`<div class="reviewed"><img src="/pictures/${product.id}.svg" alt="" width="600" height="600">
<div><p class="order-name">${product.name[language]}</p><p class="quiet">${product.unit[language]}</p></div></div>`;
}
