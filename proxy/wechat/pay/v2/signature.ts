/** What version 2 of the API signs, and how: https://pay.weixin.qq.com/doc/v2/merchant/4011985891 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { XmlFields } from '../../xml.ts';
import type { JsapiParams } from '../gateway.ts';

export type SignType = 'MD5' | 'HMAC-SHA256';

/** The sign over all fields that are not empty, except `sign` itself; whatever their order is. */
export function sign(fields: XmlFields, key: string, type: SignType): string {
  const pairs = Object.keys(fields)
    .filter((name) => name !== 'sign' && fields[name] !== '')
    .sort()
    .map((name) => `${name}=${fields[name]}`);
  const text = `${pairs.join('&')}&key=${key}`;
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', key);
  return hash.update(text).digest('hex').toUpperCase();
}

/** Whether WeChat, or we, have signed these fields: all that came, known or not. */
export function verify(fields: XmlFields, key: string): boolean {
  const type = signTypeOf(fields);
  if (!type) return false;
  const expected = Buffer.from(sign(fields, key, type));
  const actual = Buffer.from(fields.sign!);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** How fields have been signed: a document may lack `sign_type`, then the length tells. Undefined where they are not. */
export function signTypeOf({ sign, sign_type }: XmlFields): SignType | undefined {
  if (sign_type) return sign && (sign_type === 'MD5' || sign_type === 'HMAC-SHA256') ? sign_type : undefined;
  return sign?.length === 64 ? 'HMAC-SHA256' : sign?.length === 32 ? 'MD5' : undefined;
}

/** The parameters with which the page brings up the pay sheet: https://pay.weixin.qq.com/doc/v2/merchant/4011935214 */
export function jsapiParams(
  { key, signType }: { key: string; signType: SignType },
  { appId, prepayId, timestamp, nonceStr }: { appId: string; prepayId: string; timestamp: number; nonceStr: string },
): JsapiParams {
  const signed = { appId, timeStamp: String(timestamp), nonceStr, package: `prepay_id=${prepayId}`, signType };
  return { ...signed, paySign: sign(signed, key, signType) };
}
