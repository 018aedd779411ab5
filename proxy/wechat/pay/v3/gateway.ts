/** WeChat Pay, API version 3: JSON, RSA. https://pay.weixin.qq.com/doc/v3/merchant/4012791856 */
import { type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ProxyError } from '../../../errors.ts';
import { upstreamCode } from '../../account/api-client.ts';
import type { CredentialOptions } from '../../account/credential.ts';
import type { HttpClient } from '../../http-client.ts';
import { parseJson } from '../../parse-json.ts';
import type { JsapiOrder, Notification, PaymentGateway, Transaction } from '../gateway.ts';
import { PayClient, type PayRequest } from './client.ts';
import { decryptResource, Resource } from './resource.ts';
import { jsapiParams, type Signer } from './signature.ts';
import { signatureHeaders, WechatpayKeys } from './wechatpay-keys.ts';

export interface V3GatewayOptions extends Omit<CredentialOptions, 'name' | 'fetch'> {
  http: HttpClient;
  baseUrls: readonly string[];
  appId: string;
  signer: Signer;
  apiV3Key: string;
  publicKey: { id: string; key: KeyObject } | undefined;
  notifyUrl: string;
}

/** Two hours by WeChat's word; a little less, so that none dies on its way to the payer. */
const PREPAY_LIFETIME = 115 * 60_000;
/** WeChat wants the end of an order to lie at least a minute ahead. */
const MIN_LIFETIME = 65_000;

const UNKNOWN_ORDER_CODES = new Set(['ORDER_NOT_EXIST', 'ORDERNOTEXIST']);
const CLOSED_CODES = new Set(['ORDER_CLOSED', 'ORDERCLOSED']);

const PrepayAnswer = z.object({ prepay_id: z.string().regex(/^[0-9A-Za-z_-]{1,64}$/) });

/** Absent, null and empty mean the same: of an unpaid order, WeChat answers now with one, now with another. */
const filled = (schema: z.ZodType<string>) => z.preprocess((value) => value || undefined, schema.optional());

const TransactionAnswer = z
  .object({
    appid: z.string(),
    mchid: z.string(),
    out_trade_no: z.string(),
    transaction_id: filled(z.string().max(32)),
    trade_state: z.enum(['NOTPAY', 'SUCCESS', 'CLOSED', 'REFUND', 'USERPAYING', 'REVOKED', 'PAYERROR', 'ACCEPT']),
    success_time: filled(z.iso.datetime({ offset: true })),
    payer: z.object({ openid: filled(z.string()) }).nullish(),
    amount: z.object({ total: z.int().nullish(), currency: filled(z.string()) }).nullish(),
  })
  .transform(
    (answer): Transaction => ({
      appId: answer.appid,
      mchId: answer.mchid,
      outTradeNo: answer.out_trade_no,
      state: answer.trade_state,
      ...(answer.transaction_id && { transactionId: answer.transaction_id }),
      ...(typeof answer.amount?.total === 'number' && { total: answer.amount.total }),
      ...(answer.amount?.currency && { currency: answer.amount.currency }),
      ...(answer.payer?.openid && { openid: answer.payer.openid }),
      ...(answer.success_time && { paidAt: Date.parse(answer.success_time) }),
    }),
  );

const NotificationBody = z.object({ event_type: z.string(), resource: Resource });
const RefundNotification = z.object({ out_refund_no: z.string() });

export class V3Gateway implements PaymentGateway {
  readonly appId: string;
  readonly mchId: string;
  readonly prepayLifetime = PREPAY_LIFETIME;
  readonly #options: V3GatewayOptions;
  readonly #client: PayClient;
  readonly #keys: WechatpayKeys;

  constructor(options: V3GatewayOptions) {
    this.#options = options;
    this.appId = options.appId;
    this.mchId = options.signer.mchId;
    this.#client = new PayClient({ ...options, answerSerial: options.publicKey?.id });
    this.#keys = new WechatpayKeys({ ...options, client: this.#client, mchId: options.signer.mchId });
  }

  /** Keeps at hand what proves WeChat's signatures. */
  keepFresh(): Promise<void> {
    return this.#keys.keepFresh();
  }

  async createJsapiOrder(order: JsapiOrder): Promise<{ prepayId: string }> {
    try {
      return await this.#requestPrepayId(order);
    } catch (error) {
      // WeChat is said to refuse characters of four bytes, such as emoji: better to be paid without them than not at all.
      const plain = withoutEmoji(order);
      const differs = plain.description !== order.description || plain.attach !== order.attach;
      if (upstreamCode(error) !== 'PARAM_ERROR' || !differs) throw error;
      return this.#requestPrepayId(plain);
    }
  }

  async #requestPrepayId(order: JsapiOrder): Promise<{ prepayId: string }> {
    const answer = await this.#call(PrepayAnswer, {
      method: 'POST',
      path: '/v3/pay/transactions/jsapi',
      body: {
        appid: this.appId,
        mchid: this.mchId,
        description: order.description,
        out_trade_no: order.outTradeNo,
        time_expire: chinaTime(Math.max(order.expiresAt, this.#options.now() + MIN_LIFETIME)),
        ...(order.attach && { attach: order.attach }),
        notify_url: this.#options.notifyUrl,
        amount: { total: order.total, currency: 'CNY' },
        payer: { openid: order.openid },
      },
    });
    return { prepayId: answer.prepay_id };
  }

  signJsapi(prepayId: string) {
    return jsapiParams(this.#options.signer.privateKey, {
      appId: this.appId,
      prepayId,
      timestamp: Math.floor(this.#options.now() / 1_000),
      nonceStr: randomBytes(16).toString('hex'),
    });
  }

  async queryOrder(outTradeNo: string): Promise<Transaction | undefined> {
    const path = `/v3/pay/transactions/out-trade-no/${encodeURIComponent(outTradeNo)}?mchid=${this.mchId}`;
    try {
      return await this.#call(TransactionAnswer, { method: 'GET', path });
    } catch (error) {
      if (UNKNOWN_ORDER_CODES.has(upstreamCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  async closeOrder(outTradeNo: string): Promise<void> {
    const path = `/v3/pay/transactions/out-trade-no/${encodeURIComponent(outTradeNo)}/close`;
    try {
      const response = await this.#client.send({ method: 'POST', path, body: { mchid: this.mchId } });
      await this.#prove(response);
    } catch (error) {
      const code = upstreamCode(error) ?? '';
      if (!UNKNOWN_ORDER_CODES.has(code) && !CLOSED_CODES.has(code)) throw error;
    }
  }

  async readNotification(headers: Record<string, string | string[] | undefined>, body: Buffer): Promise<Notification> {
    await this.#keys.prove(signatureHeaders(headers), body);
    const { event_type, resource } = parse(NotificationBody, body);
    const plain = decryptResource(this.#options.apiV3Key, resource);
    if (event_type.startsWith('REFUND.')) {
      return { type: 'refund', outRefundNo: parse(RefundNotification, plain).out_refund_no };
    }
    if (event_type !== 'TRANSACTION.SUCCESS') {
      throw new ProxyError('malformed_notification', 'The event_type is none that is known here.');
    }
    return { type: 'transaction', transaction: parse(TransactionAnswer, plain) };
  }

  async #call<T>(schema: z.ZodType<T>, request: PayRequest): Promise<T> {
    const response = await this.#client.send(request);
    await this.#prove(response);
    const result = schema.safeParse(parseJson(response.body));
    if (!result.success)
      throw new ProxyError('wechat_unavailable', 'WeChat Pay’s answer is not of the documented form.');
    return result.data;
  }

  /** A successful answer that WeChat has not signed is not WeChat's. */
  async #prove(response: { headers: Record<string, string>; body: Buffer }): Promise<void> {
    try {
      await this.#keys.prove(signatureHeaders(response.headers), response.body);
    } catch (error) {
      throw new ProxyError('wechat_untrusted', undefined, { cause: error });
    }
  }
}

function parse<T>(schema: z.ZodType<T>, body: Buffer | string): T {
  const result = schema.safeParse(parseJson(body));
  if (!result.success) throw new ProxyError('malformed_notification');
  return result.data;
}

function withoutEmoji(order: JsapiOrder): JsapiOrder {
  // With the joiners and selectors that would be left of composed ones.
  const strip = (text: string) => text.replaceAll(/[\u{10000}-\u{10ffff}]|\u200d|\ufe0f/gu, '').trim();
  const attach = order.attach && strip(order.attach);
  return { ...order, description: strip(order.description) || order.outTradeNo, attach };
}

/** RFC 3339 to the second, in China's time, as WeChat's documents write it: 2018-06-08T10:34:56+08:00 */
function chinaTime(milliseconds: number): string {
  return `${new Date(milliseconds + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
}
