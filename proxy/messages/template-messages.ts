/** Template and subscription messages: stored first, sent afterwards, once; and what became of them. */
import { randomBytes } from 'node:crypto';
import type { SubscriptionMessageRequest, TemplateMessageRequest } from '../api.ts';
import { ProxyError, type Upstream } from '../errors.ts';
import type { Events } from '../outbox/events.ts';
import type { MessageResultRow, OrderRow, SentMessageRow } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import { isStale } from '../wechat/account/access-token.ts';
import { upstreamCode } from '../wechat/account/api-client.ts';
import {
  sendSubscriptionMessage,
  sendTemplateMessage,
  type TemplateMessageOptions,
} from '../wechat/account/template-message.ts';
import { wasNeverSent } from '../wechat/http-client.ts';
import { orderPaidMessage } from './order-paid-message.ts';
import type { SendingResult } from './sending-results.ts';

export interface TemplateMessagesOptions extends TemplateMessageOptions {
  store: Store;
  events: Events;
  /** Of the message that every payer gets; undefined: none. */
  orderPaidTemplate: string | undefined;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

type OutgoingMessage =
  | { kind: 'template'; request: TemplateMessageRequest }
  | { kind: 'subscription'; request: SubscriptionMessageRequest };

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Waits after the first, second, … try that WeChat has refused for now, or has not got. */
const RETRY_WAITS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 15 * HOUR];
/** WeChat knows for ten minutes what it has sent: for so long, less some doubt, it may be asked again. */
const KNOWN_FOR = 9 * MINUTE;
const LEASE = MINUTE;
const ROUND = 10;
/** How long news of a message may wait for the answer that bears its number. */
const RESULT_PATIENCE = MINUTE;

/** `errcode`s that pass: -1 busy, 45009 of the day, 45011 of the minute, 50002 frozen for now. */
const PASSING = new Set(['-1', '45009', '45011', '50002']);

export class TemplateMessages {
  readonly #options: TemplateMessagesOptions;
  readonly #underway = new Set<Promise<void>>();
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

  /** What WeChat tells of a message, in the transaction that takes it in. */
  async recordResult(trx: Trx, result: SendingResult): Promise<void> {
    const { now } = this.#options;
    const row = {
      ...toRow(result),
      createdAt: now(),
      dueAt: now() + RESULT_PATIENCE,
    };
    const message = await this.#messageOf(trx, row);
    if (message) return this.#finish(trx, message, row);
    await trx
      .insertInto('message_results')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  /** Sends the messages whose time has come. They go on after it returns. */
  async startDue(): Promise<void> {
    const { store, now, onError } = this.#options;
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
      if (!(await this.#lease(row))) continue;
      const sending = this.#attempt(row)
        .catch((error) => onError(error, 'sending a message'))
        .finally(() => {
          this.#underway.delete(sending);
          if (due.length === room) this.onAdded();
        });
      this.#underway.add(sending);
    }
  }

  /** Tells what is known of messages that nobody here has sent, or whose number is lost. */
  async tellResults(): Promise<void> {
    const { store, events, now } = this.#options;
    const due = await store.db
      .selectFrom('message_results')
      .selectAll()
      .where('dueAt', '<=', now())
      .limit(ROUND)
      .execute();
    for (const result of due) {
      await store.transaction(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('message_results')
          .where('messageId', '=', result.messageId)
          .executeTakeFirst();
        if (numDeletedRows !== 1n) return;
        const message = await this.#messageOf(trx, result);
        if (message) await this.#finish(trx, message, result);
        else await events.add(trx, typeOf(result), resultView(result));
      });
    }
    if (due.length > 0) events.onAdded();
  }

  /** Waits for what is under way. */
  async drain(): Promise<void> {
    await Promise.all(this.#underway);
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
      .set({ leasedUntil: now() + LEASE, attempts: row.attempts + 1, triedAt: row.triedAt ?? now() })
      .where('id', '=', row.id)
      .where('status', '=', 'pending')
      .where('attempts', '=', row.attempts)
      .executeTakeFirst();
    return claim.numUpdatedRows === 1n;
  }

  async #attempt(row: SentMessageRow): Promise<void> {
    // Of a try before, nothing is known: its process has died.
    if (row.leasedUntil > 0 && !this.#mayAskAgain(row)) return this.#fail(row, LOST);
    let isAsked = false;
    try {
      await this.#options.accessToken.get();
      isAsked = true;
      await this.#recordSent(row, await this.#send(row));
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      const wait = !isAsked || this.#passes(row, error) ? RETRY_WAITS[row.attempts] : undefined;
      if (wait !== undefined) return this.#retryAfter(row, wait);
      await this.#fail(row, error.upstream ?? { code: error.code, message: error.message });
    }
  }

  /** What WeChat has refused for now may be asked again; what it has not answered, only where it would know it. */
  #passes(row: SentMessageRow, error: ProxyError): boolean {
    if (error.code === 'wechat_refused') return isPassing(upstreamCode(error));
    return wasNeverSent(error) || this.#mayAskAgain(row);
  }

  #send({ id, kind, openid, templateId, requestJson }: SentMessageRow): Promise<string | undefined> {
    const request = { openid, templateId, ...JSON.parse(requestJson) };
    return kind === 'template'
      ? sendTemplateMessage(this.#options, id.slice(ID_PREFIX.length), request)
      : sendSubscriptionMessage(this.#options, request);
  }

  /** Whether WeChat would know a message that it has got already. */
  #mayAskAgain({ kind, triedAt }: SentMessageRow): boolean {
    const { now } = this.#options;
    return kind === 'template' && now() - (triedAt ?? now()) < KNOWN_FOR;
  }

  async #retryAfter({ id }: SentMessageRow, wait: number): Promise<void> {
    const { store, now } = this.#options;
    const again = { leasedUntil: 0, dueAt: now() + wait };
    await store.db.updateTable('sent_messages').set(again).where('id', '=', id).execute();
  }

  async #recordSent({ id }: SentMessageRow, messageId: string | undefined): Promise<void> {
    const { store, events } = this.#options;
    await store.transaction(async (trx) => {
      const sent = { status: 'sent' as const, messageId: messageId ?? null, leasedUntil: 0 };
      await trx.updateTable('sent_messages').set(sent).where('id', '=', id).execute();
      const message = await trx.selectFrom('sent_messages').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
      const early = await this.#resultOf(trx, message);
      if (!early) return;
      await trx.deleteFrom('message_results').where('messageId', '=', early.messageId).execute();
      await this.#finish(trx, message, early);
    });
    events.onAdded();
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

  async #finish(trx: Trx, { id }: SentMessageRow, result: Omit<MessageResultRow, 'dueAt'>): Promise<void> {
    const { messageId, failureCode, failureMessage } = result;
    const status = failureCode === null ? ('delivered' as const) : ('failed' as const);
    const finished = await trx
      .updateTable('sent_messages')
      .set({ status, messageId, failureCode, failureMessage, leasedUntil: 0 })
      .where('id', '=', id)
      .where('status', 'in', ['pending', 'sent'])
      .returningAll()
      .executeTakeFirst();
    if (finished) await this.#options.events.add(trx, typeOf(result), messageView(finished));
  }

  /** The message that news are of: by WeChat's number; a subscription message, whose number need not be known, by its user and template. */
  async #messageOf(trx: Trx, result: Omit<MessageResultRow, 'dueAt'>): Promise<SentMessageRow | undefined> {
    const messages = trx.selectFrom('sent_messages').selectAll();
    const known = await messages.where('messageId', '=', result.messageId).executeTakeFirst();
    if (known || result.templateId === null) return known;
    return messages
      .where('openid', '=', result.openid)
      .where('kind', '=', result.kind)
      .where('templateId', '=', result.templateId)
      .where('status', '=', 'sent')
      .where('messageId', 'is', null)
      .orderBy('createdAt')
      .limit(1)
      .executeTakeFirst();
  }

  /** News of a message that were there before its number. */
  #resultOf(trx: Trx, message: SentMessageRow): Promise<MessageResultRow | undefined> {
    const results = trx.selectFrom('message_results').selectAll();
    if (message.messageId !== null) return results.where('messageId', '=', message.messageId).executeTakeFirst();
    return results
      .where('openid', '=', message.openid)
      .where('kind', '=', message.kind)
      .where('templateId', '=', message.templateId)
      .where('createdAt', '>=', message.triedAt)
      .limit(1)
      .executeTakeFirst();
  }
}

/** WeChat takes ids of 32 characters. */
const ID_PREFIX = 'msg_';

const LOST: Upstream = {
  code: 'unknown',
  message: 'The proxy stopped while WeChat was asked, and the same message must not come twice.',
};

function isPassing(errcode: string | undefined): boolean {
  return isStale(errcode) || PASSING.has(errcode ?? '');
}

function typeOf({ failureCode }: Pick<MessageResultRow, 'failureCode'>) {
  return failureCode === null ? ('template.delivered' as const) : ('template.failed' as const);
}

function toRow({ messageId, kind, openid, templateId, failure }: SendingResult) {
  return {
    ...{ messageId, kind, openid },
    templateId: templateId ?? null,
    failureCode: failure?.code ?? null,
    failureMessage: failure?.message ?? null,
  };
}

/** @see the events `template.delivered` and `template.failed` */
function messageView(row: SentMessageRow): object {
  return { id: row.id, ...resultView(row), ...(row.orderId !== null && { orderId: row.orderId }) };
}

function resultView(row: Omit<MessageResultRow, 'messageId' | 'dueAt'> & { messageId: string | null }): object {
  const { kind, openid, templateId, messageId, failureCode: code, failureMessage: message, createdAt } = row;
  return {
    ...{ kind, openid },
    ...(templateId !== null && { templateId }),
    ...(messageId !== null && { messageId }),
    createdAt: new Date(createdAt).toISOString(),
    ...(code !== null && { failure: { code, message } }),
  };
}
