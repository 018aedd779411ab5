import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';

const WEEK = 7 * 86_400_000;

/**
 * The week in which notifications move from the certificate to the public key, by growing shares.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012154180
 */
export class SwitchWeek {
  readonly #clock: Clock;
  #startedAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#startedAt = this.#clock.now();
  }

  stop(): void {
    this.#startedAt = undefined;
  }

  /** The knobs, turned to where the week has come. */
  turn(knobs: Knobs): Knobs {
    if (this.#startedAt === undefined) return knobs;
    knobs.payMode = 'switching';
    knobs.publicKeyShare = Math.min(1, (this.#clock.now() - this.#startedAt) / WEEK);
    return knobs;
  }
}
