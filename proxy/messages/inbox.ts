/** Messages and events of the account's users, as WeChat pushes them: each becomes an event, once, and may be answered. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EventType, type MessageReply, ReplyAnswer } from '../api.ts';
import type { Delivery } from '../outbox/delivery.ts';
import type { Events } from '../outbox/events.ts';
import type { Db, Store, Trx } from '../store/store.ts';
import type { Message } from '../wechat/account/message-push.ts';
import { parseJson } from '../wechat/parse-json.ts';
import type { MessageResults } from './message-results.ts';
import { messageView, scanOf } from './message-view.ts';
import { resultsOf } from './sending-results.ts';

export interface InboxOptions {
  store: Store;
  events: Events;
  /** Undefined where no receiver is configured. */
  delivery: Delivery | undefined;
  results: MessageResults;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
  /** What the merchant's server has answered wrongly, and why. */
  onBadReply: (reason: string) => void;
}

/** What is still to be done once a message is stored. */
type Next = () => Promise<MessageReply | undefined>;

/** In milliseconds, and how often: for as long as WeChat waits. */
const LOOK_PAUSE = 250;
const LOOKS = 20;
/** In milliseconds. */
const REPLY_LIFETIME = 600_000;

export class Inbox {
  readonly #options: InboxOptions;
  readonly #underway = new Map<string, Promise<Next>>();

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /**
   * Stores the message, and its event, unless that has been done before. From then on WeChat may be answered.
   * @returns what waits for the answer of the merchant's server; the same for each repetition
   */
  async receive(message: Message): Promise<Next> {
    const key = keyOf(message);
    const known = this.#underway.get(key);
    if (known) return known;
    const received = this.#receive(key, message);
    this.#underway.set(key, received);
    const forget = () => this.#underway.delete(key);
    received.then((next) => next().finally(forget), forget).catch(() => {});
    return received;
  }

  /** What users were answered is theirs, and no use any more once WeChat repeats their messages no longer. */
  async forgetReplies(): Promise<void> {
    const { store, now } = this.#options;
    const forgotten = { replyJson: JSON.stringify(null), forgetAt: null };
    await store.db.updateTable('received_messages').set(forgotten).where('forgetAt', '<=', now()).execute();
  }

  async #receive(key: string, message: Message): Promise<Next> {
    const { store, events, delivery, onError } = this.#options;
    const leasedUntil = delivery?.leaseNow() ?? 0;
    const stored = await store.transaction(async (trx) => {
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto('received_messages')
        .values({ key, replyJson: null, forgetAt: null })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) return undefined;
      const row = await this.#record(trx, message, leasedUntil);
      if (!row) await this.#setReply(trx, key, undefined);
      return { row };
    });
    if (!stored) return () => this.#earlierReply(key);
    const { row } = stored;
    if (!delivery || !row) {
      events.onAdded();
      return async () => undefined;
    }
    const reply = delivery
      .deliverNow(row)
      .then((answer) => this.#keepReply(key, answer))
      .catch((error) => {
        onError(error, 'answering a message');
        return undefined;
      });
    return () => reply;
  }

  /** @returns the event that is to be delivered now, and may be answered */
  async #record(trx: Trx, message: Message, leasedUntil: number) {
    const { events, results } = this.#options;
    const told = resultsOf(message);
    if (told.length > 0) {
      for (const result of told) await results.record(trx, result);
      return undefined;
    }
    const scan = scanOf(message);
    const type: EventType = scan ? 'code.scanned' : 'message.received';
    const row = await events.add(trx, type, scan ?? messageView(message), leasedUntil);
    return row.leasedUntil > 0 ? row : undefined;
  }

  async #keepReply(key: string, answer: Buffer | undefined): Promise<MessageReply | undefined> {
    const reply = answer && this.#readReply(answer);
    await this.#setReply(this.#options.store.db, key, reply);
    return reply;
  }

  /** For when the message comes again. That there is none is kept, too. */
  async #setReply(db: Db, key: string, reply: MessageReply | undefined): Promise<void> {
    const forgetAt = reply ? this.#options.now() + REPLY_LIFETIME : null;
    const answered = { replyJson: JSON.stringify(reply ?? null), forgetAt };
    await db.updateTable('received_messages').set(answered).where('key', '=', key).execute();
  }

  /** Another process may still be waiting for it. */
  async #earlierReply(key: string): Promise<MessageReply | undefined> {
    for (let look = 1; look <= LOOKS; look++) {
      const { replyJson } = await this.#options.store.db
        .selectFrom('received_messages')
        .select('replyJson')
        .where('key', '=', key)
        .executeTakeFirstOrThrow();
      if (replyJson !== null) return JSON.parse(replyJson) ?? undefined;
      await sleep(LOOK_PAUSE, undefined, { ref: false });
    }
    return undefined;
  }

  /** Most receivers answer nothing, or something of their own: only what has a `reply` is meant to be one. */
  #readReply(answer: Buffer): MessageReply | undefined {
    const json = parseJson(answer);
    if (typeof json !== 'object' || json === null || !('reply' in json)) return undefined;
    const result = ReplyAnswer.safeParse(json);
    if (result.success) return result.data.reply ?? undefined;
    const [issue] = result.error.issues;
    this.#options.onBadReply(`${issue!.path.join('.')}: ${issue!.message}`);
    return undefined;
  }
}

/**
 * What tells a message from others: its number; of events, which have none, all that WeChat's documents name, and what
 * they tell in elements of their own.
 */
function keyOf({ account, openid, fields }: Message): string {
  const { MsgId, MsgID, MsgDataId, Idx, CreateTime, Event, EventKey } = fields;
  const nested = Object.values(fields).filter((value) => typeof value === 'object');
  const marks =
    MsgId && !Event ? [MsgId, Idx ?? ''] : [CreateTime, Event, EventKey, MsgID, MsgId, MsgDataId, ...nested];
  return createHash('sha256')
    .update(JSON.stringify([account, openid, ...marks]))
    .digest('hex');
}
