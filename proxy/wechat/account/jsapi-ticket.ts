import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ProxyError } from '../../errors.ts';
import type { AccessToken } from './access-token.ts';
import type { ApiClient } from './api-client.ts';
import { Credential, type CredentialOptions } from './credential.ts';

const TicketAnswer = z.object({ ticket: z.string().min(1).max(512), expires_in: z.int().positive() });

export interface JsapiTicketOptions extends Omit<CredentialOptions, 'name' | 'fetch'> {
  api: ApiClient;
  accessToken: AccessToken;
  appId: string;
}

/**
 * The ticket with which the JS-SDK's signature is made. Few fetches are allowed: it is cached as the token is.
 * https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
 */
export class JsapiTicket {
  readonly #credential: Credential;

  constructor({ api, accessToken, appId, ...options }: JsapiTicketOptions) {
    this.#credential = new Credential({
      ...options,
      name: `jsapi_ticket ${appId}`,
      fetch: () =>
        accessToken.use(async (token) => {
          const answer = await api({
            method: 'GET',
            path: '/cgi-bin/ticket/getticket',
            query: { access_token: token, type: 'jsapi' },
          });
          const result = TicketAnswer.safeParse(answer);
          if (!result.success) throw new ProxyError('wechat_unavailable', 'WeChat’s answer bears no ticket.');
          return { value: `${result.data.ticket} ${mark(token)}`, expiresIn: result.data.expires_in };
        }),
    });
    accessToken.onDead = (token) => this.#credential.discard((value) => value.endsWith(mark(token)));
  }

  async get(): Promise<string> {
    const { value } = await this.#credential.get();
    return value.split(' ', 1)[0]!;
  }

  /** Renews the ticket ahead of its end, once one was needed. */
  keepFresh(): Promise<void> {
    return this.#credential.keepFresh();
  }
}

/** Tells from which access token a ticket came, without giving the token away: a ticket dies with its token. */
function mark(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

export interface JssdkSignatureInput {
  jsapiTicket: string;
  nonceStr: string;
  /** Seconds since 1970. */
  timestamp: number;
  /** The page's address; what follows `#` is not signed. */
  url: string;
}

/** The signature for `wx.config`: SHA-1 in hex. The signed key is `noncestr`, though `wx.config` wants `nonceStr`. */
export function jssdkSignature({ jsapiTicket, nonceStr, timestamp, url }: JssdkSignatureInput): string {
  const signed = `jsapi_ticket=${jsapiTicket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url.split('#', 1)[0]}`;
  return createHash('sha1').update(signed).digest('hex');
}
