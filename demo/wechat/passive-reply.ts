import { decryptMessage, MessageCryptoError, messageSignature } from './message-crypto.ts';
import type { MessagePushSettings } from './message-letter.ts';
import { readXmlTree, XmlError } from './xml-tree.ts';

export interface Article {
  title: string;
  description: string;
  picUrl: string;
  url: string;
}

/** What an account says in its answer to a push. */
export type Reply =
  | { type: 'text'; content: string }
  | { type: 'image' | 'voice'; mediaId: string }
  | { type: 'news'; articles: Article[] }
  | { type: 'transfer_customer_service'; kfAccount?: string };

/** Why WeChat takes an answer for none: the user is told that the account is out of order, the developer this. */
export class ReplyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ReplyError';
  }
}

export interface ReplyContext extends Pick<MessagePushSettings, 'token' | 'aesKey' | 'mode' | 'format'> {
  appId: string;
  originalId: string;
  /** Whom the push was about. */
  openid: string;
  /** Seconds since the epoch. */
  now: number;
  isMedia: (mediaId: string) => boolean;
}

type Fields = Record<string, unknown>;
const MOST_ARTICLES = 8;
/** Bytes of a text. */
const LONGEST_TEXT = 2048;
/** Seconds: no clock is that wrong, but milliseconds are. */
const DAY = 86_400;

/**
 * The reply in an answer to a push; undefined where it is `success` or nothing at all, which is never encrypted.
 * @throws ReplyError
 * @see https://developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message.html
 */
export function readReply(body: string, context: ReplyContext): Reply | undefined {
  if (body === '' || body === 'success') return undefined;
  const outer = parse(body, context.format);
  if (outer.Encrypt === undefined && context.mode === 'safe') throw new ReplyError('the reply is not encrypted');
  const fields = outer.Encrypt === undefined ? outer : parse(decrypt(outer, context), context.format);
  checkEnvelope(fields, context);
  return readContent(fields, context);
}

function decrypt(outer: Fields, { token, aesKey, appId, mode }: ReplyContext): string {
  if (mode === 'plain' || aesKey === null) throw new ReplyError('the reply is encrypted, but the mode is plain');
  const encrypt = textOf(outer, 'Encrypt');
  const signed = { token, timestamp: numberOf(outer, 'TimeStamp'), nonce: textOf(outer, 'Nonce'), encrypt };
  if (textOf(outer, 'MsgSignature') !== messageSignature(signed)) {
    throw new ReplyError('MsgSignature is not that of token, TimeStamp, Nonce and Encrypt');
  }
  try {
    const { message, appId: written } = decryptMessage(encrypt, aesKey);
    if (written !== appId) throw new ReplyError(`the appid in Encrypt is ${written}, not ${appId}`);
    return message;
  } catch (error) {
    throw error instanceof MessageCryptoError ? new ReplyError(`Encrypt: ${error.message}`) : error;
  }
}

function checkEnvelope(fields: Fields, { openid, originalId, now }: ReplyContext): void {
  if (textOf(fields, 'ToUserName') !== openid) {
    throw new ReplyError(`ToUserName is ${fields.ToUserName}, not the openid ${openid} of the user`);
  }
  if (textOf(fields, 'FromUserName') !== originalId) {
    throw new ReplyError(`FromUserName is ${fields.FromUserName}, not the account's ${originalId}`);
  }
  const createTime = numberOf(fields, 'CreateTime');
  if (Math.abs(Number(createTime) - now) > DAY) throw new ReplyError(`CreateTime ${createTime} is not now in seconds`);
}

function readContent(fields: Fields, { isMedia }: ReplyContext): Reply {
  const type = textOf(fields, 'MsgType');
  switch (type) {
    case 'text': {
      const content = textOf(fields, 'Content');
      if (Buffer.byteLength(content) > LONGEST_TEXT) throw new ReplyError(`Content is over ${LONGEST_TEXT} bytes`);
      return { type, content };
    }
    case 'image':
    case 'voice': {
      const mediaId = textOf(fieldsOf(fields, type === 'image' ? 'Image' : 'Voice'), 'MediaId');
      if (!isMedia(mediaId)) throw new ReplyError(`there is no media ${mediaId}, or no longer`);
      return { type, mediaId };
    }
    case 'news':
      return { type, articles: readArticles(fields) };
    case 'transfer_customer_service': {
      if (fields.TransInfo === undefined) return { type };
      return { type, kfAccount: textOf(fieldsOf(fields, 'TransInfo'), 'KfAccount') };
    }
    default:
      throw new ReplyError(`MsgType ${type} is not known`);
  }
}

/** XML has them in `item`; in JSON they may stand in the list itself. */
function readArticles(fields: Fields): Article[] {
  const list = Array.isArray(fields.Articles) ? fields.Articles : [fieldsOf(fields, 'Articles').item].flat();
  if (list.length > MOST_ARTICLES) throw new ReplyError(`there are ${list.length} articles, over ${MOST_ARTICLES}`);
  if (Number(numberOf(fields, 'ArticleCount')) !== list.length) {
    throw new ReplyError(`ArticleCount is ${fields.ArticleCount}, but there are ${list.length}`);
  }
  return list.map((item, index) => {
    if (!isFields(item)) throw new ReplyError(`article ${index + 1} has no fields`);
    return {
      title: textOf(item, 'Title'),
      description: optionalText(item, 'Description'),
      picUrl: optionalText(item, 'PicUrl'),
      url: textOf(item, 'Url'),
    };
  });
}

function parse(body: string, format: MessagePushSettings['format']): Fields {
  try {
    const fields: unknown = format === 'xml' ? readXmlTree(Buffer.from(body)) : JSON.parse(body);
    if (isFields(fields)) return fields;
  } catch (error) {
    const reason = error instanceof XmlError ? `: ${error.message}` : '';
    throw new ReplyError(`the answer is neither success nor ${format === 'xml' ? 'XML' : 'JSON'}${reason}`);
  }
  throw new ReplyError('the answer is no JSON object');
}

function fieldsOf(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (!isFields(value)) throw new ReplyError(`${name} is missing, or holds no fields`);
  return value;
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new ReplyError(`${name} is missing or empty`);
  return value;
}

function optionalText(fields: Fields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw new ReplyError(`${name} is no text`);
  return value;
}

/** An integer, which XML has as text. */
function numberOf(fields: Fields, name: string): string {
  const text = String(fields[name] ?? '');
  if (!/^\d{1,15}$/.test(text)) throw new ReplyError(`${name} is no number`);
  return text;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
