import type { Account } from './account.ts';
import type { Calls } from './calls.ts';
import type { Clock } from './clock.ts';
import type { Knobs, NotificationAnswer } from './control.ts';
import type { MediaStore } from './media-store.ts';
import { messageSignature, messageStringToSign } from './message-crypto.ts';
import { messageId } from './message-id.ts';
import { type LetterParts, type MessagePushSettings, withQuery, writeMessageLetter } from './message-letter.ts';
import { nonce } from './nonce.ts';
import { type Reply, ReplyError, readReply } from './passive-reply.ts';
import { getFromMerchant, postToMerchant } from './post-to-merchant.ts';
import type { WritableFields } from './xml-tree.ts';

const TRIES = 3;
/** What WeChat writes as numbers, however it was given. */
const NUMBERS = ['CreateTime', 'MsgId', 'MsgID'];

/** A push other than the genuine one. */
export interface PushOverrides extends Partial<Omit<LetterParts, 'timestamp'>> {
  /** Of the message, by WeChat's names; merged over those of a text that says “你好”. undefined leaves one out. */
  fields?: WritableFields;
  timestamp?: string | number;
}

/** What a merchant answered to one try; `why` says what is wrong with it. */
export interface PushAnswer extends NotificationAnswer {
  reply?: Reply;
  why?: string;
  stringToSign: string;
}

/** What became of a push after up to three tries. */
export interface Pushed {
  /** The merchant has answered as it should. */
  taken: boolean;
  tries: { status: number; body: string; stringToSign: string }[];
  reply?: Reply;
  why?: string;
}

interface World {
  account: Account;
  calls: Calls;
  clock: Clock;
  media: MediaStore;
  knobs: () => Knobs;
}

/**
 * What WeChat tells the merchant's server of its users' messages and deeds.
 * @see https://developers.weixin.qq.com/doc/service/guide/dev/push/
 */
export class MessagePush {
  readonly #world: World;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(world: World) {
    this.#world = world;
  }

  /** As WeChat does: up to three tries with the same message. @returns undefined where no address is set */
  push(openid: string, fields: WritableFields): Promise<Pushed | undefined> {
    const settings = this.#world.knobs().messagePush;
    if (!settings) return Promise.resolve(undefined);
    return this.track(this.#deliver(this.#message(openid, fields), { ...settings, ...this.#genuine(openid) }));
  }

  /** One try, changed at will. @throws TypeError where there is no address */
  async send({ fields, timestamp, ...overrides }: PushOverrides): Promise<PushAnswer> {
    const { account, knobs } = this.#world;
    const openid = overrides.openid ?? account.users[0]!.openid;
    const standard = {
      token: account.messageToken,
      aesKey: account.messageAesKey,
      mode: 'plain',
      format: 'xml',
    } as const;
    const url = overrides.url ?? knobs().messagePush?.url;
    if (url === undefined) throw new TypeError('The knob messagePush is not set.');
    const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
    return this.track(
      this.#try(this.#message(openid, { ...kindOf(fields), ...fields }), {
        ...standard,
        ...knobs().messagePush,
        ...this.#genuine(openid),
        ...given,
        url,
        ...(timestamp !== undefined && { timestamp: String(timestamp) }),
      }),
    );
  }

  /** What WeChat asks when the address is set: to be sent back what it says. @throws TypeError where none is set */
  async check(): Promise<{ ok: boolean; status: number; body: string }> {
    const settings = this.#world.knobs().messagePush;
    if (!settings) throw new TypeError('The knob messagePush is not set.');
    const { token } = settings;
    const { timestamp, nonce: nonceStr } = this.#genuine('');
    const signed = { token, timestamp, nonce: nonceStr };
    const echostr = String(messageId(this.#world.clock.seconds()));
    const query = { signature: messageSignature(signed), timestamp, nonce: nonceStr, echostr };
    const url = withQuery(settings.url, query);
    const startedAt = Date.now();
    const answer = await getFromMerchant(url, this.#stopping.signal);
    const ok = answer.status === 200 && answer.body === echostr;
    this.#list('GET', startedAt, { url, headers: {}, body: '', stringToSign: messageStringToSign(signed) }, token, {
      ...answer,
      why: ok ? undefined : 'Token验证失败',
    });
    return { ok, status: answer.status, body: answer.body };
  }

  /** Lets `settled` wait for this work, too. */
  track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return tracked;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  stop(): void {
    this.#stopping.abort();
  }

  #message(openid: string, fields: WritableFields): WritableFields {
    const { account, clock } = this.#world;
    const isEvent = fields.MsgType === 'event';
    const message: WritableFields = {
      ToUserName: account.originalId,
      FromUserName: openid,
      CreateTime: clock.seconds(),
      ...fields,
      ...(!isEvent && !('MsgId' in fields) && { MsgId: messageId(clock.seconds()) }),
    };
    return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, numeric(name, value)]));
  }

  /** What is another one each try. */
  #genuine(openid: string) {
    const { account, clock } = this.#world;
    return { appId: account.appId, openid, timestamp: String(clock.seconds()), nonce: nonce(10) };
  }

  async #deliver(message: WritableFields, parts: LetterParts): Promise<Pushed> {
    const tries: Pushed['tries'] = [];
    for (;;) {
      const { status, body, stringToSign, reply, why } = await this.#try(message, {
        ...parts,
        ...this.#genuine(parts.openid),
      });
      tries.push({ status, body, stringToSign });
      const isAnswer = status >= 200 && status < 300;
      if (isAnswer || tries.length === TRIES || this.#stopping.signal.aborted) {
        return { taken: why === undefined, tries, reply, why };
      }
    }
  }

  async #try(message: WritableFields, parts: LetterParts): Promise<PushAnswer> {
    const letter = writeMessageLetter(message, parts);
    const startedAt = Date.now();
    const answer = await postToMerchant(letter.url, letter, this.#stopping.signal);
    const pushed = { ...answer, ...this.#judge(answer, parts), stringToSign: letter.stringToSign };
    this.#list('POST', startedAt, letter, parts.token, pushed);
    return pushed;
  }

  #judge({ status, body }: NotificationAnswer, parts: LetterParts): { reply?: Reply; why?: string } {
    const { account, clock, media } = this.#world;
    if (status === 0) return { why: `no answer within five seconds: ${body}` };
    if (status < 200 || status > 299) return { why: `the answer's status is ${status}` };
    try {
      const { appId, originalId } = account;
      const isMedia = (mediaId: string) => media.living(mediaId) !== undefined;
      return { reply: readReply(body, { ...parts, appId, originalId, now: clock.seconds(), isMedia }) };
    } catch (error) {
      if (error instanceof ReplyError) return { why: error.message };
      throw error;
    }
  }

  #list(
    method: 'GET' | 'POST',
    startedAt: number,
    {
      url,
      headers,
      body,
      stringToSign,
    }: { url: string; headers: Record<string, string>; body: string; stringToSign: string },
    token: MessagePushSettings['token'],
    answer: { status: number; body: string; why?: string },
  ): void {
    this.#world.calls.add({
      startedAt,
      direction: 'out',
      method,
      path: url,
      status: answer.status,
      verdict: answer.why === undefined ? 'ok' : 'refused',
      message: answer.why,
      stringToSign: stringToSign.replace(token, '<token>'),
      requestHeaders: headers,
      requestBody: body,
      responseBody: answer.status === 0 ? '' : answer.body,
    });
  }
}

/** What a message is about where it does not say it itself. */
function kindOf({ MsgType: type, Event: event }: WritableFields = {}): WritableFields {
  if (event !== undefined) return { MsgType: 'event' };
  return type === undefined ? { MsgType: 'text', Content: '你好' } : {};
}

function numeric(name: string, value: WritableFields[string]): WritableFields[string] {
  return NUMBERS.includes(name) && /^\d+$/.test(String(value)) ? BigInt(String(value)) : value;
}
