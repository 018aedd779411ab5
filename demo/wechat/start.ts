import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { createAccount } from './account.ts';
import { apiRoutes } from './api-routes.ts';
import { Bridge } from './bridge.ts';
import { type Call, Calls } from './calls.ts';
import { clientRoutes } from './client-routes.ts';
import { createClock } from './clock.ts';
import { type Control, createControl, DEFAULT_KNOBS, type Knobs } from './control.ts';
import { controlRoutes } from './control-routes.ts';
import { type Exchange, type ExchangeMiddleware, listCalls, readBody } from './exchange.ts';
import { Faults } from './faults.ts';
import { Notifications } from './notifications.ts';
import { OauthCodes } from './oauth-codes.ts';
import { oauthRoutes } from './oauth-routes.ts';
import { type PayOrder, PayOrders } from './pay-orders.ts';
import { payRoutes } from './pay-routes.ts';
import { Phones } from './phones.ts';
import { PlatformKeys } from './platform-keys.ts';
import { Tokens } from './tokens.ts';

export type { User } from './account.ts';
export type { EncryptedResource } from './aead.ts';
export type { Call } from './calls.ts';
export type { Control, Fault, Knobs, NotificationAnswer, NotificationFault, NotificationOverrides } from './control.ts';
export type { PayOrder } from './pay-orders.ts';

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
  stop(): Promise<void>;
}

/**
 * Starts a local WeChat with its own accounts, keys and certificates.
 * @throws the error of `listen`, such as EADDRINUSE
 */
export async function startWechat(options: WechatOptions = {}): Promise<Wechat> {
  const world = await createWorld(options);
  const server = createServer(createApp(world).callback());
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    environment: environmentOf(world, url),
    calls: world.calls.list,
    control: world.control,
    async stop() {
      world.notifications.stop();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type World = Awaited<ReturnType<typeof createWorld>>;

async function createWorld(options: WechatOptions) {
  const clock = createClock(options.now);
  const settings: Knobs = {
    ...DEFAULT_KNOBS,
    jsSafeDomains: options.jsSafeDomains ?? null,
    payDirectories: options.payDirectories ?? null,
    retrySpeed: options.retrySpeed ?? 1,
  };
  const knobs = () => settings;
  const [account, keys] = await Promise.all([
    createAccount(options.merchantName ?? '栖云茶铺'),
    PlatformKeys.create(clock),
  ]);
  const calls = new Calls();
  const tokens = new Tokens(clock, knobs);
  const codes = new OauthCodes(clock);
  const orders = new PayOrders(account, clock);
  const notifications = new Notifications({ account, keys, clock, calls, knobs });
  const phones = new Phones(account);
  const faults = new Faults();
  const pay = (order: PayOrder) => {
    orders.pay(order);
    notifications.paid(order);
  };
  const bridge = new Bridge({ account, clock, tokens, orders, phones, knobs, pay });
  const control = createControl({ account, clock, keys, tokens, orders, notifications, phones, faults, pay }, settings);
  return { account, keys, clock, knobs, calls, tokens, codes, orders, notifications, phones, faults, bridge, control };
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
  for (const router of [
    apiRoutes(world),
    oauthRoutes(world),
    payRoutes(world),
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
  return (ctx, next) => (/^\/(cgi-bin|sns|connect|v3)\//.test(ctx.path) ? middleware(ctx, next) : next());
}

function environmentOf({ account, keys }: World, url: string): Record<string, string> {
  return {
    WECHAT_APP_ID: account.appId,
    WECHAT_APP_SECRET: account.appSecret,
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
