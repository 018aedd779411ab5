import { type Html, html } from '../html.ts';
import type { Language } from '../messages.ts';
import { REVIEW_MESSAGES } from './messages.ts';
import type { Photo } from './reviews.ts';

/** Thumbnails, each a link to the whole picture; and a placeholder for what the shop has taken away. */
export function photoList(photos: Photo[], language: Language): Html | undefined {
  if (photos.length === 0) return undefined;
  const alt = (index: number) => `${REVIEW_MESSAGES[language].photo} ${index + 1}/${photos.length}`;
  return html`<ul class="photos">${photos.map((photo, index) => html`<li>${thumbnail(photo, alt(index), language)}</li>`)}</ul>`;
}

export function thumbnail(photo: Photo, alt: string, language: Language): Html {
  if (photo.removed) return html`<span class="photo removed">${REVIEW_MESSAGES[language].removed}</span>`;
  return html`<a class="photo" href="${photo.url}"><img src="${photo.url}?width=320" srcset="${photo.url}?width=640 2x" alt="${alt}" width="${photo.width}" height="${photo.height}" loading="lazy"></a>`;
}
