import type { ErrorText } from '../core/widget-error.ts';

const RETRY = ['请稍后重试。', 'Try again in a moment.'] as const;
const NO_SIGN_IN: ErrorText = ['微信登录未完成。', 'The sign-in failed.', ...RETRY];
const BUSY: ErrorText = ['微信支付繁忙。', 'WeChat Pay is busy.', ...RETRY];

/** The errors that only an attempt to pay can end with, by their stable codes. */
export const ATTEMPT_ERROR_TEXTS = {
  // WeChat
  bridge_missing: ['微信没有响应。', 'WeChat did not respond.', ...RETRY],
  mini_program_refused: [
    '小程序的付款页面未能打开。',
    'The mini program’s page for paying did not open.',
    '请返回小程序付款。',
    'Pay in the mini program itself.',
  ],

  // The payer
  sign_in_failed: NO_SIGN_IN,
  page_insecure: NO_SIGN_IN,
  payer_mismatch: [
    '此订单须由下单的微信账号付款。',
    'This order is for the WeChat account that placed it.',
    '请用该账号在微信中打开本页面。',
    'Open this page in WeChat with that account.',
  ],

  // The payment
  payment_refused: [
    '微信支付暂时无法收款。',
    'WeChat Pay cannot take this payment.',
    '请联系商家。',
    'Contact the merchant.',
  ],
  wechat_pay_busy: BUSY,
  wechat_unavailable: BUSY,
  payment_failed: [
    '付款未成功。',
    'The payment did not go through.',
    '订单尚未付款，可以重新支付。',
    'The order is unpaid; you can try again.',
  ],
  payment_unconfirmed: [
    '付款结果未能确认。',
    'The payment was not confirmed.',
    '同一订单不会重复扣款。',
    'One order is never charged twice.',
  ],
} as const satisfies Record<string, ErrorText>;

/** What exactly went wrong in a sign-in, or between the merchant and WeChat, matters to nobody who pays. */
export function attemptErrorKind(code: string): string {
  return /^(oauth|session)_/.test(code) ? 'sign_in_failed' : /^(wechat|trade)_/.test(code) ? 'payment_refused' : code;
}
