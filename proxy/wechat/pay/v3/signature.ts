/**
 * What version 3 of the API signs, and how: RSA PKCS#1 v1.5 with SHA-256, base64.
 * https://pay.weixin.qq.com/doc/v3/merchant/4012365336
 */
import { createSign, createVerify, type KeyObject } from 'node:crypto';
import type { JsapiParams } from '../gateway.ts';

export interface Signer {
  mchId: string;
  serialNo: string;
  privateKey: KeyObject;
}

export interface SignedRequest {
  method: string;
  /** With the query, without the host. */
  path: string;
  /** Seconds since 1970. */
  timestamp: number;
  nonceStr: string;
  /** Exactly as sent; empty where there is none. */
  body: string;
}

export function sign(privateKey: KeyObject, lines: readonly string[]): string {
  return createSign('RSA-SHA256').update(join(lines)).sign(privateKey, 'base64');
}

/** Checks WeChat's signature over the raw body of an answer or a notification. */
export function verify(
  publicKey: KeyObject,
  { timestamp, nonce, body, signature }: { timestamp: string; nonce: string; body: Buffer; signature: string },
): boolean {
  return createVerify('RSA-SHA256')
    .update(`${timestamp}\n${nonce}\n`)
    .update(body)
    .update('\n')
    .verify(publicKey, signature, 'base64');
}

/** The `Authorization` header of a request. */
export function authorization(signer: Signer, request: SignedRequest): string {
  const { method, path, timestamp, nonceStr, body } = request;
  const signature = sign(signer.privateKey, [method, path, String(timestamp), nonceStr, body]);
  const fields = {
    mchid: signer.mchId,
    nonce_str: nonceStr,
    signature,
    timestamp: String(timestamp),
    serial_no: signer.serialNo,
  };
  const list = Object.entries(fields).map(([name, value]) => `${name}="${value}"`);
  return `WECHATPAY2-SHA256-RSA2048 ${list.join(',')}`;
}

/** The parameters with which the page brings up the pay sheet: https://pay.weixin.qq.com/doc/v3/merchant/4012365341 */
export function jsapiParams(
  privateKey: KeyObject,
  { appId, prepayId, timestamp, nonceStr }: { appId: string; prepayId: string; timestamp: number; nonceStr: string },
): JsapiParams {
  const timeStamp = String(timestamp);
  const packageText = `prepay_id=${prepayId}`;
  const paySign = sign(privateKey, [appId, timeStamp, nonceStr, packageText]);
  return { appId, timeStamp, nonceStr, package: packageText, signType: 'RSA', paySign };
}

/** Every line is ended, the last one too. */
function join(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
