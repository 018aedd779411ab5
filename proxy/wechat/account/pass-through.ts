/** Any call of `api.weixin.qq.com` for the merchant's own programs, with the access token that they never see. */
import { ProxyError } from '../../errors.ts';
import type { Exchange, ExchangeAnswer } from '../http-client.ts';
import { parseJson } from '../parse-json.ts';
import { type AccessToken, isStale } from './access-token.ts';
import { upstreamCode } from './api-client.ts';

export interface PassThroughOptions {
  exchange: Exchange;
  baseUrl: string;
  accessToken: AccessToken;
}

export interface PassThroughCall {
  method: 'GET' | 'POST';
  /** `/cgi-bin/user/info` */
  path: string;
  query: URLSearchParams;
  contentType: string | undefined;
  /** The file that the body is in. */
  body: string | undefined;
}

/** What the merchant's programs may call: the interfaces of an official account. */
const ALLOWED = /^\/(cgi-bin|sns|card|datacube|customservice|wxa|semantic|scan|merchant|publisher)(\/[\w-]+)+$/;
/** These give tokens away, or would have the ones die that everybody uses. */
const FORBIDDEN = /^\/(cgi-bin\/(token|stable_token|ticket|component|clear_quota)|sns\/(oauth2|jscode2session))(\/|$)/;
/** As much of an answer as an error can be. */
const MAX_ERROR = 4 * 1024;

export class PassThrough {
  readonly #options: PassThroughOptions;

  constructor(options: PassThroughOptions) {
    this.#options = options;
  }

  /**
   * WeChat's answer, whatever it is. Where WeChat calls the token stale, the call is made once more with a newer one.
   * @throws {ProxyError} `wechat_path_not_allowed`, `wechat_unavailable`
   */
  async call(call: PassThroughCall): Promise<ExchangeAnswer> {
    if (!ALLOWED.test(call.path) || FORBIDDEN.test(call.path)) throw new ProxyError('wechat_path_not_allowed');
    let refused: ExchangeAnswer | undefined;
    try {
      return await this.#options.accessToken.use(async (token) => {
        const answer = await this.#once(token, call);
        const code = staleCode(answer);
        if (code === undefined) return answer;
        refused = answer;
        throw new ProxyError('wechat_refused', undefined, { upstream: { code, message: '' } });
      });
    } catch (error) {
      if (refused && isStale(upstreamCode(error))) return refused;
      throw error;
    }
  }

  #once(token: string, { method, path, query, contentType, body }: PassThroughCall): Promise<ExchangeAnswer> {
    const { exchange, baseUrl } = this.#options;
    const search = new URLSearchParams(query);
    search.set('access_token', token);
    return exchange({ method, url: `${baseUrl}${path}?${search}`, contentType, body, readUpTo: MAX_ERROR });
  }
}

/** `errcode` of an answer that says that the token is stale. */
function staleCode({ body }: ExchangeAnswer): string | undefined {
  const { errcode } = (Buffer.isBuffer(body) ? (parseJson(body) as { errcode?: unknown } | null) : undefined) ?? {};
  return isStale(String(errcode)) ? String(errcode) : undefined;
}
