import { encryptMessage, messageSignature, messageStringToSign } from './message-crypto.ts';
import { writeJson } from './write-json.ts';
import { type WritableFields, type WritableValue, writeXmlTree } from './xml-tree.ts';

/** What a merchant has set for the message push in mp.weixin.qq.com. */
export interface MessagePushSettings {
  url: string;
  token: string;
  /** 43 characters; null in the plain mode of an account that has none. */
  aesKey: string | null;
  /** `compatible` sends both the plain message and the encrypted one. */
  mode: 'plain' | 'compatible' | 'safe';
  format: 'xml' | 'json';
}

/** How one try is sent; the genuine one differs from a forged one in nothing but these. */
export interface LetterParts extends MessagePushSettings {
  /** Inside the ciphertext. */
  appId: string;
  openid: string;
  timestamp: string;
  nonce: string;
  signature?: string;
  msgSignature?: string;
  /** The body as it is, instead of the message. */
  body?: string;
  /** Merged over the query; undefined leaves one out. */
  query?: Record<string, string | undefined>;
}

/** One try of a push, ready to be sent. */
export interface MessageLetter {
  url: string;
  headers: Record<string, string>;
  body: string;
  stringToSign: string;
}

/** @see https://developers.weixin.qq.com/doc/service/guide/dev/push/ */
export function writeMessageLetter(message: WritableFields, parts: LetterParts): MessageLetter {
  const { token, timestamp, nonce, aesKey, appId, mode, format } = parts;
  const isEncrypted = mode !== 'plain' && aesKey !== null;
  const encrypt = isEncrypted ? encryptMessage(write(message, format), { aesKey, appId }) : undefined;
  const body = parts.body ?? write(bodyOf(message, mode, encrypt), format);
  const query = {
    signature: parts.signature ?? messageSignature({ token, timestamp, nonce }),
    timestamp,
    nonce,
    openid: parts.openid,
    ...(encrypt !== undefined && {
      encrypt_type: 'aes',
      msg_signature: parts.msgSignature ?? messageSignature({ token, timestamp, nonce, encrypt }),
    }),
    ...parts.query,
  };
  return {
    url: withQuery(parts.url, query),
    headers: {
      'content-type': format === 'xml' ? 'text/xml' : 'application/json',
      accept: '*/*',
      'user-agent': 'Mozilla/4.0',
    },
    body,
    stringToSign: messageStringToSign({ token, timestamp, nonce, encrypt }),
  };
}

export function withQuery(url: string, query: Record<string, string | undefined>): string {
  const whole = new URL(url);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) whole.searchParams.append(name, value);
  return whole.href;
}

function bodyOf(message: WritableFields, mode: MessagePushSettings['mode'], encrypt: string | undefined) {
  if (encrypt === undefined) return message;
  return mode === 'safe' ? { ToUserName: message.ToUserName, Encrypt: encrypt } : { ...message, Encrypt: encrypt };
}

function write(message: WritableFields, format: MessagePushSettings['format']): string {
  return format === 'xml' ? writeXmlTree(message) : writeJson(asJson(message));
}

const SUBSCRIPTION_EVENT = /^SubscribeMsg\w+Event$/;

/** In JSON what an event of subscription messages lists stands at the top, and its numbers are text. */
function asJson(message: WritableFields): WritableFields {
  const name = Object.keys(message).find((key) => SUBSCRIPTION_EVENT.test(key));
  if (name === undefined) return message;
  const { [name]: event, ...rest } = message;
  return asTexts({ ...rest, ...(event as WritableFields) }) as WritableFields;
}

function asTexts(value: WritableValue): WritableValue {
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.map(asTexts);
  const members = Object.entries(value).flatMap(([name, member]) =>
    member === undefined ? [] : [[name, asTexts(member)]],
  );
  return Object.fromEntries(members);
}
