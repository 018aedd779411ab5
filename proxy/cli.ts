#!/usr/bin/env node
/** `weixin-widgets serve`: the proxy alone, from the environment. `weixin-widgets reconcile`: compares a day's bill. */
import './node-version.js';

const USAGE = `Usage: weixin-widgets serve
       weixin-widgets reconcile <date>

  serve        run the proxy, configured by environment variables (see README.md)
  reconcile    compare WeChat Pay's bill of a past day, such as 2026-11-21, with the orders; ends with 1 where they differ

用法：weixin-widgets serve
     weixin-widgets reconcile <日期>

  serve        运行代理，通过环境变量配置（见 README.zh-CN.md）
  reconcile    将过去某一天（如 2026-11-21）的微信支付账单与订单对账；有差异时以 1 退出
`;

// Imported late: on an old Node, these would fail before the message that says what to do.
async function serve(): Promise<void> {
  const { ConfigError, loadConfig } = await import('./config.ts');
  const { createProxy } = await import('./server.ts');
  const { openOnlyPictures } = await import('./images/picture.ts');
  openOnlyPictures();
  try {
    const proxy = await createProxy(loadConfig(process.env));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => proxy.stop().then(() => process.exit(0)));
    }
    await proxy.start();
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : explain(error as Failure));
    process.exitCode = 1;
  }
}

async function reconcile(date: string): Promise<void> {
  const { ConfigError, loadConfig } = await import('./config.ts');
  const { reconcileDay } = await import('./reconcile-day.ts');
  try {
    const { text, isClean } = await reconcileDay(loadConfig(process.env), date);
    console.log(text);
    process.exitCode = isClean ? 0 : 1;
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : explain(error as Failure));
    process.exitCode = 1;
  }
}

/** A day that the calendar has, and that is over in China: of others there is no bill. */
function isPastDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(time) || !new Date(time).toISOString().startsWith(text)) return false;
  return Date.parse(`${text}T24:00:00+08:00`) <= Date.now();
}

type Failure = Error & { code?: string; cause?: NodeJS.ErrnoException; upstream?: { code: string; message: string } };

/** What to do about it; the error itself where that is not known. */
function explain(error: Failure): unknown {
  const { code, message, cause, upstream } = error;
  if (code === 'EADDRINUSE') return `The address is in use (${message}). Set PORT, or HOST, to a free one.`;
  if (code === 'EACCES') return `Listening is not permitted (${message}). Set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `The address is none of this machine (${message}). Set HOST to one that is, such as 127.0.0.1.`;
  }
  if (code === 'store_unavailable') return `${message} (${cause?.message || cause?.code}) Check DATABASE_URL.`;
  if (code === 'image_store_unavailable') return `${message} (${cause?.message}) Check IMAGE_STORE, or TMPDIR.`;
  return error.name === 'ProxyError'
    ? `${code}: ${message}${upstream ? ` (${upstream.code} ${upstream.message})` : ''}`
    : error;
}

const [command, argument = ''] = process.argv.slice(2);
if (command === 'serve') await serve();
else if (command === 'reconcile' && isPastDay(argument)) await reconcile(argument);
else {
  console.error(USAGE);
  process.exitCode = 2;
}
