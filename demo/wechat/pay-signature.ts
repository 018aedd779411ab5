import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import type { Account } from './account.ts';
import { PayRefusal } from './pay-refusal.ts';

const SCHEME = 'WECHATPAY2-SHA256-RSA2048';
/** Seconds that a timestamp may differ from WeChat's clock, either way. */
const TOLERANCE = 300;
/** Bytes of the body that a refusal shows of the string to sign. */
const SHOWN_BYTES = 8;
const FIELDS = ['mchid', 'nonce_str', 'signature', 'timestamp', 'serial_no'] as const;

type Authorization = Record<(typeof FIELDS)[number], string>;

export interface SignedRequest {
  method: string;
  /** Path and query, as sent. */
  url: string;
  body: Buffer;
  authorization: string | undefined;
}

/** `METHOD\nURL\nTIMESTAMP\nNONCE\nBODY\n`, which the merchant signs. */
export function requestToSign(request: SignedRequest, timestamp: string, nonceStr: string): Buffer {
  const head = `${request.method}\n${request.url}\n${timestamp}\n${nonceStr}\n`;
  return Buffer.concat([Buffer.from(head), request.body, Buffer.from('\n')]);
}

/** `TIMESTAMP\nNONCE\nBODY\n`, which WeChat Pay signs in answers and notifications. */
export function answerToSign(timestamp: string, nonceStr: string, body: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${timestamp}\n${nonceStr}\n`), Buffer.from(body), Buffer.from('\n')]);
}

/** RSA PKCS#1 v1.5 with SHA-256, base64. */
export function rsaSign(message: Buffer, key: KeyObject): string {
  return sign('sha256', message, key).toString('base64');
}

/** Remembers which message a nonce came with: the same request may come again, another one may not use its nonce. */
export class SeenNonces {
  readonly #messages = new Map<string, { digest: string; timestamp: number }>();

  isTaken(nonceStr: string, message: Buffer, timestamp: number): boolean {
    for (const [seen, { timestamp: at }] of this.#messages) {
      if (at < timestamp - 2 * TOLERANCE) this.#messages.delete(seen);
    }
    const digest = createHash('sha256').update(message).digest('hex');
    const known = this.#messages.get(nonceStr);
    if (known) return known.digest !== digest;
    this.#messages.set(nonceStr, { digest, timestamp });
    return false;
  }
}

/**
 * Believes that the merchant sent this request, or refuses it.
 * @returns the string that was signed
 * @throws PayRefusal 401 SIGN_ERROR
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365344
 */
export function verifyRequest(request: SignedRequest, account: Account, now: number, nonces: SeenNonces): string {
  const authorization = parseAuthorization(request.authorization);
  if (authorization.mchid !== account.mchid) throw signError('商户未申请过证书。');
  if (Math.abs(Number(authorization.timestamp) - now) > TOLERANCE) {
    throw signError('Http头Authorization中的timestamp与发起请求的时间不得超过5分钟');
  }
  if (authorization.serial_no !== account.merchantSerialNo) {
    throw signError('商户证书序列号有误。请使用签名私钥匹配的证书序列号');
  }
  const message = requestToSign(request, authorization.timestamp, authorization.nonce_str);
  const signature = Buffer.from(authorization.signature, 'base64');
  if (!verify('sha256', message, account.merchantKey.publicKey, signature)) {
    throw signatureMismatch(request, authorization, message.length);
  }
  if (nonces.isTaken(authorization.nonce_str, message, Number(authorization.timestamp))) {
    throw signError('Http头Authorization中的nonce_str已被使用');
  }
  return message.toString();
}

function parseAuthorization(header: string | undefined): Authorization {
  const malformed = signError('Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》');
  const [scheme, parameters, ...rest] = (header ?? '').split(' ');
  if (!header || rest.length > 0) throw malformed;
  if (scheme !== SCHEME) throw signError('Http头Authorization认证类型不正确');
  const found = new Map<string, string>();
  for (const parameter of (parameters ?? '').split(',')) {
    const [, name, value] = /^(\w+)="([^"]+)"$/.exec(parameter) ?? [];
    if (!name || !value || found.has(name)) throw malformed;
    found.set(name, value);
  }
  if (found.size !== FIELDS.length || FIELDS.some((field) => !found.has(field))) throw malformed;
  const authorization = Object.fromEntries(found) as Authorization;
  if (!/^\d{10}$/.test(authorization.timestamp) || !/^\S{1,32}$/.test(authorization.nonce_str)) throw malformed;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(authorization.signature)) throw malformed;
  return authorization;
}

function signError(message: string, detail?: unknown): PayRefusal {
  return new PayRefusal(401, 'SIGN_ERROR', message, { detail });
}

/** Shows what WeChat signed itself, so that the merchant can compare. */
function signatureMismatch(request: SignedRequest, authorization: Authorization, length: number): PayRefusal {
  const shown = { ...request, body: request.body.subarray(0, SHOWN_BYTES) };
  return signError('签名错误，请检查后再试', {
    detail: { issue: 'sign not match' },
    field: 'signature',
    location: 'authorization',
    sign_information: {
      method: request.method,
      sign_message_length: length,
      truncated_sign_message: requestToSign(shown, authorization.timestamp, authorization.nonce_str).toString(),
      url: request.url,
    },
  });
}
