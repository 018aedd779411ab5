/** Messages as WeChat pushes them: signed, and encrypted by another implementation than the proxy's. */
import { createRequire } from 'node:module';
import { writeJson } from '../../demo/wechat/write-json.ts';
import { type WritableFields, writeXmlTree } from '../../demo/wechat/xml-tree.ts';

/** Its signature is that of a plain push where there is no ciphertext. */
export interface SecondImplementation {
  getSignature(timestamp: string, nonce: string, encrypted?: string): string;
  encrypt(message: string): string;
  decrypt(encrypted: string): { message: string; id: string };
}

// It has no types.
const WechatCrypto: new (token: string, aesKey: string, appId: string) => SecondImplementation = createRequire(
  import.meta.url,
)('wechat-crypto');

export type { WritableFields };
export type Format = 'xml' | 'json';
export type Mode = 'plain' | 'compatible' | 'safe';

export interface PushKeys {
  token: string;
  /** 43 characters. */
  aesKey: string;
  appId: string;
}

export interface LetterOptions {
  format?: Format;
  mode?: Mode;
  /** Since 1970. */
  seconds?: number;
  nonce?: string;
}

/** One push, ready to be sent, or to be spoilt. */
export interface Letter {
  query: Record<string, string>;
  body: string;
}

export function secondImplementation({ token, aesKey, appId }: PushKeys): SecondImplementation {
  return new WechatCrypto(token, aesKey, appId);
}

export function writeLetter(keys: PushKeys, fields: WritableFields, options: LetterOptions = {}): Letter {
  const { format = 'xml', mode = 'plain' } = options;
  const plain = writeBody(fields, format);
  if (mode === 'plain') return { query: plainQuery(keys, options), body: plain };
  const sealed = seal(keys, plain, options);
  const outer = mode === 'safe' ? { ToUserName: fields.ToUserName } : fields;
  return { query: sealed.query, body: writeBody({ ...outer, Encrypt: sealed.encrypted }, format) };
}

/** Whatever stands inside, encrypted and signed for it. */
export function seal(keys: PushKeys, plain: string, options: LetterOptions = {}) {
  const second = secondImplementation(keys);
  const encrypted = second.encrypt(plain);
  const query = plainQuery(keys, options);
  const signature = second.getSignature(query.timestamp!, query.nonce!, encrypted);
  return { encrypted, query: { ...query, encrypt_type: 'aes', msg_signature: signature } };
}

export function writeBody(fields: WritableFields, format: Format): string {
  return format === 'xml' ? writeXmlTree(fields) : writeJson(fields);
}

function plainQuery(keys: PushKeys, { seconds = now(), nonce = '415670741' }: LetterOptions): Letter['query'] {
  const timestamp = String(seconds);
  return { signature: secondImplementation(keys).getSignature(timestamp, nonce), timestamp, nonce };
}

export function now(): number {
  return Math.floor(Date.now() / 1_000);
}
