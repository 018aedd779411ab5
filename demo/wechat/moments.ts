import type { Moment } from './control.ts';
import type { ExchangeMiddleware } from './exchange.ts';
import { pathPattern } from './path-pattern.ts';

interface Waiting {
  moment: Moment;
  pattern: RegExp;
  left: number;
  work: () => unknown;
}

/** What is to happen in the middle of calls. */
export class Moments {
  #waiting: Waiting[] = [];

  add(moment: Moment, work: () => unknown): void {
    this.#waiting.push({ moment, pattern: pathPattern(moment.path), left: moment.count ?? 1, work });
  }

  clear(): void {
    this.#waiting = [];
  }

  middleware(): ExchangeMiddleware {
    return async (ctx, next) => {
      const met = this.#take(ctx.method, ctx.path, ctx.state.rawBody);
      for (const { work } of met.filter(({ moment }) => moment.when === 'before')) await work();
      await next();
      for (const { work } of met.filter(({ moment }) => moment.when === 'after')) await work();
    };
  }

  #take(method: string, path: string, body: Buffer): Waiting[] {
    const met = this.#waiting.filter(
      ({ moment: { naming = '', ...moment }, pattern }) =>
        (moment.method ?? method) === method && pattern.test(path) && (path.includes(naming) || body.includes(naming)),
    );
    for (const waiting of met) waiting.left -= 1;
    this.#waiting = this.#waiting.filter(({ left }) => left > 0);
    return met;
  }
}
