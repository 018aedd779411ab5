import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerProcess {
  /** The most memory that it has had so far, in bytes. Undefined where the system has no /proc. */
  peakMemory(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Starts `node <args>`, so that memory is the server's own, and waits until `url` answers well. */
export async function startServerProcess(
  args: string[],
  url: string,
  environment: Record<string, string>,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const answers = () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`${args[0]} has ended with ${child.exitCode}`);
    await sleep(50);
  }
  return {
    async peakMemory() {
      const status = await readFile(`/proc/${child.pid}/status`, 'latin1').catch(() => '');
      const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(status) ?? [];
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
