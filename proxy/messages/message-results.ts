/** What became of template and subscription messages, as WeChat tells it after it has taken them. */
import type { Events } from '../outbox/events.ts';
import type { MessageResultRow, SentMessageRow } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import type { SendingResult } from './sending-results.ts';

export interface MessageResultsOptions {
  store: Store;
  events: Events;
  now: () => number;
}

/** How long news of a message wait for the answer that bears its number, and a message without an answer for news. In milliseconds. */
export const RESULT_PATIENCE = 60_000;
const ROUND = 10;

export class MessageResults {
  readonly #options: MessageResultsOptions;

  constructor(options: MessageResultsOptions) {
    this.#options = options;
  }

  /** What WeChat tells of a message, in the transaction that takes it in. */
  async record(trx: Trx, result: SendingResult): Promise<void> {
    const { now } = this.#options;
    const row = {
      ...toRow(result),
      createdAt: now(),
      dueAt: now() + RESULT_PATIENCE,
    };
    const message = await this.#messageOf(trx, row);
    if (message) return this.#end(trx, message, row);
    await trx
      .insertInto('message_results')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  /** Tells what is known of messages that nobody here has sent, or whose number is lost. */
  async tellDue(): Promise<void> {
    const due = await this.#dueResults();
    for (const result of due) await this.#tell(result);
    if (due.length > 0) this.#options.events.onAdded();
    if (due.length === ROUND) await this.tellDue();
  }

  /**
   * Ends a message where news of it were there before its number.
   * @returns whether they were
   */
  async finish(trx: Trx, message: SentMessageRow): Promise<boolean> {
    const early = await this.#resultOf(trx, message);
    if (!early) return false;
    await trx.deleteFrom('message_results').where('messageId', '=', early.messageId).execute();
    await this.#end(trx, message, early);
    return true;
  }

  async #end(trx: Trx, { id }: SentMessageRow, result: Omit<MessageResultRow, 'dueAt'>): Promise<void> {
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

  /** News whose time has come. While a message to the same user is under way, they may be of that one. */
  #dueResults(): Promise<MessageResultRow[]> {
    const { store, now } = this.#options;
    return store.db
      .selectFrom('message_results as result')
      .selectAll()
      .where('dueAt', '<=', now())
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('sent_messages as message')
              .select('message.id')
              .whereRef('message.openid', '=', 'result.openid')
              .whereRef('message.kind', '=', 'result.kind')
              .where('message.status', '=', 'pending')
              .where('message.triedAt', 'is not', null),
          ),
        ),
      )
      .limit(ROUND)
      .execute();
  }

  async #tell(result: MessageResultRow): Promise<void> {
    const { store, events } = this.#options;
    await store.transaction(async (trx) => {
      const { numDeletedRows } = await trx
        .deleteFrom('message_results')
        .where('messageId', '=', result.messageId)
        .executeTakeFirst();
      if (numDeletedRows !== 1n) return;
      const message = await this.#messageOf(trx, result);
      if (message) await this.#end(trx, message, result);
      else await events.add(trx, typeOf(result), resultView(result));
    });
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
export function messageView(row: SentMessageRow): object {
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
