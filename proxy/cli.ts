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
    console.error(error instanceof ConfigError ? error.message : explain(error as NodeJS.ErrnoException));
    process.exitCode = 1;
  }
}

function explain(error: NodeJS.ErrnoException): unknown {
  if (error.code === 'EADDRINUSE') return `The address is in use (${error.message}). Set PORT, or HOST, to a free one.`;
  if (error.code === 'EACCES') return `Listening is not permitted (${error.message}). Set PORT to one above 1023.`;
  return error;
}

if (process.argv[2] === 'serve') await serve();
else {
  console.error(USAGE);
  process.exitCode = 2;
}
