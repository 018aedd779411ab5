import { type Html, html } from '../html.ts';

/** How something went that the merchant did. */
export interface Notice {
  kind: 'good' | 'waiting' | 'bad';
  title: string;
  text?: string;
  /** WeChat's own words, and codes to look up: label and value. */
  details?: [label: string, value: string][];
}

export function noticeBox({ kind, title, text, details = [] }: Notice): Html {
  return html`<div class="office-notice ${kind}" role="${kind === 'bad' ? 'alert' : 'status'}"><strong>${title}</strong>
${text === undefined ? undefined : html`<p>${text}</p>`}
${details.map(([label, value]) => html`<p class="detail">${label} <code>${value}</code></p>`)}</div>`;
}
