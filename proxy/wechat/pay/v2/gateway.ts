/** WeChat Pay, API version 2: XML, MD5 or HMAC-SHA256. https://pay.weixin.qq.com/doc/v2/merchant/4011936530 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Channel } from '../../../api.ts';
import { ProxyError } from '../../../errors.ts';
import { upstreamCode } from '../../account/api-client.ts';
import { type ClientCertificate, FILE_LIMITS } from '../../http-client.ts';
import type { XmlFields } from '../../xml.ts';
import type {
  JsapiParams,
  NewOrder,
  NewRefund,
  PaymentGateway,
  Prepaid,
  RefundState,
  Transaction,
} from '../gateway.ts';
import { withoutEmoji } from '../without-emoji.ts';
import { readBill, saysNotReady } from './bill.ts';
import { V2Client, type V2ClientOptions, type V2Request } from './client.ts';
import { readFields } from './fields.ts';
import { orderFields } from './order-fields.ts';
import { readRefundAnswer, readRefundQuery, refundFields } from './refund.ts';
import { jsapiParams } from './signature.ts';
import { QueriedTransaction } from './transaction.ts';

export interface V2GatewayOptions extends V2ClientOptions {
  /** The merchant's, which refunds need. */
  certificate?: ClientCertificate | undefined;
  notifyUrl: string;
  refundNotifyUrl: string;
  now: () => number;
}

/** In words, too, WeChat says that it cannot read a description. */
const UNREADABLE = /^(PARAM_ERROR|NOT_UTF8|XML_FORMAT_ERROR)$|参数|utf-?8/i;
const GONE_CODES = new Set(['ORDERNOTEXIST', 'ORDERCLOSED']);

const PrepayId = z.string().regex(/^[0-9A-Za-z_-]{1,64}$/);
const PREPAID_ANSWERS: Record<Channel, z.ZodType<Prepaid>> = {
  jsapi: z.object({ prepay_id: PrepayId }).transform((answer) => ({ prepayId: answer.prepay_id })),
  native: z
    .object({ prepay_id: PrepayId, code_url: z.string().startsWith('weixin://') })
    .transform((answer) => ({ prepayId: answer.prepay_id, codeUrl: answer.code_url })),
  h5: z
    .object({ prepay_id: PrepayId, mweb_url: z.url({ protocol: /^https?$/ }) })
    .transform((answer) => ({ prepayId: answer.prepay_id, h5Url: answer.mweb_url })),
};

export class V2Gateway implements PaymentGateway {
  readonly appId: string;
  readonly mchId: string;
  readonly #options: V2GatewayOptions;
  readonly #client: V2Client;

  constructor(options: V2GatewayOptions) {
    this.#options = options;
    this.appId = options.appId;
    this.mchId = options.mchId;
    this.#client = new V2Client(options);
  }

  async createOrder(order: NewOrder): Promise<Prepaid> {
    try {
      return await this.#requestOrder(order);
    } catch (error) {
      const plain = withoutEmoji(order);
      if (!plain || !UNREADABLE.test(upstreamCode(error) ?? '')) throw error;
      return this.#requestOrder(plain);
    }
  }

  #requestOrder(order: NewOrder): Promise<Prepaid> {
    const { notifyUrl, now } = this.#options;
    const request = { path: '/pay/unifiedorder', fields: orderFields(order, notifyUrl, now()) };
    return this.#call(request, (answer) => readFields(PREPAID_ANSWERS[order.channel], answer));
  }

  signJsapi(prepayId: string): JsapiParams {
    return jsapiParams(this.#options, {
      appId: this.appId,
      prepayId,
      timestamp: Math.floor(this.#options.now() / 1_000),
      nonceStr: randomBytes(16).toString('hex'),
    });
  }

  async queryOrder(tradeNo: string): Promise<Transaction | undefined> {
    const request = { path: '/pay/orderquery', fields: { out_trade_no: tradeNo } };
    try {
      return await this.#call(request, (answer) => readFields(QueriedTransaction, answer));
    } catch (error) {
      if (upstreamCode(error) === 'ORDERNOTEXIST') return undefined;
      throw error;
    }
  }

  async closeOrder(tradeNo: string): Promise<void> {
    try {
      await this.#client.send({ path: '/pay/closeorder', fields: { out_trade_no: tradeNo } });
    } catch (error) {
      if (!GONE_CODES.has(upstreamCode(error) ?? '')) throw error;
    }
  }

  /** @throws {ProxyError} `refund_certificate_missing`, before anything is sent */
  async refund(refund: NewRefund): Promise<RefundState> {
    const { certificate, refundNotifyUrl } = this.#options;
    if (!certificate) throw new ProxyError('refund_certificate_missing');
    const request = { path: '/secapi/pay/refund', fields: refundFields(refund, refundNotifyUrl), certificate };
    return this.#call(request, readRefundAnswer);
  }

  async queryRefund(outRefundNo: string): Promise<RefundState | undefined> {
    const request = { path: '/pay/refundquery', fields: { out_refund_no: outRefundNo } };
    try {
      return await this.#call(request, (answer) => readRefundQuery(outRefundNo, answer));
    } catch (error) {
      if (upstreamCode(error) === 'REFUNDNOTEXIST') return undefined;
      throw error;
    }
  }

  /** Of version 2, nothing proves a bill but TLS. */
  async downloadBill(date: string): Promise<string> {
    const fields = { bill_date: date.replaceAll('-', ''), bill_type: 'ALL', tar_type: 'GZIP' };
    const file = await this.#client.download({ path: '/pay/downloadbill', fields, ...FILE_LIMITS }).catch((error) => {
      throw saysNotReady(error) ? new ProxyError('bill_not_ready', undefined, { upstream: error.upstream }) : error;
    });
    return readBill(file);
  }

  /** There is nothing to keep: one key signs everything. */
  async keepFresh(): Promise<void> {}

  async #call<T>(request: V2Request, understand: (answer: XmlFields) => T | undefined): Promise<T> {
    const result = understand(await this.#client.send(request));
    if (result !== undefined) return result;
    throw new ProxyError('wechat_unavailable', 'WeChat Pay’s answer is not of the documented form.');
  }
}
