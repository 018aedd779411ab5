/** The one way out to WeChat. Bodies go and come as bytes, so that what is signed is what is sent. */
import { Agent } from 'node:https';
import axios, { type AxiosInstance, isAxiosError } from 'axios';
import { ProxyError } from '../errors.ts';

export interface HttpRequest {
  method: 'GET' | 'POST';
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Milliseconds for the whole exchange. */
  timeout?: number;
  /** How large the answer may be. */
  maxBytes?: number;
  /** With which we prove to the server who we are, in PEM form. */
  certificate?: ClientCertificate;
}

export interface ClientCertificate {
  key: string;
  cert: string;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

/**
 * Sends one request. Any status is an answer.
 * @throws {ProxyError} `wechat_unavailable` where no answer came. Neither address nor headers are in it: they bear secrets.
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;

const TIMEOUT = 6_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** For what is downloaded, such as a day's bill. */
export const FILE_LIMITS = { timeout: 60_000, maxBytes: 64 * 1024 * 1024 };

export function createHttpClient(): HttpClient {
  const client: AxiosInstance = axios.create({
    responseType: 'arraybuffer',
    maxRedirects: 0,
    validateStatus: () => true,
    transformRequest: [(body) => body],
    transformResponse: [(body) => body],
  });
  return async ({ method, url, headers, body, timeout = TIMEOUT, maxBytes = MAX_BYTES, certificate }) => {
    try {
      const response = await client.request({
        method,
        url,
        headers: { 'User-Agent': 'weixin-widgets', ...headers },
        data: body,
        timeout,
        maxContentLength: maxBytes,
        ...(certificate && { httpsAgent: new Agent(certificate) }),
        signal: AbortSignal.timeout(timeout),
      });
      return {
        status: response.status,
        headers: Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
        ),
        body: Buffer.from(response.data),
      };
    } catch (error) {
      // An axios error holds the whole request, secrets included: only its code leaves this function.
      const reason = isAxiosError(error) ? (error.code ?? 'unknown') : 'unknown';
      throw new ProxyError('wechat_unavailable', `WeChat did not answer (${reason}).`);
    }
  };
}
