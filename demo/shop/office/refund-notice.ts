import type { Refund } from '../books.ts';
import type { CheckoutError } from '../checkout.ts';
import { yuan } from '../format.ts';
import type { OfficeMessages } from './messages.ts';
import type { Notice } from './notice.ts';

/** How a refund went that WeChat has been asked for. */
export function refundNotice({ status, amount, failure }: Refund, text: OfficeMessages): Notice {
  const title = `${text[`done_${status}`]} · ${yuan(amount.total)}`;
  if (status === 'succeeded') return { kind: 'good', title };
  const kind = status === 'processing' ? 'waiting' : 'bad';
  const details: Notice['details'] = failure ? [[text.wechatSays, `${failure.message} (${failure.code})`]] : [];
  return { kind, title, text: text[`help_${status}`], details };
}

type Problem = 'tooMuch' | 'conflict' | 'balance' | 'certificate' | 'notPaid' | 'busy' | 'unknown' | 'refused';

/** The proxy's codes that have words of their own here. */
const PROBLEMS: Record<string, Problem> = {
  refund_exceeds_paid: 'tooMuch',
  refund_conflict: 'conflict',
  wechat_pay_balance_too_low: 'balance',
  refund_certificate_missing: 'certificate',
  order_not_paid: 'notPaid',
  wechat_pay_busy: 'busy',
};

/** Why a refund was not made, or may not have been made, and what to do. */
export function refundProblem(error: CheckoutError, text: OfficeMessages): Notice {
  const problem = PROBLEMS[error.code] ?? (error.upstream || !error.temporary ? 'refused' : 'unknown');
  const details: NonNullable<Notice['details']> = [];
  if (error.upstream) details.push([text.wechatSays, `${error.upstream.message} (${error.upstream.code})`]);
  if (problem === 'refused' || problem === 'unknown') details.push([text.code, error.code]);
  return { kind: 'bad', title: text[`${problem}Title`], text: text[`${problem}Text`], details };
}
