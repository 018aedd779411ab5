/** WeChat Pay, API version 3: JSON, RSA. https://pay.weixin.qq.com/doc/v3/merchant/4012791856 */
import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { ProxyError } from '../../../errors.ts';
import { upstreamCode } from '../../account/api-client.ts';
import type { CredentialOptions } from '../../account/credential.ts';
import type { HttpClient } from '../../http-client.ts';
import { parseJson } from '../../parse-json.ts';
import {
  type NewOrder,
  type NewRefund,
  type Notification,
  type PaymentGateway,
  type Prepaid,
  payableUntil,
  type RefundState,
  type Transaction,
} from '../gateway.ts';
import { unpack } from '../unpack.ts';
import { withoutEmoji } from '../without-emoji.ts';
import {
  BillAnswer,
  NotificationBody,
  PREPAID_ANSWERS,
  RefundAnswer,
  RefundNotification,
  TransactionAnswer,
} from './answers.ts';
import { PayClient, type PayRequest } from './client.ts';
import { decryptResource } from './resource.ts';
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

const UNKNOWN_ORDER_CODES = new Set(['ORDER_NOT_EXIST', 'ORDERNOTEXIST']);
const CLOSED_CODES = new Set(['ORDER_CLOSED', 'ORDERCLOSED']);

const NO_BILL_CODES = new Set(['NO_STATEMENT_EXIST', 'STATEMENT_CREATING']);
const UNKNOWN_REFUND_CODES = new Set(['RESOURCE_NOT_EXISTS']);

export class V3Gateway implements PaymentGateway {
  readonly appId: string;
  readonly mchId: string;
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

  async createOrder(order: NewOrder): Promise<Prepaid> {
    try {
      return await this.#requestOrder(order);
    } catch (error) {
      // WeChat is said to refuse characters of four bytes, such as emoji: better to be paid without them than not at all.
      const plain = withoutEmoji(order);
      if (!plain || upstreamCode(error) !== 'PARAM_ERROR') throw error;
      return this.#requestOrder(plain);
    }
  }

  #requestOrder(order: NewOrder): Promise<Prepaid> {
    const { channel, openid, payerAddress } = order;
    return this.#call(PREPAID_ANSWERS[channel], {
      method: 'POST',
      path: `/v3/pay/transactions/${channel}`,
      body: {
        appid: this.appId,
        mchid: this.mchId,
        description: order.description,
        out_trade_no: order.tradeNo,
        time_expire: chinaTime(payableUntil(order, this.#options.now())),
        ...(order.attach && { attach: order.attach }),
        notify_url: this.#options.notifyUrl,
        amount: { total: order.total, currency: 'CNY' },
        ...(channel === 'jsapi' && { payer: { openid } }),
        ...(channel === 'h5' && { scene_info: { payer_client_ip: payerAddress, h5_info: { type: 'Wap' } } }),
      },
    });
  }

  signJsapi(prepayId: string) {
    return jsapiParams(this.#options.signer.privateKey, {
      appId: this.appId,
      prepayId,
      timestamp: Math.floor(this.#options.now() / 1_000),
      nonceStr: randomBytes(16).toString('hex'),
    });
  }

  async queryOrder(tradeNo: string): Promise<Transaction | undefined> {
    const path = `/v3/pay/transactions/out-trade-no/${encodeURIComponent(tradeNo)}?mchid=${this.mchId}`;
    try {
      return await this.#call(TransactionAnswer, { method: 'GET', path });
    } catch (error) {
      if (UNKNOWN_ORDER_CODES.has(upstreamCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  async closeOrder(tradeNo: string): Promise<void> {
    const path = `/v3/pay/transactions/out-trade-no/${encodeURIComponent(tradeNo)}/close`;
    try {
      const response = await this.#client.send({ method: 'POST', path, body: { mchid: this.mchId } });
      await this.#prove(response);
    } catch (error) {
      const code = upstreamCode(error) ?? '';
      if (!UNKNOWN_ORDER_CODES.has(code) && !CLOSED_CODES.has(code)) throw error;
    }
  }

  async refund({ tradeNo, outRefundNo, amount, total, reason }: NewRefund): Promise<RefundState> {
    const answer = await this.#call(RefundAnswer, {
      method: 'POST',
      path: '/v3/refund/domestic/refunds',
      body: {
        out_trade_no: tradeNo,
        out_refund_no: outRefundNo,
        ...(reason && { reason }),
        notify_url: this.#options.notifyUrl,
        amount: { refund: amount, total, currency: 'CNY' },
      },
    });
    return { mchId: this.mchId, ...answer };
  }

  async queryRefund(outRefundNo: string): Promise<RefundState | undefined> {
    const path = `/v3/refund/domestic/refunds/${encodeURIComponent(outRefundNo)}`;
    try {
      return { mchId: this.mchId, ...(await this.#call(RefundAnswer, { method: 'GET', path })) };
    } catch (error) {
      if (UNKNOWN_REFUND_CODES.has(upstreamCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  async downloadBill(date: string): Promise<string> {
    const path = `/v3/bill/tradebill?bill_date=${date}&bill_type=ALL&tar_type=GZIP`;
    const answer = await this.#call(BillAnswer, { method: 'GET', path }).catch((error: unknown) => {
      if (!(error instanceof ProxyError) || !NO_BILL_CODES.has(upstreamCode(error) ?? '')) throw error;
      throw new ProxyError('bill_not_ready', undefined, { upstream: error.upstream! });
    });
    // The answer that names it is signed, the file is not: its hash proves it. https://pay.weixin.qq.com/doc/v3/merchant/4013071215
    const { pathname, search } = new URL(answer.download_url);
    const { body } = await this.#client.send({ method: 'GET', path: pathname + search, isFile: true });
    const bill = unpack(body);
    const hashes = [bill, body].map((bytes) => createHash('sha1').update(bytes).digest('hex'));
    if (!hashes.includes(answer.hash_value.toLowerCase())) throw new ProxyError('bill_corrupt');
    return bill.toString('utf8');
  }

  /** Proves and reads a notification. `body`: the bytes as they came. */
  async readNotification(headers: Record<string, string | string[] | undefined>, body: Buffer): Promise<Notification> {
    await this.#keys.prove(signatureHeaders(headers), body);
    const { event_type, resource } = parse(NotificationBody, body);
    const plain = decryptResource(this.#options.apiV3Key, resource);
    if (event_type.startsWith('REFUND.')) {
      return { type: 'refund', refund: parse(RefundNotification, plain) };
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

/** RFC 3339 to the second, in China's time, as WeChat's documents write it: 2018-06-08T10:34:56+08:00 */
function chinaTime(milliseconds: number): string {
  return `${new Date(milliseconds + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
}
