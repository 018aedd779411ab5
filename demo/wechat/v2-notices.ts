import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import type { Account } from './account.ts';
import type { NotificationAnswer, NotificationFault } from './control.ts';
import { nonce } from './nonce.ts';
import type { Letter, Notice, NoticeParts } from './notice.ts';
import { type Signed, v2Sign, v2StringToSign } from './v2-signature.ts';
import { paymentNotice, refundInfo } from './v2-views.ts';
import { readXml, writeXml } from './xml.ts';

/** Notices of version 2: XML; a payment's is signed, a refund's encrypted. */
export class V2Notices {
  readonly #account: Account;

  constructor(account: Account) {
    this.#account = account;
  }

  write(notice: Notice, parts: NoticeParts): Letter {
    const key = parts.forged ? nonce(32) : this.#account.apiV2Key;
    const fields = notice.refund ? this.#refund(notice, parts, key) : this.#payment(notice, parts, key);
    const headers = Object.entries({
      'content-type': 'text/xml',
      accept: '*/*',
      'user-agent': 'Mozilla/4.0',
      ...parts.headers,
    });
    return {
      headers: Object.fromEntries(headers.filter((entry): entry is [string, string] => entry[1] !== undefined)),
      body: writeXml(fields),
      stringToSign: notice.refund
        ? writeXml(merged(refundInfo(notice.refund), parts.transaction), 'root')
        : `${v2StringToSign(fields)}&key=…`,
      isTaken,
    };
  }

  /** What a notice looks like that has this fault. One that makes no sense in version 2 is a forged signature. */
  faulty({ order, refund }: Notice, fault: NotificationFault): NoticeParts {
    const foreign = (fields: Record<string, string>) => (refund ? { envelope: fields } : { transaction: fields });
    switch (fault) {
      case 'bad-signature':
      case 'unknown-serial':
      case 'sign-test':
      case 'stale':
      case 'future':
        return { forged: true };
      case 'tampered-amount':
        return refund
          ? { transaction: { refund_fee: refund.amount + 1, settlement_refund_fee: refund.amount + 1 } }
          : { transaction: { total_fee: order.total + 1, cash_fee: order.total + 1 } };
      case 'foreign-appid':
        return foreign({ appid: `wx${randomBytes(8).toString('hex')}` });
      case 'foreign-mchid':
        return foreign({ mch_id: '1900000109' });
      default:
        return {};
    }
  }

  #payment({ order }: Notice, parts: NoticeParts, key: string): Signed {
    const told = merged({ ...paymentNotice(order), nonce_str: nonce(32) }, parts.transaction);
    const sign = v2Sign(told, key, order.signType ?? 'MD5');
    return merged({ ...told, sign }, parts.envelope);
  }

  #refund({ order, refund }: Notice, parts: NoticeParts, key: string): Signed {
    const told = merged(refundInfo(refund!), parts.transaction);
    const fields = {
      return_code: 'SUCCESS',
      appid: order.appid,
      mch_id: order.mchid,
      nonce_str: nonce(32),
      req_info: encryptInfo(writeXml(told, 'root'), key),
    };
    return merged(fields, parts.envelope);
  }
}

/** AES-256-ECB, PKCS#7, base64; the key is the lower-case MD5 of the API key. */
export function encryptInfo(text: string, apiKey: string): string {
  const cipher = createCipheriv('aes-256-ecb', createHash('md5').update(apiKey).digest('hex'), null);
  return cipher.update(text, 'utf8', 'base64') + cipher.final('base64');
}

function isTaken({ status, body }: NotificationAnswer): boolean {
  if (status !== 200) return false;
  try {
    return readXml(Buffer.from(body)).return_code === 'SUCCESS';
  } catch {
    return false;
  }
}

function merged(fields: Signed, changes: Record<string, unknown> | undefined): Signed {
  return { ...fields, ...(changes as Signed | undefined) };
}
