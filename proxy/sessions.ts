/** Payers' sessions: signed tokens that say who someone is, and until when. Nothing is stored. */
import { jwtVerify, SignJWT } from 'jose';
import { ProxyError } from './errors.ts';

export interface SessionsOptions {
  /** The first signs, all verify. */
  secrets: readonly string[];
  /** Seconds. */
  lifetime: number;
  /** An openid belongs to one app: a session for another is none here. */
  appId: string;
  now: () => number;
}

const ALGORITHM = 'HS256';

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #keys: Uint8Array[];

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#keys = options.secrets.map((secret) => new TextEncoder().encode(secret));
  }

  async issue(openid: string): Promise<{ token: string; expiresAt: string }> {
    const { appId, lifetime, now } = this.#options;
    const issuedAt = Math.floor(now() / 1_000);
    const expires = issuedAt + lifetime;
    const token = await new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(openid)
      .setAudience(appId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expires)
      .sign(this.#keys[0]!);
    return { token, expiresAt: new Date(expires * 1_000).toISOString() };
  }

  /** Whose session it is. @throws {ProxyError} `session_invalid` */
  async openid(token: string): Promise<string> {
    const { appId, now } = this.#options;
    for (const key of this.#keys) {
      const verified = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        audience: appId,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(now()),
      }).catch(() => undefined);
      if (verified?.payload.sub) return verified.payload.sub;
    }
    throw new ProxyError('session_invalid');
  }
}
