/** What WeChat Pay posts by version 2 of the API. No part of it is believed before it is proved. */
import { createDecipheriv, createHash } from 'node:crypto';
import { z } from 'zod';
import { ProxyError } from '../../../errors.ts';
import { parseXml, writeXml, type XmlFields } from '../../xml.ts';
import type { RefundState, Transaction } from '../gateway.ts';
import { cutToBytes, readFields } from './fields.ts';
import { readRefundInfo } from './refund.ts';
import { type SignType, sign, signTypeOf, verify } from './signature.ts';
import { PaidTransaction } from './transaction.ts';

/** Whose notifications are read, and what proves them, where that is configured. */
export interface V2Account {
  appId: string;
  mchId: string;
  key?: string | undefined;
}

export interface V2Keys extends V2Account {
  key: string;
}

/** That somebody has scanned a printed code. */
export interface Scan {
  productId: string;
  openid: string;
  nonceStr: string;
  signType: SignType;
}

const RefundNotice = z.object({ return_code: z.literal('SUCCESS'), req_info: z.base64() });

const ScanFields = z.object({
  product_id: z.string(),
  openid: z.string().regex(/^[0-9A-Za-z_-]{1,128}$/),
  nonce_str: z.string().max(32),
});

/**
 * A payment notice. Whose it is, and how much was paid, is the caller's to compare with the order.
 * https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 * @throws {ProxyError} `malformed_notification`, `invalid_signature`
 */
export function readTransactionNotice({ key }: V2Keys, body: Buffer): Transaction {
  const fields = readSigned(key, body);
  if (fields.return_code !== 'SUCCESS' || fields.result_code !== 'SUCCESS')
    throw new ProxyError('malformed_notification', 'The notice is not of a payment that succeeded.');
  return readFields(PaidTransaction, fields) ?? malformed();
}

/**
 * A refund notice. It bears no sign: what proves it is that its inside could be encrypted. That is AES in ECB mode,
 * which lets blocks of notices be put together anew: numbers and amounts are the caller's to compare with the refund.
 * https://pay.weixin.qq.com/doc/v2/partner/4011989265
 * @throws {ProxyError} `malformed_notification`, `merchant_mismatch`, `decryption_failed`
 */
export function readRefundNotice(keys: V2Keys, body: Buffer): RefundState {
  const fields = parseXml(body);
  const { req_info } = readFields(RefundNotice, fields) ?? malformed();
  requireOurs(keys, fields);
  return readRefundInfo(keys.mchId, decrypt(keys.key, req_info)) ?? malformed();
}

/**
 * Whether this looks like a refund notice for us. Proves nothing.
 * @throws {ProxyError} `malformed_notification`
 */
export function isRefundNoticeOf(account: V2Account, body: Buffer): boolean {
  const fields = parseXml(body);
  return readFields(RefundNotice, fields) !== undefined && isOurs(account, fields);
}

/**
 * The callback of a printed code: https://pay.weixin.qq.com/wiki/doc/api/native.php?chapter=6_4
 * @throws {ProxyError} `malformed_notification`, `invalid_signature`, `merchant_mismatch`
 */
export function readScan(keys: V2Keys, body: Buffer): Scan {
  const fields = readSigned(keys.key, body);
  requireOurs(keys, fields);
  const { product_id, openid, nonce_str } = readFields(ScanFields, fields) ?? malformed();
  return { productId: product_id, openid, nonceStr: nonce_str, signType: signTypeOf(fields)! };
}

/** What a scan is answered with: an order to pay, or why there is none, which the payer reads. */
export function answerScan(
  { appId, mchId, key }: V2Keys,
  { signType }: Pick<Scan, 'signType'>,
  result: { prepayId: string } | { error: string },
  nonceStr: string,
): string {
  const isOrder = 'prepayId' in result;
  const fields = {
    return_code: 'SUCCESS',
    appid: appId,
    mch_id: mchId,
    nonce_str: nonceStr,
    prepay_id: isOrder ? result.prepayId : '',
    result_code: isOrder ? 'SUCCESS' : 'FAIL',
    ...(!isOrder && { err_code_des: cutToBytes(result.error, 128) }),
  };
  return writeXml({ ...fields, sign: sign(fields, key, signType) });
}

function readSigned(key: string, body: Buffer): XmlFields {
  const fields = parseXml(body);
  if (!verify(fields, key)) throw new ProxyError('invalid_signature');
  return fields;
}

function requireOurs(keys: V2Keys, fields: XmlFields): void {
  if (!isOurs(keys, fields)) throw new ProxyError('merchant_mismatch');
}

function isOurs({ appId, mchId }: V2Account, { appid, mch_id }: XmlFields): boolean {
  return appid === appId && mch_id === mchId;
}

function decrypt(key: string, reqInfo: string): XmlFields {
  try {
    const secret = createHash('md5').update(key).digest('hex');
    const decipher = createDecipheriv('aes-256-ecb', secret, null);
    const plain = Buffer.concat([decipher.update(reqInfo, 'base64'), decipher.final()]);
    return parseXml(plain, { root: 'root' });
  } catch {
    throw new ProxyError('decryption_failed');
  }
}

function malformed(): never {
  throw new ProxyError('malformed_notification');
}
