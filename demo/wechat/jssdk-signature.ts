import { createHash } from 'node:crypto';

export interface JssdkSigned {
  ticket: string;
  nonceStr: string;
  timestamp: string;
  /** What stands behind a `#` is not signed. */
  url: string;
}

/** The string that a page signs for `wx.config`: raw values, names in order. */
export function jssdkStringToSign({ ticket, nonceStr, timestamp, url }: JssdkSigned): string {
  return `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${withoutHash(url)}`;
}

/** SHA-1 in hexadecimal. @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html */
export function jssdkSignature(signed: JssdkSigned): string {
  return createHash('sha1').update(jssdkStringToSign(signed)).digest('hex');
}

export function withoutHash(url: string): string {
  return url.split('#', 1)[0]!;
}
