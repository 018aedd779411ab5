/** The proxy and the stand-in, as they are in production but for their silence. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWechat } from '../../demo/wechat/start.ts';
import { loadConfig } from '../../proxy/config.ts';
import { createProxy } from '../../proxy/server.ts';

const PORT = '8795';
export const API_KEY = 'merchant-api-key-of-the-benchmarks-0123456789';
export const ORIGIN = 'https://shop.example.com';

export async function startBenchProxy() {
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-bench-'));
  const wechat = await startWechat();
  const config = loadConfig({
    ...wechat.environment,
    PORT,
    PUBLIC_URL: `http://127.0.0.1:${PORT}`,
    ALLOWED_ORIGINS: ORIGIN,
    API_KEYS: API_KEY,
    SESSION_SECRET: 'session-secret-of-the-benchmarks-0123456789',
    DATABASE_URL: `file:${join(folder, 'proxy.db')}`,
    RATE_LIMIT: '1000000',
    LOG_LEVEL: 'silent',
  });
  const proxy = await createProxy(config);
  await proxy.start();
  return {
    url: proxy.url,
    wechat,
    config,
    async stop() {
      await proxy.stop();
      await wechat.stop();
      await rm(folder, { recursive: true });
    },
  };
}
