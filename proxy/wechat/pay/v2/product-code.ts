import { sign } from './signature.ts';

/**
 * What a printed code holds (Native, mode 1): https://pay.weixin.qq.com/wiki/doc/api/native.php?chapter=6_4
 * Signed are the raw values, by MD5 whatever the merchant uses elsewhere, as WeChat's own SDK does.
 */
export function productCodeUrl(code: {
  appId: string;
  mchId: string;
  key: string;
  productId: string;
  /** Seconds since 1970. */
  timestamp: number;
  nonceStr: string;
}): string {
  const fields = {
    appid: code.appId,
    mch_id: code.mchId,
    product_id: code.productId,
    time_stamp: String(code.timestamp),
    nonce_str: code.nonceStr,
  };
  const parameters = Object.entries({ sign: sign(fields, code.key, 'MD5'), ...fields });
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `weixin://wxpay/bizpayurl?${query.join('&')}`;
}
