import { createHash, verify } from 'node:crypto';
import type { Account } from './account.ts';
import { jssdkSignature, jssdkStringToSign, withoutHash } from './jssdk-signature.ts';
import { decryptMessage, MessageCryptoError, messageSignature, messageStringToSign } from './message-crypto.ts';
import { requestToSign, rsaSign } from './pay-signature.ts';
import { isSignType, type SignType, signTypeOf, v2Sign, v2StringToSign } from './v2-signature.ts';

/** What a developer learns of a signature. */
export interface SignatureCheck {
  stringToSign: string;
  expected: string;
  /** null: there was none to compare. */
  verdict: 'right' | 'wrong' | null;
  /** How a wrong one was made, where that can be seen. */
  hint?: string;
}

/** Texts by name, as they came from the debugging page. */
export type Asked = Record<string, string | undefined>;

/** @see https://mp.weixin.qq.com/debug/cgi-bin/sandbox?t=jsapisign */
export function checkJssdk(
  { url = '', timestamp = '', noncestr = '', signature }: Asked,
  ticket: string,
): SignatureCheck & { ticket: string; url: string } {
  const signed = { ticket, nonceStr: noncestr, timestamp, url };
  const sign = (changed: string) => jssdkSignature({ ...signed, url: changed });
  const text = jssdkStringToSign(signed);
  const hints = {
    'decoded-url': () => sign(decoded(url)),
    'encoded-url': () => sign(encodeURIComponent(url)),
    'without-query': () => sign(withoutHash(url).split('?', 1)[0]!),
    'with-fragment': () => sha1(text.replace(withoutHash(url), () => url)),
    nonceStr: () => sha1(text.replace('noncestr=', 'nonceStr=')),
  };
  return { ...compare(text, sign(url), signature, hints), ticket, url: withoutHash(url) };
}

/** Version 2 of WeChat Pay: fields, and the API key behind them. */
export function checkPayV2(
  fields: Record<string, string>,
  { signature = fields.sign, signType }: Asked,
  { apiV2Key }: Account,
): SignatureCheck {
  const type: SignType = isSignType(signType) ? signType : signTypeOf(signature ?? '');
  const other: SignType = type === 'MD5' ? 'HMAC-SHA256' : 'MD5';
  const text = `${v2StringToSign(fields)}&key=${apiV2Key}`;
  return compare(text, v2Sign(fields, apiV2Key, type), signature, {
    'other-sign-type': () => v2Sign(fields, apiV2Key, other),
  });
}

/** Version 3 of WeChat Pay: a merchant's request, or the parameters of a page. */
export function checkPayV3(asked: Asked, { merchantKey }: Account): SignatureCheck {
  const text = asked.kind === 'page' ? pageToSign(asked) : requestText(asked);
  const sign = (message: string) => rsaSign(Buffer.from(message), merchantKey.privateKey);
  const check = compare(text, sign(text), asked.signature, { 'last-line-not-ended': () => sign(text.slice(0, -1)) });
  const isRight =
    check.verdict !== null &&
    verify('sha256', Buffer.from(text), merchantKey.publicKey, Buffer.from(asked.signature ?? '', 'base64'));
  return isRight ? { ...check, verdict: 'right', hint: undefined } : check;
}

/** The message push: `signature`, or `msg_signature` where there is an `encrypt`, which is opened then. */
export function checkMessage(
  { timestamp = '', nonce = '', encrypt, signature }: Asked,
  { appId, messageToken: token, messageAesKey }: Account,
): SignatureCheck & { plaintext?: string; problem?: string } {
  const signed = { token, timestamp, nonce, encrypt };
  const check = compare(messageStringToSign(signed), messageSignature(signed), signature, {
    'without-encrypt': () => messageSignature({ token, timestamp, nonce }),
  });
  if (encrypt === undefined) return check;
  try {
    const { message, appId: written } = decryptMessage(encrypt, messageAesKey);
    return { ...check, plaintext: message, ...(written !== appId && { problem: `the appid in it is ${written}` }) };
  } catch (error) {
    if (error instanceof MessageCryptoError) return { ...check, problem: error.message };
    throw error;
  }
}

function compare(
  stringToSign: string,
  expected: string,
  signature: string | undefined,
  hints: Record<string, () => string>,
): SignatureCheck {
  if (!signature) return { stringToSign, expected, verdict: null };
  if (signature === expected) return { stringToSign, expected, verdict: 'right' };
  const isOnlyCase = signature.toLowerCase() === expected.toLowerCase();
  const hint = isOnlyCase ? 'case' : Object.keys(hints).find((name) => hints[name]!() === signature);
  return { stringToSign, expected, verdict: 'wrong', hint };
}

function requestText({ method = '', path = '', timestamp = '', nonce = '', body = '' }: Asked): string {
  return requestToSign(
    { method, url: path, body: Buffer.from(body), authorization: undefined },
    timestamp,
    nonce,
  ).toString();
}

function pageToSign({ appId = '', timeStamp = '', nonceStr = '', package: prepaid = '' }: Asked): string {
  return `${appId}\n${timeStamp}\n${nonceStr}\n${prepaid}\n`;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** As it is where it is not encoded rightly. */
function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}
