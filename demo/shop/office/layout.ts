import { type Html, html } from '../html.ts';
import { layout } from '../layout.ts';
import type { Visit } from '../visit.ts';
import { OFFICE_MESSAGES } from './messages.ts';
import { OFFICE_REVIEWS_PATH, OFFICE_SHARE_PATH, OFFICE_TABLES_PATH } from './paths.ts';

type OfficePage = 'orders' | 'reviews' | 'share' | 'tables' | 'codes';

interface Content {
  title: string;
  main: Html;
  /** Marks the link that leads to this page. */
  current?: OfficePage;
  /** More for `<head>`. */
  head?: Html;
}

/** The shop's frame with the office's own links. */
export function officeLayout(visit: Visit, { title, main, current, head }: Content): string {
  const text = OFFICE_MESSAGES[visit.language];
  const link = (name: OfficePage, href: string) =>
    html`<a href="${href}"${current === name ? html` aria-current="page"` : undefined}>${text[name]}</a>`;
  return layout(visit, {
    title: `${title} · ${text.office}`,
    head: html`<link rel="stylesheet" href="/office/office.css">
<meta name="robots" content="noindex">
${head}`,
    main: html`<div class="office">
<div class="office-bar"><nav class="tabs" aria-label="${text.office}"><span class="office-name">${text.office}</span>${link('orders', '/office')}${link('reviews', OFFICE_REVIEWS_PATH)}${link('share', OFFICE_SHARE_PATH)}${link('tables', OFFICE_TABLES_PATH)}${link('codes', '/office/codes')}</nav>
<p class="demo-note">${text.openToAll}</p></div>
${main}</div>`,
  });
}
