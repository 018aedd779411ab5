import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import type { Account } from './account.ts';
import { encryptResource } from './aead.ts';
import { beijingTime } from './beijing-time.ts';
import type { Calls } from './calls.ts';
import type { Clock } from './clock.ts';
import type { Knobs, NotificationAnswer, NotificationFault, NotificationOverrides } from './control.ts';
import { nonce } from './nonce.ts';
import { type PayOrder, transaction } from './pay-orders.ts';
import { answerToSign, rsaSign } from './pay-signature.ts';
import type { PlatformKeys, SigningKey } from './platform-keys.ts';

/** Seconds between the tries: https://pay.weixin.qq.com/doc/v3/merchant/4012791861 */
const RETRY_AFTER = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];
const ANSWER_WITHIN = 5000;
const FAULTY_CLOCK = 600;

interface Notification {
  order: PayOrder;
  id: string;
  createdAt: number;
  /** How many tries were made. */
  tries: number;
}

type Parts = Pick<NotificationOverrides, 'transaction' | 'envelope' | 'headers' | 'serial' | 'timestamp' | 'url'> & {
  /** Signs with a key that is nobody's. */
  forged?: boolean;
  signature?: string;
};

/** Payment notifications: made, signed, sent and sent again until the merchant has taken them. */
export class Notifications {
  readonly #account: Account;
  readonly #keys: PlatformKeys;
  readonly #clock: Clock;
  readonly #calls: Calls;
  readonly #knobs: () => Knobs;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  #held: Notification[] = [];
  #foreignKey: KeyObject | undefined;
  readonly #stopping = new AbortController();

  constructor(world: { account: Account; keys: PlatformKeys; clock: Clock; calls: Calls; knobs: () => Knobs }) {
    this.#account = world.account;
    this.#keys = world.keys;
    this.#clock = world.clock;
    this.#calls = world.calls;
    this.#knobs = world.knobs;
  }

  /** The order was paid: notify, and again until it is taken. */
  paid(order: PayOrder): void {
    this.#start({ order, id: randomUUID(), createdAt: this.#clock.now(), tries: 0 });
  }

  /** One notification now, whatever the knobs say; no retry. */
  send(order: PayOrder, overrides: NotificationOverrides = {}): Promise<NotificationAnswer> {
    const notification = { order, id: randomUUID(), createdAt: this.#clock.now(), tries: 0 };
    return this.#post(notification, { ...this.#faulty(order, overrides.fault ?? 'send'), ...withoutFault(overrides) });
  }

  /** What is held goes out; faults set by then do not apply to it. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const notification of held) this.#track(this.#deliver(notification, 'send'));
  }

  /** Resolves when nothing is under way and no retry is to come. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0 || this.#timers.size > 0) {
      await Promise.all(this.#underWay);
      if (this.#timers.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  stop(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#held = [];
  }

  /** The headers that WeChat Pay signs this body with. */
  sign(
    body: string | Uint8Array,
    options: { serial?: string; timestamp?: number; nonce?: string } = {},
    key: SigningKey = this.#signingKey(options.serial),
  ): Record<string, string> {
    const timestamp = String(options.timestamp ?? this.#clock.seconds());
    const nonceStr = options.nonce ?? nonce(32);
    return {
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': nonceStr,
      'wechatpay-serial': key.serialNo,
      'wechatpay-signature': rsaSign(answerToSign(timestamp, nonceStr, body), key.privateKey),
      'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
    };
  }

  #start(notification: Notification): void {
    const fault = this.#knobs().notifications;
    if (fault === 'hold') {
      this.#held.push(notification);
      return;
    }
    if (fault === 'reorder' && this.#held.length === 0) {
      this.#held.push(notification);
      return;
    }
    const delivery = this.#deliver(notification, fault);
    this.#track(fault === 'reorder' ? delivery.then(() => this.release()) : delivery);
  }

  async #deliver(notification: Notification, fault: NotificationFault): Promise<void> {
    notification.tries += 1;
    const parts = this.#faulty(notification.order, fault);
    const copies = fault === 'drop' ? 0 : fault === 'double' ? 2 : 1;
    const answers = await Promise.all(Array.from({ length: copies }, () => this.#post(notification, parts)));
    if (!answers.some(({ status }) => status === 200 || status === 204)) this.#retryLater(notification);
  }

  #retryLater(notification: Notification): void {
    const seconds = RETRY_AFTER[notification.tries - 1];
    if (seconds === undefined || this.#stopping.signal.aborted) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#start(notification);
      },
      (seconds * 1000) / this.#knobs().retrySpeed,
    );
    this.#timers.add(timer);
  }

  #track(delivery: Promise<void>): void {
    const tracked = delivery.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #post(notification: Notification, parts: Parts): Promise<NotificationAnswer> {
    const { order } = notification;
    const url = parts.url ?? order.notifyUrl;
    const body = this.#body(notification, parts);
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
    const startedAt = Date.now();
    const answer = await post(url, headers, body, this.#stopping.signal);
    const ok = answer.status === 200 || answer.status === 204;
    this.#calls.add({
      startedAt,
      direction: 'out',
      method: 'POST',
      path: url,
      status: answer.status,
      verdict: ok ? 'ok' : 'refused',
      message: answer.status === 0 ? answer.body : undefined,
      stringToSign: answerToSign(
        headers['wechatpay-timestamp'] ?? '',
        headers['wechatpay-nonce'] ?? '',
        body,
      ).toString(),
      requestHeaders: headers,
      requestBody: body,
      responseBody: answer.body,
    });
    return answer;
  }

  #body({ id, createdAt, order }: Notification, parts: Parts): string {
    const plaintext = JSON.stringify({ ...transaction(order), ...parts.transaction });
    return JSON.stringify({
      id,
      create_time: beijingTime(createdAt),
      resource_type: 'encrypt-resource',
      event_type: 'TRANSACTION.SUCCESS',
      summary: '支付成功',
      resource: {
        original_type: 'transaction',
        ...encryptResource(plaintext, this.#account.apiV3Key, 'transaction'),
      },
      ...parts.envelope,
    });
  }

  #faulty(order: PayOrder, fault: NotificationFault): Parts {
    const { total, currency } = order;
    switch (fault) {
      case 'bad-signature':
        return { forged: true };
      case 'unknown-serial':
        return { forged: true, serial: randomBytes(20).toString('hex').toUpperCase() };
      case 'sign-test':
        return { signature: `WECHATPAY/SIGNTEST/${randomBytes(192).toString('base64')}` };
      case 'stale':
        return { timestamp: this.#clock.seconds() - FAULTY_CLOCK };
      case 'future':
        return { timestamp: this.#clock.seconds() + FAULTY_CLOCK };
      case 'tampered-amount':
        return {
          transaction: { amount: { total: total + 1, payer_total: total + 1, currency, payer_currency: currency } },
        };
      case 'foreign-appid':
        return { transaction: { appid: `wx${randomBytes(8).toString('hex')}` } };
      case 'foreign-mchid':
        return { transaction: { mchid: '1900000109' } };
      default:
        return {};
    }
  }

  /** By its serial, or as the pay mode has it for notifications. */
  #signingKey(serial: string | undefined): SigningKey {
    if (serial !== undefined) return this.#keys.find(serial) ?? this.#nobodysKey(serial);
    const { payMode, publicKeyShare } = this.#knobs();
    if (payMode === 'certificate') return this.#keys.certificate;
    if (payMode === 'public-key') return this.#keys.publicKey;
    return Math.random() < publicKeyShare ? this.#keys.publicKey : this.#keys.certificate;
  }

  #nobodysKey(serial?: string): SigningKey {
    this.#foreignKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    return { serialNo: serial ?? this.#signingKey(undefined).serialNo, privateKey: this.#foreignKey };
  }
}

async function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  stopping: AbortSignal,
): Promise<NotificationAnswer> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN), stopping]),
    });
    return { status: answer.status, body: await answer.text(), headers: Object.fromEntries(answer.headers) };
  } catch (error) {
    return { status: 0, body: error instanceof Error ? `${error.name}: ${error.message}` : String(error), headers: {} };
  }
}

function withoutUndefined(record: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function withoutFault({ fault: _fault, ...parts }: NotificationOverrides): Parts {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}
