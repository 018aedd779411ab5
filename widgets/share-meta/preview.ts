import type { html, TemplateResult } from 'lit';
import type { Text } from '../core/language.ts';
import { PREVIEW_TEXTS as TEXTS } from './preview.texts.ts';
import type { ShareCard } from './share-card.ts';

/** What the element hands to its part for the preview, so that it need not bring the same things again. */
export interface PreviewView {
  html: typeof html;
  say(text: Text): string;
  card: ShareCard;
}

/** The card as WeChat shows it: as a message of a chat, and as a link in Moments. */
export function renderPreview(view: PreviewView): TemplateResult {
  const { html, say, card } = view;
  const address = card.link.replace(/^https?:\/\//, '');
  const title = card.title
    ? html`<div part="title" class="title">${card.title}</div>`
    : html`<div part="title" class="title none">${say(TEXTS.noTitle)}</div>`;
  return html`<section part="preview" class="preview" aria-label=${say(TEXTS.preview)}>
    <figure part="chat" class="chat">
      <figcaption>${say(TEXTS.chat)}</figcaption>
      <div class="ground">
        <div part="card" class="card">
          ${title}
          <div class="body">
            <div part="description" class="description">${card.description || address}</div>
            ${icon(view)}
          </div>
          <div part="source" class="source">${new URL(card.link).host}</div>
        </div>
        <span class="avatar" aria-hidden="true">${person(view)}</span>
      </div>
    </figure>
    <figure part="moments" class="moments">
      <figcaption>${say(TEXTS.moments)}</figcaption>
      <div class="ground">
        <span class="avatar" aria-hidden="true">${person(view)}</span>
        <div class="post">
          <div class="name"></div>
          <div part="card" class="card">${icon(view)} ${title}</div>
        </div>
      </div>
    </figure>
  </section>`;
}

/** The picture, over what WeChat shows where there is none, or none that loads. */
function icon({ html, card }: PreviewView): TemplateResult {
  return html`<span part="icon" class="icon">
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M10 13.5a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7l-1 1M14 10.5a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1-1" />
    </svg>
    ${card.icon ? html`<img src=${card.icon} alt="" @load=${appear} @error=${appear} />` : ''}
  </span>`;
}

function person({ html }: PreviewView): TemplateResult {
  return html`<svg viewBox="0 0 24 24"><path d="M12 5a4 4 0 1 1 0 8 4 4 0 0 1 0-8M4 24c0-6 3.600-9 8-9s8 3 8 9z" /></svg>`;
}

/** Of a picture that does not load, nothing is seen. */
function appear({ type, target }: Event): void {
  (target as HTMLElement).hidden = type === 'error';
}
