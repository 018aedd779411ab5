import { createHash, randomBytes } from 'node:crypto';
import type { Order, Refund } from '../books.ts';
import { yuan } from '../format.ts';
import { type Html, html } from '../html.ts';
import { parseYuan } from '../parse-yuan.ts';
import type { Visit } from '../visit.ts';
import { OFFICE_MESSAGES } from './messages.ts';
import { officeRefundsPath } from './paths.ts';

/** The proxy's, and WeChat's, limit. */
export const MAX_REASON = 80;

/** A refund form as it stands, or as it was typed and sent. */
export interface RefundForm {
  /** Makes the refund of this form one refund, however often the form is sent. */
  token: string;
  /** Yuan, as typed. */
  amount: string;
  reason: string;
  /** The field that has to be corrected. */
  wrong?: 'amount' | 'reason';
}

export function newRefundForm(left: number): RefundForm {
  return { token: newToken(), amount: yuan(left).slice(1), reason: '' };
}

export function newToken(): string {
  return randomBytes(16).toString('base64url');
}

export function readRefundForm(fields: URLSearchParams): RefundForm {
  const reason = (fields.get('reason') ?? '').trim();
  return { token: fields.get('form') || newToken(), amount: fields.get('amount') ?? '', reason };
}

/**
 * The number that WeChat knows the refund by comes from the form's token and from nothing that was typed: a form that was
 * sent, corrected and sent again must not give money back twice.
 */
export function outRefundNo(order: Order, { token }: RefundForm): string {
  return `QYR${createHash('sha256')
    .update(JSON.stringify([token, order.id]))
    .digest('hex')
    .slice(0, 24)
    .toUpperCase()}`;
}

/** The refund that was typed, or what is wrong with it. */
export function checkRefundForm(
  form: RefundForm,
  left: number,
): { fen: number } | { wrong: 'amount' | 'tooMuch' | 'reason' } {
  const fen = parseYuan(form.amount);
  if (fen === undefined) return { wrong: 'amount' };
  if (fen > left) return { wrong: 'tooMuch' };
  if ([...form.reason].length > MAX_REASON) return { wrong: 'reason' };
  return { fen };
}

export function refundFormSection(visit: Visit, order: Order, form: RefundForm, left: number): Html {
  const text = OFFICE_MESSAGES[visit.language];
  const wrong = (field: RefundForm['wrong']) =>
    form.wrong === field ? html` aria-invalid="true" aria-describedby="problem"` : undefined;
  return html`<section class="panel deed" aria-labelledby="refund"><h2 id="refund">${text.refundForm}</h2>
<form class="fields" method="post" action="${officeRefundsPath(order.id)}">
<input type="hidden" name="form" value="${form.token}">
<label><span>${text.refundAmount}</span>
<span class="amount-field"><span aria-hidden="true">¥</span><input name="amount" value="${form.amount}" inputmode="decimal" autocomplete="off" required maxlength="16"${wrong('amount')}></span>
<small>${text.refundMost} ${yuan(left)}</small></label>
<label><span>${text.refundReason}</span>
<input name="reason" value="${form.reason}" maxlength="${MAX_REASON}" autocomplete="off"${wrong('reason')}></label>
<button>${text.refundSubmit}</button>
<p class="quiet">${text.refundNote}</p>
</form></section>`;
}

/** Asks for a refund again that WeChat has refused: with the same number, as WeChat wants it. */
export function retryRefundForm(visit: Visit, refund: Refund): Html {
  return html`<form method="post" action="${officeRefundsPath(refund.orderId)}">
<input type="hidden" name="retry" value="${refund.outRefundNo}">
<button class="small">${OFFICE_MESSAGES[visit.language].tryAgain}</button></form>`;
}
