import type { Account, User } from './account.ts';
import type { AccountChat } from './account-chat.ts';
import { type EncryptedResource, encryptResource } from './aead.ts';
import type { Album, AlbumPicture } from './album/album.ts';
import { type Bills, isDate } from './bills.ts';
import type { BridgeImages } from './bridge-images.ts';
import type { Cashier } from './cashier.ts';
import type { Clock } from './clock.ts';
import type { Conversations } from './conversations.ts';
import type { Faults } from './faults.ts';
import type { Followers } from './followers.ts';
import { prepaidOfH5Url } from './h5-page.ts';
import { MEDIA_TYPES, type MediaType } from './media-kind.ts';
import type { Media, MediaStore } from './media-store.ts';
import { type MessageControl, messageDeeds } from './message-deeds.ts';
import type { MessagePushSettings } from './message-letter.ts';
import type { MessagePush } from './message-push.ts';
import type { Moments } from './moments.ts';
import type { Notifications } from './notifications.ts';
import type { PayOrder, PayOrders } from './pay-orders.ts';
import type { Phones, Sheet } from './phones.ts';
import type { PlatformKeys } from './platform-keys.ts';
import { type ProductCodes, ScanRefusal } from './product-codes.ts';
import type { QrCodes } from './qr-codes.ts';
import { type PayRefund, REFUND_ENDS, type RefundEnd, type Refunds } from './refunds.ts';
import type { Scanner } from './scanner.ts';
import type { Shares } from './shares.ts';
import type { SwitchWeek } from './switch-week.ts';
import type { TemplateMessages } from './template-messages.ts';
import type { Templates } from './templates.ts';
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

const TEMPLATE_DELIVERIES = ['success', 'failed:user block', 'failed: system failed', 'none'] as const;

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
  /** What becomes of a refund: `wait` leaves it PROCESSING until `finishRefund`. */
  refunds: 'succeed' | 'wait' | 'abnormal' | 'close';
  /** Fen that the merchant has for refunds; null: enough. */
  merchantBalance: number | null;
  /** The merchant's address for scans of product codes (Native mode 1), as set in the merchant console. */
  nativeCallbackUrl: string | null;
  /** Hosts (`host[:port]`) whose pages may lead to the H5 page; null: any loopback host. */
  h5Domains: string[] | null;
  /** The H5 page is refused where the browser's address is not the one in the order. */
  checkPayerAddress: boolean;
  /**
   * What its user does with the album's sheet while no phone page is open: `choose` takes the first pictures, as many as
   * may be chosen, not in original where both sizes are allowed; a photograph where only the camera is.
   */
  picker: 'choose' | 'cancel';
  /** There is no picture in the album. */
  albumEmpty: boolean;
  /** `getLocalImgData` works; else it fails for every local id. */
  localImagesReadable: boolean;
  /** Milliseconds that `uploadImage` takes; null: it never answers. */
  imageUploadTime: number | null;
  /** With which content type `/cgi-bin/media/get` sends its errors, which are JSON all the same. */
  mediaErrorType: 'application/json' | 'text/plain' | 'image/jpeg';
  /** How many permanent codes with a scene the account may have. */
  permanentCodes: number;
  /** Where messages and events are pushed to, as set in mp.weixin.qq.com; null: nowhere. */
  messagePush: MessagePushSettings | null;
  /**
   * What becomes of a template or subscription message that was taken, and what the event afterwards says; `none` delivers
   * it without an event.
   */
  templateDelivery: (typeof TEMPLATE_DELIVERIES)[number];
  /** Template messages a day, and subscription messages likewise. */
  templatesADay: number;
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
  refunds: 'succeed',
  merchantBalance: null,
  nativeCallbackUrl: null,
  h5Domains: null,
  checkPayerAddress: false,
  picker: 'choose',
  albumEmpty: false,
  localImagesReadable: true,
  imageUploadTime: 0,
  mediaErrorType: 'application/json',
  permanentCodes: 100_000,
  messagePush: null,
  templateDelivery: 'success',
  templatesADay: 100_000,
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
  /** Default 500; with a `code` of version 2, 200. */
  status?: number;
  /** WeChat Pay's code in the answer: `SYSTEM_ERROR`, `FREQUENCY_LIMITED`; in version 2 `SYSTEMERROR`, `BIZERR_NEED_RETRY`. */
  code?: string;
  /** `after`: the call takes effect, but its answer is late, replaced or lost. Default `before`. */
  when?: 'before' | 'after';
}

/** A notification other than the genuine one. */
export interface NotificationOverrides {
  fault?: NotificationFault;
  /** Speaks this version, whichever the order was made in. */
  payVersion?: 'v2' | 'v3';
  /** Merged over the transaction or refund before it is encrypted or signed, one level deep, by the version's own names. */
  transaction?: Record<string, unknown>;
  /** Merged over what encloses it; in version 2 over what is signed already. */
  envelope?: Record<string, unknown>;
  /** Merged over the headers, after signing; undefined leaves one out. */
  headers?: Record<string, string | undefined>;
  /** Signs with this serial and its key (an unknown one: with nobody's); default: as the pay mode has it. */
  serial?: string;
  /** Seconds since the epoch; default now. */
  timestamp?: number;
  /** Where to send it; default: the notify url of the order or refund. */
  url?: string;
}

/** `status` 0: there was no answer, and `body` says why. */
export interface NotificationAnswer {
  status: number;
  body: string;
  headers: Record<string, string>;
}

/** A payment made from outside: by whom (default: the order's payer, else the first user), and whether the merchant hears of it. */
export interface PaymentOptions {
  openid?: string;
  notify?: boolean;
}

/** Where in a call something happens: before it takes effect, or when it has and is not yet answered. */
export interface Moment {
  /** A path, where `*` stands for anything: `/v3/pay/*`. */
  path: string;
  method?: string;
  /** What the call names in its path or body, such as the number of an order. */
  naming?: string;
  when: 'before' | 'after';
  /** How many calls it meets; default 1. */
  count?: number;
}

/** What a phone makes of a code that its camera saw. */
export type ScanAnswer =
  /** The pay sheet is on the phone; where no phone page is open, the knob `paySheet` has answered it already. */
  | { kind: 'sheet'; sheet: Sheet }
  /** WeChat's words. */
  | { kind: 'refused'; message: string }
  /** An http address, which the phone opens. */
  | { kind: 'address'; url: string }
  /** The chat with the account, which the user follows. */
  | { kind: 'chat'; account: { name: string } }
  /** The account's page, on which a stranger can follow it; `ticket` is the code's. */
  | { kind: 'follow-page'; account: { name: string }; ticket: string }
  | { kind: 'text' };

export interface Control extends MessageControl {
  /** The present values; change them with `set`. */
  readonly knobs: Readonly<Knobs>;
  /** Who has openids; the first one holds every phone. */
  readonly users: readonly User[];
  /** @throws TypeError where a knob does not exist or the value is not one of its kind. */
  set(knobs: Partial<Knobs>): void;
  /**
   * Back to the knobs, the album, the followers and the templates of the start; no fault is left, nothing is held. What was
   * said and shared stays.
   */
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
  pay(outTradeNo: string, options?: PaymentOptions): PayOrder;
  /** Sends one notification now, whatever the knobs say, and not again. @throws TypeError where there is no such order. */
  notify(outTradeNo: string, overrides?: NotificationOverrides): Promise<NotificationAnswer>;
  /** As if the phone's camera saw this: a code_url, a product code, the account's code (or its ticket), an address or any other text. */
  scan(text: string, options?: { phone?: string }): Promise<ScanAnswer>;
  /** Pays the order of a code_url. @throws TypeError with WeChat's words where that cannot be */
  payByCode(codeUrl: string, options?: PaymentOptions): PayOrder;
  /** Pays the order of an h5_url or mweb_url. @throws TypeError with WeChat's words where that cannot be */
  payH5(h5Url: string, options?: PaymentOptions): PayOrder;
  refund(outRefundNo: string): PayRefund | undefined;
  /** A refund that is PROCESSING or ABNORMAL ends so, and its notification goes out. @throws TypeError where there is none */
  finishRefund(outRefundNo: string, state: RefundEnd, options?: { notify?: boolean }): PayRefund;
  /** As `notify`, for a refund. @throws TypeError where there is no such refund */
  notifyRefund(outRefundNo: string, overrides?: NotificationOverrides): Promise<NotificationAnswer>;
  /** A product code hangs somewhere: it stands among the codes that a phone can scan. @throws TypeError where it is none */
  printed(codeUrl: string): void;
  /** `date` as `2026-11-21`: lets this bill (CSV) lie there instead of the one that the orders make. */
  setBill(date: string, csv: string): void;
  /** The bill of a day, as it would be downloaded, unpacked. */
  billOf(date: string): string;
  /** payMode `switching`; the public key's share of notifications grows from 0 to 1 over seven days of WeChat's clock. */
  startSwitchWeek(): void;
  /** The pictures on the phones, newest first. Can be set; null brings those of a new phone back. */
  get album(): AlbumPicture[];
  set album(pictures: readonly AlbumPicture[] | null);
  /** The next uploads of the client (`uploadImage`) fail. Default 1. */
  failUploads(count?: number): void;
  /**
   * As if a client had uploaded it; default an image.
   * @returns the media id, which lives three days by WeChat's clock
   * @throws TypeError where there is no such type
   */
  addMedia(bytes: Uint8Array, options?: { type?: MediaType }): string;
  /** What was uploaded, expired or not. */
  media(mediaId: string): Media | undefined;
  /** The three days of all media are over. */
  expireMedia(): void;
  /** Runs something in the middle of a call, to force interleavings. In the same process only. */
  at(moment: Moment, work: () => unknown): void;
  /** Notifications that are held go out now, as they should be. */
  releaseNotifications(): void;
  /** Resolves when no notification or push is under way, and none waits for its next try; held ones aside. */
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
  album: Album;
  images: BridgeImages;
  media: MediaStore;
  clock: Clock;
  keys: PlatformKeys;
  tokens: Tokens;
  orders: PayOrders;
  refunds: Refunds;
  bills: Bills;
  chat: AccountChat;
  conversations: Conversations;
  followers: Followers;
  messagePush: MessagePush;
  qrCodes: QrCodes;
  shares: Shares;
  templateMessages: TemplateMessages;
  templates: Templates;
  notifications: Notifications;
  phones: Phones;
  cashier: Cashier;
  scanner: Scanner;
  products: ProductCodes;
  faults: Faults;
  moments: Moments;
  switchWeek: SwitchWeek;
  knobs: () => Knobs;
}

/** Everything that can be done to this WeChat from outside. */
export function createControl(world: ControlledWorld): Control {
  const { account, album, clock, images, keys, tokens, notifications, phones, faults, moments, switchWeek, knobs } =
    world;
  const { followers, messagePush, templateMessages, templates } = world;
  const atStart = { ...knobs() };
  return {
    get knobs() {
      return knobs();
    },
    users: account.users,
    set(changes) {
      checkKnobs(changes);
      if (changes.payMode !== undefined || changes.publicKeyShare !== undefined) switchWeek.stop();
      Object.assign(knobs(), changes);
      if (changes.notifications && changes.notifications !== 'hold') notifications.release();
    },
    reset() {
      switchWeek.stop();
      Object.assign(knobs(), atStart);
      album.reset();
      images.failUploads(0);
      followers.reset();
      for (const { openid } of account.users) {
        phones.tellUser(openid, 'following', { following: followers.isFollowing(openid) });
      }
      templates.reset();
      templateMessages.reset();
      faults.clear();
      moments.clear();
      notifications.release();
    },
    fail: (fault) => faults.add(fault),
    at: (moment, work) => moments.add(moment, work),
    advance: (seconds) => clock.advance(seconds),
    now: () => clock.now(),
    killToken: (code) => tokens.killTokens(code),
    killTicket: () => tokens.killTickets(),
    rotateCertificate: () => keys.rotate(),
    startSwitchWeek: () => switchWeek.start(),
    serials: () => ({
      publicKey: keys.publicKey.serialNo,
      certificates: keys.certificates.map(({ serialNo }) => serialNo),
    }),
    signIn: (phone, openid) => phones.signIn(phone, openid),
    releaseNotifications: () => notifications.release(),
    async notificationsSettled() {
      do {
        await notifications.settled();
        await messagePush.settled();
      } while (notifications.isUnderWay);
    },
    sign: (body, options) => notifications.v3.sign(body, options),
    encrypt: (plaintext, associatedData = 'transaction') =>
      encryptResource(plaintext, account.apiV3Key, associatedData),
    get album() {
      return album.files();
    },
    set album(pictures) {
      album.set(pictures);
    },
    get templates() {
      return templates.list();
    },
    ...messageDeeds(world),
    ...mediaDeeds(world),
    ...paymentDeeds(world),
    ...refundDeeds(world),
  };
}

function mediaDeeds({ images, media }: ControlledWorld) {
  return {
    failUploads: (count = 1) => images.failUploads(count),
    addMedia(bytes, { type = 'image' } = {}) {
      if (!MEDIA_TYPES.includes(type)) throw new TypeError(`There is no media type ${type}.`);
      return media.add(bytes, type).mediaId;
    },
    media: (mediaId) => media.get(mediaId),
    expireMedia: () => media.expire(),
  } satisfies Partial<Control>;
}

function paymentDeeds({ cashier, notifications, orders, products, scanner }: ControlledWorld) {
  const needed = (outTradeNo: string): PayOrder => {
    const order = orders.byOutTradeNo(outTradeNo);
    if (!order) throw new TypeError(`There is no order ${outTradeNo}.`);
    return order;
  };
  const pay = (order: PayOrder, { openid, notify }: PaymentOptions = {}): PayOrder => {
    const reason = cashier.take(order, openid ?? cashier.payerOf(order), { notify });
    if (reason) throw new TypeError(`${order.outTradeNo}: ${reason}`);
    return order;
  };
  return {
    order: (outTradeNo) => orders.byOutTradeNo(outTradeNo),
    pay: (outTradeNo, options) => pay(needed(outTradeNo), options),
    notify: async (outTradeNo, overrides) => notifications.send(needed(outTradeNo), undefined, overrides),
    scan: (text, { phone = '' } = {}) => scanner.scan(text, phone),
    payByCode: (codeUrl, options) => scanner.payByCode(codeUrl, options),
    payH5(h5Url, options) {
      const prepaid = prepaidOfH5Url(orders, h5Url);
      if (!prepaid) throw new TypeError('商家参数格式有误，请联系商家解决');
      if (!orders.isAlive(prepaid)) throw new TypeError('支付请求已失效，请重新发起支付');
      return pay(prepaid.order, options);
    },
    printed(codeUrl) {
      try {
        products.printed(codeUrl);
      } catch (error) {
        throw error instanceof ScanRefusal ? new TypeError(error.message) : error;
      }
    },
  } satisfies Partial<Control>;
}

function refundDeeds({ bills, cashier, notifications, orders, refunds }: ControlledWorld) {
  const needed = (outRefundNo: string): PayRefund => {
    const refund = refunds.byOutRefundNo(outRefundNo);
    if (!refund) throw new TypeError(`There is no refund ${outRefundNo}.`);
    return refund;
  };
  return {
    refund: (outRefundNo) => refunds.byOutRefundNo(outRefundNo),
    finishRefund(outRefundNo, state, options) {
      const refund = needed(outRefundNo);
      if (!REFUND_ENDS.includes(state)) throw new TypeError(`A refund cannot end as ${state}.`);
      cashier.finish(refund, state, options);
      return refund;
    },
    async notifyRefund(outRefundNo, overrides) {
      const refund = needed(outRefundNo);
      return notifications.send(orders.byOutTradeNo(refund.outTradeNo)!, refund, overrides);
    },
    setBill: (date, csv) => bills.set(neededDate(date), csv),
    billOf: (date) => bills.bill(neededDate(date), 'ALL'),
  } satisfies Partial<Control>;
}

function neededDate(date: string): string {
  if (!isDate(date)) throw new TypeError(`${date} is no date as 2026-11-21 is.`);
  return date;
}

const isBoolean = (value: unknown) => typeof value === 'boolean';
const isPositive = (value: unknown) => typeof value === 'number' && value > 0;
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const isShare = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1;
const isAddress = (value: unknown) => value === null || (typeof value === 'string' && URL.canParse(value));
const isList = (value: unknown) =>
  value === null || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
const isMessagePush = (value: unknown) => {
  if (value === null) return true;
  const { url, token, aesKey, mode, format } = (value ?? {}) as Record<string, unknown>;
  const isKey = typeof aesKey === 'string' && /^[0-9A-Za-z]{43}$/.test(aesKey);
  return (
    typeof url === 'string' &&
    URL.canParse(url) &&
    typeof token === 'string' &&
    /^[0-9A-Za-z]{3,32}$/.test(token) &&
    (isKey || (aesKey === null && mode === 'plain')) &&
    ['plain', 'compatible', 'safe'].includes(String(mode)) &&
    (format === 'xml' || format === 'json')
  );
};
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
  permanentCodes: isCount,
  retrySpeed: isPositive,
  refunds: oneOf('succeed', 'wait', 'abnormal', 'close'),
  merchantBalance: (value) => value === null || isCount(value),
  nativeCallbackUrl: isAddress,
  h5Domains: isList,
  checkPayerAddress: isBoolean,
  picker: oneOf('choose', 'cancel'),
  albumEmpty: isBoolean,
  localImagesReadable: isBoolean,
  imageUploadTime: (value) => value === null || isCount(value),
  mediaErrorType: oneOf('application/json', 'text/plain', 'image/jpeg'),
  messagePush: isMessagePush,
  templateDelivery: oneOf(...TEMPLATE_DELIVERIES),
  templatesADay: isCount,
  shopUrl: isAddress,
};

function checkKnobs(changes: Partial<Knobs>): void {
  for (const [name, value] of Object.entries(changes)) {
    const fits = Object.hasOwn(KINDS, name) ? KINDS[name as keyof Knobs] : undefined;
    if (!fits) throw new TypeError(`There is no knob ${name}; there are ${Object.keys(KINDS).join(', ')}.`);
    if (!fits(value)) throw new TypeError(`The knob ${name} cannot be ${JSON.stringify(value)}.`);
  }
}
