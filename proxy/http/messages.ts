import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { ProxyError } from '../errors.ts';
import type { Inbox } from '../messages/inbox.ts';
import { type MessageKeys, NO_REPLY, readEcho, readPush, writeReply } from '../wechat/account/message-push.ts';
import { type Answer, type Route, route } from './route.ts';

export interface MessageRoutesOptions {
  inbox: Inbox;
  /** Undefined where the message push is not configured. */
  keys: MessageKeys | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

const PATH = '/wechat/messages';
/** In milliseconds: WeChat waits five seconds. */
const PATIENCE = 4_500;

const Mark = z.string().max(512).optional();
/** WeChat adds others, such as `openid`. */
const PushQuery = z.object({
  signature: Mark,
  timestamp: Mark,
  nonce: Mark,
  echostr: Mark,
  encrypt_type: Mark,
  msg_signature: Mark,
});

export function messageRoutes({ inbox, keys, now }: MessageRoutesOptions): Route[] {
  const configured = (): MessageKeys => {
    if (!keys) throw new ProxyError('messages_not_configured');
    return keys;
  };
  return [
    route({
      method: 'GET',
      path: PATH,
      callers: ['wechat'],
      summary: 'WeChat asks whether the address is the account’s, when it is set in the console.',
      query: PushQuery,
      answers: { 200: 'text/plain' },
      errors: ['messages_not_configured', 'invalid_signature'],
      async handle({ query }) {
        return text({ type: NO_REPLY.type, body: readEcho(configured(), query) });
      },
    }),
    route({
      method: 'POST',
      path: PATH,
      callers: ['wechat'],
      summary: 'Messages and events of the account’s users. The merchant’s server may answer for 4.5 seconds.',
      query: PushQuery,
      body: 'bytes',
      answers: { 200: 'text/xml' },
      errors: [
        'messages_not_configured',
        'invalid_signature',
        'notification_expired',
        'decryption_failed',
        'malformed_notification',
        'merchant_mismatch',
      ],
      async handle({ query, bytes }) {
        const patience = sleep(PATIENCE, undefined, { ref: false });
        const push = readPush(configured(), query, bytes, now());
        // Not before it is stored: WeChat sends it again until it is answered.
        const awaitReply = await inbox.receive(push.message);
        const reply = await Promise.race([awaitReply(), patience]);
        return text(reply ? writeReply(configured(), push, reply, now()) : NO_REPLY);
      },
    }),
  ];
}

export function messageKeys(config: Config): MessageKeys | undefined {
  const { WECHAT_APP_ID: appId, WECHAT_MESSAGE_TOKEN: token, WECHAT_MESSAGE_AES_KEY: aesKey } = config;
  return token === undefined ? undefined : { appId, token, aesKey };
}

function text({ type, body }: { type: string; body: string }): Answer {
  return { status: 200, body, headers: { 'content-type': type } };
}
