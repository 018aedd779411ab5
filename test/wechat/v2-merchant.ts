import { createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as secureRequest } from 'node:https';
import type { Wechat } from '../../demo/wechat/start.ts';

export type Fields = Record<string, string | number | undefined>;

export interface V2Answer {
  status: number;
  type: string;
  body: Buffer;
  /** Of XML. */
  fields: Record<string, string>;
}

/** What a merchant's server sends and checks in version 2, written from WeChat's documents alone. */
export function createV2Merchant(wechat: Wechat) {
  const env = wechat.environmentV2;
  const key = env.WECHAT_PAY_V2_KEY!;
  const certificate = {
    pfx: Buffer.from(env.WECHAT_PAY_V2_CERT!, 'base64'),
    passphrase: env.WECHAT_PAY_MCH_ID!,
  };

  function sign(fields: Fields, signType = 'MD5'): string {
    const text = Object.keys(fields)
      .sort()
      .filter((name) => name !== 'sign' && fields[name] !== undefined && fields[name] !== '')
      .map((name) => `${name}=${fields[name]}`)
      .join('&');
    const hash = signType === 'MD5' ? createHash('md5') : createHmac('sha256', key);
    return hash.update(`${text}&key=${key}`).digest('hex').toUpperCase();
  }

  const nonce = () => randomBytes(16).toString('hex');

  function signed(fields: Fields): Fields {
    const all: Fields = { appid: env.WECHAT_APP_ID, mch_id: env.WECHAT_PAY_MCH_ID, nonce_str: nonce(), ...fields };
    return { ...all, sign: sign(all, String(all.sign_type ?? 'MD5')) };
  }

  /** Posts any body. */
  function post(path: string, body: string | Buffer, options: RequestOptions = {}): Promise<V2Answer> {
    return send(`${wechat.tlsUrl}${path}`, body, { ca: wechat.caCertificate, ...options });
  }

  /** Posts these fields, with what every call needs beside them, signed. */
  const call = (path: string, fields: Fields, options?: RequestOptions) => post(path, toXml(signed(fields)), options);

  function order(changes: Fields = {}): Fields {
    return {
      body: '山茶花一束',
      out_trade_no: `order-${randomBytes(6).toString('hex')}`,
      total_fee: 3980,
      spbill_create_ip: '127.0.0.1',
      notify_url: 'http://127.0.0.1:9/notify',
      trade_type: 'JSAPI',
      openid: wechat.control.users[0]!.openid,
      ...changes,
    };
  }

  const native = (changes: Fields = {}) =>
    order({ trade_type: 'NATIVE', product_id: '88', openid: undefined, ...changes });

  const create = (fields: Fields) => call('/pay/unifiedorder', fields);
  const query = (fields: Fields) => call('/pay/orderquery', fields);
  const refund = (fields: Fields, options: RequestOptions = certificate) => call('/secapi/pay/refund', fields, options);

  /** A new order that is paid; its number. */
  async function paid(changes: Fields = {}): Promise<string> {
    const fields = order(changes);
    await create(fields);
    wechat.control.pay(String(fields.out_trade_no), { notify: false });
    return String(fields.out_trade_no);
  }

  /** Opens `req_info`. */
  function decrypt(reqInfo: string): Record<string, string> {
    const decipher = createDecipheriv('aes-256-ecb', createHash('md5').update(key).digest('hex'), null);
    return fromXml(decipher.update(reqInfo, 'base64', 'utf8') + decipher.final('utf8'));
  }

  return { env, key, certificate, sign, signed, post, call, order, native, create, query, refund, paid, decrypt };
}

export type V2Merchant = ReturnType<typeof createV2Merchant>;

export function toXml(fields: Fields): string {
  const elements = Object.entries(fields).filter(([, value]) => value !== undefined);
  return `<xml>${elements.map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`).join('')}</xml>`;
}

export function fromXml(text: string): Record<string, string> {
  const elements = text.matchAll(/<(\w+)><!\[CDATA\[([\s\S]*?)\]\]><\/\1>/g);
  return Object.fromEntries([...elements].map(([, name, value]) => [name, value]));
}

function send(url: string, body: string | Buffer, options: RequestOptions): Promise<V2Answer> {
  const request = url.startsWith('https:') ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent: false, ...options }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      const received = Buffer.concat(chunks);
      const type = answer.headers['content-type'] ?? '';
      resolve({ status: answer.statusCode ?? 0, type, body: received, fields: fromXml(received.toString()) });
    });
    sent.on('error', reject).end(body);
  });
}
