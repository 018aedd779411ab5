import { type Html, html } from '../html.ts';
import type { Language } from '../messages.ts';
import type { ShareCard } from '../sharing/share-card.ts';
import type { SavedCard } from '../sharing/share-cards.ts';
import { ownCard, type SharedPage, sharedPages } from '../sharing/shared-page.ts';
import type { Visit } from '../visit.ts';
import { officeLayout } from './layout.ts';
import { type Notice, noticeBox } from './notice.ts';
import { OFFICE_SHARE_PATH, officeCardPath } from './paths.ts';
import { type CardForm, cardFormPanel, nameOf } from './share-form.ts';
import { SHARE_MESSAGES } from './share-messages.ts';

export interface Studio {
  /** What the card is for. */
  page: SharedPage;
  form: CardForm;
  saved: SavedCard[];
  notice?: Notice;
  /** The field that has to be corrected. */
  wrong?: keyof CardForm;
  /** The office's session at the proxy, where it could get one. */
  session?: string;
  publicUrl: string;
  widgetsUrl: string;
}

/** Where the merchant makes the cards that pages are shared with. */
export function studioPage(visit: Visit, studio: Studio): string {
  const { page, form, notice, saved } = studio;
  const { language } = visit;
  const text = SHARE_MESSAGES[language];
  const main = html`<div class="studio-text"><h1>${text.title}</h1>
<p>${text.lead}</p><p class="quiet">${text.why}</p></div>
${notice && html`<div id="problem">${noticeBox(notice)}</div>`}
${pageChoice(page, saved, language)}
<div class="columns studio">
<div class="column">${cardFormPanel(page, language, form, studio.wrong)}
${savedPanel(saved, language)}</div>
<div class="column">${previewPanel(studio, language)}
${snippetPanel(studio, language)}</div>
</div>`;
  return officeLayout(visit, { title: text.title, main, current: 'share', head: studioHead(studio) });
}

function studioHead({ session, widgetsUrl }: Studio): Html {
  const identity =
    session &&
    html`<meta name="weixin-session" content="${session}">
`;
  return html`${identity}<script type="module" src="${widgetsUrl}"></script>
<script type="module" src="/office/share-studio.js"></script>
`;
}

function pageChoice(current: SharedPage, saved: SavedCard[], language: Language): Html {
  const text = SHARE_MESSAGES[language];
  const edited = new Set(saved.map(({ page }) => page.path));
  const choice = (page: SharedPage) => {
    const isCurrent = page.path === current.plainPath;
    return html`<li><a href="${officeCardPath(page.path)}"${isCurrent ? html` aria-current="true"` : undefined}>
<img src="${ownCard(page, language).icon}" alt="" width="400" height="400"><span>${nameOf(page, language)}</span>${
      edited.has(page.path)
        ? html`<span class="mark" title="${text.edited}"><span class="unseen">${text.edited}</span></span>`
        : undefined
    }</a></li>`;
  };
  return html`<nav class="page-choice" aria-label="${text.pages}"><ul>${sharedPages().map(choice)}</ul></nav>`;
}

/** What the form says, and, where it is silent, the page. */
function shownCard({ page, form }: Studio, language: Language): ShareCard {
  const own = ownCard(page, language);
  const { title, description, icon } = form;
  return { title: title || own.title, description: description || own.description, icon: icon || own.icon };
}

function previewPanel(studio: Studio, language: Language): Html {
  const text = SHARE_MESSAGES[language];
  const own = ownCard(studio.page, language);
  const card = shownCard(studio, language);
  return html`<section class="panel preview-panel" aria-labelledby="preview-title"><h2 id="preview-title">${text.preview}</h2>
<share-meta id="preview" preview share-title="${card.title}" share-description="${card.description}" share-link="${studio.form.link}" share-icon="${card.icon}" data-icon="${own.icon}"></share-meta>
<noscript><p class="notice">${text.previewNeedsScript}</p></noscript>
<div id="checks" aria-live="polite"><p class="fine" hidden>${text.noProblems}</p>
<div class="office-notice bad" hidden><strong>${text.problems}</strong><ul></ul></div></div></section>`;
}

function snippetPanel(studio: Studio, language: Language): Html {
  const text = SHARE_MESSAGES[language];
  return html`<section class="panel" aria-labelledby="snippet-title"><h2 id="snippet-title">${text.snippet}</h2>
<p class="quiet">${text.snippetText}</p>
<textarea id="snippet" class="snippet" readonly rows="8" spellcheck="false" aria-label="${text.snippetLabel}" data-base="${studio.publicUrl}" data-widgets="${studio.widgetsUrl}">
${snippet(studio, language)}</textarea>
<p class="copy"><button type="button" id="copy" class="secondary" hidden>${text.copy}</button>
<span id="copied" role="status" data-copied="${text.copied}" data-selected="${text.selected}"></span></p></section>`;
}

/** What a page of another site needs, with whole addresses. */
function snippet(studio: Studio, language: Language): string {
  const { publicUrl, widgetsUrl, form } = studio;
  const { title, description, icon } = shownCard(studio, language);
  const whole = (address: string) => (URL.canParse(address, publicUrl) ? new URL(address, publicUrl).href : address);
  return html`<script type="module" src="${widgetsUrl}"></script>
<share-meta
  share-title="${title}"
  share-description="${description}"
  share-link="${whole(form.link)}"
  share-icon="${whole(icon)}"
></share-meta>`.markup;
}

function savedPanel(saved: SavedCard[], language: Language): Html {
  const text = SHARE_MESSAGES[language];
  const cards =
    saved.length === 0
      ? html`<p class="quiet">${text.none}</p>`
      : html`<ul class="saved-cards">${saved.map((card) => savedCard(card, language))}</ul>`;
  return html`<section class="panel saved-panel" aria-labelledby="saved-title"><h2 id="saved-title">${text.savedCards}</h2>
${cards}</section>`;
}

function savedCard({ page, ...card }: SavedCard, language: Language): Html {
  const text = SHARE_MESSAGES[language];
  const own = ownCard(page, language);
  const title = card.title || own.title;
  const about = html`<span class="unseen"> ${title}</span>`;
  return html`<li><img src="${card.icon || own.icon}" alt="" width="300" height="300">
<div class="card-words"><strong>${title}</strong><a class="quiet" href="${page.path}">${page.path}</a></div>
<div class="deeds"><a class="button secondary small" href="${officeCardPath(page.path)}">${text.edit}${about}</a>
<form method="post" action="${OFFICE_SHARE_PATH}/remove"><input type="hidden" name="link" value="${page.path}">
<button class="secondary small">${text.remove}${about}</button></form></div></li>`;
}
