import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { type Account, createAccount } from './account.ts';
import { AccountChat } from './account-chat.ts';
import { Album } from './album/album.ts';
import { apiRoutes } from './api-routes.ts';
import { Authority } from './authority.ts';
import { billRoutes } from './bill-routes.ts';
import { Bills } from './bills.ts';
import { Bridge } from './bridge.ts';
import { BridgeImages } from './bridge-images.ts';
import { BridgeShares } from './bridge-shares.ts';
import { type Call, Calls } from './calls.ts';
import { Cashier } from './cashier.ts';
import { clientRoutes } from './client-routes.ts';
import { type Clock, createClock } from './clock.ts';
import { type Control, createControl, DEFAULT_KNOBS, type Knobs } from './control.ts';
import { controlRoutes } from './control-routes.ts';
import { Conversations } from './conversations.ts';
import { type Exchange, type ExchangeMiddleware, listCalls, readBody } from './exchange.ts';
import { Faults } from './faults.ts';
import { Followers } from './followers.ts';
import { h5PageUrl, h5Routes } from './h5-page.ts';
import { LocalImages } from './local-images.ts';
import { mediaRoutes } from './media-routes.ts';
import { MediaStore } from './media-store.ts';
import { MessagePush } from './message-push.ts';
import { messageRoutes } from './message-routes.ts';
import { Moments } from './moments.ts';
import { Notifications } from './notifications.ts';
import { OauthCodes } from './oauth-codes.ts';
import { oauthRoutes } from './oauth-routes.ts';
import { Pages } from './pages.ts';
import { payAuthentication } from './pay-authentication.ts';
import { PayOrders, type Prepaid } from './pay-orders.ts';
import { payRoutes } from './pay-routes.ts';
import { Phones } from './phones.ts';
import { PlatformKeys } from './platform-keys.ts';
import { ProductCodes } from './product-codes.ts';
import { qrCodeRoutes } from './qr-code-routes.ts';
import { QrCodes } from './qr-codes.ts';
import { refundRoutes } from './refund-routes.ts';
import { type PayRefund, Refunds } from './refunds.ts';
import { Scanner } from './scanner.ts';
import { Shares } from './shares.ts';
import { SwitchWeek } from './switch-week.ts';
import { TemplateMessages } from './template-messages.ts';
import { Templates } from './templates.ts';
import { Tokens } from './tokens.ts';
import { distrust, trust } from './trust.ts';
import { v2Routes } from './v2-routes.ts';

export type { User } from './account.ts';
export type { ChatEntry } from './account-chat.ts';
export type { EncryptedResource } from './aead.ts';
export type { AlbumPicture } from './album/album.ts';
export type { Call } from './calls.ts';
export type {
  Control,
  Fault,
  Knobs,
  Moment,
  NotificationAnswer,
  NotificationFault,
  NotificationOverrides,
  PaymentOptions,
  ScanAnswer,
} from './control.ts';
export type { Media } from './media-store.ts';
export type { MessagePushSettings } from './message-letter.ts';
export type { PushAnswer, PushOverrides } from './message-push.ts';
export type { Reply } from './passive-reply.ts';
export type { PayOrder } from './pay-orders.ts';
export type { PayRefund } from './refunds.ts';
export type { Share } from './shares.ts';
export type { Template } from './templates.ts';

export interface WechatOptions {
  host?: '127.0.0.1';
  /** Default 0: any free port. */
  port?: number;
  /** `host[:port]` that may use the JS-SDK; default: any loopback host and port. */
  jsSafeDomains?: string[];
  /** Absolute addresses ending in `/` from which pages may pay; default: any loopback origin. */
  payDirectories?: string[];
  /** The retry schedule of notifications is divided by this; default 1. */
  retrySpeed?: number;
  /** What the pay sheet and the consent page call the merchant. */
  merchantName?: string;
  /** Milliseconds since the epoch; default `Date.now`. */
  now?: () => number;
}

export interface Wechat {
  /** One origin serves what api, open, mp and pay serve at WeChat. */
  url: string;
  /** What a program that talks to WeChat needs: ids, secrets, keys and the four addresses. */
  environment: Record<string, string>;
  /** Every call, oldest first; the oldest are forgotten. */
  calls: Call[];
  control: Control;
  /** Of the template with first, product, price, time and remark. */
  orderPaidTemplateId: string;
  /** Of the subscription template with thing1, character_string2 and time3. */
  subscriptionTemplateId: string;
  /** The same as `url` over https, with a certificate of `caCertificate`; asks for a client certificate, demands none. */
  tlsUrl: string;
  /** PEM: the authority of `tlsUrl` and of the merchant's certificate. Other processes trust it by NODE_EXTRA_CA_CERTS. */
  caCertificate: string;
  /** As `environment`, for version 2 of WeChat Pay. */
  environmentV2: Record<string, string>;
  stop(): Promise<void>;
}

/**
 * Starts a local WeChat with its own accounts, keys and certificates.
 * @throws the error of `listen`, such as EADDRINUSE
 */
export async function startWechat(options: WechatOptions = {}): Promise<Wechat> {
  const world = await createWorld(options);
  const { account, authority } = world;
  const listener = createApp(world).callback();
  const plain = createServer(listener);
  const secure = createSecureServer(
    { ...authority.server, ca: authority.certificate, requestCert: true, rejectUnauthorized: false },
    listener,
  );
  const url = `http://127.0.0.1:${await listen(plain, options)}`;
  const tlsUrl = `https://127.0.0.1:${await listen(secure, { host: options.host })}`;
  world.origin.url = url;
  let environmentV2: Record<string, string> | undefined;
  return {
    url,
    tlsUrl,
    caCertificate: authority.certificate,
    environment: environmentOf(world, url),
    get environmentV2() {
      environmentV2 ??= environmentV2Of(account, authority, { url, tlsUrl });
      return environmentV2;
    },
    calls: world.calls.list,
    control: world.control,
    orderPaidTemplateId: world.templates.orderPaid.id,
    subscriptionTemplateId: world.templates.subscription.id,
    async stop() {
      world.notifications.stop();
      world.products.stop();
      world.messagePush.stop();
      distrust(authority.certificate);
      await Promise.all([plain, secure].map(close));
    },
  };
}

/** This process trusts the stand-in's `tlsUrl` until the stand-in stops. Others do by NODE_EXTRA_CA_CERTS. */
export function trustStandIn({ caCertificate }: Pick<Wechat, 'caCertificate'>): void {
  trust(caCertificate);
}

/** @returns the port */
async function listen(server: Server, { host = '127.0.0.1', port = 0 }: WechatOptions): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

type World = Awaited<ReturnType<typeof createWorld>>;

async function createWorld(options: WechatOptions) {
  const clock = createClock(options.now);
  const [account, keys, authority] = await Promise.all([
    createAccount(options.merchantName ?? '栖云茶铺'),
    PlatformKeys.create(clock),
    Authority.create(),
  ]);
  const settings: Knobs = {
    ...DEFAULT_KNOBS,
    jsSafeDomains: options.jsSafeDomains ?? null,
    payDirectories: options.payDirectories ?? null,
    retrySpeed: options.retrySpeed ?? 1,
  };
  const switchWeek = new SwitchWeek(clock);
  const knobs = () => switchWeek.turn(settings);
  const calls = new Calls();
  const tokens = new Tokens(clock, knobs);
  const codes = new OauthCodes(clock);
  const orders = new PayOrders(account, clock);
  const refunds = new Refunds(orders, clock, knobs);
  const bills = new Bills(orders, refunds, clock);
  const notifications = new Notifications({ account, keys, clock, calls, knobs });
  const phones = new Phones(account);
  const cashier = new Cashier({ account, clock, orders, refunds, notifications, phones, knobs });
  const products = new ProductCodes({ account, calls, clock, orders, knobs });
  const album = new Album();
  const localImages = new LocalImages();
  const media = new MediaStore(clock);
  const qrCodes = new QrCodes(clock, knobs);
  const origin = { url: '' };
  const messages = createMessages({ account, calls, clock, knobs, media, origin, phones });
  const scanner = new Scanner({ account, cashier, clock, orders, phones, products, qrCodes, ...messages });
  const images = new BridgeImages({ album, localImages, media, phones, knobs });
  const pages = new Pages(phones);
  const cards = new BridgeShares({ clock, pages, knobs });
  const bridge = new Bridge({ account, clock, tokens, orders, phones, knobs, cashier, images, pages, shares: cards });
  const world = {
    ...{ account, authority, keys, clock, knobs, switchWeek, calls, tokens, codes, phones, bridge },
    ...{ album, localImages, media, images, qrCodes, pages, shares: new Shares({ account, clock, pages, phones }) },
    ...messages,
    ...{ orders, refunds, bills, notifications, cashier, products, scanner },
    faults: new Faults(),
    moments: new Moments(),
    origin,
    h5Url: (prepaid: Prepaid) => h5PageUrl(origin.url, prepaid),
    settle: (refund: PayRefund) => cashier.settle(refund),
  };
  return { ...world, control: createControl(world) };
}

/** What is between users and the account. */
function createMessages(world: {
  account: Account;
  calls: Calls;
  clock: Clock;
  knobs: () => Knobs;
  media: MediaStore;
  origin: { url: string };
  phones: Phones;
}) {
  const { account, clock, phones } = world;
  const chat = new AccountChat(clock, phones);
  const followers = new Followers(account, clock);
  const templates = new Templates();
  const messagePush = new MessagePush(world);
  const conversations = new Conversations({ ...world, chat, followers, messagePush });
  const templateMessages = new TemplateMessages({ ...world, chat, conversations, followers, templates });
  return { chat, followers, templates, messagePush, conversations, templateMessages };
}

function createApp(world: World): Koa<Exchange> {
  const app = new Koa<Exchange>();
  app.on('error', (error: NodeJS.ErrnoException & { expose?: boolean }) => {
    const callerIsToBlame = error.expose || error.code === 'ECONNRESET' || error.code === 'EPIPE';
    if (!callerIsToBlame) console.error(error);
  });
  app.use(withoutWords);
  app.use(readBody);
  app.use(forWechat(listCalls(world.calls)));
  app.use(forWechat(world.faults.middleware()));
  app.use(forWechat(world.moments.middleware()));
  const guarded = payAuthentication(world);
  for (const router of [
    apiRoutes(world),
    mediaRoutes(world),
    qrCodeRoutes(world),
    messageRoutes(world),
    oauthRoutes(world),
    payRoutes(world, guarded),
    refundRoutes(world, guarded),
    billRoutes(world, guarded),
    v2Routes(world),
    h5Routes(world),
    clientRoutes(world),
    controlRoutes(world.control),
  ]) {
    app.use(router.routes()).use(router.allowedMethods());
  }
  return app;
}

/** WeChat answers 404 and 405 with an empty body. */
const withoutWords: ExchangeMiddleware = async (ctx, next) => {
  await next();
  const { status } = ctx;
  if (ctx.body !== undefined || (status !== 404 && status !== 405)) return;
  ctx.body = '';
  ctx.status = status;
};

/** For what is WeChat's own, not for what is only of this stand-in. */
function forWechat(middleware: ExchangeMiddleware): ExchangeMiddleware {
  return (ctx, next) => (/^\/(cgi-bin|sns|connect|v3|pay|secapi)\//.test(ctx.path) ? middleware(ctx, next) : next());
}

function environmentOf({ account, keys }: World, url: string): Record<string, string> {
  return {
    WECHAT_APP_ID: account.appId,
    WECHAT_APP_SECRET: account.appSecret,
    WECHAT_MESSAGE_TOKEN: account.messageToken,
    WECHAT_MESSAGE_AES_KEY: account.messageAesKey,
    WECHAT_PAY_MCH_ID: account.mchid,
    WECHAT_PAY_V3_KEY: account.apiV3Key,
    WECHAT_PAY_PRIVATE_KEY: account.merchantKey.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    WECHAT_PAY_SERIAL_NO: account.merchantSerialNo,
    WECHAT_PAY_PUBLIC_KEY: keys.publicKeyPem,
    WECHAT_PAY_PUBLIC_KEY_ID: keys.publicKey.serialNo,
    WECHAT_API_URL: url,
    WECHAT_OPEN_URL: url,
    WECHAT_MP_URL: url,
    WECHAT_PAY_URL: url,
  };
}

/** Another API of the same account; the certificate's password is the merchant number, as WeChat has it. */
function environmentV2Of(
  account: Account,
  authority: Authority,
  { url, tlsUrl }: Pick<Wechat, 'url' | 'tlsUrl'>,
): Record<string, string> {
  return {
    WECHAT_APP_ID: account.appId,
    WECHAT_APP_SECRET: account.appSecret,
    WECHAT_MESSAGE_TOKEN: account.messageToken,
    WECHAT_MESSAGE_AES_KEY: account.messageAesKey,
    WECHAT_PAY_API: 'v2',
    WECHAT_PAY_MCH_ID: account.mchid,
    WECHAT_PAY_V2_KEY: account.apiV2Key,
    WECHAT_PAY_V2_CERT: authority.merchantPkcs12(account).toString('base64'),
    WECHAT_API_URL: url,
    WECHAT_OPEN_URL: url,
    WECHAT_MP_URL: url,
    WECHAT_PAY_URL: tlsUrl,
  };
}
