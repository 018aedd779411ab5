import { pino } from 'pino';
import { loadConfig } from '../../proxy/config.ts';
import { createProxy } from '../../proxy/server.ts';
import { API_KEY, type Harness, type Reply, SHOP } from './harness.ts';

/** A second proxy, on the first one's WeChat, and on its database where the environment says no other. */
export async function startSecond(
  t: { after(work: () => unknown): void },
  first: Harness,
  { environment = {}, now }: { environment?: Record<string, string>; now?: () => number } = {},
): Promise<Harness> {
  const config = loadConfig({ ...first.environment, PORT: '0', ...environment });
  const second = await createProxy(config, { logger: pino({ level: 'silent' }), ...(now && { now }) });
  await second.start();
  t.after(() => second.stop());

  const call = async (method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Reply> => {
    const response = await fetch(second.url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: text ? JSON.parse(text) : undefined };
  };
  return {
    ...first,
    url: second.url,
    merchant: (method, path, body) => call(method, path, body, { authorization: `Bearer ${API_KEY}` }),
    page: (method, path, body, headers = {}) => call(method, path, body, { origin: SHOP, ...headers }),
    restart: () => Promise.reject(new Error('only the first one restarts')),
    stop: () => second.stop(),
  };
}
