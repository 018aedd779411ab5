/** What the merchant's server learns of messages and events. */
import type { Fields, Message } from '../wechat/account/message-push.ts';
import type { XmlValue } from '../wechat/xml.ts';

/** What WeChat's names for what every message has are called here. */
const COMMON = new Set(['ToUserName', 'FromUserName', 'CreateTime', 'MsgType', 'MsgId']);
const NEW_FOLLOWER = 'qrscene_';

/** All that WeChat says, by its names in camel case; numbers stay text, since some are too large for a double. */
export function messageView({ account, openid, createdAt, type, fields }: Message): object {
  const { MsgId: messageId } = fields;
  const others = Object.entries(fields).filter(([name]) => !COMMON.has(name));
  return {
    ...Object.fromEntries(others.map(([name, value]) => [camelCase(name), inCamelCase(asList(name, value!))])),
    ...(messageId !== undefined && { messageId }),
    ...{ openid, account, type, createdAt: new Date(createdAt).toISOString() },
  };
}

/**
 * Of a code with a scene: by somebody who follows the account (`SCAN`), or begins to (`subscribe`).
 * https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes.html
 */
export function scanOf({ account, openid, createdAt, type, fields }: Message): object | undefined {
  const { Event: event, EventKey: key, Ticket: ticket } = fields;
  if (type !== 'event' || typeof key !== 'string') return undefined;
  const subscribed = event === 'subscribe' && key.startsWith(NEW_FOLLOWER);
  if (!subscribed && event !== 'SCAN') return undefined;
  const scene = subscribed ? key.slice(NEW_FOLLOWER.length) : key;
  return { openid, account, scene, ticket, subscribed, createdAt: new Date(createdAt).toISOString() };
}

/** XML does not tell a list of one from what is no list; WeChat calls its lists so. */
function asList(name: string, value: XmlValue): XmlValue {
  return name === 'List' && !Array.isArray(value) ? [value] : value;
}

function inCamelCase(value: Fields[string]): unknown {
  if (Array.isArray(value)) return value.map(inCamelCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [camelCase(name), inCamelCase(asList(name, inner))]),
  );
}

/** `PicUrl` → `picUrl`, `MsgID` → `msgID`, `Location_X` → `locationX` */
function camelCase(name: string): string {
  const joined = name.replaceAll(/(?<=.)_+(.)/g, (_, next: string) => next.toUpperCase());
  return `${joined.charAt(0).toLowerCase()}${joined.slice(1)}`;
}
