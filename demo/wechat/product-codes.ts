import type { Account } from './account.ts';
import type { Calls } from './calls.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import { nonce } from './nonce.ts';
import type { PayOrder, PayOrders } from './pay-orders.ts';
import { postToMerchant } from './post-to-merchant.ts';
import { type SignType, signTypeOf, v2Sign, v2StringToSign } from './v2-signature.ts';
import { readXml, writeXml } from './xml.ts';

const FIELDS = ['appid', 'mch_id', 'nonce_str', 'product_id', 'sign', 'time_stamp'];
const BAD_CODE = '原生支付URL参数错误';
const NO_ANSWER = '获取商户订单信息超时或者商户返回的httpcode非200';

interface World {
  account: Account;
  calls: Calls;
  clock: Clock;
  orders: PayOrders;
  knobs: () => Knobs;
}

/** A code of Native mode 1 that hangs somewhere. */
export interface ProductCode {
  codeUrl: string;
  productId: string;
  seenAt: number;
}

/** Why a scan came to nothing, in the client's words. */
export class ScanRefusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ScanRefusal';
  }
}

/**
 * Native mode 1: a code names a product, and the merchant makes an order when it is scanned.
 * @see https://pay.weixin.qq.com/wiki/doc/api/native.php?chapter=6_4
 */
export class ProductCodes {
  readonly #world: World;
  readonly #seen = new Map<string, ProductCode>();
  readonly #stopping = new AbortController();

  constructor(world: World) {
    this.#world = world;
  }

  /** Codes that were scanned, or are said to hang somewhere. */
  seen(): ProductCode[] {
    return [...this.#seen.values()];
  }

  /** @throws ScanRefusal where it is no product code */
  printed(codeUrl: string): void {
    const { product_id: productId = '' } = this.#read(codeUrl);
    if (!this.#seen.has(codeUrl)) this.#seen.set(codeUrl, { codeUrl, productId, seenAt: this.#world.clock.now() });
  }

  /**
   * The order that the merchant makes for whoever scans it.
   * @throws ScanRefusal
   */
  async scan(codeUrl: string, openid: string): Promise<PayOrder> {
    this.printed(codeUrl);
    const { product_id: productId, sign = '' } = this.#read(codeUrl);
    const { nativeCallbackUrl } = this.#world.knobs();
    if (nativeCallbackUrl === null) throw new ScanRefusal('商户未设置扫码支付回调URL');
    return this.#order(await this.#ask(nativeCallbackUrl, { productId: productId!, openid }, signTypeOf(sign)));
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** @throws ScanRefusal */
  #read(codeUrl: string): Record<string, string> {
    const { account } = this.#world;
    const query = codeUrl.split('?')[1] ?? '';
    const fields = Object.fromEntries(new URLSearchParams(query.replaceAll('+', '%2B')));
    const { sign = '', product_id: productId = '', nonce_str: nonceStr = '' } = fields;
    const complete = Object.keys(fields).sort().join() === FIELDS.join() && Object.values(fields).every(Boolean);
    const fits = productId.length <= 32 && nonceStr.length <= 32 && /^\d{10}$/.test(fields.time_stamp ?? '');
    const known = fields.appid === account.appId && fields.mch_id === account.mchid;
    if (!complete || !fits || !known || v2Sign(fields, account.apiV2Key, signTypeOf(sign)) !== sign) {
      throw new ScanRefusal(BAD_CODE);
    }
    return fields;
  }

  /** What the merchant says to the scan. */
  async #ask(
    url: string,
    { productId, openid }: { productId: string; openid: string },
    signType: SignType,
  ): Promise<Record<string, string>> {
    const { account, calls } = this.#world;
    const fields = {
      appid: account.appId,
      openid,
      mch_id: account.mchid,
      is_subscribe: 'Y',
      nonce_str: nonce(16),
      product_id: productId,
    };
    const body = writeXml({ ...fields, sign: v2Sign(fields, account.apiV2Key, signType) });
    const headers = { 'content-type': 'text/xml', accept: '*/*', 'user-agent': 'Mozilla/4.0' };
    const startedAt = Date.now();
    const answer = await postToMerchant(url, { headers, body }, this.#stopping.signal);
    const reply = answer.status === 200 ? parsed(answer.body) : undefined;
    calls.add({
      startedAt,
      direction: 'out',
      method: 'POST',
      path: url,
      status: answer.status,
      verdict: reply?.return_code === 'SUCCESS' && reply.result_code === 'SUCCESS' ? 'ok' : 'refused',
      message: answer.status === 0 ? answer.body : undefined,
      stringToSign: `${v2StringToSign(fields)}&key=…`,
      requestHeaders: headers,
      requestBody: body,
      responseBody: answer.body,
    });
    if (answer.status !== 200) throw new ScanRefusal(NO_ANSWER);
    if (!reply) throw new ScanRefusal('商户返回的数据格式错误');
    return reply;
  }

  #order(reply: Record<string, string>): PayOrder {
    const { account, orders } = this.#world;
    if (reply.return_code !== 'SUCCESS') throw new ScanRefusal(reply.return_msg || '商户返回失败');
    const { sign = '' } = reply;
    if (v2Sign(reply, account.apiV2Key, signTypeOf(sign)) !== sign) throw new ScanRefusal('商户返回的签名错误');
    if (reply.appid !== account.appId || reply.mch_id !== account.mchid || !reply.nonce_str) {
      throw new ScanRefusal('商户返回的参数错误');
    }
    if (reply.result_code !== 'SUCCESS') throw new ScanRefusal(reply.err_code_des || '商户返回失败');
    const order = orders.byPrepayId(reply.prepay_id ?? '');
    if (order?.tradeType !== 'NATIVE') throw new ScanRefusal('商户返回的prepay_id无效');
    return order;
  }
}

function parsed(body: string): Record<string, string> | undefined {
  try {
    return readXml(Buffer.from(body));
  } catch {
    return undefined;
  }
}
