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
    const answer = parse(response.body);
    if (answer.errcode !== undefined && answer.errcode !== 0) {
      const code = String(answer.errcode);
      throw new ProxyError('wechat_refused', `WeChat refused ${path} with ${code}.`, {
        upstream: { code, message: withoutSecrets(String(answer.errmsg ?? ''), { ...query, ...body }) },
      });
    }
    if (response.status !== 200)
      throw new ProxyError('wechat_unavailable', `WeChat answered ${path} with ${response.status}.`);
    return answer;
  }

  return async (call) => {
    for (const wait of BUSY_WAITS) {
      try {
        return await once(call);
      } catch (error) {
        if (upstreamCode(error) !== BUSY) throw error;
        await sleep(wait);
      }
    }
    return once(call);
  };
}

/** WeChat's own code in an error, if that is what it is. Codes are matched, never messages: those end in a varying `rid`. */
export function upstreamCode(error: unknown): string | undefined {
  return error instanceof ProxyError ? error.upstream?.code : undefined;
}

/** Should WeChat ever repeat what it was sent, then not to whoever reads its message here. */
function withoutSecrets(message: string, sent: Record<string, unknown>): string {
  const secrets = [sent.secret, sent.access_token].filter((value) => typeof value === 'string');
  return secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message);
}

function parse(body: Buffer): ApiAnswer {
  const answer = parseJson(body);
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as ApiAnswer;
  throw new ProxyError('wechat_unavailable', 'WeChat’s answer is not a JSON object.');
}
