import { type Html, html } from '../html.ts';
import type { Language } from '../messages.ts';
import { REVIEW_MESSAGES } from './messages.ts';

export const STARS = [1, 2, 3, 4, 5] as const;

export function star(kind?: 'full' | 'empty'): Html {
  const classes = kind === undefined ? 'star' : `star ${kind}`;
  return html`<svg class="${classes}" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2.8l2.8 5.9 6.4.8-4.7 4.4 1.2 6.4-5.7-3.1-5.7 3.1 1.2-6.4-4.7-4.4 6.4-.8z"/></svg>`;
}

/** How many stars of five, to be looked at. Parts of a star are rounded in the picture, not in the words. */
export function starsShown(stars: number, language: Language): Html {
  const text = REVIEW_MESSAGES[language];
  const label = `${Number.isInteger(stars) ? stars : stars.toFixed(1)} ${stars === 1 ? text.star : text.stars} ${text.ofFive}`;
  const five = STARS.map((count) => star(count <= Math.round(stars) ? 'full' : 'empty'));
  return html`<span class="stars" role="img" aria-label="${label}">${five}</span>`;
}
