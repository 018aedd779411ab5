import { type Html, html } from './html.ts';

const STROKES = {
  done: html`<path d="M15 25l7 7 12-15"/>`,
  waiting: html`<circle class="spin" cx="24" cy="24" r="21" pathLength="100"/><path d="M24 14v10l7 5"/>`,
  unpaid: html`<path d="M24 14v13M24 33v.5"/>`,
  closed: html`<path d="M17 17l14 14M31 17L17 31"/>`,
  returned: html`<path d="M18 14l-6 6 6 6M13 20h14a7 7 0 0 1 0 14h-8"/>`,
  broken: html`<path d="M24 14v13M24 33v.5"/>`,
  cup: html`<path d="M13 20h20v5a9 9 0 0 1-9 9h-2a9 9 0 0 1-9-9zM33 22h2a3 3 0 0 1 0 7h-3M19 15c-2-2 2-3 0-5M27 15c-2-2 2-3 0-5"/>`,
};

export type SymbolName = keyof typeof STROKES;

/** The round sign on top of a page that says how something went. */
export function symbol(name: SymbolName): Html {
  return html`<svg class="symbol ${name}" viewBox="0 0 48 48" aria-hidden="true">${STROKES[name]}</svg>`;
}
