import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { Account } from './account.ts';
import { encryptResource } from './aead.ts';
import { beijingTime } from './beijing-time.ts';
import type { Clock } from './clock.ts';
import type { Knobs, NotificationFault } from './control.ts';
import { nonce } from './nonce.ts';
import type { Letter, Notice, NoticeParts } from './notice.ts';
import { answerToSign, rsaSign } from './pay-signature.ts';
import type { PlatformKeys, SigningKey } from './platform-keys.ts';
import { refundNotice, transactionView } from './v3-views.ts';

const FAULTY_CLOCK = 600;
const SUMMARIES = { SUCCESS: '退款成功', ABNORMAL: '退款异常', CLOSED: '退款关闭', PROCESSING: '退款处理中' };

interface World {
  account: Account;
  keys: PlatformKeys;
  clock: Clock;
  knobs: () => Knobs;
}

/**
 * Notices of version 3: JSON, signed, what it tells encrypted.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791861
 */
export class V3Notices {
  readonly #world: World;
  #foreignKey: KeyObject | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  write(notice: Notice, parts: NoticeParts): Letter {
    const body = this.#body(notice, parts);
    const key = parts.forged ? this.#nobodysKey(parts.serial) : this.#signingKey(parts.serial);
    const headers = withoutUndefined({
      'content-type': 'application/json',
      accept: '*/*',
      'user-agent': 'Mozilla/4.0',
      'request-id': randomBytes(16).toString('hex').toUpperCase(),
      ...this.sign(body, parts, key),
      ...(parts.signature === undefined ? {} : { 'wechatpay-signature': parts.signature }),
      ...parts.headers,
    });
    const { 'wechatpay-timestamp': timestamp = '', 'wechatpay-nonce': nonceStr = '' } = headers;
    const stringToSign = answerToSign(timestamp, nonceStr, body).toString();
    return { headers, body, stringToSign, isTaken: ({ status }) => status === 200 || status === 204 };
  }

  /** The headers that WeChat Pay signs this body with. */
  sign(
    body: string | Uint8Array,
    options: { serial?: string; timestamp?: number; nonce?: string } = {},
    key: SigningKey = this.#signingKey(options.serial),
  ): Record<string, string> {
    const timestamp = String(options.timestamp ?? this.#world.clock.seconds());
    const nonceStr = options.nonce ?? nonce(32);
    return {
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': nonceStr,
      'wechatpay-serial': key.serialNo,
      'wechatpay-signature': rsaSign(answerToSign(timestamp, nonceStr, body), key.privateKey),
      'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
    };
  }

  /** What a notice looks like that has this fault. */
  faulty({ order, refund }: Notice, fault: NotificationFault): NoticeParts {
    const seconds = this.#world.clock.seconds();
    switch (fault) {
      case 'bad-signature':
        return { forged: true };
      case 'unknown-serial':
        return { forged: true, serial: randomBytes(20).toString('hex').toUpperCase() };
      case 'sign-test':
        return { signature: `WECHATPAY/SIGNTEST/${randomBytes(192).toString('base64')}` };
      case 'stale':
        return { timestamp: seconds - FAULTY_CLOCK };
      case 'future':
        return { timestamp: seconds + FAULTY_CLOCK };
      case 'tampered-amount': {
        const view = refund ? refundNotice(refund, order.mchid) : transactionView(order);
        return { transaction: { amount: oneMore(view.amount as Record<string, unknown>) } };
      }
      case 'foreign-appid':
        // A refund's notice names no appid.
        return refund ? { forged: true } : { transaction: { appid: `wx${randomBytes(8).toString('hex')}` } };
      case 'foreign-mchid':
        return { transaction: { mchid: '1900000109' } };
      default:
        return {};
    }
  }

  #body({ id, createdAt, order, refund }: Notice, parts: NoticeParts): string {
    const told = refund ? refundNotice(refund, order.mchid) : transactionView(order);
    const type = refund ? 'refund' : 'transaction';
    const plaintext = JSON.stringify({ ...told, ...parts.transaction });
    return JSON.stringify({
      id,
      create_time: beijingTime(createdAt),
      resource_type: 'encrypt-resource',
      event_type: refund ? `REFUND.${refund.state}` : 'TRANSACTION.SUCCESS',
      summary: refund ? SUMMARIES[refund.state] : '支付成功',
      resource: { original_type: type, ...encryptResource(plaintext, this.#world.account.apiV3Key, type) },
      ...parts.envelope,
    });
  }

  /** By its serial, or as the pay mode has it for notifications. */
  #signingKey(serial: string | undefined): SigningKey {
    const { keys, knobs } = this.#world;
    if (serial !== undefined) return keys.find(serial) ?? this.#nobodysKey(serial);
    const { payMode, publicKeyShare } = knobs();
    if (payMode === 'certificate') return keys.certificate;
    if (payMode === 'public-key') return keys.publicKey;
    return Math.random() < publicKeyShare ? keys.publicKey : keys.certificate;
  }

  #nobodysKey(serial?: string): SigningKey {
    this.#foreignKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    return { serialNo: serial ?? this.#signingKey(undefined).serialNo, privateKey: this.#foreignKey };
  }
}

/** One fen more in every amount. */
function oneMore(amount: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(amount).map(([name, value]) => [name, typeof value === 'number' ? value + 1 : value]),
  );
}

function withoutUndefined(record: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
