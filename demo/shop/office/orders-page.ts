import { isLate, type Order } from '../books.ts';
import { findProduct } from '../catalogue.ts';
import { localTime, price } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Language } from '../messages.ts';
import { statusBadge } from '../order-status.ts';
import { refundedSoFar } from '../pages.ts';
import { symbol } from '../symbol.ts';
import type { Visit } from '../visit.ts';
import { officeLayout } from './layout.ts';
import { OFFICE_MESSAGES } from './messages.ts';
import { officeOrderPath } from './paths.ts';

interface OrderList {
  data: Order[];
  nextCursor: string | null;
  /** Whether these are the newest. */
  isFirst: boolean;
}

/** Every order that the proxy has, whoever made it: the shop, or a scan of a printed code. */
export function officeOrdersPage(visit: Visit, { data, nextCursor, isFirst }: OrderList): string {
  const text = OFFICE_MESSAGES[visit.language];
  const pages = html`<p class="pages">${isFirst ? undefined : html`<a class="button secondary" href="/office">${text.newestOrders}</a>`}
${nextCursor === null ? undefined : html`<a class="button secondary" href="/office?${new URLSearchParams({ cursor: nextCursor }).toString()}">${text.olderOrders}</a>`}</p>`;
  const main =
    data.length === 0
      ? html`<section class="result">${symbol('cup')}
<div><h1>${text.ordersEmpty}</h1><p>${text.ordersEmptyText}</p></div>
<p class="actions"><a class="button" href="/">${text.toShop}</a></p></section>`
      : html`<h1>${text.orders}</h1>
<ul class="ledger">${data.map((order) => row(order, visit.language))}</ul>
${pages}`;
  return officeLayout(visit, { title: text.orders, main, current: 'orders' });
}

function row(order: Order, language: Language): Html {
  const picture = pictureOf(order);
  return html`<li><a href="${officeOrderPath(order.id)}">
${picture === undefined ? html`<span class="no-picture"></span>` : html`<img src="${picture}" alt="" width="600" height="600">`}
<span class="what"><strong>${orderName(order, language)}</strong>
<span class="quiet"><time datetime="${order.createdAt}">${localTime(order.createdAt, language)}</time> <code>${order.outTradeNo}</code></span></span>
<span class="badges">${orderBadges(order, language)}</span>
<span class="money">${price(order.amount.total)}${refundedSoFar(order, language)}</span>
</a></li>`;
}

export function orderBadges(order: Order, language: Language): Html {
  const text = OFFICE_MESSAGES[language];
  return html`${order.productId === undefined ? undefined : html`<span class="status">${text.scannedCode}</span>`}
${isLate(order) ? html`<span class="status${order.refunded.total < order.amount.total ? ' late' : ''}">${text.late}</span>` : undefined}${statusBadge(order, language)}`;
}

/** What was bought: by the catalogue where a printed code was scanned, else as the order has it. */
export function orderName(order: Order, language: Language): string {
  const product = findProduct(order.productId);
  if (product) return `${product.name[language]} × 1`;
  const names = order.items.map((item) => `${item.name} × ${item.quantity}`);
  return names.length > 0 ? names.join(language === 'en' ? ', ' : '、') : order.description;
}

function pictureOf(order: Order): string | undefined {
  const product = findProduct(order.productId);
  return product ? `/pictures/${product.id}.svg` : order.items[0]?.imageUrl;
}
