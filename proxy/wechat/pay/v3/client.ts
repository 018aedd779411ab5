/** Signed requests to WeChat Pay's API, version 3, whose answers are believed only when WeChat has signed them. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyError, type Upstream } from '../../../errors.ts';
import { FILE_LIMITS, type HttpClient, type HttpResponse } from '../../http-client.ts';
import { parseJson } from '../../parse-json.ts';
import { authorization, type Signer } from './signature.ts';

export interface PayRequest {
  method: 'GET' | 'POST';
  /** With the query, without the host. */
  path: string;
  body?: object;
  /** May be large, and take its time. */
  isFile?: boolean;
}

export interface PayClientOptions {
  http: HttpClient;
  /** The first is used; the others where it cannot be reached. The host is not signed. */
  baseUrls: readonly string[];
  signer: Signer;
  /** Chooses the key with which WeChat signs its answers; without it, WeChat takes its platform certificate. */
  answerSerial: string | undefined;
  now: () => number;
}

/** Waits before the second try of a request that WeChat's own trouble (5xx) has spoilt. */
const RETRY_WAIT = 400;

export class PayClient {
  readonly #options: PayClientOptions;

  constructor(options: PayClientOptions) {
    this.#options = options;
  }

  /**
   * Sends a request; where there is no answer, or a 5xx, once more and to the next address: all requests made here may
   * be repeated, since they name our own number. The answer's signature is the caller's to check.
   * @throws {ProxyError} `wechat_refused` with WeChat's code, or `wechat_unavailable`
   */
  async send(request: PayRequest): Promise<HttpResponse> {
    const [first, second = first] = this.#options.baseUrls;
    const response = await this.#attempt(first!, request).catch((error: unknown) => error);
    if (isAnswer(response) && response.status < 500) return accept(response);
    await sleep(RETRY_WAIT);
    return accept(await this.#attempt(second!, request));
  }

  #attempt(baseUrl: string, { method, path, body, isFile }: PayRequest): Promise<HttpResponse> {
    const { http, signer, answerSerial, now } = this.#options;
    const text = body ? JSON.stringify(body) : '';
    const timestamp = Math.floor(now() / 1_000);
    const nonceStr = randomBytes(16).toString('hex');
    return http({
      method,
      url: `${baseUrl}${path}`,
      headers: {
        Accept: 'application/json',
        Authorization: authorization(signer, { method, path, timestamp, nonceStr, body: text }),
        ...(body && { 'Content-Type': 'application/json' }),
        ...(answerSerial && { 'Wechatpay-Serial': answerSerial }),
      },
      ...(body && { body: text }),
      ...(isFile && FILE_LIMITS),
    });
  }
}

function isAnswer(value: unknown): value is HttpResponse {
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value && 'body' in value;
}

function accept(response: HttpResponse): HttpResponse {
  if (response.status >= 200 && response.status < 300) return response;
  const upstream = readError(response);
  // Without a code it is some gateway on the way that has answered.
  if (!upstream) throw new ProxyError('wechat_unavailable', `WeChat Pay answered with ${response.status}.`);
  throw new ProxyError('wechat_refused', `WeChat Pay refused with ${response.status} ${upstream.code}.`, { upstream });
}

function readError(response: HttpResponse): Upstream | undefined {
  const { code, message } = (parseJson(response.body) ?? {}) as Record<string, unknown>;
  return typeof code === 'string' ? { code, message: String(message ?? '') } : undefined;
}
