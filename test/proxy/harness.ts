/** A real proxy against the stand-in for WeChat, over real HTTP, with a store of its own. */

import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before } from 'node:test';
import { pino } from 'pino';
import { startWechat, type Wechat, type WechatOptions } from '../../demo/wechat/start.ts';
import { loadConfig } from '../../proxy/config.ts';
import { createProxy } from '../../proxy/server.ts';

export const API_KEY = 'merchant-api-key-of-the-tests-0123456789';
export const SESSION_SECRET = 'session-secret-of-the-tests-0123456789';
export const WEBHOOK_SECRET = `whsec_${Buffer.from('webhook-secret-of-the-tests-0123').toString('base64')}`;
export const SHOP = 'https://shop.example.com';

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into as the tests please.
  json: any;
  text: string;
}

export interface Harness {
  url: string;
  wechat: Wechat;
  environment: Record<string, string>;
  /** Everything that the proxy has logged. */
  log(): string;
  merchant(method: string, path: string, body?: unknown): Promise<Reply>;
  page(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** Creates an order with a number of its own. */
  order(fields?: object): Promise<Reply['json']>;
  session(openid?: string): Promise<string>;
  /** Has a payer bring up the pay sheet. */
  prepay(orderId: string, openid?: string): Promise<Reply>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface HarnessOptions {
  wechat?: WechatOptions;
  environment?: Record<string, string> | ((wechat: Wechat) => Record<string, string>);
  now?: () => number;
  /** Sets WeChat up before the proxy starts. */
  prepare?: (wechat: Wechat) => void;
}

/** Where the merchant's server takes events. `answer` is asked for the status (and headers) of each answer. */
export async function startReceiver(
  t: Scope,
  answer: (count: number) => number | [number, Record<string, string>] = () => 200,
) {
  const received: { headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    const reply = answer(received.length);
    const [status, headers] = typeof reply === 'number' ? [reply, {}] : reply;
    response.writeHead(status, headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, received, server };
}

let orders = 0;

/** One for all tests of a file or suite: quicker, where they keep out of each other's way. */
export function shareHarness(options: HarnessOptions = {}): { readonly proxy: Harness } {
  const cleaning: (() => unknown)[] = [];
  let proxy: Harness | undefined;
  before(async () => {
    proxy = await startHarness({ after: (work) => cleaning.push(work) }, options);
  });
  after(async () => {
    for (const work of cleaning) await work();
  });
  return {
    get proxy() {
      return proxy!;
    },
  };
}

/** Where to register what is to be done at the end: a test's context, for one. */
interface Scope {
  after(work: () => unknown): void;
}

export async function startHarness(t: Scope, options: HarnessOptions = {}): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-'));
  const wechat = await startWechat(options.wechat);
  options.prepare?.(wechat);
  const port = await freePort();
  const lines: string[] = [];
  const environment = {
    ...wechat.environment,
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    ALLOWED_ORIGINS: SHOP,
    API_KEYS: API_KEY,
    SESSION_SECRET,
    DATABASE_URL: `file:${join(folder, 'proxy.db')}`,
    IMAGE_STORE: `file:${join(folder, 'images')}`,
    RATE_LIMIT: '100000',
    LOG_LEVEL: 'trace',
    ...(typeof options.environment === 'function' ? options.environment(wechat) : options.environment),
  };
  const logger = pino(
    { level: 'trace' },
    new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    }),
  );
  const start = async () => {
    const started = await createProxy(loadConfig(environment), { logger, ...(options.now && { now: options.now }) });
    await started.start();
    return started;
  };
  let proxy = await start();
  let running = true;

  const call = async (method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Reply> => {
    const raw = typeof body === 'string' || body === undefined;
    const response = await fetch(environment.PUBLIC_URL + path, {
      method,
      redirect: 'manual',
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text ? JSON.parse(text) : undefined,
    };
  };

  const harness: Harness = {
    url: environment.PUBLIC_URL,
    wechat,
    environment,
    log: () => lines.join(''),
    merchant: (method, path, body) => call(method, path, body, { authorization: `Bearer ${API_KEY}` }),
    page: (method, path, body, headers = {}) => call(method, path, body, { origin: SHOP, ...headers }),
    async order(fields = {}) {
      const outTradeNo = `T${process.pid}${Date.now()}${++orders}`;
      const request = { outTradeNo, description: 'Tea', amount: { total: 3980, currency: 'CNY' }, ...fields };
      const { status, json } = await this.merchant('POST', '/v1/orders', request);
      if (status !== 201) throw new Error(`order refused: ${status} ${JSON.stringify(json)}`);
      return json;
    },
    async session(openid = wechat.control.users[0]!.openid) {
      return (await this.merchant('POST', '/v1/sessions', { openid })).json.token;
    },
    async prepay(orderId, openid) {
      const authorization = `Bearer ${await this.session(openid)}`;
      return this.page('POST', `/v1/orders/${orderId}/payments`, { channel: 'jsapi' }, { authorization });
    },
    async restart() {
      if (running) await proxy.stop();
      proxy = await start();
      running = true;
    },
    async stop() {
      if (running) await proxy.stop();
      running = false;
    },
  };
  t.after(async () => {
    await harness.stop();
    await wechat.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return harness;
}

/** A clock that the proxy and WeChat share, and that can be moved ahead. */
export function sharedClock() {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  return {
    options: { now, wechat: { now } },
    advance: (milliseconds: number) => {
      ahead += milliseconds;
    },
  };
}

/**
 * Below the ports that systems hand out by themselves (from 32768 on Linux, from 49152 elsewhere), so that another test
 * file is not given it between now and its use, nor while a server starts again on it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Waits for something to become true, and returns it. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  what: string,
  patience = 10_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
