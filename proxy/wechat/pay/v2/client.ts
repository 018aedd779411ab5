/** Signed requests to WeChat Pay's API, version 2, whose answers are believed only when WeChat has signed them. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyError } from '../../../errors.ts';
import { upstreamCode } from '../../account/api-client.ts';
import type { HttpClient, HttpRequest } from '../../http-client.ts';
import { legalText, parseXml, writeXml, type XmlFields } from '../../xml.ts';
import { type SignType, sign, verify } from './signature.ts';

export interface V2ClientOptions {
  http: HttpClient;
  /** The first is used; the next where it cannot be reached, or has trouble of its own. */
  baseUrls: readonly string[];
  appId: string;
  mchId: string;
  key: string;
  signType: SignType;
}

export interface V2Request extends Pick<HttpRequest, 'certificate' | 'timeout' | 'maxBytes'> {
  /** `/pay/orderquery` */
  path: string;
  /** Without those that all requests have. Characters that XML does not allow are left out. */
  fields: XmlFields;
}

/** Waits before the second try of a request that WeChat's own trouble has spoilt. */
const RETRY_WAIT = 400;
const TROUBLE_CODES = new Set(['SYSTEMERROR', 'BIZERR_NEED_RETRY']);

/** What WeChat's web server writes by itself where it does not know the client certificate. */
const SSL_CERTIFICATE = /SSL certificate/i;

/** Some refusals come in words only. */
const CODES_IN_WORDS: readonly [RegExp, string][] = [
  [/签名|验签|sign ?error/i, 'SIGNERROR'],
  [/^system ?error$|系统(繁忙|错误|异常)/i, 'SYSTEMERROR'],
  [/^appid ?不存在/i, 'APPID_NOT_EXIST'],
  [/^(mch_?id|商户号) ?(参数格式错误|不存在)/i, 'MCHID_NOT_EXIST'],
  [/mch_?id.*appid.*不匹配|appid.*mch_?id.*不匹配/i, 'APPID_MCHID_NOT_MATCH'],
];

export class V2Client {
  readonly #options: V2ClientOptions;

  constructor(options: V2ClientOptions) {
    this.#options = options;
  }

  /**
   * Sends a request and proves the answer.
   * @throws {ProxyError} `wechat_refused` with WeChat's code, `wechat_unavailable`, or `wechat_untrusted`
   */
  send(request: V2Request): Promise<XmlFields> {
    return this.#twice(request, (body) => this.#prove(accept(read(body))));
  }

  /**
   * Fetches a file, of which nothing is signed.
   * @throws {ProxyError} `wechat_refused` with WeChat's code, or `wechat_unavailable`
   */
  download(request: V2Request): Promise<Buffer> {
    return this.#twice(request, (body) => {
      if (!body.toString('utf8', 0, 64).trimStart().startsWith('<')) return body;
      accept(read(body));
      throw new ProxyError('wechat_unavailable', 'WeChat Pay has sent XML in place of a file.');
    });
  }

  /** All requests made here may be repeated, since they name our own number. Each try is signed anew. */
  async #twice<T>(request: V2Request, understand: (body: Buffer) => T): Promise<T> {
    const [first, second = first] = this.#options.baseUrls;
    try {
      return understand(await this.#post(first!, request));
    } catch (error) {
      if (!isTrouble(error)) throw error;
    }
    await sleep(RETRY_WAIT);
    return understand(await this.#post(second!, request));
  }

  async #post(baseUrl: string, { path, fields, ...request }: V2Request): Promise<Buffer> {
    const { http, appId, mchId, key, signType } = this.#options;
    const unsigned: XmlFields = {
      appid: appId,
      mch_id: mchId,
      nonce_str: randomBytes(16).toString('hex'),
      ...(signType !== 'MD5' && { sign_type: signType }),
      ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, legalText(value)])),
    };
    const { status, body } = await http({
      ...request,
      method: 'POST',
      url: `${baseUrl}${path}`,
      headers: { 'Content-Type': 'text/xml; charset=utf-8' },
      body: writeXml({ ...unsigned, sign: sign(unsigned, key, signType) }),
    });
    if (status === 400 && SSL_CERTIFICATE.test(body.toString('latin1', 0, 1_024))) throw certificateRefused();
    if (status !== 200) throw new ProxyError('wechat_unavailable', `WeChat Pay answered with ${status}.`);
    return body;
  }

  #prove(fields: XmlFields): XmlFields {
    const { appId, mchId, key } = this.#options;
    if (!verify(fields, key)) throw new ProxyError('wechat_untrusted');
    if (fields.appid === appId && fields.mch_id === mchId) return fields;
    throw new ProxyError('wechat_untrusted', 'WeChat Pay’s answer is for another app or merchant.');
  }
}

function certificateRefused(): ProxyError {
  const upstream = { code: 'CERT_ERROR', message: 'The SSL certificate error' };
  return new ProxyError('wechat_refused', 'WeChat Pay does not accept the merchant certificate.', { upstream });
}

function isTrouble(error: unknown): boolean {
  if (!(error instanceof ProxyError)) return false;
  return error.code === 'wechat_unavailable' || TROUBLE_CODES.has(upstreamCode(error) ?? '');
}

function read(body: Buffer): XmlFields {
  try {
    return parseXml(body);
  } catch (cause) {
    throw new ProxyError('wechat_unavailable', 'WeChat Pay’s answer is not the XML that its documents show.', {
      cause,
    });
  }
}

/** A refusal bears no sign: it is taken on TLS's word alone. */
function accept(fields: XmlFields): XmlFields {
  const { return_code, return_msg, result_code, err_code, err_code_des, error_code } = fields;
  if (return_code === 'SUCCESS' && result_code === 'SUCCESS') return fields;
  if (return_code !== 'FAIL' && result_code !== 'FAIL')
    throw new ProxyError('wechat_unavailable', 'WeChat Pay’s answer does not say how it went.');
  const message = (return_code === 'FAIL' ? return_msg : err_code_des) ?? '';
  const inWords = CODES_IN_WORDS.find(([words]) => words.test(message))?.[1];
  const code = err_code || inWords || error_code || message || 'FAIL';
  throw new ProxyError('wechat_refused', `WeChat Pay refused with ${code}.`, { upstream: { code, message } });
}
