import { ApiRefusal } from './api-refusal.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import { nonce } from './nonce.ts';
import { Quotas } from './quotas.ts';

const LIFETIME = 7200_000;
/** A token in its last five minutes is followed by a new one; both are valid then. */
const OVERLAP = 300_000;
const FORCED_A_DAY = 20;
const FORCED_APART = 30_000;

export type DeadTokenCode = 40001 | 40014 | 42001;

interface Credential {
  value: string;
  expiresAt: number;
  /** Why it is refused, from the time `deadFrom` on. */
  deadCode?: DeadTokenCode;
  deadFrom?: number;
}

export interface TokenAnswer {
  access_token: string;
  expires_in: number;
}

/**
 * Access tokens and JS-SDK tickets of one official account.
 * @see https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken
 */
export class Tokens {
  readonly #clock: Clock;
  readonly #knobs: () => Knobs;
  readonly #issued = new Map<string, Credential>();
  readonly #quotas: Quotas;
  #stable: Credential | undefined;
  #classic: Credential | undefined;
  #tickets: Credential[] = [];
  #forcedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, knobs: () => Knobs) {
    this.#clock = clock;
    this.#knobs = knobs;
    this.#quotas = new Quotas(clock);
  }

  /** `/cgi-bin/stable_token`: the same token again until its last five minutes. */
  stable(forceRefresh: boolean): TokenAnswer {
    this.#quotas.spend('stable_token', this.#knobs().stableTokensADay, 'day');
    this.#quotas.spend('stable_token by minute', this.#knobs().stableTokensAMinute, 'minute');
    if (forceRefresh) this.#forceRefresh();
    if (!this.#stable || this.#secondsLeft(this.#stable) <= OVERLAP / 1000) {
      this.#stable = this.#issueToken();
    }
    return { access_token: this.#stable.value, expires_in: this.#secondsLeft(this.#stable) };
  }

  /** `/cgi-bin/token`: a new token each time; the former one lives five minutes longer. */
  classic(): TokenAnswer {
    this.#quotas.spend('token', this.#knobs().tokensADay, 'day');
    if (this.#classic && this.#classic.deadFrom === undefined) this.#die(this.#classic, 40001, OVERLAP);
    this.#classic = this.#issueToken();
    return { access_token: this.#classic.value, expires_in: LIFETIME / 1000 };
  }

  /** @throws ApiRefusal where the token is not alive. */
  check(token: string | undefined): void {
    if (!token) throw new ApiRefusal(41001);
    const credential = this.#issued.get(token);
    if (!credential) throw new ApiRefusal(/^[\w-]{64,512}$/.test(token) ? 40001 : 40014);
    if (credential.deadCode && credential.deadFrom! <= this.#clock.now()) throw new ApiRefusal(credential.deadCode);
    if (credential.expiresAt <= this.#clock.now()) throw new ApiRefusal(42001);
  }

  /** `/cgi-bin/ticket/getticket`: the same ticket again until its last five minutes. */
  ticket(): { ticket: string; expires_in: number } {
    this.#quotas.spend('getticket', this.#knobs().ticketsADay, 'day');
    let [newest] = this.#tickets;
    if (!newest || this.#secondsLeft(newest) <= OVERLAP / 1000) {
      newest = { value: nonce(86), expiresAt: this.#clock.now() + LIFETIME };
      this.#tickets = [newest, ...this.#tickets.slice(0, 1)];
    }
    return { ticket: newest.value, expires_in: this.#secondsLeft(newest) };
  }

  /** The tickets that a page may be signed with now. */
  liveTickets(): string[] {
    return this.#tickets.filter(({ expiresAt }) => expiresAt > this.#clock.now()).map(({ value }) => value);
  }

  /** Every token that is out is refused with `code` from now on. */
  killTokens(code: DeadTokenCode = 40001): void {
    for (const credential of this.#issued.values()) this.#die(credential, code, 0);
    this.#stable = undefined;
    this.#classic = undefined;
  }

  killTickets(): void {
    this.#tickets = [];
  }

  #forceRefresh(): void {
    const now = this.#clock.now();
    if (now - this.#forcedAt < FORCED_APART) throw new ApiRefusal(45011);
    this.#quotas.spend('force_refresh', FORCED_A_DAY, 'day');
    this.#forcedAt = now;
    if (this.#stable) this.#die(this.#stable, 40001, 0);
    this.#stable = undefined;
  }

  #issueToken(): Credential {
    const credential = { value: `${nonce(2)}_${nonce(134)}`, expiresAt: this.#clock.now() + LIFETIME };
    this.#issued.set(credential.value, credential);
    return credential;
  }

  #die(credential: Credential, code: DeadTokenCode, inMilliseconds: number): void {
    credential.deadCode = code;
    credential.deadFrom = this.#clock.now() + inMilliseconds;
  }

  #secondsLeft({ expiresAt }: Credential): number {
    return Math.floor((expiresAt - this.#clock.now()) / 1000);
  }
}
