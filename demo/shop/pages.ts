import { isOpen, type Order } from './books.ts';
import { CATALOGUE, MAX_QUANTITY, type Product } from './catalogue.ts';
import { localTime, price, yuan } from './format.ts';
import { type Html, html } from './html.ts';
import { layout } from './layout.ts';
import { type Language, MESSAGES } from './messages.ts';
import { statusBadge } from './order-status.ts';
import { payPath, resultPath } from './paths.ts';
import { latestReviews, productReviews } from './reviews/review-list.ts';
import type { Review } from './reviews/reviews.ts';
import type { PageSharing } from './sharing/page-sharing.ts';
import { symbol } from './symbol.ts';
import type { Visit } from './visit.ts';

/** `reviews`: the latest. */
export function productsPage(visit: Visit, reviews: Review[], sharing: PageSharing): string {
  const text = MESSAGES[visit.language];
  const main = html`<section class="hero"><img src="/pictures/hero.svg" alt="">
<div><h1>${text.slogan}</h1><p>${text.sloganText}</p></div></section>
<section aria-labelledby="products"><h2 id="products">${text.products}</h2>
<ul class="products">${CATALOGUE.map((product) => productCard(product, visit.language))}</ul></section>
${latestReviews(reviews, visit.language)}`;
  return layout(visit, { main, current: 'products', sharing });
}

function productCard(product: Product, language: Language): Html {
  return html`<li><a href="/order_info?product=${product.id}">
<img src="/pictures/${product.id}.svg" alt="" width="600" height="600">
<h3>${product.name[language]}</h3><p class="summary">${product.summary[language]}</p>
<p class="price-line">${price(product.price)} <span class="unit">${product.unit[language]}</span></p></a></li>`;
}

/** `formToken` makes the order of this form one order, however often the form is sent. */
export function productPage(
  visit: Visit,
  product: Product,
  formToken: string,
  reviews: Review[],
  sharing: PageSharing,
): string {
  const text = MESSAGES[visit.language];
  const { language } = visit;
  const quantities = Array.from({ length: MAX_QUANTITY }, (_, index) => index + 1);
  const main = html`<p class="back"><a href="/">← ${text.backToProducts}</a></p>
<article class="product">
<img class="product-picture" src="/pictures/${product.id}.svg" alt="" width="600" height="600">
<div class="product-text">
<h1>${product.name[language]}</h1>
<p class="summary">${product.summary[language]}</p>
<p class="price-line large">${price(product.price)} <span class="unit">${product.unit[language]}</span></p>
<p>${product.story[language]}</p>
<dl class="facts">${product.facts.map((fact) => html`<div><dt>${fact.label[language]}</dt><dd>${fact.value[language]}</dd></div>`)}</dl>
<p class="delivery">${text.delivery}</p>
</div>
<form class="buy" method="post" action="/orders">
<input type="hidden" name="product" value="${product.id}">
<input type="hidden" name="form" value="${formToken}">
<label><span>${text.quantity}</span><select name="quantity">
${quantities.map((quantity) => html`<option value="${quantity}">${quantity} · ${yuan(product.price * quantity)}</option>`)}
</select></label>
<button>${text.buy}</button>
</form>
${productReviews(reviews, language)}
</article>`;
  return layout(visit, { title: product.name[language], main, sharing });
}

/** The page that the widgets are for: two elements and one script tag. */
export function payPage(visit: Visit, order: Order, widgetsUrl: string): string {
  const text = MESSAGES[visit.language];
  const main = html`<section class="pay">
<div class="pay-text"><h1>${text.payTitle}</h1>
<p class="hint">${text.payHint}</p></div>
<order-card order-id="${order.id}"></order-card>
<div class="pay-way"><pay-button order-id="${order.id}"></pay-button>
<noscript><p class="notice">${text.payNeedsScript}</p></noscript>
<p class="notice not-loaded">${text.payNotLoaded}</p>
<p class="quiet">${text.orderNumber} <code>${order.outTradeNo}</code></p>
<p class="quiet"><a href="${resultPath(order)}">${text.payDone}</a></p></div>
</section>`;
  const head = html`<script type="module" src="${widgetsUrl}"></script>
`;
  return layout(visit, { title: text.payTitle, main, head });
}

/** The visitor's own orders, newest first. */
export function ordersPage(visit: Visit, orders: Order[]): string {
  const text = MESSAGES[visit.language];
  const main =
    orders.length === 0
      ? html`<section class="result">${symbol('cup')}
<div><h1>${text.ordersEmpty}</h1><p>${text.ordersEmptyText}</p></div>
<p class="actions"><a class="button" href="/">${text.continueShopping}</a></p></section>`
      : html`<section class="narrow"><h1>${text.myOrders}</h1>
<ul class="orders">${orders.map((order) => orderRow(order, visit.language))}</ul></section>`;
  return layout(visit, { title: text.myOrders, main, current: 'orders' });
}

function orderRow(order: Order, language: Language): Html {
  const item = order.items[0];
  return html`<li><a class="order" href="${isOpen(order) ? payPath(order) : resultPath(order)}">
${item?.imageUrl === undefined ? undefined : html`<img class="order-picture" src="${item.imageUrl}" alt="" width="600" height="600">`}
<div class="order-text"><p class="order-name">${item ? `${item.name} × ${item.quantity}` : order.description}</p>
<p class="quiet"><time datetime="${order.createdAt}">${localTime(order.createdAt, language)}</time></p></div>
<div class="order-side">${statusBadge(order, language)}${price(order.amount.total)}${refundedSoFar(order, language)}</div>
</a></li>`;
}

/** How much has gone back; nothing where nothing has. */
export function refundedSoFar(order: Order, language: Language): Html | undefined {
  if (order.refunded.total === 0) return undefined;
  return html`<span class="refunded">${MESSAGES[language].refundedSoFar} ${yuan(order.refunded.total)}</span>`;
}

interface Problem {
  title: string;
  text: string;
  /** For a customer who asks for help; not an explanation. */
  code?: string;
  /** What to offer besides going back to the shop. */
  action?: Html;
}

export function problemPage(visit: Visit, problem: Problem): string {
  const text = MESSAGES[visit.language];
  const main = html`<section class="result">${symbol('broken')}
<div role="alert"><h1>${problem.title}</h1><p>${problem.text}</p></div>
${problem.code === undefined ? undefined : html`<p class="quiet">${text.code} <code>${problem.code}</code></p>`}
<p class="actions">${problem.action}<a class="button${problem.action ? ' secondary' : ''}" href="/">${text.continueShopping}</a></p></section>`;
  return layout(visit, { title: problem.title, main });
}

/** Sends the same form again: the same order or refund, not another one. */
export function retryForm(visit: Visit, method: string, action: string, fields: Record<string, string>): Html {
  return html`<form method="${method}" action="${action}">
${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button>${MESSAGES[visit.language].tryAgain}</button></form>`;
}
