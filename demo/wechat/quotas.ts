import { ApiRefusal } from './api-refusal.ts';
import { beijingTime } from './beijing-time.ts';
import type { Clock } from './clock.ts';

/** How often APIs were called in the present day or minute of Beijing. */
export class Quotas {
  readonly #clock: Clock;
  readonly #calls = new Map<string, { window: string; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one call. @throws ApiRefusal 45009 or 45011 where it is over the limit */
  spend(api: string, limit: number, per: 'day' | 'minute'): void {
    const window = beijingTime(this.#clock.now()).slice(0, per === 'day' ? 10 : 16);
    const calls = this.#calls.get(api);
    const count = calls?.window === window ? calls.count + 1 : 1;
    this.#calls.set(api, { window, count });
    if (count > limit) throw new ApiRefusal(per === 'day' ? 45009 : 45011);
  }
}
