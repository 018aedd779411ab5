/** `npm start`: a local WeChat, the proxy and a shop in one process, with no account, key or network. */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../proxy/config.ts';
import { createProxy } from '../proxy/server.ts';
import { buildStaleWidgets } from './build-stale-widgets.ts';
import { type RunningShop, startShop } from './shop/server.ts';
import { type MessagePushSettings, startWechat, trustStandIn, type Wechat } from './wechat/start.ts';

export interface DemoOptions {
  /** 0 takes any free port, here and below. */
  wechatPort?: number;
  proxyPort?: number;
  shopPort?: number;
  /** Adds to the proxy's environment, or replaces what the demo puts there. */
  proxyEnvironment?: Record<string, string>;
  /** The version of WeChat Pay's API; 3 by default. */
  payApi?: 'v3' | 'v2';
  /** WeChat repeats a notification this many times faster than it really does. */
  retrySpeed?: number;
}

export interface Demo {
  wechat: Wechat;
  proxy: Awaited<ReturnType<typeof createProxy>>;
  shop: RunningShop;
  /** What the shop's server calls the proxy with. */
  apiKey: string;
  stop(): Promise<void>;
}

/** A port that cannot be listened on, and the variable that chooses another one. */
export class PortError extends Error {
  readonly port: number;
  readonly variable: string;

  constructor(port: number, variable: string, cause: Error) {
    super(`port ${port} (${variable}): ${cause.message}`, { cause });
    this.name = 'PortError';
    this.port = port;
    this.variable = variable;
  }
}

const HOST = '127.0.0.1';

/** @throws PortError where a port is taken; whatever had started by then has been stopped. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  // The proxy must know the shop's origin, the shop the proxy's address: the ports are chosen before either starts.
  const [wechatPort, proxyPort, shopPort] = await choosePorts([
    { variable: 'WECHAT_PORT', port: options.wechatPort ?? 8790 },
    { variable: 'PORT', port: options.proxyPort ?? 8787 },
    { variable: 'SHOP_PORT', port: options.shopPort ?? 8788 },
  ] as const);
  const proxyUrl = `http://${HOST}:${proxyPort}`;
  const shopUrl = `http://${HOST}:${shopPort}`;
  const apiKey = randomBytes(32).toString('hex');
  const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`;

  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    while (stops.length > 0) await stops.pop()!();
  };
  try {
    await buildStaleWidgets();
    // The local WeChat has new keys and no orders at each start: an older database would be of no use to it.
    const folder = mkdtempSync(join(tmpdir(), 'weixin-widgets-'));
    stops.push(() => rmSync(folder, { recursive: true, force: true }));

    const wechat = await startWechat({ port: wechatPort, retrySpeed: options.retrySpeed ?? 10 });
    stops.push(() => wechat.stop());
    wechat.control.set({ messagePush: messagePushTo(`${proxyUrl}/wechat/messages`, wechat) });
    const payApi = options.payApi ?? 'v3';
    if (payApi === 'v2') {
      // Version 2 wants a client certificate, so it is https; and the address for scans is set in WeChat's console.
      trustStandIn(wechat);
      wechat.control.set({ nativeCallbackUrl: `${proxyUrl}/wechat/pay/v2/native` });
    }

    const proxy = await createProxy(
      loadConfig({
        ...(payApi === 'v2' ? wechat.environmentV2 : wechat.environment),
        HOST,
        PORT: String(proxyPort),
        PUBLIC_URL: proxyUrl,
        ALLOWED_ORIGINS: `${shopUrl},http://localhost:${shopPort}`,
        API_KEYS: apiKey,
        SESSION_SECRET: randomBytes(32).toString('hex'),
        DATABASE_URL: `file:${join(folder, 'proxy.db')}`,
        IMAGE_STORE: `file:${join(folder, 'images')}`,
        WEBHOOK_URL: `${shopUrl}/webhooks/weixin`,
        WEBHOOK_SECRET: webhookSecret,
        TEMPLATE_ORDER_PAID: wechat.orderPaidTemplateId,
        LOG_LEVEL: 'warn',
        ...options.proxyEnvironment,
      }),
    );
    await proxy.start();
    stops.push(() => proxy.stop());

    const shop = await startShop({
      port: shopPort,
      proxyUrl,
      apiKey,
      webhookSecret,
      onPrintedCode: (codeUrl) => wechat.control.printed(codeUrl),
      ...insideWechat(wechat.url),
    });
    stops.push(() => shop.stop());
    wechat.control.set({ shopUrl: `${shop.url}/` });
    return { wechat, proxy, shop, apiKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** As a merchant sets it in WeChat's console. */
function messagePushTo(url: string, { environment }: Wechat): MessagePushSettings {
  const { WECHAT_MESSAGE_TOKEN: token = '', WECHAT_MESSAGE_AES_KEY: aesKey = '' } = environment;
  return { url, token, aesKey, mode: 'safe', format: 'xml' };
}

/** WeChat's app puts its bridge into every page that it shows. The shop knows nothing of it: it is put in from outside. */
function insideWechat(wechatUrl: string) {
  const bridge = `<script src="${wechatUrl}/client/bridge.js"></script>`;
  const phone = [wechatUrl, wechatUrl.replace(HOST, 'localhost')];
  return {
    wrapHtml: (html: string) => html.replace('<head>', () => `<head>${bridge}`),
    contentSecurityPolicy: { 'script-src': [wechatUrl], 'connect-src': [wechatUrl], 'frame-ancestors': phone },
  };
}

interface Wish {
  variable: string;
  /** 0: any free one. */
  port: number;
}

/** Each port that was wished for, if it can be had, and all of them at once. */
async function choosePorts<const W extends readonly Wish[]>(wishes: W): Promise<{ [I in keyof W]: number }> {
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (const { port, variable } of wishes) {
      const server = port === 0 ? await holdAnyPort(variable) : await holdPort(port, variable);
      held.push(server);
      ports.push((server.address() as AddressInfo).port);
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return ports as { [I in keyof W]: number };
}

/**
 * Below the ports that systems hand out by themselves (from 32768 on Linux, from 49152 elsewhere), so that nobody is
 * given this one between now and its use.
 */
async function holdAnyPort(variable: string, attempts = 20): Promise<Server> {
  try {
    return await holdPort(randomInt(20_000, 32_000), variable);
  } catch (error) {
    if (attempts === 1) throw error;
    return holdAnyPort(variable, attempts - 1);
  }
}

function holdPort(port: number, variable: string): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new PortError(port, variable, error)));
    server.listen(port, HOST, () => resolve(server));
  });
}

async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const demo = await startDemo({
    wechatPort: readPort(environment, 'WECHAT_PORT'),
    proxyPort: readPort(environment, 'PORT'),
    shopPort: readPort(environment, 'SHOP_PORT'),
    payApi: readPayApi(environment.WECHAT_PAY_API),
    proxyEnvironment: environment.LOG_LEVEL ? { LOG_LEVEL: environment.LOG_LEVEL } : {},
  });
  console.log(welcome(demo));
  stopOnSignal(demo);
}

function readPort(environment: NodeJS.ProcessEnv, variable: string): number | undefined {
  const text = environment[variable]?.trim();
  if (!text) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new PortError(port, variable, new Error(`“${text}” is not a number from 0 to 65535.`));
}

function readPayApi(text: string | undefined): 'v3' | 'v2' {
  const version = text?.trim() || 'v3';
  if (version === 'v3' || version === 'v2') return version;
  throw new Error(`WECHAT_PAY_API is “${version}”, but there are only v3 and v2.`);
}

function welcome({ wechat, proxy, shop }: Demo): string {
  return `
  先打开这里：一部装着微信的手机，点第一条消息进店：
  Open this first: a phone with WeChat. Its first chat leads to the shop:

      ${wechat.url}/?open=${shop.url}/

  商店 shop      ${shop.url}   栖云茶铺：一个已有的手机网站 · a mobile site as a merchant may have it
                 在电脑上打开商店，付款页会显示二维码，用上面的手机扫码付款
                 In a desktop browser its pay page shows a QR code: scan it with the phone above
  后台 office    ${shop.url}/office   订单、退款、评价、分享卡片、桌码、商品码
                 orders, refunds, reviews, share cards, table and product codes
  代理 proxy     ${proxy.url}   签名、下单、通知，组件也由它提供 · signs, orders, tells the shop; serves the widgets
  微信 WeChat    ${wechat.url}   本地微信：手机、微信支付、每一次调用，以及调试工具（${wechat.url}/debug）
                 the phone, WeChat Pay, every call made to it, and debugging tools

  全部在本机运行，不会真实扣款；停止后数据即清除。按 Ctrl+C 停止。
  Everything runs on this computer, no money moves, and nothing is kept. Press Ctrl+C to stop.
`;
}

function stopOnSignal(demo: Demo): void {
  let stopping = false;
  const onSignal = () => {
    if (stopping) process.exit(1);
    stopping = true;
    demo.stop().then(
      () => process.exit(0),
      (error) => fail(error),
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

function fail(error: unknown): never {
  console.error(error instanceof PortError ? portAdvice(error) : failure(error));
  process.exit(1);
}

function portAdvice({ port, variable, cause }: PortError): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  const [chinese, english] =
    code === 'EADDRINUSE'
      ? [`端口 ${port} 已被其他程序占用。`, `Port ${port} is taken by another program.`]
      : [`端口 ${port} 无法使用：${message}`, `Port ${port} cannot be used: ${message}`];
  const command = process.platform === 'win32' ? `set ${variable}=0&& npm start` : `${variable}=0 npm start`;
  return `
  ${chinese}请关闭占用它的程序，或用 ${variable} 换一个端口（0 表示任意空闲端口）：
  ${english} Close that program, or choose another port with ${variable} (0 takes any free one):

      ${command}
`;
}

function failure(error: unknown): string {
  const details = error instanceof Error ? error.stack : String(error);
  return `
  演示没有启动成功，已经启动的部分都已停止。原因：
  The demo did not start, and what had started has been stopped. The reason:

${details}
`;
}

if (import.meta.main) await main(process.env).catch(fail);
