import { isLate, type Order, type Refund } from './books.ts';
import { localTime, price } from './format.ts';
import { type Html, html } from './html.ts';
import { layout } from './layout.ts';
import { type Language, MESSAGES, type Messages } from './messages.ts';
import { payPath, resultPath, reviewPath } from './paths.ts';
import { REVIEW_MESSAGES } from './reviews/messages.ts';
import type { ReviewStep } from './reviews/review-step.ts';
import { type SymbolName, symbol } from './symbol.ts';
import type { Visit } from './visit.ts';

interface Result {
  symbol: SymbolName;
  title: string;
  text: string;
  actions: { label: string; href: string }[];
  /** While it is being confirmed: seconds until the page looks again. */
  lookAgainIn?: number;
}

/** How long the page waits before it looks again, look by look. After the last it leaves that to the customer. */
const WAITS_S = [2, 2, 3, 3, 5, 5, 10, 10, 15];

interface ShownOrder {
  order: Order;
  refunds: Refund[];
  /** How often the page has looked by itself. */
  check: number;
  /** What there is to do about a review. */
  review: ReviewStep;
}

/** What became of the order, as the shop's books have it. */
export function resultPage(visit: Visit, { order, refunds, check, review }: ShownOrder): string {
  const result = describe(order, check, MESSAGES[visit.language]);
  if (review !== 'no') {
    const label = REVIEW_MESSAGES[visit.language][`${review}Review`];
    result.actions.unshift({ label, href: reviewPath(order.id) });
  }
  const main = html`<section class="result">
${symbol(result.symbol)}
<div role="status"><h1>${result.title}</h1><p>${result.text}</p></div>
${receipt(order, refunds, visit.language)}
<p class="actions">${result.actions.map(
    ({ label, href }, index) => html`<a class="button${index === 0 ? '' : ' secondary'}" href="${href}">${label}</a>`,
  )}</p></section>`;
  return layout(visit, { title: result.title, main, head: refresh(order, check, result.lookAgainIn) });
}

function describe(order: Order, check: number, text: Messages): Result {
  const toOrders = { label: text.myOrders, href: '/my_orders' };
  const toShop = { label: text.continueShopping, href: '/' };
  const toPay = { label: text.payNow, href: payPath(order) };
  const toCheck = { label: text.checkAgain, href: resultPath(order) };
  const toBuy = { label: text.buyAgain, href: '/' };

  if (isLate(order) && order.refunded.total === 0) {
    return { symbol: 'returned', title: text.lateTitle, text: text.lateText, actions: [toOrders, toShop] };
  }
  switch (statusForCustomer(order)) {
    case 'paid':
      return { symbol: 'done', title: text.paidTitle, text: text.paidText, actions: [toOrders, toShop] };
    case 'refunded':
      return { symbol: 'returned', title: text.refundedTitle, text: text.refundedText, actions: [toOrders, toShop] };
    case 'partially_refunded':
      return {
        symbol: 'returned',
        title: text.statusPartiallyRefunded,
        text: text.partiallyRefundedText,
        actions: [toOrders, toShop],
      };
    case 'closed':
      return { symbol: 'closed', title: text.closedTitle, text: text.closedText, actions: [toBuy, toOrders] };
    case 'expired':
      return { symbol: 'closed', title: text.expiredTitle, text: text.expiredText, actions: [toBuy, toOrders] };
    case 'created':
      return { symbol: 'unpaid', title: text.unpaidTitle, text: text.unpaidText, actions: [toPay, toShop] };
    case 'paying': {
      const lookAgainIn = WAITS_S[check];
      return lookAgainIn === undefined
        ? { symbol: 'unpaid', title: text.unconfirmedTitle, text: text.unconfirmedText, actions: [toCheck, toPay] }
        : {
            symbol: 'waiting',
            title: text.confirmingTitle,
            text: text.confirmingText,
            actions: [toCheck],
            lookAgainIn,
          };
    }
  }
}

/** A payment that came too late and went back is a refund to the customer, whatever else the order says. */
function statusForCustomer(order: Order): Order['status'] {
  if (!isLate(order)) return order.status;
  return order.refunded.total < order.amount.total ? 'partially_refunded' : 'refunded';
}

function receipt(order: Order, refunds: Refund[], language: Language): Html {
  const text = MESSAGES[language];
  const rows: [label: string, value: Html][] = [
    ...order.items.map((item): [string, Html] => [
      `${item.name} × ${item.quantity}`,
      price(item.unitPrice * item.quantity),
    ]),
    [text.amount, html`<strong class="total">${price(order.amount.total)}</strong>`],
    [text.orderNumber, html`<code>${order.outTradeNo}</code>`],
    [text.orderedAt, html`${localTime(order.createdAt, language, 'numeric')}`],
  ];
  if (order.paidAt) rows.push([text.paidAt, html`${localTime(order.paidAt, language, 'numeric')}`]);
  rows.push(...refunds.flatMap((refund) => refundRow(refund, language)));
  return html`<dl class="receipt">${rows.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** The customer sees what has gone back, and what is on its way. What was refused is the shop's business. */
function refundRow(refund: Refund, language: Language): [string, Html][] {
  const text = MESSAGES[language];
  if (refund.status === 'closed' || refund.status === 'refused') return [];
  const label = refund.status === 'succeeded' ? text.refund : text.refundProcessing;
  const when = localTime(refund.succeededAt ?? refund.createdAt, language);
  const about = refund.reason ? `${refund.reason} · ${when}` : when;
  return [[label, html`${price(refund.amount.total)}<br><span class="quiet">${about}</span>`]];
}

/** Works without a script, and under a policy that allows no inline one. */
function refresh(order: Order, check: number, seconds: number | undefined): Html | undefined {
  if (seconds === undefined) return undefined;
  return html`<meta http-equiv="refresh" content="${seconds}; url=${resultPath(order, check + 1)}">
`;
}
