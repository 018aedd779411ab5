import { z } from 'zod';
import { ProxyError } from '../../errors.ts';
import { type ApiClient, upstreamCode } from './api-client.ts';
import { Credential, type CredentialOptions, type FetchCredential } from './credential.ts';

/** `errcode`s that say: this access token is wrong, old or not the newest. */
const STALE = new Set(['40001', '40014', '42001']);

/** Whether WeChat has refused the access token, by its `errcode`. */
export const isStale = (errcode: string | undefined): boolean => STALE.has(errcode ?? '');

/** WeChat forces a new token 20 times a day at most. */
const FORCE_PAUSE = 86_400_000 / 20;

const TokenAnswer = z.object({ access_token: z.string().min(1).max(512), expires_in: z.int().positive() });

export interface AccessTokenOptions extends Omit<CredentialOptions, 'name' | 'fetch'> {
  api: ApiClient;
  tokenApi: 'stable' | 'classic';
  appId: string;
  appSecret: string;
}

/** The official account's access token, and calls made with it. */
export class AccessToken {
  readonly #credential: Credential;
  /** Told of every token that WeChat has refused: what was got with it is dead too. */
  onDead: ((token: string) => Promise<void>) | undefined;

  constructor(options: AccessTokenOptions) {
    const fetch = options.tokenApi === 'stable' ? stable(options) : classic(options);
    this.#credential = new Credential({ ...options, name: `access_token ${options.tokenApi} ${options.appId}`, fetch });
  }

  async get(): Promise<{ token: string; expiresAt: number }> {
    const { value, expiresAt } = await this.#credential.get();
    return { token: value, expiresAt };
  }

  /** Renews the token ahead of its end, once one was needed. */
  keepFresh(): Promise<void> {
    return this.#credential.keepFresh();
  }

  /** Makes a call with the token; where WeChat says that the token is stale, once more with a newer one. */
  async use<T>(call: (token: string) => Promise<T>): Promise<T> {
    const { token } = await this.get();
    try {
      return await call(token);
    } catch (error) {
      if (!isStale(upstreamCode(error))) throw error;
      const { value } = await this.#credential.renew(token);
      await this.onDead?.(token);
      return call(value);
    }
  }
}

/** https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken */
function stable({ api, appId, appSecret, now }: AccessTokenOptions): FetchCredential {
  let forcedAt = Number.NEGATIVE_INFINITY;
  const request = async (forceRefresh: boolean) =>
    parse(
      await api({
        method: 'POST',
        path: '/cgi-bin/stable_token',
        body: {
          grant_type: 'client_credential',
          appid: appId,
          secret: appSecret,
          ...(forceRefresh && { force_refresh: true }),
        },
      }),
    );
  return async (failed) => {
    const fresh = await request(false);
    if (fresh.value !== failed || now() - forcedAt < FORCE_PAUSE) return fresh;
    // WeChat refused this very token and yet gives it again: only force helps.
    forcedAt = now();
    return request(true);
  };
}

/** https://developers.weixin.qq.com/doc/service/api/base/api_getaccesstoken */
function classic({ api, appId, appSecret }: AccessTokenOptions): FetchCredential {
  return async () =>
    parse(
      await api({
        method: 'GET',
        path: '/cgi-bin/token',
        query: { grant_type: 'client_credential', appid: appId, secret: appSecret },
      }),
    );
}

function parse(answer: unknown): { value: string; expiresIn: number } {
  const result = TokenAnswer.safeParse(answer);
  if (!result.success) throw new ProxyError('wechat_unavailable', 'WeChat’s answer bears no access token.');
  return { value: result.data.access_token, expiresIn: result.data.expires_in };
}
