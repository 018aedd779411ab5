import { createHash, createHmac } from 'node:crypto';

export const SIGN_TYPES = ['MD5', 'HMAC-SHA256'] as const;
export type SignType = (typeof SIGN_TYPES)[number];

/** Fields by name; an empty or absent value is not signed. */
export type Signed = Record<string, string | number | undefined>;

/**
 * `a=1&b=2`, by name in ASCII's order, without `sign` and what is empty; `&key=…` follows.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011985891
 */
export function v2StringToSign(fields: Signed): string {
  return Object.keys(fields)
    .filter((name) => name !== 'sign' && fields[name] !== undefined && fields[name] !== '')
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&');
}

/** Upper-case hexadecimal: 32 digits by MD5, 64 by HMAC-SHA256. */
export function v2Sign(fields: Signed, key: string, type: SignType): string {
  const text = `${v2StringToSign(fields)}&key=${key}`;
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', key);
  return hash.update(text).digest('hex').toUpperCase();
}

export function isSignType(value: unknown): value is SignType {
  return SIGN_TYPES.includes(value as SignType);
}

/** What a signature's length says of its making. */
export function signTypeOf(sign: string): SignType {
  return sign.length === 64 ? 'HMAC-SHA256' : 'MD5';
}
