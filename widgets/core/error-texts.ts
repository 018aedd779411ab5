import type { ATTEMPT_ERROR_TEXTS } from '../pay-button/attempt-error-texts.ts';
import type { ErrorText } from './widget-error.ts';

const RETRY = ['请稍后重试。', 'Try again in a moment.'] as const;
const OPEN_IN_WECHAT = ['请在微信中打开本页面付款。', 'Open this page in WeChat to pay.'] as const;
const NO_NETWORK: ErrorText = ['网络连接不畅。', 'The connection is poor.', ...RETRY];
const NO_SERVICE: ErrorText = ['服务暂时不可用。', 'The service is not available.', ...RETRY];

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

/**
 * The errors that a widget can show before anybody has clicked, by their stable codes. Codes of the proxy keep the
 * proxy's names. An attempt to pay brings its own: `attempt-error-texts.ts`.
 */
export const ERROR_TEXTS = {
  // Where the page is
  not_in_wechat: ['这里无法使用微信支付。', 'WeChat Pay is not available here.', ...OPEN_IN_WECHAT],
  in_enterprise_wechat: ['企业微信中无法付款。', 'Enterprise WeChat cannot pay.', ...OPEN_IN_WECHAT],
  in_mini_program: [
    '小程序内嵌的网页不能付款。',
    'Pages in a mini program cannot take payments.',
    '请返回小程序付款。',
    'Pay in the mini program itself.',
  ],
  native_on_phone: [
    '这台设备无法扫描自己屏幕上的付款码。',
    'A device cannot scan a code on its own screen.',
    '请在电脑上打开本页面付款。',
    'Open this page on a computer to pay.',
  ],
  h5_in_wechat: [
    '微信内不能使用 H5 支付。',
    'H5 payments do not work inside WeChat.',
    '请在浏览器中打开本页面付款。',
    'Open this page in a browser to pay.',
  ],

  // The proxy
  proxy_unreachable: NO_NETWORK,
  proxy_timeout: NO_NETWORK,
  proxy_answer_invalid: NO_SERVICE,
  proxy_failed: NO_SERVICE,
  rate_limited: NO_SERVICE,

  // Orders
  order_not_found: ['找不到此订单。', 'Order not found.', '请返回重新下单。', 'Go back and place it again.'],
  order_closed: ORDER_OVER,
  order_expired: ORDER_OVER,

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

export type ErrorCode = keyof typeof ERROR_TEXTS | keyof typeof ATTEMPT_ERROR_TEXTS;
