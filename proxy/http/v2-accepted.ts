import type { Answer } from './route.ts';

/** To the byte what WeChat wants to hear: https://pay.weixin.qq.com/doc/v2/merchant/4011985891 */
export const V2_ACCEPTED: Answer = {
  status: 200,
  body: '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>',
  headers: { 'content-type': 'text/xml; charset=utf-8' },
};
