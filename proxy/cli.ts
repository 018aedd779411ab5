#!/usr/bin/env node
/** `weixin-widgets serve`: the proxy alone, from the environment. */
import './node-version.js';

const USAGE = `Usage: weixin-widgets serve

  serve    run the proxy, configured by environment variables (see README.md)

用法：weixin-widgets serve

  serve    运行代理，通过环境变量配置（见 README.zh-CN.md）
`;

// Imported late: on an old Node, these would fail before the message that says what to do.
async function serve(): Promise<void> {
  const { ConfigError, loadConfig } = await import('./config.ts');
  const { createProxy } = await import('./server.ts');
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

type Failure = Error & { code?: string; cause?: NodeJS.ErrnoException };

/** What to do about it; the error itself where that is not known. */
function explain(error: Failure): unknown {
  const { code, message, cause } = error;
  if (code === 'EADDRINUSE') return `The address is in use (${message}). Set PORT, or HOST, to a free one.`;
  if (code === 'EACCES') return `Listening is not permitted (${message}). Set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `The address is none of this machine (${message}). Set HOST to one that is, such as 127.0.0.1.`;
  }
  if (code === 'store_unavailable') return `${message} (${cause?.message || cause?.code}) Check DATABASE_URL.`;
  return error;
}

if (process.argv[2] === 'serve') await serve();
else {
  console.error(USAGE);
  process.exitCode = 2;
}
