import type { Clock } from '../../widgets/core/clock.ts';

/** A clock that stands until it is turned. */
export class FakeClock implements Clock {
  private time = 0;
  private timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  setTimeout(run: () => void, ms: number): unknown {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.timers = this.timers.filter((each) => each !== timer);
  }

  /** Turns it on by so many milliseconds; what comes due runs in its order, and what that promises is awaited. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settled();
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.time = Math.max(this.time, next.at);
      this.clearTimeout(next);
      next.run();
      await settled();
    }
    this.time = end;
  }

  /** Time goes by while the page sleeps: what came due meanwhile runs late. */
  sleep(ms: number): Promise<void> {
    this.time += ms;
    return this.advance(0);
  }

  get pending(): number {
    return this.timers.length;
  }
}

/** Everything that is promised and needs no time has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
