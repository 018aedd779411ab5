/** Calls to `api.weixin.qq.com`: JSON whose `errcode`, not its HTTP status, tells how it went. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyError } from '../../errors.ts';
import type { HttpClient } from '../http-client.ts';
import { parseJson } from '../parse-json.ts';

export interface ApiCall {
  method: 'GET' | 'POST';
  path: string;
  query?: Record<string, string>;
  body?: object;
}

export type ApiAnswer = Record<string, unknown>;
export type ApiClient = (call: ApiCall) => Promise<ApiAnswer>;

/** `errcode` -1: "the system is busy, try again later". */
const BUSY = '-1';
const BUSY_WAITS = [300, 900, 2_000];

/** @throws {ProxyError} `wechat_refused` with WeChat's `errcode`, or `wechat_unavailable`. */
export function createApiClient(http: HttpClient, baseUrl: string): ApiClient {
  async function once({ method, path, query, body }: ApiCall): Promise<ApiAnswer> {
    const search = query ? `?${new URLSearchParams(query)}` : '';
    const response = await http({
      method,
      url: `${baseUrl}${path}${search}`,
      headers: { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = parseAnswer(response.body);
    assertGranted(answer, path, { ...query, ...body });
    if (response.status !== 200)
      throw new ProxyError('wechat_unavailable', `WeChat answered ${path} with ${response.status}.`);
    return answer;
  }

  return (call) => whileBusy(() => once(call));
}

/** Tries again, a few times, what WeChat is too busy for. */
export async function whileBusy<T>(call: () => Promise<T>): Promise<T> {
  for (const wait of BUSY_WAITS) {
    try {
      return await call();
    } catch (error) {
      if (upstreamCode(error) !== BUSY) throw error;
      await sleep(wait);
    }
  }
  return call();
}

/** @throws {ProxyError} `wechat_refused`. `sent`: what its message must not repeat, should WeChat ever do so. */
export function assertGranted(answer: ApiAnswer, path: string, sent: Record<string, unknown>): void {
  if (answer.errcode === undefined || answer.errcode === 0) return;
  const code = String(answer.errcode);
  throw new ProxyError('wechat_refused', `WeChat refused ${path} with ${code}.`, {
    upstream: { code, message: withoutSecrets(String(answer.errmsg ?? ''), sent) },
  });
}

/** WeChat's own code in an error, if that is what it is. Codes are matched, never messages: those end in a varying `rid`. */
export function upstreamCode(error: unknown): string | undefined {
  return error instanceof ProxyError ? error.upstream?.code : undefined;
}

function withoutSecrets(message: string, sent: Record<string, unknown>): string {
  const secrets = [sent.secret, sent.access_token].filter((value) => typeof value === 'string');
  return secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message);
}

/** @throws {ProxyError} `wechat_unavailable` */
export function parseAnswer(body: Buffer): ApiAnswer {
  const answer = parseJson(body);
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as ApiAnswer;
  throw new ProxyError('wechat_unavailable', 'WeChat’s answer is not a JSON object.');
}
