/** The proxy and the stand-in, as they are in production but for their silence. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWechat, trustStandIn } from '../../demo/wechat/start.ts';
import { loadConfig } from '../../proxy/config.ts';
import { createProxy } from '../../proxy/server.ts';

export const PORT = '8795';
export const API_KEY = 'merchant-api-key-of-the-benchmarks-0123456789';
export const ORIGIN = 'https://shop.example.com';
export const AMOUNT = { total: 100, currency: 'CNY' };

export type BenchProxy = Awaited<ReturnType<typeof startBenchProxy>>;

export async function startBenchProxy(payApi: 'v3' | 'v2' = 'v3') {
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-bench-'));
  const wechat = await startWechat();
  trustStandIn(wechat);
  const config = loadConfig(environmentOf(payApi === 'v3' ? wechat.environment : wechat.environmentV2, folder));
  const proxy = await createProxy(config);
  await proxy.start();

  async function call(path: string, body: object, headers: Record<string, string>) {
    const response = await fetch(proxy.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Record<string, string>;
  }

  return {
    url: proxy.url,
    wechat,
    config,
    /** A new order. */
    createOrder() {
      const outTradeNo = `B${process.hrtime.bigint()}`;
      const authorization = `Bearer ${API_KEY}`;
      return call('/v1/orders', { outTradeNo, description: 'Tea', amount: AMOUNT }, { authorization });
    },
    /** As a page would: WeChat is asked for a code. */
    startPayment: (orderId: string) =>
      call(`/v1/orders/${orderId}/payments`, { channel: 'native' }, { origin: ORIGIN }),
    async stop() {
      await proxy.stop();
      await wechat.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** @param folder where the proxy keeps what it has to keep. */
export function environmentOf(wechat: Record<string, string>, folder: string): Record<string, string> {
  return {
    ...wechat,
    PORT,
    PUBLIC_URL: `http://127.0.0.1:${PORT}`,
    ALLOWED_ORIGINS: ORIGIN,
    API_KEYS: API_KEY,
    SESSION_SECRET: 'session-secret-of-the-benchmarks-0123456789',
    DATABASE_URL: `file:${join(folder, 'proxy.db')}`,
    IMAGE_STORE: `file:${join(folder, 'images')}`,
    RATE_LIMIT: '1000000',
    LOG_LEVEL: 'silent',
  };
}
