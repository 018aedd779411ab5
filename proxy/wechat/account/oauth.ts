import { z } from 'zod';
import { ProxyError } from '../../errors.ts';
import type { ApiClient } from './api-client.ts';

export type OAuthScope = 'snsapi_base' | 'snsapi_userinfo';

export interface OAuthOptions {
  api: ApiClient;
  openUrl: string;
  appId: string;
  appSecret: string;
}

const AccessTokenAnswer = z.object({ openid: z.string().regex(/^[0-9A-Za-z_-]{1,128}$/) });

/** Sign-in on web pages: https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html */
export class OAuth {
  readonly #options: OAuthOptions;

  constructor(options: OAuthOptions) {
    this.#options = options;
  }

  /** The address of WeChat's consent. WeChat wants the parameters in this order and the fragment at the end. */
  consentUrl(redirectUri: string, scope: OAuthScope, state: string): string {
    const { openUrl, appId } = this.#options;
    const query = new URLSearchParams({ appid: appId, redirect_uri: redirectUri, response_type: 'code', scope, state });
    return `${openUrl}/connect/oauth2/authorize?${query}#wechat_redirect`;
  }

  /**
   * Exchanges the code that WeChat sent the browser back with. A code works once.
   * @throws {ProxyError} `wechat_refused`: `40029` unknown code, `40163` used before.
   */
  async openid(code: string): Promise<string> {
    const answer = await this.#options.api({
      method: 'GET',
      path: '/sns/oauth2/access_token',
      query: {
        appid: this.#options.appId,
        secret: this.#options.appSecret,
        code,
        grant_type: 'authorization_code',
      },
    });
    const result = AccessTokenAnswer.safeParse(answer);
    if (!result.success) throw new ProxyError('wechat_unavailable', 'WeChat’s answer bears no openid.');
    return result.data.openid;
  }
}
