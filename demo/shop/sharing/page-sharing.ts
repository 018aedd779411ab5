import { type Html, html } from '../html.ts';
import type { ShareCard } from './share-card.ts';

/** What a page needs to be shared with a card. */
export interface PageSharing {
  card: ShareCard & { link: string };
  widgetsUrl: string;
}

/** For `<head>`: what search engines and other readers without scripts go by, and the script. */
export function sharingHead({ card, widgetsUrl }: PageSharing): Html {
  return html`<meta name="description" content="${card.description}">
<link rel="canonical" href="${card.link}">
<script type="module" src="${widgetsUrl}"></script>
`;
}

export function shareElement({ card: { title, description, link, icon } }: PageSharing): Html {
  return html`<share-meta share-title="${title}" share-description="${description}" share-link="${link}" share-icon="${icon}"></share-meta>
`;
}
