/** Template and subscription messages: stored first, sent afterwards, once. What became of them, WeChat tells later. */
import { randomBytes } from 'node:crypto';
import type { SubscriptionMessageRequest, TemplateMessageRequest } from '../api.ts';
import { ProxyError, type Upstream } from '../errors.ts';
import type { Events } from '../outbox/events.ts';
import type { OrderRow, SentMessageRow } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import { isStale } from '../wechat/account/access-token.ts';
import { upstreamCode } from '../wechat/account/api-client.ts';
import {
  MessageUnsent,
  sendSubscriptionMessage,
  sendTemplateMessage,
  type TemplateMessageOptions,
} from '../wechat/account/template-message.ts';
import { wasNeverSent } from '../wechat/http-client.ts';
import { type MessageResults, messageView, RESULT_PATIENCE } from './message-results.ts';
import { orderPaidMessage } from './order-paid-message.ts';

export interface TemplateMessagesOptions extends TemplateMessageOptions {
  store: Store;
  events: Events;
  results: MessageResults;
  /** Of the message that every payer gets; undefined: none. */
  orderPaidTemplate: string | undefined;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

type OutgoingMessage =
  | { kind: 'template'; request: TemplateMessageRequest }
  | { kind: 'subscription'; request: SubscriptionMessageRequest };

/** What came of asking WeChat to send a message. */
type Outcome =
  | { type: 'taken'; messageId: string | undefined }
  | { type: 'refused'; failure: Upstream }
  /** WeChat has not taken it, but may do so later. */
  | { type: 'postponed'; failure: Upstream }
  /** WeChat may have taken it. */
  | { type: 'lost' };

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Waits after the first, second, … try that WeChat has refused for now, or has not got. */
const RETRY_WAITS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 15 * HOUR];
/** WeChat knows for ten minutes what it has sent: for so long, less some doubt, it may be asked again. */
const KNOWN_FOR = 9 * MINUTE;
/** A process holds what it is sending for so long, and renews that: another takes over soon after a crash. */
const LEASE = 15 * SECOND;
const ROUND = 10;

/** `errcode`s that pass: -1 busy, 45009 of the day, 45011 of the minute, 50002 frozen for now. */
const PASSING = new Set(['-1', '45009', '45011', '50002']);

export class TemplateMessages {
  readonly #options: TemplateMessagesOptions;
  readonly #underway = new Map<string, Promise<void>>();
  /** Called after messages may have been added, so that they are sent at once. */
  onAdded: () => void = () => {};

  constructor(options: TemplateMessagesOptions) {
    this.#options = options;
  }

  /** Accepts a message. It is sent afterwards, and an event tells what became of it. */
  async send(message: OutgoingMessage): Promise<{ id: string }> {
    const id = await this.#options.store.transaction((trx) => this.#add(trx, message, null));
    this.onAdded();
    return { id };
  }

  /** In the transaction that has the order paid. */
  async addOrderPaid(trx: Trx, order: OrderRow): Promise<void> {
    const { orderPaidTemplate: templateId } = this.#options;
    const request = templateId === undefined ? undefined : orderPaidMessage(templateId, order);
    if (request) await this.#add(trx, { kind: 'template', request }, order.id);
  }

  /** Sends the messages whose time has come. They go on after it returns. */
  async startDue(): Promise<void> {
    const { store, now, onError } = this.#options;
    await this.#renewLeases();
    const room = Math.max(0, ROUND - this.#underway.size);
    const due = await store.db
      .selectFrom('sent_messages')
      .selectAll()
      .where('status', '=', 'pending')
      .where('dueAt', '<=', now())
      .where('leasedUntil', '<=', now())
      .orderBy('dueAt')
      .limit(room)
      .execute();
    for (const row of due) {
      if (this.#underway.has(row.id) || !(await this.#lease(row))) continue;
      const sending = this.#attempt(row)
        .catch((error) => onError(error, 'sending a message'))
        .finally(() => {
          this.#underway.delete(row.id);
          if (due.length === room) this.onAdded();
        });
      this.#underway.set(row.id, sending);
    }
  }

  /** Waits for what is under way. */
  async drain(): Promise<void> {
    await Promise.all(this.#underway.values());
  }

  async #add(trx: Trx, { kind, request }: OutgoingMessage, orderId: string | null): Promise<string> {
    const { openid, templateId, ...rest } = request;
    const now = this.#options.now();
    const row: SentMessageRow = {
      id: `msg_${randomBytes(16).toString('hex')}`,
      ...{ kind, openid, templateId, orderId },
      requestJson: JSON.stringify(rest),
      status: 'pending',
      attempts: 0,
      dueAt: now,
      leasedUntil: 0,
      createdAt: now,
      triedAt: null,
      messageId: null,
      failureCode: null,
      failureMessage: null,
    };
    await trx
      .insertInto('sent_messages')
      .values(row)
      .onConflict((conflict) => conflict.column('orderId').doNothing())
      .execute();
    return row.id;
  }

  async #lease(row: SentMessageRow): Promise<boolean> {
    const { store, now } = this.#options;
    const claim = await store.db
      .updateTable('sent_messages')
      .set({ leasedUntil: now() + LEASE, attempts: row.attempts + 1 })
      .where('id', '=', row.id)
      .where('status', '=', 'pending')
      .where('attempts', '=', row.attempts)
      .executeTakeFirst();
    return claim.numUpdatedRows === 1n;
  }

  async #renewLeases(): Promise<void> {
    const { store, now } = this.#options;
    if (this.#underway.size === 0) return;
    await store.db
      .updateTable('sent_messages')
      .set({ leasedUntil: now() + LEASE })
      .where('id', 'in', [...this.#underway.keys()])
      .where('leasedUntil', '>', 0)
      .execute();
  }

  /** @param row as it was before it was leased */
  async #attempt(row: SentMessageRow): Promise<void> {
    const startedAt = this.#options.now();
    if (row.triedAt !== null && !isKnown(row.kind, row.triedAt, startedAt)) return this.#giveUp(row);
    const outcome = await this.#ask(row);
    switch (outcome.type) {
      case 'taken':
        return this.#recordSent(row, outcome.messageId);
      case 'refused':
        return this.#fail(row, outcome.failure);
      case 'postponed':
        return row.triedAt === null ? this.#postpone(row, outcome.failure) : this.#askAgain(row, row.triedAt);
      case 'lost':
        return this.#askAgain(row, row.triedAt ?? startedAt);
    }
  }

  async #ask(row: SentMessageRow): Promise<Outcome> {
    try {
      return { type: 'taken', messageId: await this.#send(row) };
    } catch (error) {
      if (error instanceof MessageUnsent) return { type: 'postponed', failure: failureOf(error.reason) };
      if (!(error instanceof ProxyError)) throw error;
      const failure = failureOf(error);
      if (error.code === 'wechat_refused')
        return { type: isPassing(upstreamCode(error)) ? 'postponed' : 'refused', failure };
      return wasNeverSent(error) ? { type: 'postponed', failure } : { type: 'lost' };
    }
  }

  #send({ id, kind, openid, templateId, requestJson }: SentMessageRow): Promise<string | undefined> {
    const request = { openid, templateId, ...JSON.parse(requestJson) };
    const options = { ...this.#options, onAsk: () => this.#markTried(id) };
    return kind === 'template'
      ? sendTemplateMessage(options, id.slice(ID_PREFIX.length), request)
      : sendSubscriptionMessage(options, request);
  }

  /** Whatever becomes of this process, it is known that WeChat may have got the message. */
  async #markTried(id: string): Promise<void> {
    const { store, now } = this.#options;
    await store.db
      .updateTable('sent_messages')
      .set({ triedAt: now() })
      .where('id', '=', id)
      .where('triedAt', 'is', null)
      .execute();
  }

  /** WeChat surely has not got the message. */
  async #postpone(row: SentMessageRow, failure: Upstream): Promise<void> {
    const wait = RETRY_WAITS[row.attempts];
    if (wait === undefined) await this.#fail(row, failure);
    else await this.#retryAfter(row, wait, null);
  }

  /** WeChat may have got the message: it is asked again while it would know that, else only listened to. */
  async #askAgain(row: SentMessageRow, triedAt: number): Promise<void> {
    const wait = RETRY_WAITS[row.attempts] ?? RESULT_PATIENCE;
    const isInTime = isKnown(row.kind, triedAt, this.#options.now() + wait);
    await this.#retryAfter(row, isInTime ? wait : RESULT_PATIENCE, triedAt);
  }

  /** Unless another process has taken the message over meanwhile. */
  async #retryAfter({ id, attempts }: SentMessageRow, wait: number, triedAt: number | null): Promise<void> {
    const { store, now } = this.#options;
    await store.db
      .updateTable('sent_messages')
      .set({ leasedUntil: 0, dueAt: now() + wait, triedAt })
      .where('id', '=', id)
      .where('attempts', '=', attempts + 1)
      .execute();
  }

  async #recordSent({ id }: SentMessageRow, messageId: string | undefined): Promise<void> {
    const { store, events } = this.#options;
    await store.transaction(async (trx) => {
      const message = await trx
        .updateTable('sent_messages')
        .set({ status: 'sent', messageId: messageId ?? null, leasedUntil: 0 })
        .where('id', '=', id)
        .where('status', '=', 'pending')
        .returningAll()
        .executeTakeFirst();
      if (message) await this.#options.results.finish(trx, message);
    });
    events.onAdded();
  }

  /** WeChat's answer is lost, and it cannot be asked again: what it has told of the message meanwhile counts. */
  async #giveUp(row: SentMessageRow): Promise<void> {
    const { store, events } = this.#options;
    const isFinished = await store.transaction((trx) => this.#options.results.finish(trx, row));
    if (isFinished) events.onAdded();
    else await this.#fail(row, LOST);
  }

  async #fail({ id }: SentMessageRow, { code, message }: Upstream): Promise<void> {
    const { store, events } = this.#options;
    await store.transaction(async (trx) => {
      const failed = await trx
        .updateTable('sent_messages')
        .set({ status: 'failed', leasedUntil: 0, failureCode: code, failureMessage: message })
        .where('id', '=', id)
        .where('status', '=', 'pending')
        .returningAll()
        .executeTakeFirst();
      if (failed) await events.add(trx, 'template.failed', messageView(failed));
    });
    events.onAdded();
  }
}

/** WeChat takes ids of 32 characters. */
const ID_PREFIX = 'msg_';

const LOST: Upstream = {
  code: 'unknown',
  message: 'WeChat was asked, but its answer was lost; and the same message must not come twice.',
};

/** Whether WeChat, asked for a message again, would know that it has got it. */
function isKnown(kind: SentMessageRow['kind'], triedAt: number, at: number): boolean {
  return kind === 'template' && at - triedAt < KNOWN_FOR;
}

function failureOf({ upstream, code, message }: ProxyError): Upstream {
  return upstream ?? { code, message };
}

function isPassing(errcode: string | undefined): boolean {
  return isStale(errcode) || PASSING.has(errcode ?? '');
}
