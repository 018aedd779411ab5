import { type Html, html } from './html.ts';
import { type Language, MESSAGES, type Messages } from './messages.ts';
import { type PageSharing, shareElement, sharingHead } from './sharing/page-sharing.ts';
import type { Visit } from './visit.ts';

interface Content {
  /** Without one it is the shop's own page. */
  title?: string;
  main: Html;
  /** Marks the link in the header that leads to this page. */
  current?: 'products' | 'orders';
  /** More for `<head>`. */
  head?: Html;
  /** How the page is shared. Never of a page with an order or a payment: who has its address sees what it shows. */
  sharing?: PageSharing;
}

export function layout(visit: Visit, content: Content): string {
  const text = MESSAGES[visit.language];
  const page = html`<!doctype html>
<html lang="${visit.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f8f4ea" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#141a16" media="(prefers-color-scheme: dark)">
<meta name="format-detection" content="telephone=no">
<title>${content.title ? `${content.title} · ${text.shopName}` : `${text.shopName} · ${text.tagline}`}</title>
<link rel="icon" href="/pictures/seal.svg" type="image/svg+xml">
<link rel="stylesheet" href="/shop.css">
${content.sharing && sharingHead(content.sharing)}${content.head}</head>
<body>
<a class="skip" href="#main">${text.skipToContent}</a>
${header(visit, text, content.current)}
<main id="main">
${content.main}
</main>
${content.sharing && shareElement(content.sharing)}<footer><p>${text.shopName} · ${text.tagline}</p><p>${text.fictional}</p><p><a href="/office">${text.office}</a></p></footer>
</body>
</html>
`;
  return page.markup;
}

function header(visit: Visit, text: Messages, current: Content['current']): Html {
  const other: Language = visit.language === 'en' ? 'zh-CN' : 'en';
  const address = new URL(visit.path, 'http://shop.invalid');
  address.searchParams.set('lang', other);
  return html`<header>
<a class="brand" href="/"${current === 'products' ? html` aria-current="page"` : undefined}>
<img src="/pictures/seal.svg" alt="" width="36" height="36"><span>${text.shopName}</span></a>
<nav>
<a href="/my_orders"${current === 'orders' ? html` aria-current="page"` : undefined}>${text.myOrders}</a>
<a class="language" href="${address.pathname}${address.search}" lang="${other}" hreflang="${other}">${text.otherLanguage}</a>
</nav>
</header>`;
}
