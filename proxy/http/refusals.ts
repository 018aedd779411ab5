/** How a refusal is written down. */

import type { Problem } from '../api.ts';
import { ERRORS, ProxyError } from '../errors.ts';
import { ERROR_MEANINGS } from '../errors.zh-CN.ts';
import { isStoreUnavailable } from '../store/unavailable.ts';
import { writeXml } from '../wechat/xml.ts';
import { InvalidRequest } from './invalid-request.ts';
import type { Answer, Route } from './route.ts';

/** The error that the caller is told about; what is not ours to tell becomes `internal`. */
export function publicError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  return new ProxyError(isStoreUnavailable(error) ? 'store_unavailable' : 'internal', undefined, { cause: error });
}

export function refusal(
  error: ProxyError,
  requestId: string,
  { form = 'problem', accept = '' }: { form?: Route['refusal']; accept?: string | undefined } = {},
): Answer {
  if (form === 'wechat-pay') return wechatPayRefusal(error);
  if (form === 'wechat-pay-v2') return wechatPayV2Refusal(error);
  return form === 'page' && accept.includes('text/html') ? page(error, requestId) : problem(error, requestId);
}

/** RFC 9457. */
function problem(error: ProxyError, requestId: string): Answer {
  const [status, title, remedy] = ERRORS[error.code];
  const [zhTitle, zhRemedy] = ERROR_MEANINGS[error.code];
  const body: Problem = {
    type: `urn:weixin-widgets:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    remedy,
    zh: { title: zhTitle, remedy: zhRemedy },
    requestId,
    ...(error.upstream && { upstream: error.upstream }),
    ...(error instanceof InvalidRequest && { errors: [...error.errors] }),
  };
  return {
    status,
    body,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      ...error.headers,
    },
  };
}

/** For payers, whose browser WeChat has sent here: they cannot read a problem, and go back. */
function page(error: ProxyError, requestId: string): Answer {
  const body = `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>登录没有完成 · Sign-in failed</title>
<style>body { max-width: 30em; margin: 12vh auto; padding: 0 1.5em; font: 16px/1.6 system-ui, sans-serif }
h1, h2 { font-size: 1.25em } code { font-size: .8em; opacity: .7 }</style></head><body>
<h1>登录没有完成</h1><p>请返回刚才的页面，再试一次。</p>
<h2 lang="en">Sign-in did not complete</h2><p lang="en">Go back to the page you came from and try again.</p>
<p><code>${error.code} · ${requestId}</code></p></body></html>`;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    ...error.headers,
  };
  return { status: error.status, body, headers };
}

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791902 : anything but 200 or 204 has WeChat try again later. */
function wechatPayRefusal(error: ProxyError): Answer {
  return { status: error.status, body: { code: 'FAIL', message: `${error.code}: ${error.message}` } };
}

/** https://pay.weixin.qq.com/doc/v2/merchant/4011985891 */
function wechatPayV2Refusal(error: ProxyError): Answer {
  return {
    status: error.status,
    body: writeXml({ return_code: 'FAIL', return_msg: error.code }),
    headers: { 'content-type': 'text/xml; charset=utf-8' },
  };
}
