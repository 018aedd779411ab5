import type { Account, User } from './account.ts';
import { type EncryptedResource, encryptResource } from './aead.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Notifications } from './notifications.ts';
import type { PayOrder, PayOrders } from './pay-orders.ts';
import type { Phones } from './phones.ts';
import type { PlatformKeys } from './platform-keys.ts';
import type { DeadTokenCode, Tokens } from './tokens.ts';

const NOTIFICATION_FAULTS = [
  'send',
  'hold',
  'drop',
  'double',
  'reorder',
  'bad-signature',
  'unknown-serial',
  'sign-test',
  'stale',
  'future',
  'tampered-amount',
  'foreign-appid',
  'foreign-mchid',
] as const;

/**
 * What goes wrong with notifications; `send` is none of it. As a knob it applies to each try that is made while it is
 * set: `hold` keeps them until `releaseNotifications` or another setting, `drop` loses the try (the next one comes on schedule), `double`
 * sends two at once, `reorder` keeps one until the next one has gone out; the others are what a forger, a wrong clock
 * or a mistake would send.
 */
export type NotificationFault = (typeof NOTIFICATION_FAULTS)[number];

export interface Knobs {
  /**
   * Which key signs what WeChat Pay sends. `certificate`: always the platform certificate. `public-key`: always the
   * public key, and there are no certificates. `switching`: answers as the request's Wechatpay-Serial asks.
   */
  payMode: 'certificate' | 'public-key' | 'switching';
  /** In `switching`: the share, 0 to 1, of notifications that the public key signs. */
  publicKeyShare: number;
  /** What the payer does with the pay sheet while no phone page is open. */
  paySheet: 'pay' | 'cancel';
  /** What the client tells the page after the sheet: the truth, `ok` without paying, `cancel` though paid, or `fail`. */
  bridgeAnswer: 'honest' | 'ok' | 'cancel' | 'fail';
  notifications: NotificationFault;
  /** The redirect uri of OAuth is called once by WeChat itself before the browser comes with the same code. */
  redirectTwice: boolean;
  /** Hosts (`host[:port]`) that OAuth may come back to; null: any loopback host. */
  redirectDomains: string[] | null;
  /** Hosts (`host[:port]`) that may use the JS-SDK; null: any loopback host. */
  jsSafeDomains: string[] | null;
  /** Absolute addresses ending in `/` from which pages may pay; null: any loopback origin. */
  payDirectories: string[] | null;
  /** Addresses that may ask for tokens; null: any. */
  allowedAddresses: string[] | null;
  /** Calls a day to `/cgi-bin/token`. */
  tokensADay: number;
  /** Calls a day and a minute to `/cgi-bin/stable_token`. */
  stableTokensADay: number;
  stableTokensAMinute: number;
  /** Calls a day to `/cgi-bin/ticket/getticket`. */
  ticketsADay: number;
  /** Notification retries come this many times faster than WeChat's. */
  retrySpeed: number;
  /** The page that the phone offers to open. */
  shopUrl: string | null;
}

export const DEFAULT_KNOBS: Knobs = {
  payMode: 'public-key',
  publicKeyShare: 0.5,
  paySheet: 'pay',
  bridgeAnswer: 'honest',
  notifications: 'send',
  redirectTwice: false,
  redirectDomains: null,
  jsSafeDomains: null,
  payDirectories: null,
  allowedAddresses: null,
  tokensADay: 2000,
  stableTokensADay: 500_000,
  stableTokensAMinute: 10_000,
  ticketsADay: 1_000_000,
  retrySpeed: 1,
  shopUrl: null,
};

/** Something that goes wrong with API calls. */
export interface Fault {
  /** A path, where `*` stands for anything: `/v3/pay/*`. */
  path: string;
  method?: string;
  /** How many calls it meets; default 1. */
  count?: number;
  /** `latency` waits `ms` and goes on; `status` answers with `status`; `disconnect` drops the connection. */
  kind: 'latency' | 'status' | 'disconnect';
  /** Default 1000. */
  ms?: number;
  /** Default 500. */
  status?: number;
  /** `after`: the call takes effect, but its answer is late, replaced or lost. Default `before`. */
  when?: 'before' | 'after';
}

/** A notification other than the genuine one. */
export interface NotificationOverrides {
  fault?: NotificationFault;
  /** Merged over the transaction before it is encrypted, one level deep. */
  transaction?: Record<string, unknown>;
  /** Merged over the envelope. */
  envelope?: Record<string, unknown>;
  /** Merged over the headers, after signing; undefined leaves one out. */
  headers?: Record<string, string | undefined>;
  /** Signs with this serial and its key (an unknown one: with nobody's); default: as the pay mode has it. */
  serial?: string;
  /** Seconds since the epoch; default now. */
  timestamp?: number;
  /** Where to send it; default: the order's notify url. */
  url?: string;
}

/** `status` 0: there was no answer, and `body` says why. */
export interface NotificationAnswer {
  status: number;
  body: string;
  headers: Record<string, string>;
}

export interface Control {
  /** The present values; change them with `set`. */
  readonly knobs: Readonly<Knobs>;
  /** Who has openids; the first one holds every phone. */
  readonly users: readonly User[];
  /** @throws TypeError where a knob does not exist or the value is not one of its kind. */
  set(knobs: Partial<Knobs>): void;
  /** Back to the knobs of the start; no fault is left, nothing is held. */
  reset(): void;
  fail(fault: Fault): void;
  /** Moves WeChat's clock ahead. Retries run on real time. */
  advance(seconds: number): void;
  /** Milliseconds since the epoch, by WeChat's clock. */
  now(): number;
  /** Every access token that is out is refused from now on, with this code; default 40001. */
  killToken(code?: DeadTokenCode): void;
  /** The JS-SDK tickets that are out are dead. */
  killTicket(): void;
  /** A new platform certificate signs; the old one stays listed. Returns the new serial. */
  rotateCertificate(): string;
  /** Serials of the public key and of the certificates, the newest first. */
  serials(): { publicKey: string; certificates: string[] };
  /** Another user holds this phone. @throws TypeError where nobody has the openid. */
  signIn(phone: string, openid: string): void;
  order(outTradeNo: string): PayOrder | undefined;
  /**
   * As if the payer had paid: the order is SUCCESS and its notification goes out, unless `notify` is false.
   * @throws TypeError where there is no such order or it cannot be paid
   */
  pay(outTradeNo: string, options?: { notify?: boolean }): PayOrder;
  /** Sends one notification now, whatever the knobs say, and not again. @throws TypeError where there is no such order. */
  notify(outTradeNo: string, overrides?: NotificationOverrides): Promise<NotificationAnswer>;
  /** Notifications that are held go out now, as they should be. */
  releaseNotifications(): void;
  /** Resolves when no notification is under way or waits for its next try; held ones aside. */
  notificationsSettled(): Promise<void>;
  /** The headers with which WeChat Pay would send this body. `timestamp` in seconds. */
  sign(
    body: string | Uint8Array,
    options?: { serial?: string; timestamp?: number; nonce?: string },
  ): Record<string, string>;
  /** `resource` of a notification, without its `original_type`. */
  encrypt(plaintext: string, associatedData?: string): EncryptedResource;
}

export interface ControlledWorld {
  account: Account;
  clock: Clock;
  keys: PlatformKeys;
  tokens: Tokens;
  orders: PayOrders;
  notifications: Notifications;
  phones: Phones;
  faults: Faults;
  /** The payer has paid. */
  pay: (order: PayOrder) => void;
}

/** Everything that can be done to this WeChat from outside. `knobs` is shared with those who obey them. */
export function createControl(world: ControlledWorld, knobs: Knobs): Control {
  const { account, clock, keys, tokens, orders, notifications, phones, faults } = world;
  const atStart = { ...knobs };
  const needed = (outTradeNo: string): PayOrder => {
    const order = orders.byOutTradeNo(outTradeNo);
    if (!order) throw new TypeError(`There is no order ${outTradeNo}.`);
    return order;
  };
  return {
    knobs,
    users: account.users,
    set(changes) {
      checkKnobs(changes);
      Object.assign(knobs, changes);
      if (changes.notifications && changes.notifications !== 'hold') notifications.release();
    },
    reset() {
      Object.assign(knobs, atStart);
      faults.clear();
      notifications.release();
    },
    fail: (fault) => faults.add(fault),
    advance: (seconds) => clock.advance(seconds),
    now: () => clock.now(),
    killToken: (code) => tokens.killTokens(code),
    killTicket: () => tokens.killTickets(),
    rotateCertificate: () => keys.rotate(),
    serials: () => ({
      publicKey: keys.publicKey.serialNo,
      certificates: keys.certificates.map(({ serialNo }) => serialNo),
    }),
    signIn: (phone, openid) => phones.signIn(phone, openid),
    order: (outTradeNo) => orders.byOutTradeNo(outTradeNo),
    pay(outTradeNo, { notify = true } = {}) {
      const order = needed(outTradeNo);
      const reason = orders.whyNotPayable(order);
      if (reason) throw new TypeError(`${outTradeNo}: ${reason}`);
      if (notify) world.pay(order);
      else orders.pay(order);
      return order;
    },
    notify: async (outTradeNo, overrides) => notifications.send(needed(outTradeNo), overrides),
    releaseNotifications: () => notifications.release(),
    notificationsSettled: () => notifications.settled(),
    sign: (body, options) => notifications.sign(body, options),
    encrypt: (plaintext, associatedData = 'transaction') =>
      encryptResource(plaintext, account.apiV3Key, associatedData),
  };
}

const isBoolean = (value: unknown) => typeof value === 'boolean';
const isPositive = (value: unknown) => typeof value === 'number' && value > 0;
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const isShare = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1;
const isAddress = (value: unknown) => value === null || (typeof value === 'string' && URL.canParse(value));
const isList = (value: unknown) =>
  value === null || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown) =>
    values.includes(value);

const KINDS: Record<keyof Knobs, (value: unknown) => boolean> = {
  payMode: oneOf('certificate', 'public-key', 'switching'),
  publicKeyShare: isShare,
  paySheet: oneOf('pay', 'cancel'),
  bridgeAnswer: oneOf('honest', 'ok', 'cancel', 'fail'),
  notifications: oneOf(...NOTIFICATION_FAULTS),
  redirectTwice: isBoolean,
  redirectDomains: isList,
  jsSafeDomains: isList,
  payDirectories: isList,
  allowedAddresses: isList,
  tokensADay: isCount,
  stableTokensADay: isCount,
  stableTokensAMinute: isCount,
  ticketsADay: isCount,
  retrySpeed: isPositive,
  shopUrl: isAddress,
};

function checkKnobs(changes: Partial<Knobs>): void {
  for (const [name, value] of Object.entries(changes)) {
    const fits = Object.hasOwn(KINDS, name) ? KINDS[name as keyof Knobs] : undefined;
    if (!fits) throw new TypeError(`There is no knob ${name}; there are ${Object.keys(KINDS).join(', ')}.`);
    if (!fits(value)) throw new TypeError(`The knob ${name} cannot be ${JSON.stringify(value)}.`);
  }
}
