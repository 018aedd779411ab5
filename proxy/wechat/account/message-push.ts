/**
 * What WeChat pushes to the account's server: messages of its users, and events. Text in, text out.
 * https://developers.weixin.qq.com/doc/service/guide/dev/push/
 */
import { randomBytes } from 'node:crypto';
import type { MessageReply } from '../../api.ts';
import { ProxyError } from '../../errors.ts';
import { decodeUtf8 } from '../decode-utf8.ts';
import { parseJsonAsText } from '../parse-json.ts';
import { isXmlTree, legalText, parseXmlTree, writeXml, type XmlDocument, type XmlValue } from '../xml.ts';
import { assertMessageSignature, decryptMessage, encryptMessage, signMessage } from './message-crypto.ts';

/** Set beside the address in WeChat's console. */
export interface MessageKeys {
  appId: string;
  token: string;
  /** Then nothing is believed but what is encrypted. */
  aesKey: Buffer | undefined;
}

/** What the address bears, unproved. */
export interface PushQuery {
  signature?: string | undefined;
  timestamp?: string | undefined;
  nonce?: string | undefined;
  echostr?: string | undefined;
  encrypt_type?: string | undefined;
  msg_signature?: string | undefined;
}

export interface Push {
  message: Message;
  /** In which the answer is to be. */
  format: 'xml' | 'json';
  isEncrypted: boolean;
  nonce: string;
}

/** A message or an event, proved. */
export interface Message {
  /** The account's original id (`gh_…`). */
  account: string;
  openid: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** `text`, `image`, …, `event` */
  type: string;
  /** All of it, by WeChat's names; numbers as text. */
  fields: Fields;
}

/** What is not there is undefined. */
export type Fields = Record<string, XmlValue | undefined>;

/** In milliseconds. */
const TOLERANCE = 300_000;
const ROOM_FOR_NONCE = 128;
/** How many objects and lists of JSON stand in each other, at most. WeChat's messages have five. */
const MAX_DEPTH = 8;

/** The answer by which an address shows WeChat that it knows the token. @throws {ProxyError} `invalid_signature` */
export function readEcho({ token }: MessageKeys, query: PushQuery): string {
  const { timestamp, nonce } = stamps(query);
  assertMessageSignature(query.signature, token, timestamp, nonce);
  return query.echostr ?? '';
}

/**
 * @param now milliseconds since 1970
 * @throws {ProxyError} `invalid_signature`, `notification_expired`, `decryption_failed`, `merchant_mismatch`,
 *   `malformed_notification`
 */
export function readPush(keys: MessageKeys, query: PushQuery, bytes: Buffer, now: number): Push {
  const { timestamp, nonce } = stamps(query);
  const isEncrypted = (query.encrypt_type || 'raw') !== 'raw';
  if (isEncrypted) {
    const { fields, format } = readFields(bytes);
    const text = decrypt(keys, query, [timestamp, nonce], fields);
    assertFresh(timestamp, now);
    return { ...describe(readFields(text).fields), format, isEncrypted, nonce };
  }
  if (keys.aesKey)
    throw new ProxyError('invalid_signature', 'It is not encrypted, though WECHAT_MESSAGE_AES_KEY is set.');
  assertMessageSignature(query.signature, keys.token, timestamp, nonce);
  assertFresh(timestamp, now);
  const { fields, format } = readFields(bytes);
  return { ...describe(fields), format, isEncrypted, nonce };
}

/** Whoever has seen a push could go on using it; in plain mode, even with another body. */
function assertFresh(timestamp: string, now: number): void {
  if (!(Math.abs(now - Number(timestamp) * 1_000) <= TOLERANCE)) throw new ProxyError('notification_expired');
}

/** What WeChat gets where the user is to get nothing. Never encrypted. */
export const NO_REPLY = { type: 'text/plain; charset=utf-8', body: 'success' };

/**
 * The reply in the form of the push that it answers, encrypted where that one was.
 * @param now milliseconds since 1970
 */
export function writeReply(keys: MessageKeys, push: Push, reply: MessageReply, now: number) {
  const time = Math.floor(now / 1_000);
  const plain = write(push, {
    ToUserName: push.message.openid,
    FromUserName: push.message.account,
    CreateTime: time,
    ...content(reply),
  });
  if (!push.isEncrypted || !keys.aesKey) return plain;
  const Encrypt = encryptMessage(keys.aesKey, keys.appId, plain.body, randomBytes(16));
  const MsgSignature = signMessage(keys.token, String(time), push.nonce, Encrypt);
  return write(push, { Encrypt, MsgSignature, TimeStamp: time, Nonce: push.nonce });
}

function write({ format }: Push, document: XmlDocument): { type: string; body: string } {
  return format === 'json'
    ? { type: 'application/json; charset=utf-8', body: JSON.stringify(document) }
    : { type: 'text/xml; charset=utf-8', body: writeXml(document) };
}

/** https://developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message.html */
function content(reply: MessageReply): XmlDocument {
  switch (reply.type) {
    case 'text':
      return { MsgType: reply.type, Content: legalText(reply.content) };
    case 'image':
      return { MsgType: reply.type, Image: { MediaId: reply.mediaId } };
    case 'news':
      return {
        MsgType: reply.type,
        ArticleCount: reply.articles.length,
        Articles: {
          item: reply.articles.map(({ title, description = '', picUrl = '', url }) => ({
            Title: legalText(title),
            Description: legalText(description),
            PicUrl: legalText(picUrl),
            Url: legalText(url),
          })),
        },
      };
    case 'transfer_customer_service':
      return { MsgType: reply.type, ...(reply.kfAccount && { TransInfo: { KfAccount: legalText(reply.kfAccount) } }) };
  }
}

function stamps({ timestamp = '', nonce = '' }: PushQuery): { timestamp: string; nonce: string } {
  if (!/^\d{1,12}$/.test(timestamp) || nonce === '' || nonce.length > ROOM_FOR_NONCE)
    throw new ProxyError('invalid_signature');
  return { timestamp, nonce };
}

/** @param stamps what is signed beside the ciphertext */
function decrypt(keys: MessageKeys, query: PushQuery, stamps: string[], fields: Fields): string {
  if (query.encrypt_type !== 'aes') throw malformed('It is encrypted in an unknown way.');
  if (!keys.aesKey)
    throw new ProxyError('decryption_failed', 'It is encrypted, but WECHAT_MESSAGE_AES_KEY is not set.');
  const { Encrypt: encrypted } = fields;
  if (typeof encrypted !== 'string') throw malformed('It has no Encrypt.');
  assertMessageSignature(query.msg_signature, keys.token, ...stamps, encrypted);
  return decryptMessage(keys.aesKey, keys.appId, encrypted);
}

function readFields(source: Buffer | string): { fields: Fields; format: Push['format'] } {
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  if (text === undefined) throw malformed('It is not UTF-8.');
  if (text.includes('\0')) throw malformed('It has NUL in it.');
  // A JSON body begins with a brace, an XML one cannot. Users can send characters that XML does not allow, and WeChat
  // puts them into it all the same: https://github.com/offu/WeRoBot/issues/420
  if (!/^\s*\{/.test(text)) return { fields: parseXmlTree(legalText(text)), format: 'xml' };
  const fields = toXmlValue(parseJsonAsText(text), MAX_DEPTH);
  if (!isXmlTree(fields)) throw malformed('It is neither XML nor a JSON object.');
  return { fields, format: 'json' };
}

/** What XML would have said: text, or what holds others. */
function toXmlValue(value: unknown, depth: number): XmlValue {
  if (typeof value !== 'object' || value === null) return String(value ?? '');
  if (depth === 0) throw malformed('It has too many elements within elements.');
  if (Array.isArray(value)) return value.map((item) => toXmlValue(item, depth - 1));
  const members = Object.entries(value).map(([name, inner]) => [name, toXmlValue(inner, depth - 1)]);
  return Object.fromEntries(members);
}

function describe(fields: Fields): { message: Message } {
  const { ToUserName: account, FromUserName: openid, CreateTime: time, MsgType: type } = fields;
  const names = [account, openid, type];
  if (!names.every((name) => typeof name === 'string' && name !== '' && name.length <= 128))
    throw malformed('It does not say from whom, to whom or of what type it is.');
  if (typeof time !== 'string' || !/^\d{1,12}$/.test(time)) throw malformed('It does not say when it was created.');
  const [from, to, kind] = [openid, account, type] as string[];
  return { message: { account: to!, openid: from!, createdAt: Number(time) * 1_000, type: kind!, fields } };
}

function malformed(reason: string): ProxyError {
  return new ProxyError('malformed_notification', reason);
}
