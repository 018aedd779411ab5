/**
 * Everything that a payment needs, for real: the stand-in for WeChat, the proxy as a process of its own, a merchant's
 * site on another origin, and Chromium as what the payer holds; in WeChat's in-app browser the bridge carries the real
 * weixin-js-sdk.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { Webhook } from 'standardwebhooks';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import type { Order, OrderRequest } from '../../proxy/api.ts';
import { eventually, freePort } from '../proxy/harness.ts';
import { INHERITED } from '../proxy/process.ts';
import { type Device, openDevice, type PageOptions, putDevicesAway, within } from './devices.ts';

const CLI = fileURLToPath(new URL('../../proxy/cli.ts', import.meta.url));
const CLOCK_AHEAD = new URL('./clock-ahead.ts', import.meta.url).href;
const API_KEY = randomBytes(32).toString('hex');
const WEBHOOK_SECRET = `whsec_${randomBytes(32).toString('base64')}`;

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
  /** What the console of any page called an error, and exceptions. */
  complaints: string[];
  order(fields?: Partial<OrderRequest>): Promise<Order>;
  readOrder(id: string): Promise<Order>;
  /** Calls the proxy as the merchant's server does. */
  merchant<T>(method: string, path: string, body?: object): Promise<T>;
  /** Opens a page of the site with this body; in WeChat, unless another device is named. */
  open(body: string, options?: OpenOptions): Promise<Page>;
  /** Lets this many seconds pass for the proxy, which is started again, and for WeChat. */
  advance(seconds: number): Promise<void>;
  startProxy(): Promise<void>;
  stopProxy(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface WorldOptions {
  payApi?: 'v3' | 'v2';
  /** Adds to the proxy's environment. */
  environment?: Record<string, string>;
}

export interface OpenOptions {
  device?: Device;
  /** Path and query, fragment included. */
  path?: string;
  lang?: string;
  /** A script of the page's own, which runs before the widgets. */
  script?: string;
  /** More for the page's `<head>`. */
  head?: string;
  /** More headers of the page. */
  headers?: Record<string, string>;
  client?: PageOptions['client'];
}

interface SitePage {
  html: string;
  headers: Record<string, string>;
}

export async function startWorld(t: TestContext, options: WorldOptions = {}): Promise<World> {
  const { payApi = 'v3' } = options;
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-e2e-'));
  const wechat = await startWechat({ retrySpeed: 10 });
  const site = createServer((request, response) => answer(world, pages, request, response));
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const port = await freePort();
  const proxyUrl = `http://127.0.0.1:${port}`;
  const authority = join(folder, 'authority.pem');
  await writeFile(authority, wechat.caCertificate);
  const environment = {
    ...(payApi === 'v2' ? wechat.environmentV2 : wechat.environment),
    NODE_EXTRA_CA_CERTS: authority,
    PORT: String(port),
    PUBLIC_URL: proxyUrl,
    ALLOWED_ORIGINS: siteUrl,
    API_KEYS: API_KEY,
    SESSION_SECRET: randomBytes(32).toString('hex'),
    DATABASE_URL: `file:${join(folder, 'proxy.db')}`,
    IMAGE_STORE: `file:${join(folder, 'images')}`,
    WEBHOOK_URL: `${siteUrl}/events`,
    WEBHOOK_SECRET,
    RATE_LIMIT: '10000',
    LOG_LEVEL: 'error',
    ...options.environment,
  };
  const pages = new Map<string, SitePage>();
  let proxy: ChildProcess | undefined;
  let clockAhead = 0;

  const world: World = {
    wechat,
    proxyUrl,
    siteUrl,
    events: [],
    merchantIsUp: true,
    complaints: [],
    script: '',

    async order(fields = {}) {
      const outTradeNo = `E${Date.now()}${randomBytes(4).toString('hex')}`;
      const request = { outTradeNo, description: '桂花乌龙', amount: { total: 3980, currency: 'CNY' }, ...fields };
      return world.merchant('POST', '/v1/orders', request);
    },
    readOrder: (id) => world.merchant('GET', `/v1/orders/${id}`),
    merchant: (method, path, body) => callAsMerchant(proxyUrl, method, path, body),

    async open(body, { device = 'wechat-android', path = '/order_pay', lang = 'zh-CN', ...options } = {}) {
      const { script = '', head = '', headers = {}, client } = options;
      world.script = script;
      pages.set(new URL(path, siteUrl).pathname, { html: pageOf(body, proxyUrl, lang, head), headers });
      const onComplaint = (text: string) => world.complaints.push(text);
      const page = await openDevice(t, device, { lang, wechatUrl: wechat.url, client, onComplaint });
      await page.goto(siteUrl + path);
      return page;
    },

    async advance(seconds) {
      clockAhead += seconds;
      await world.stopProxy('SIGTERM');
      wechat.control.advance(seconds);
      await world.startProxy();
    },

    async startProxy() {
      proxy = spawn(process.execPath, ['--import', CLOCK_AHEAD, CLI, 'serve'], {
        env: { ...INHERITED, ...environment, CLOCK_AHEAD: String(clockAhead) },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
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
    await putDevicesAway(t);
    await world.stopProxy('SIGTERM');
    site.close();
    site.closeAllConnections();
    await wechat.stop();
    await rm(folder, { recursive: true, force: true });
    assert.deepEqual(world.complaints.filter(isOfPolicy), [], 'the widgets work under the site’s policy');
  });
  return world;
}

/** As strict a policy as a merchant may have: scripts and calls of the proxy, nothing inline, no strings as scripts. */
function policy(proxyUrl: string): string {
  return `default-src 'self'; script-src 'self' ${proxyUrl}; connect-src ${proxyUrl}; img-src 'self' data: ${proxyUrl}; base-uri 'none'; require-trusted-types-for 'script'; trusted-types weixin-widgets lit-html`;
}

function isOfPolicy(complaint: string): boolean {
  return /Content Security Policy|Trusted/i.test(complaint);
}

function pageOf(body: string, proxyUrl: string, lang: string, head: string): string {
  return `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Shop</title><link rel="icon" href="data:,">${head}<script src="/record.js"></script><script type="module" src="/page.js"></script>
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

export function checkout(orderId: string, attributes = ''): string {
  return `<order-card order-id="${orderId}"></order-card><pay-button id="pay" order-id="${orderId}" ${attributes}></pay-button>`;
}

/** `force`: though the button says that it cannot be used. */
export const clickPay = (page: Page, options?: { force: boolean }) =>
  page.locator('#pay').getByRole('button').first().click(options);

export const state = (page: Page, expected: string, id = 'pay') =>
  within(page.locator(`#${id}`)).toHaveAttribute('state', expected);

async function answer(world: World, pages: Map<string, SitePage>, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url!, 'http://site');
  if (pathname === '/events') return receive(world, request, response);
  if (pathname === '/record.js') return response.setHeader('content-type', 'text/javascript').end(RECORDER);
  if (pathname === '/page.js') return response.setHeader('content-type', 'text/javascript').end(world.script);
  const page = pages.get(pathname);
  response.statusCode = page === undefined ? 404 : 200;
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('content-security-policy', policy(world.proxyUrl));
  for (const [name, value] of Object.entries(page?.headers ?? {})) response.setHeader(name, value);
  return response.end(page?.html ?? 'not found');
}

async function receive(world: World, request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  if (!world.merchantIsUp) return response.writeHead(503).end();
  const body = Buffer.concat(chunks).toString();
  const event = verified(body, request, world.wechat.control.now());
  world.events.push({ ...event, id: String(request.headers['webhook-id']) });
  return response.writeHead(204).end();
}

/** As Standard Webhooks has it, by the clock of the world that the test is in. */
function verified(body: string, { headers }: IncomingMessage, now: number): MerchantEvent {
  const [id, timestamp] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])];
  assert.equal(headers['webhook-signature'], new Webhook(WEBHOOK_SECRET).sign(id, new Date(timestamp * 1000), body));
  assert.ok(Math.abs(now / 1000 - timestamp) < 300, 'an event is signed anew for each delivery');
  return JSON.parse(body);
}

async function callAsMerchant<T>(proxyUrl: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(proxyUrl + path, {
    method,
    headers: { authorization: `Bearer ${API_KEY}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as T;
}
