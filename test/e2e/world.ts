/**
 * Everything that a payment needs, for real: the stand-in for WeChat, the proxy as a process of its own, a merchant's
 * site on another origin, and Chromium as WeChat's in-app browser, whose bridge carries the real weixin-js-sdk.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { Webhook } from 'standardwebhooks';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import type { Order, OrderRequest } from '../../proxy/api.ts';
import { findBrowser } from '../find-browser.ts';
import { eventually, freePort } from '../proxy/harness.ts';

export type Platform = 'ios' | 'android';

const CLI = fileURLToPath(new URL('../../proxy/cli.ts', import.meta.url));
const BRIDGE = readFileSync(new URL('../../demo/wechat/client/bridge.js', import.meta.url), 'utf8');
const API_KEY = randomBytes(32).toString('hex');
const WEBHOOK_SECRET = `whsec_${randomBytes(32).toString('base64')}`;

const USER_AGENTS: Record<Platform, string> = {
  ios: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN',
  android:
    'Mozilla/5.0 (Linux; Android 14; 23127PN0CC; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.103 Mobile Safari/537.36 MMWEBID/4217 MicroMessenger/8.0.50.2701(0x2800325B) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN',
};

export interface MerchantEvent {
  id: string;
  type: string;
  data: Record<string, unknown>;
}

export interface World {
  wechat: Wechat;
  proxyUrl: string;
  siteUrl: string;
  /** What the merchant's server has received and verified, every delivery. */
  events: MerchantEvent[];
  /** What `/page.js` holds. */
  script: string;
  /** While false, the merchant's server answers 503. */
  merchantIsUp: boolean;
  order(fields?: Partial<OrderRequest>): Promise<Order>;
  readOrder(id: string): Promise<Order>;
  /** Opens a page of the site with this body, in WeChat. */
  open(body: string, options?: OpenOptions): Promise<Page>;
  startProxy(): Promise<void>;
  stopProxy(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface OpenOptions {
  platform?: Platform;
  /** Path and query, fragment included. */
  path?: string;
  lang?: string;
  /** Instead of WeChat's. */
  userAgent?: string;
  /** A script of the page's own, which runs before the widgets. */
  script?: string;
}

let browser: Promise<Browser> | undefined;

/** One browser a test file. */
export function launchBrowser(): Promise<Browser> {
  browser ??= findBrowser().then(({ executablePath, args }) => chromium.launch({ executablePath, args }));
  return browser;
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

export async function startWorld(t: TestContext): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-e2e-'));
  const wechat = await startWechat({ retrySpeed: 10 });
  const site = createServer((request, response) => answer(world, pages, request, response));
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const port = await freePort();
  const proxyUrl = `http://127.0.0.1:${port}`;
  const environment = {
    ...wechat.environment,
    PORT: String(port),
    PUBLIC_URL: proxyUrl,
    ALLOWED_ORIGINS: siteUrl,
    API_KEYS: API_KEY,
    SESSION_SECRET: randomBytes(32).toString('hex'),
    DATABASE_URL: `file:${join(folder, 'proxy.db')}`,
    WEBHOOK_URL: `${siteUrl}/events`,
    WEBHOOK_SECRET,
    RATE_LIMIT: '10000',
    LOG_LEVEL: 'error',
  };
  const pages = new Map<string, string>();
  const contexts: BrowserContext[] = [];
  let proxy: ChildProcess | undefined;

  const world: World = {
    wechat,
    proxyUrl,
    siteUrl,
    events: [],
    merchantIsUp: true,
    script: '',

    async order(fields = {}) {
      const outTradeNo = `E${Date.now()}${randomBytes(4).toString('hex')}`;
      const request = { outTradeNo, description: '桂花乌龙', amount: { total: 3980, currency: 'CNY' }, ...fields };
      return merchant(proxyUrl, 'POST', '/v1/orders', request);
    },
    readOrder: (id) => merchant(proxyUrl, 'GET', `/v1/orders/${id}`),

    async open(body, { platform = 'android', path = '/order_pay', lang = 'zh-CN', userAgent, script = '' } = {}) {
      world.script = script;
      pages.set(new URL(path, siteUrl).pathname, pageOf(body, proxyUrl, lang));
      const context = await (await launchBrowser()).newContext({
        userAgent: userAgent ?? USER_AGENTS[platform],
        viewport: { width: 375, height: 812 },
        locale: lang,
      });
      contexts.push(context);
      if (userAgent === undefined) await putInWechat(context, wechat.url, platform);
      const page = await context.newPage();
      await page.goto(siteUrl + path);
      return page;
    },

    async startProxy() {
      proxy = spawn(process.execPath, [CLI, 'serve'], { env: environment, stdio: ['ignore', 'inherit', 'inherit'] });
      await eventually(
        () =>
          fetch(`${proxyUrl}/readyz`).then(
            (response) => response.ok,
            () => false,
          ),
        'the proxy is ready',
      );
    },
    async stopProxy(signal) {
      if (!proxy || proxy.exitCode !== null || proxy.signalCode !== null) return;
      const exited = once(proxy, 'exit');
      proxy.kill(signal);
      await exited;
    },
  };

  await world.startProxy();
  t.after(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    await world.stopProxy('SIGTERM');
    site.close();
    site.closeAllConnections();
    await wechat.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return world;
}

/** What WeChat's app does to every page that it shows. */
async function putInWechat(context: BrowserContext, wechatUrl: string, platform: Platform): Promise<void> {
  await context.exposeFunction('__weixinInvoke', async (payload: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${wechatUrl}/client/invoke`, {
      method: 'POST',
      headers,
      body: JSON.stringify(payload),
    });
    return response.json();
  });
  const client = JSON.stringify({ platform, phone: 'test' });
  await context.addInitScript(`if (location.origin !== 'null') { window.__weixinClient = ${client};\n${BRIDGE}\n}`);
}

/** As strict a policy as a merchant may have: scripts and calls of the proxy, nothing inline, no strings as scripts. */
function policy(proxyUrl: string): string {
  return `default-src 'self'; script-src 'self' ${proxyUrl}; connect-src ${proxyUrl}; img-src 'self' data:; base-uri 'none'; require-trusted-types-for 'script'; trusted-types weixin-widgets lit-html`;
}

function pageOf(body: string, proxyUrl: string, lang: string): string {
  return `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Shop</title><script src="/record.js"></script><script type="module" src="/page.js"></script>
<script type="module" src="${proxyUrl}/widgets.js"></script></head>
<body>${body}</body></html>`;
}

/** Records the widgets' events, over all pages of the visit. */
const RECORDER = `
for (const type of ['pay-start', 'pay-success', 'pay-cancel', 'pay-error', 'order-load', 'order-change', 'order-error']) {
  addEventListener(type, (event) => {
    const seen = JSON.parse(sessionStorage.getItem('seen') || '[]');
    seen.push({ type, from: event.target.id, code: event.detail.error && event.detail.error.code });
    sessionStorage.setItem('seen', JSON.stringify(seen));
  }, true);
}`;

export interface SeenEvent {
  type: string;
  from: string;
  code?: string;
}

/** The `pay-…` events so far. */
export async function seen(page: Page): Promise<SeenEvent[]> {
  const all: SeenEvent[] = await page.evaluate(() => JSON.parse(sessionStorage.getItem('seen') ?? '[]'));
  return all.filter(({ type }) => type.startsWith('pay-'));
}

export async function seenTypes(page: Page): Promise<string[]> {
  return (await seen(page)).map(({ type }) => type);
}

async function answer(world: World, pages: Map<string, string>, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url!, 'http://site');
  if (pathname === '/events') return receive(world, request, response);
  if (pathname === '/record.js') return response.setHeader('content-type', 'text/javascript').end(RECORDER);
  if (pathname === '/page.js') return response.setHeader('content-type', 'text/javascript').end(world.script);
  const page = pages.get(pathname);
  response.statusCode = page === undefined ? 404 : 200;
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('content-security-policy', policy(world.proxyUrl));
  return response.end(page ?? 'not found');
}

async function receive(world: World, request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  if (!world.merchantIsUp) return response.writeHead(503).end();
  const body = Buffer.concat(chunks).toString();
  const event = new Webhook(WEBHOOK_SECRET).verify(body, request.headers as Record<string, string>) as MerchantEvent;
  world.events.push({ ...event, id: String(request.headers['webhook-id']) });
  return response.writeHead(204).end();
}

async function merchant<T>(proxyUrl: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(proxyUrl + path, {
    method,
    headers: { authorization: `Bearer ${API_KEY}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as T;
}
