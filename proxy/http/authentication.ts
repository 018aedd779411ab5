import { createHash, timingSafeEqual } from 'node:crypto';
import { ProxyError } from '../errors.ts';
import type { Sessions } from '../sessions.ts';
import type { Caller, CallerKind } from './route.ts';

export interface AuthenticationOptions {
  apiKeys: readonly string[];
  allowedOrigins: readonly string[];
  sessions: Sessions;
}

export interface Credentials {
  origin: string | undefined;
  authorization: string | undefined;
}

/**
 * Tells who is calling.
 * @throws {ProxyError} `unauthorized`, `origin_not_allowed`, `session_invalid`
 */
export type Authenticate = (callers: readonly CallerKind[], credentials: Credentials) => Promise<Caller>;

export function createAuthenticate({ apiKeys, allowedOrigins, sessions }: AuthenticationOptions): Authenticate {
  const keys = apiKeys.map(digest);
  const origins = new Set(allowedOrigins);

  return async (callers, { origin, authorization }) => {
    const token = bearer(authorization);
    if (callers.includes('merchant') && token !== undefined && isApiKey(keys, token)) return { kind: 'merchant' };
    if (callers.includes('page')) {
      if (origin !== undefined && !origins.has(origin)) throw new ProxyError('origin_not_allowed');
      return token === undefined ? { kind: 'page' } : { kind: 'page', openid: await sessions.openid(token) };
    }
    if (callers.includes('merchant')) throw new ProxyError('unauthorized');
    return { kind: 'anyone' };
  };
}

/** Compares digests: neither length nor content of a key shows in the time it takes. */
function isApiKey(keys: readonly Buffer[], token: string): boolean {
  const candidate = digest(token);
  return keys.map((key) => timingSafeEqual(key, candidate)).includes(true);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Empty, and thereby nobody's, where the header is of another form. */
function bearer(authorization: string | undefined): string | undefined {
  if (!authorization) return undefined;
  return /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1] ?? '';
}
