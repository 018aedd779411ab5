/** WeChat's clock, which tests can move ahead. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Seconds since the epoch. */
  seconds(): number;
  advance(seconds: number): void;
}

export function createClock(now: () => number = Date.now): Clock {
  let ahead = 0;
  const present = () => now() + ahead;
  return {
    now: present,
    seconds: () => Math.floor(present() / 1000),
    advance(seconds) {
      ahead += seconds * 1000;
    },
  };
}
