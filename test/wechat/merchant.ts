import { createDecipheriv, createPublicKey, createSign, createVerify, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Wechat } from '../../demo/wechat/start.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely; what is not there fails the test.
export type Json = any;

/** What a merchant's server sends and checks, written from WeChat's documents alone. */
export function createMerchant(wechat: Wechat) {
  const env = wechat.environment as Record<string, string>;

  function authorization(method: string, url: string, body: string, changes: Record<string, string> = {}): string {
    const timestamp = changes.timestamp ?? String(Math.floor(wechat.control.now() / 1000));
    const nonce = changes.nonce_str ?? randomBytes(16).toString('hex');
    const signature = createSign('RSA-SHA256')
      .update(`${method}\n${url}\n${timestamp}\n${nonce}\n${body}\n`)
      .sign(env.WECHAT_PAY_PRIVATE_KEY!, 'base64');
    const parts = {
      mchid: env.WECHAT_PAY_MCH_ID,
      nonce_str: nonce,
      signature,
      timestamp,
      serial_no: env.WECHAT_PAY_SERIAL_NO,
      ...changes,
    };
    return `WECHATPAY2-SHA256-RSA2048 ${Object.entries(parts)
      .map(([name, value]) => `${name}="${value}"`)
      .join(',')}`;
  }

  async function call(method: string, url: string, body?: unknown, headers: Record<string, string> = {}) {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(wechat.url + url, {
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'merchant/1.0',
        'content-type': 'application/json',
        authorization: authorization(method, url, text),
        ...headers,
      },
      body: method === 'GET' ? undefined : text,
    });
    const answerBody = await answer.text();
    return { status: answer.status, headers: answer.headers, text: answerBody, json: parse(answerBody) };
  }

  function order(changes: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      appid: env.WECHAT_APP_ID,
      mchid: env.WECHAT_PAY_MCH_ID,
      description: '山茶花一束',
      out_trade_no: `order-${randomBytes(6).toString('hex')}`,
      notify_url: 'http://127.0.0.1:9/notify',
      amount: { total: 3980, currency: 'CNY' },
      payer: { openid: wechat.control.users[0]!.openid },
      ...changes,
    };
  }

  const create = (body: unknown) => call('POST', '/v3/pay/transactions/jsapi', body);
  const native = (body: unknown) => call('POST', '/v3/pay/transactions/native', body);
  const h5 = (body: unknown) => call('POST', '/v3/pay/transactions/h5', body);

  /** An order for whoever pays it, as Native and H5 have it. */
  function openOrder(changes: Record<string, unknown> = {}): Record<string, unknown> {
    const scene = { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } };
    return order({ payer: undefined, scene_info: scene, ...changes });
  }

  function refund(outTradeNo: unknown, changes: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      out_trade_no: outTradeNo,
      out_refund_no: `refund-${randomBytes(6).toString('hex')}`,
      amount: { refund: 1000, total: 3980, currency: 'CNY' },
      ...changes,
    };
  }
  const refundNow = (body: unknown) => call('POST', '/v3/refund/domestic/refunds', body);
  const queryRefund = (outRefundNo: unknown) => call('GET', `/v3/refund/domestic/refunds/${outRefundNo}`);

  /** A new order that is paid; its number. */
  async function paid(changes: Record<string, unknown> = {}): Promise<string> {
    const paying = order(changes);
    await create(paying);
    wechat.control.pay(String(paying.out_trade_no), { notify: false });
    return String(paying.out_trade_no);
  }

  const query = (outTradeNo: string) =>
    call('GET', `/v3/pay/transactions/out-trade-no/${outTradeNo}?mchid=${env.WECHAT_PAY_MCH_ID}`);

  /** The parameters of `getBrandWCPayRequest`. */
  function payParams(prepayId: string): Record<string, string> {
    const params = {
      appId: env.WECHAT_APP_ID!,
      timeStamp: String(Math.floor(wechat.control.now() / 1000)),
      nonceStr: randomBytes(16).toString('hex'),
      package: `prepay_id=${prepayId}`,
      signType: 'RSA',
    };
    const message = `${params.appId}\n${params.timeStamp}\n${params.nonceStr}\n${params.package}\n`;
    return { ...params, paySign: createSign('RSA-SHA256').update(message).sign(env.WECHAT_PAY_PRIVATE_KEY!, 'base64') };
  }

  return {
    ...{ env, authorization, call, order, openOrder, create, native, h5, query, paid },
    ...{ refund, refundNow, queryRefund, payParams },
  };
}

export type Merchant = ReturnType<typeof createMerchant>;

/** Whether `key` (a public key or certificate, PEM) signed the answer or notification. */
export function isSigned(headers: Headers | IncomingHttpHeaders, body: string, key: string): boolean {
  const get = (name: string) => (headers instanceof Headers ? headers.get(name) : String(headers[name]));
  return createVerify('RSA-SHA256')
    .update(`${get('wechatpay-timestamp')}\n${get('wechatpay-nonce')}\n${body}\n`)
    .verify(createPublicKey(key), String(get('wechatpay-signature')), 'base64');
}

/** Opens a `resource`. @throws where the key is wrong or a bit was changed */
export function decrypt(
  resource: { ciphertext: string; nonce: string; associated_data: string },
  apiV3Key: string,
): string {
  const sealed = Buffer.from(resource.ciphertext, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', apiV3Key, resource.nonce);
  decipher.setAuthTag(sealed.subarray(-16));
  decipher.setAAD(Buffer.from(resource.associated_data));
  return decipher.update(sealed.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8');
}

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

/** A merchant's address, which answers with the given statuses (or 200 and a text), the last one for ever. */
export async function receiveNotifications(...answers: (number | string)[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = answers[Math.min(received.length, answers.length - 1)] ?? 204;
    const status = typeof answer === 'string' ? 200 : answer;
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), at: Date.now() });
    const refusal = status === 204 ? undefined : '{"code":"FAIL","message":"no"}';
    response.writeHead(status).end(typeof answer === 'string' ? answer : refusal);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`,
    received,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
