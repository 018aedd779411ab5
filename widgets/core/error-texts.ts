import type { ErrorText } from './widget-error.ts';

const RETRY = ['请稍后重试。', 'Try again in a moment.'] as const;
const OPEN_IN_WECHAT = ['请在微信中打开本页面付款。', 'Open this page in WeChat to pay.'] as const;
const NO_WECHAT_PAY: ErrorText = ['这里无法使用微信支付。', 'WeChat Pay is not available here.', ...OPEN_IN_WECHAT];
const NO_NETWORK: ErrorText = ['网络连接不畅。', 'The connection is poor.', ...RETRY];
const NO_SERVICE: ErrorText = ['服务暂时不可用。', 'The service is not available.', ...RETRY];
const NO_SIGN_IN: ErrorText = ['微信登录未完成。', 'The sign-in failed.', ...RETRY];

const ORDER_OVER: ErrorText = [
  '订单已失效。',
  'This order is over.',
  '请重新下单；如已扣款，请联系商家。',
  'Place a new order. If you were charged, contact the merchant.',
];
const MISUSE: ErrorText = [
  '页面设置不完整。',
  'The page setup is incomplete.',
  '请检查 order-id 与 proxy。',
  'Check order-id and proxy.',
];

/** Every error that a widget shows, by its stable code. Codes of the proxy keep the proxy's names. */
export const ERROR_TEXTS = {
  // Where the page is
  not_in_wechat: NO_WECHAT_PAY,
  in_enterprise_wechat: NO_WECHAT_PAY,
  channel_not_supported: NO_WECHAT_PAY,
  in_mini_program: [
    '小程序内嵌的网页不能付款。',
    'Pages in a mini program cannot take payments.',
    '请返回小程序付款。',
    'Pay in the mini program itself.',
  ],
  bridge_missing: ['微信没有响应。', 'WeChat did not respond.', ...RETRY],

  // The proxy
  proxy_unreachable: NO_NETWORK,
  proxy_timeout: NO_NETWORK,
  proxy_answer_invalid: NO_SERVICE,
  proxy_failed: NO_SERVICE,
  rate_limited: NO_SERVICE,

  // The payer
  sign_in_failed: NO_SIGN_IN,
  page_insecure: NO_SIGN_IN,
  payer_mismatch: [
    '此订单须由下单的微信账号付款。',
    'This order is for another WeChat account.',
    '请换用该账号。',
    'Pay with that account.',
  ],

  // Orders and payments
  order_not_found: ['找不到此订单。', 'Order not found.', '请返回重新下单。', 'Go back and place it again.'],
  order_closed: ORDER_OVER,
  order_expired: ORDER_OVER,
  payment_refused: ['微信支付未受理。', 'WeChat Pay did not accept it.', ...RETRY],
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

  // For whoever builds the page
  order_id_missing: MISUSE,
  proxy_unknown: MISUSE,
  origin_not_allowed: [
    '本网站未获准使用此服务。',
    'This site may not use this service.',
    '请将本站加入 ALLOWED_ORIGINS。',
    'Add it to ALLOWED_ORIGINS.',
  ],
  script_unavailable: NO_SERVICE,
} as const satisfies Record<string, ErrorText>;

export type ErrorCode = keyof typeof ERROR_TEXTS;
