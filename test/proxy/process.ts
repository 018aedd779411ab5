/** The proxy as it runs in production: a process of its own that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from './harness.ts';

const CLI = fileURLToPath(new URL('../../proxy/cli.ts', import.meta.url));
const { PATH, NODE_COMPILE_CACHE } = process.env;
/** What a process of its own has of this one's environment. */
export const INHERITED = { PATH, NODE_COMPILE_CACHE };

export interface ProxyProcess {
  url: string;
  /** What it has written so far. */
  output(): string;
  /** Sends the signal and waits for the end. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts `node proxy/cli.ts serve` and waits until it is ready. */
export async function startProcess(t: TestContext, environment: Record<string, string>): Promise<ProxyProcess> {
  const child = spawn(process.execPath, [CLI, 'serve'], {
    env: { ...INHERITED, HOST: '127.0.0.1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => chunks.push(chunk));
  const output = () => Buffer.concat(chunks).toString();
  t.after(() => end(child, 'SIGKILL'));
  const url = `http://127.0.0.1:${environment.PORT}`;
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`the proxy has ended: ${output()}`);
      return fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
    'the proxy is ready',
    30_000,
  );
  return { url, output, end: (signal) => end(child, signal) };
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM') {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
  return { code: child.exitCode, signal: child.signalCode };
}
