import { ApiRefusal } from './api-refusal.ts';
import type { Clock } from './clock.ts';
import { nonce } from './nonce.ts';

const LIFETIME = 300_000;

export interface OauthGrant {
  openid: string;
  scope: 'snsapi_base' | 'snsapi_userinfo';
}

/** Codes of the sign-in: each works once, within five minutes. */
export class OauthCodes {
  readonly #clock: Clock;
  readonly #codes = new Map<string, OauthGrant & { expiresAt: number; used: boolean }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(grant: OauthGrant): string {
    const code = nonce(32);
    this.#codes.set(code, { ...grant, expiresAt: this.#clock.now() + LIFETIME, used: false });
    return code;
  }

  /** @throws ApiRefusal 40029 where it is unknown or too old, 40163 where it was used. */
  redeem(code: string): OauthGrant {
    const grant = this.#codes.get(code);
    if (!grant) throw new ApiRefusal(40029);
    if (grant.used) throw new ApiRefusal(40163);
    if (grant.expiresAt <= this.#clock.now()) throw new ApiRefusal(40029);
    grant.used = true;
    return { openid: grant.openid, scope: grant.scope };
  }
}
