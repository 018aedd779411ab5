/** A proxy on version 2 of WeChat Pay: how it is started, what WeChat was asked, and what others write and sign. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { trustStandIn } from '../../demo/wechat/start.ts';
import type { Harness, HarnessOptions } from './harness.ts';

const require = createRequire(import.meta.url);
// Their own types do not resolve under NodeNext.
const { Hash, Transformer } = require('wechatpay-axios-plugin');
const Tenpay = require('tenpay');

export type Fields = Record<string, string>;
export type SignType = 'MD5' | 'HMAC-SHA256';

/** So that nothing of version 3 can help. */
const WITHOUT_V3 = {
  WECHAT_PAY_V3_KEY: '',
  WECHAT_PAY_PRIVATE_KEY: '',
  WECHAT_PAY_SERIAL_NO: '',
  WECHAT_PAY_PUBLIC_KEY: '',
  WECHAT_PAY_PUBLIC_KEY_ID: '',
};

/** The harness on version 2, by TLS. */
export function byV2({ environment = {}, prepare, ...options }: HarnessOptions = {}): HarnessOptions {
  return {
    ...options,
    prepare(wechat) {
      trustStandIn(wechat);
      prepare?.(wechat);
    },
    environment: (wechat) => ({
      ...WITHOUT_V3,
      ...wechat.environmentV2,
      ...(typeof environment === 'function' ? environment(wechat) : environment),
    }),
  };
}

/** Has the proxy run with other settings for a while. */
export async function configured<T>(proxy: Harness, settings: Fields, work: () => Promise<T>): Promise<T> {
  const { environment } = proxy;
  const before = { ...environment };
  Object.assign(environment, settings);
  await proxy.restart();
  try {
    return await work();
  } finally {
    for (const name of Object.keys(settings)) delete environment[name];
    Object.assign(environment, before);
    await proxy.restart();
  }
}

/** What WeChat was asked for, the oldest first. Signs are shortened there. */
export function v2Calls({ wechat }: Harness, path: string, wanted: Fields = {}) {
  return wechat.calls
    .filter((call) => call.direction === 'in' && call.path === path)
    .map(({ code, requestBody }) => ({ code, fields: fieldsOf(requestBody) }))
    .filter(({ fields }) => Object.entries(wanted).every(([name, value]) => fields[name] === value));
}

/** What a request says, without what differs each time. */
export function said({ fields }: { fields: Fields }): Fields {
  const { nonce_str, sign, ...said } = fields;
  assert.match(nonce_str!, /^\w{16,32}$/);
  assert.ok(sign);
  return said;
}

export const fieldsOf = (xml: string): Fields => Transformer.toObject(xml);

export const toXml = (fields: Fields): string => Transformer.toXml(fields);

/** Signed by the second implementation. */
export function signed({ environment }: Harness, fields: Fields, type: SignType = 'MD5', key?: string): Fields {
  return { ...fields, sign: Hash.sign(type, fields, key ?? environment.WECHAT_PAY_V2_KEY) };
}

/** The third implementation. */
export function tenpayOf({ environment }: Harness) {
  const { WECHAT_APP_ID: appid, WECHAT_PAY_MCH_ID: mchid, WECHAT_PAY_V2_KEY: partnerKey } = environment;
  return new Tenpay({ appid, mchid, partnerKey });
}

export interface Answered {
  status: number;
  type: string;
  text: string;
}

export async function post({ url }: Harness, path: string, body: string | Buffer, headers: Fields = {}) {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'text/xml', ...headers },
    body: new Uint8Array(Buffer.from(body)),
  });
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}

/** To the byte what WeChat's documents say: https://pay.weixin.qq.com/doc/v2/merchant/4011985891 */
export function assertTaken({ status, type, text }: Answered, what = ''): void {
  assert.equal(
    text,
    '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>',
    what,
  );
  assert.equal(status, 200, what);
  assert.match(type, /^text\/xml\b/, what);
}

/** WeChat tries again where the answer is not SUCCESS. */
export function assertFail({ status, type, text }: Answered, code: string, expected: number): void {
  assert.equal(
    text,
    `<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[${code}]]></return_msg></xml>`,
  );
  assert.equal(status, expected);
  assert.match(type, /^text\/xml\b/);
}

/** Notifications that ended so. */
export async function counted(proxy: Harness, result: string): Promise<number> {
  const { text } = await proxy.merchant('GET', '/metrics');
  return Number(new RegExp(`^weixin_notifications_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
