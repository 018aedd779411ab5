import { randomUUID } from 'node:crypto';
import type { Account } from './account.ts';
import type { Calls } from './calls.ts';
import type { Clock } from './clock.ts';
import type { Knobs, NotificationAnswer, NotificationFault, NotificationOverrides } from './control.ts';
import type { Notice, NoticeParts } from './notice.ts';
import type { PayOrder } from './pay-orders.ts';
import type { PlatformKeys } from './platform-keys.ts';
import { postToMerchant } from './post-to-merchant.ts';
import type { PayRefund } from './refunds.ts';
import { V2Notices } from './v2-notices.ts';
import { V3Notices } from './v3-notices.ts';

/** Seconds between the tries: https://pay.weixin.qq.com/doc/v3/merchant/4012791861 */
const RETRY_AFTER = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];

interface Notification extends Notice {
  url: string;
  version: 'v2' | 'v3';
  /** How many tries were made. */
  tries: number;
}

/** Notifications of payments and refunds: sent, and sent again until the merchant has taken them. */
export class Notifications {
  readonly v3: V3Notices;
  readonly #v2: V2Notices;
  readonly #clock: Clock;
  readonly #calls: Calls;
  readonly #knobs: () => Knobs;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  #held: Notification[] = [];
  readonly #stopping = new AbortController();

  constructor(world: { account: Account; keys: PlatformKeys; clock: Clock; calls: Calls; knobs: () => Knobs }) {
    this.v3 = new V3Notices(world);
    this.#v2 = new V2Notices(world.account);
    this.#clock = world.clock;
    this.#calls = world.calls;
    this.#knobs = world.knobs;
  }

  /** The order was paid: notify, and again until it is taken. */
  paid(order: PayOrder): void {
    this.#start(this.#notification(order.notifyUrl, order.payVersion, order));
  }

  /** The refund has ended: notify, where the merchant said where. */
  refunded(refund: PayRefund, order: PayOrder): void {
    if (refund.notifyUrl === undefined) return;
    this.#start(this.#notification(refund.notifyUrl, refund.payVersion, order, refund));
  }

  /** One notification now, whatever the knobs say; no retry. @throws TypeError where there is nowhere to send it */
  async send(order: PayOrder, refund?: PayRefund, overrides: NotificationOverrides = {}): Promise<NotificationAnswer> {
    const url = overrides.url ?? (refund ? refund.notifyUrl : order.notifyUrl);
    if (url === undefined) throw new TypeError(`The refund ${refund?.outRefundNo} has no notify_url.`);
    const version = overrides.payVersion ?? (refund ?? order).payVersion;
    const notification = this.#notification(url, version, order, refund);
    const { fault = 'send', payVersion: _version, ...parts } = overrides;
    const { answer } = await this.#post(notification, {
      ...this.#dialect(notification).faulty(notification, fault),
      ...withoutUndefined(parts),
    });
    return answer;
  }

  /** What is held goes out; faults set by then do not apply to it. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const notification of held) this.#track(this.#deliver(notification, 'send'));
  }

  /** Resolves when nothing is under way and no retry is to come. */
  async settled(): Promise<void> {
    while (this.isUnderWay) {
      await Promise.all(this.#underWay);
      if (this.#timers.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  get isUnderWay(): boolean {
    return this.#underWay.size > 0 || this.#timers.size > 0;
  }

  stop(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#held = [];
  }

  #notification(url: string, version: 'v2' | 'v3', order: PayOrder, refund?: PayRefund): Notification {
    // As they are now: a refund that comes later does not change what is told of the payment.
    const told: PayOrder = { ...order, state: order.state === 'REFUND' ? 'SUCCESS' : order.state };
    return {
      url,
      version,
      order: told,
      refund: refund && { ...refund },
      id: randomUUID(),
      createdAt: this.#clock.now(),
      tries: 0,
    };
  }

  #dialect({ version }: Notification): V2Notices | V3Notices {
    return version === 'v2' ? this.#v2 : this.v3;
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
    const parts = this.#dialect(notification).faulty(notification, fault);
    const copies = fault === 'drop' ? 0 : fault === 'double' ? 2 : 1;
    const tries = await Promise.all(Array.from({ length: copies }, () => this.#post(notification, parts)));
    if (!tries.some(({ taken }) => taken)) this.#retryLater(notification);
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

  async #post(notification: Notification, parts: NoticeParts): Promise<{ answer: NotificationAnswer; taken: boolean }> {
    const url = parts.url ?? notification.url;
    const letter = this.#dialect(notification).write(notification, parts);
    const startedAt = Date.now();
    const answer = await postToMerchant(url, letter, this.#stopping.signal);
    const taken = letter.isTaken(answer);
    this.#calls.add({
      startedAt,
      direction: 'out',
      method: 'POST',
      path: url,
      status: answer.status,
      verdict: taken ? 'ok' : 'refused',
      message: answer.status === 0 ? answer.body : undefined,
      stringToSign: letter.stringToSign,
      requestHeaders: letter.headers,
      requestBody: letter.body,
      responseBody: answer.body,
    });
    return { answer, taken };
  }
}

function withoutUndefined(parts: NoticeParts): NoticeParts {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}
