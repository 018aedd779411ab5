import { setTimeout as wait } from 'node:timers/promises';

/** Waits until something has come true; fails after ten seconds. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`Not within ten seconds: ${what}`);
    await wait(20);
  }
}
