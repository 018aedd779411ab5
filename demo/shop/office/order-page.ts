import { isLate, isOpen, type Order, type Refund } from '../books.ts';
import { localTime, price, yuan } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Language } from '../messages.ts';
import { payPath, resultPath } from '../paths.ts';
import type { Visit } from '../visit.ts';
import { officeLayout } from './layout.ts';
import { OFFICE_MESSAGES, type OfficeMessages } from './messages.ts';
import { type Notice, noticeBox } from './notice.ts';
import { orderBadges, orderName } from './orders-page.ts';
import { officeOrderPath } from './paths.ts';
import { newRefundForm, type RefundForm, refundFormSection, retryRefundForm } from './refund-form.ts';
import { type RefundSums, sumRefunds } from './refunds-of-order.ts';

export interface OfficeOrder {
  order: Order;
  /** Oldest first. */
  refunds: Refund[];
  notice?: Notice;
  /** As it was typed; a new one by default. */
  form?: RefundForm;
  /** While a refund is under way: where the page goes on, and in how many seconds. */
  lookAgain?: { path: string; seconds: number };
  widgetsUrl: string;
}

export function officeOrderPage(visit: Visit, shown: OfficeOrder): string {
  const { order, refunds, notice, lookAgain } = shown;
  const { language } = visit;
  const text = OFFICE_MESSAGES[language];
  const sums = sumRefunds(order, refunds);
  const name = orderName(order, language);
  const main = html`<p class="back"><a href="/office">← ${text.backToOrders}</a></p>
<div class="order-head"><h1>${name}</h1><span class="badges">${orderBadges(order, language)}</span></div>
${notice && html`<div id="problem">${noticeBox(notice)}</div>`}
${isLate(order) && sums.left > 0 ? noticeBox({ kind: 'bad', title: text.lateTitle, text: text.lateText }) : undefined}
<div class="columns">
<div class="column">
${factsSection(order, sums, language)}
${refunds.length === 0 ? undefined : refundsSection(visit, refunds)}
${timelineSection(order, refunds, language)}
</div>
<div class="column">
${refundSection(visit, shown, sums)}
${isOpen(order) ? closeSection(visit, order) : undefined}
<section class="panel seen" aria-labelledby="seen"><h2 id="seen">${text.asCustomer}</h2>
<order-card order-id="${order.id}"></order-card>
<p class="quiet"><a href="${isOpen(order) ? payPath(order) : resultPath(order)}">${text.customerPage}</a></p></section>
</div></div>`;
  const refresh =
    lookAgain &&
    html`<meta http-equiv="refresh" content="${lookAgain.seconds}; url=${lookAgain.path}">
`;
  const head = html`${refresh}<script type="module" src="${shown.widgetsUrl}"></script>
`;
  return officeLayout(visit, { title: name, main, head });
}

function factsSection(order: Order, sums: RefundSums, language: Language): Html {
  const text = OFFICE_MESSAGES[language];
  const rows: [label: string, value: Html][] = [
    [text.amount, html`<strong class="total">${price(order.amount.total)}</strong>`],
  ];
  if (sums.refunded > 0) rows.push([text.refundedTotal, price(sums.refunded)]);
  if (sums.pending > 0) rows.push([text.refundPending, price(sums.pending)]);
  if (order.paidAt) rows.push([text.left, price(sums.left)]);
  rows.push([text.orderNumber, html`<code>${order.outTradeNo}</code>`]);
  if (order.transactionId) rows.push([text.transactionId, html`<code>${order.transactionId}</code>`]);
  if (order.paidAt && order.channel) rows.push([text.channel, html`${text[`channel_${order.channel}`]}`]);
  if (order.productId) rows.push([text.product, html`<code>${order.productId}</code>`]);
  if (order.openid) rows.push([text.payer, html`<code>${order.openid}</code>`]);
  return html`<section class="panel facts-panel"><dl class="receipt">${rows.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl></section>`;
}

function refundsSection(visit: Visit, refunds: Refund[]): Html {
  const { language } = visit;
  const text = OFFICE_MESSAGES[language];
  const row = (refund: Refund) => html`<li>
<div class="refund-head">${price(refund.amount.total)}<span class="status refund-${refund.status}">${text[`refund_${refund.status}`]}</span></div>
${refund.reason === undefined ? undefined : html`<p>${refund.reason}</p>`}
${refund.status === 'succeeded' ? undefined : html`<p class="quiet">${text[`help_${refund.status}`]}</p>`}
${refund.failure && refund.status === 'refused' ? html`<p class="quiet">${text.wechatSays} <q>${refund.failure.message}</q> <code>${refund.failure.code}</code></p>` : undefined}
<p class="quiet"><time datetime="${refund.createdAt}">${localTime(refund.createdAt, language)}</time> <code>${refund.outRefundNo}</code></p>
${refund.status === 'refused' ? retryRefundForm(visit, refund) : undefined}</li>`;
  return html`<section class="panel" aria-labelledby="refunds"><h2 id="refunds">${text.refunds}</h2>
<ul class="refunds">${refunds.toReversed().map(row)}</ul></section>`;
}

function timelineSection(order: Order, refunds: Refund[], language: Language): Html {
  const text = OFFICE_MESSAGES[language];
  const happened = timeline(order, refunds, text).map(
    ({ at, what }) => html`<li><time datetime="${at}">${localTime(at, language)}</time><span>${what}</span></li>`,
  );
  return html`<section class="panel" aria-labelledby="timeline"><h2 id="timeline">${text.timeline}</h2>
<ol class="timeline">${happened}</ol></section>`;
}

/** Oldest first. */
function timeline(order: Order, refunds: Refund[], text: OfficeMessages): { at: string; what: string }[] {
  const happened = [{ at: order.createdAt, what: text.created }];
  if (order.closedAt)
    happened.push({ at: order.closedAt, what: order.status === 'expired' ? text.expired : text.closed });
  if (order.paidAt) happened.push({ at: order.paidAt, what: isLate(order) ? text.paidLate : text.paid });
  for (const { createdAt, succeededAt, amount } of refunds) {
    happened.push({ at: createdAt, what: `${text.refundAsked} ${yuan(amount.total)}` });
    if (succeededAt) happened.push({ at: succeededAt, what: `${text.refundDone} ${yuan(amount.total)}` });
  }
  return happened.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

function refundSection(visit: Visit, { order, form, lookAgain }: OfficeOrder, { left }: RefundSums): Html | undefined {
  if (order.paidAt === undefined) return undefined;
  const text = OFFICE_MESSAGES[visit.language];
  // A page that refreshes itself would take away what is being typed.
  if (!lookAgain && (left > 0 || form)) return refundFormSection(visit, order, form ?? newRefundForm(left), left);
  return html`<section class="panel deed" aria-labelledby="refund"><h2 id="refund">${text.refundForm}</h2>
<p class="quiet">${lookAgain ? text.refundWait : text.nothingLeft}</p></section>`;
}

function closeSection(visit: Visit, order: Order): Html {
  const text = OFFICE_MESSAGES[visit.language];
  return html`<section class="panel deed"><form class="fields" method="post" action="${officeOrderPath(order.id)}/close">
<button class="secondary">${text.closeOrder}</button><p class="quiet">${text.closeNote}</p></form></section>`;
}
