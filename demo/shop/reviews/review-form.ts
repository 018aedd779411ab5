import { type Html, html } from '../html.ts';
import { imageIdOf } from '../image-id.ts';
import { reviewPath } from '../paths.ts';
import type { Visit } from '../visit.ts';
import { REVIEW_MESSAGES } from './messages.ts';
import { STARS, star } from './stars.ts';

export const MAX_TEXT = 500;
export const MAX_PHOTOS = 9;

/** The form as it stands, or as it was written and sent. */
export interface ReviewForm {
  stars: string;
  text: string;
  /** Addresses of pictures at the proxy. */
  photos: string[];
}

/** What stands in a form that cannot be taken. */
export type Mistake = 'stars' | 'text' | 'photos' | 'tooManyPhotos';

/** What was written, once it has been checked. */
export interface WrittenReview {
  stars: number;
  text: string;
  imageIds: string[];
}

export const EMPTY_FORM: ReviewForm = { stars: '', text: '', photos: [] };

/** The same picture twice is one photo: the proxy gives both the same address. */
export function readReviewForm(fields: URLSearchParams): ReviewForm {
  return {
    stars: fields.get('stars') ?? '',
    text: (fields.get('text') ?? '').replaceAll('\r\n', '\n').trim(),
    photos: [...new Set(fields.getAll('photos').filter((url) => url !== ''))],
  };
}

/** The review, or what is wrong with it and the form without what can never be right. */
export function checkReviewForm(
  form: ReviewForm,
  imagesUrl: string,
): WrittenReview | { mistake: Mistake; form: ReviewForm } {
  const photos = form.photos.filter((url) => imageIdOf(url, imagesUrl) !== undefined);
  const mistake = findMistake(form, photos);
  if (mistake) return { mistake, form: { ...form, photos: photos.slice(0, MAX_PHOTOS) } };
  const imageIds = photos.map((url) => url.slice(imagesUrl.length));
  return { stars: Number(form.stars), text: form.text, imageIds };
}

function findMistake(form: ReviewForm, photos: string[]): Mistake | undefined {
  if (!/^[1-5]$/.test(form.stars)) return 'stars';
  if ([...form.text].length > MAX_TEXT) return 'text';
  if (photos.length < form.photos.length) return 'photos';
  return photos.length > MAX_PHOTOS ? 'tooManyPhotos' : undefined;
}

/** `wrong`: the field that has to be corrected; the page says why under the id `problem`. */
export function reviewFormSection(visit: Visit, orderId: string, form: ReviewForm, wrong?: keyof ReviewForm): Html {
  const text = REVIEW_MESSAGES[visit.language];
  const why = (field: keyof ReviewForm) => (wrong === field ? html` aria-describedby="problem"` : undefined);
  const invalid = wrong === 'text' ? html` aria-invalid="true"` : undefined;
  const value = form.photos.length === 0 ? undefined : html` value="${form.photos.join(',')}"`;
  return html`<form class="review-form" method="post" action="${reviewPath(orderId)}">
<fieldset class="rating"${why('stars')}><legend>${text.starsLabel}</legend>
<div class="stars-choice">${STARS.map((count) => starChoice(visit, count, form))}</div></fieldset>
<label class="field"><span>${text.textLabel}</span>
<textarea name="text" rows="5" maxlength="${MAX_TEXT}" placeholder="${text.textPlaceholder}"${invalid}${why('text')}>
${form.text}</textarea>
<small>${text.textMost}</small></label>
<fieldset class="field"${why('photos')}><legend>${text.photosLabel}</legend>
<image-uploader name="photos" max="${MAX_PHOTOS}"${value}></image-uploader>
<noscript><p class="notice">${text.photosNeedScript}</p></noscript>
<p class="notice not-loaded">${text.photosNotLoaded}</p></fieldset>
<button>${text.submit}</button>
<p class="quiet">${text.submitNote}</p>
</form>`;
}

/** A radio button drawn as a star. The word beside the stars is that of the one that is chosen. */
function starChoice({ language }: Visit, count: (typeof STARS)[number], form: ReviewForm): Html {
  const text = REVIEW_MESSAGES[language];
  const id = `stars-${count}`;
  const checked = form.stars === String(count) ? html` checked` : undefined;
  return html`<input type="radio" id="${id}" name="stars" value="${count}" required${checked}>
<label for="${id}">${star()}<span class="unseen">${count} ${count === 1 ? text.star : text.stars} </span><span class="word">${text[`stars${count}`]}</span></label>`;
}
