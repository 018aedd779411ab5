import { language } from './messages.js';

/**
 * Why a scanned code or an H5 page leads nowhere, first match on WeChat's words wins:
 * `[pattern, English words, advice zh, advice en]`.
 */
const REFUSALS = [
  [
    /^二维码已过期$/,
    'This code has expired.',
    '带参数的临时二维码最长三十天有效，由商户在生成时指定。请商户换一张。',
    'A temporary code of an account lives as long as the merchant has set, thirty days at most. Ask for a new one.',
  ],
  [
    /^二维码已失效$/,
    'This code leads nowhere.',
    '微信没有给出过这个公众号的码：要么抄错了，要么是另一个（或重启之前的）微信给的。',
    'WeChat has given out no such code of an account: it is misspelt, or from another WeChat, or from before a restart.',
  ],
  [
    /已过期|已失效|支付期限/,
    'This payment request has expired. Please start the payment again.',
    '付款码两小时有效，H5 支付地址五分钟有效。回到商家的页面，重新发起支付。',
    'A code lives two hours, an H5 address five minutes. Go back to the shop’s page and start the payment again.',
  ],
  [
    /已支付|已付/,
    'This order is paid already.',
    '一个码只能付一次。若商家页面还显示未支付，让它查一次单。',
    'A code pays once. If the shop still shows it as unpaid, it should query the order.',
  ],
  [
    /已关闭|已撤销/,
    'This order is closed.',
    '商家关闭了订单，或它在别的渠道付了。重新下单即可。',
    'The merchant closed it, or it went on through another channel. Order again.',
  ],
  [
    /其他用户|他人|扫过|账号不一致/,
    'This order belongs to another payer.',
    '一笔订单只能由一个人扫码付款。换回第一次扫码的人，或重新下单。',
    'Two people cannot scan one order. Use the phone that scanned first, or order again.',
  ],
  [
    /二维码无效/,
    'This code is not valid.',
    '微信没有给出过这个码：要么抄错了，要么是另一个（或重启之前的）微信给的。',
    'WeChat has given out no such code: it is misspelt, or from another WeChat, or from before a restart.',
  ],
  [
    /原生支付URL/,
    'The address in this product code is wrong.',
    '商品码要带齐 appid、mch_id、product_id、time_stamp、nonce_str 和 sign；参与签名的是它们的原值，再接 API 密钥。',
    'A product code needs appid, mch_id, product_id, time_stamp, nonce_str and sign; signed are the raw values, then the API key.',
  ],
  [
    /回调URL/,
    'The merchant has set no address for scans.',
    '扫商品码时，微信先问商户要订单（Native 模式一）。在商户平台填上扫码回调地址。',
    'When a product code is scanned, WeChat first asks the merchant for an order (Native mode 1). Set the callback address in the merchant console.',
  ],
  [
    /获取商户订单信息/,
    'The merchant did not answer in time, or not with 200.',
    '检查扫码回调地址，以及那里的服务。请求和应答在「微信调用」里。',
    'Check the callback address for scans and the service behind it. Request and answer are among the calls.',
  ],
  [
    /商户返回/,
    'What the merchant answered cannot be used.',
    '扫码回调的应答要有 return_code、appid、mch_id、nonce_str、prepay_id、result_code 和 sign；prepay_id 要是一笔 NATIVE 订单的。',
    'The answer to a scan needs return_code, appid, mch_id, nonce_str, prepay_id, result_code and sign, and the prepay id must be of a NATIVE order.',
  ],
  [
    /在微信外/,
    'Please open the order outside WeChat to pay.',
    'H5 支付用于微信以外的手机浏览器。在微信里，网页应当用 JSAPI 支付。',
    'H5 payment is for mobile browsers outside WeChat. Inside WeChat a page pays by JSAPI.',
  ],
  [
    /安全验证/,
    'The network environment did not pass the security check. Please try again later.',
    '付款的浏览器与下单时填写的用户地址（payer_client_ip / spbill_create_ip）不是同一个。检查代理有没有取到用户真实的地址（TRUST_PROXY）。',
    'The browser’s address is not the one that the order was created with (payer_client_ip, spbill_create_ip). Check that the proxy sees the payer’s real address (TRUST_PROXY).',
  ],
  [
    /未配置/,
    'The merchant’s settings are not complete. Please contact the merchant.',
    '来源页面的域名没有在商户平台登记为 H5 支付域名。登记后再试。',
    'The host of the page that led here is not registered as an H5 payment domain in the merchant console. Register it.',
  ],
  [
    /参数格式有误|参数错误/,
    'The merchant’s parameters are malformed. Please contact the merchant.',
    '多半是没有 Referer：从商家的页面点过来，页面的 Referrer-Policy 不能去掉它；地址也要原样使用，redirect_url 要编码。',
    'Usually the Referer is missing: come from the shop’s page, whose Referrer-Policy must not drop it; use the address as it is, with redirect_url encoded.',
  ],
];

/**
 * Words for a payment that WeChat refuses, and what to do.
 *
 * @param {string} message WeChat's own, Chinese
 * @returns {{words: string, original: string, advice: string}} `original` is empty where the words are WeChat's
 */
export function payRefusal(message) {
  const [, english, ...advice] = REFUSALS.find(([pattern]) => pattern.test(message)) ?? [];
  if (language === 'zh') return { words: message, original: '', advice: advice[0] ?? '' };
  return { words: english ?? message, original: english ? message : '', advice: advice[1] ?? '' };
}
