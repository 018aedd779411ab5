import { randomBytes } from 'node:crypto';
import type { Event, EventList, EventType } from '../api.ts';
import { ProxyError } from '../errors.ts';
import { PAGE_SIZE, pageOf, readCursor } from '../store/cursor.ts';
import type { EventRow, OutboxRow } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';

const EVENT_ID = /^evt_[0-9a-f]{32}$/;
/** The facts that the merchant's server must learn, and whether it has. */
export class Events {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #isDelivered: (type: EventType) => boolean;
  /** Called after events may have been added, so that they are delivered at once. */
  onAdded: () => void = () => {};

  /** @param isDelivered whether a receiver is configured; without one, events are kept and can be listed. */
  constructor({
    store,
    now,
    isDelivered,
  }: { store: Store; now: () => number; isDelivered: (type: EventType) => boolean }) {
    this.#store = store;
    this.#now = now;
    this.#isDelivered = isDelivered;
  }

  /**
   * Writes an event, and its place in the outbox, in the transaction that writes the fact.
   * @param leasedUntil who writes it is delivering it itself, until then
   */
  async add(trx: Trx, type: EventType, data: object, leasedUntil = 0): Promise<EventRow & OutboxRow> {
    const now = this.#now();
    const id = `evt_${randomBytes(16).toString('hex')}`;
    const event = { id, type, createdAt: now, dataJson: JSON.stringify(data) };
    await trx.insertInto('events').values(event).execute();
    if (!this.#isDelivered(type)) return { ...event, ...pending(id, now) };
    const delivery = { ...pending(id, now), leasedUntil };
    await trx.insertInto('outbox').values(delivery).execute();
    return { ...event, ...delivery };
  }

  async list({ type, cursor }: { type?: EventType; cursor?: string }): Promise<EventList> {
    let query = this.#store.db
      .selectFrom('events')
      .leftJoin('outbox', 'outbox.eventId', 'events.id')
      .selectAll()
      .orderBy('events.createdAt', 'desc')
      .orderBy('events.id', 'desc')
      .limit(PAGE_SIZE + 1);
    if (type) query = query.where('events.type', '=', type);
    if (cursor) {
      const [createdAt, id] = readCursor(cursor);
      query = query.where((where) =>
        where(where.refTuple('events.createdAt', 'events.id'), '<', where.tuple(createdAt, id)),
      );
    }
    const { rows, nextCursor } = pageOf(await query.execute());
    return { data: rows.map(view), nextCursor };
  }

  /** Delivers an event again, from the first try on. @throws {ProxyError} `event_not_found`, `webhook_not_configured` */
  async redeliver(id: string): Promise<Event> {
    if (!EVENT_ID.test(id)) throw new ProxyError('event_not_found');
    const again = pending(id, this.#now());
    const row = await this.#store.transaction(async (trx) => {
      const event = await trx.selectFrom('events').selectAll().where('id', '=', id).executeTakeFirst();
      if (!event) throw new ProxyError('event_not_found');
      if (!this.#isDelivered(event.type)) throw new ProxyError('webhook_not_configured');
      await trx
        .insertInto('outbox')
        .values(again)
        .onConflict((conflict) => conflict.column('eventId').doUpdateSet(again))
        .execute();
      return event;
    });
    this.onAdded();
    return view({ ...row, ...again });
  }
}

function pending(eventId: string, now: number): OutboxRow {
  return {
    eventId,
    status: 'pending',
    attempts: 0,
    dueAt: now,
    leasedUntil: 0,
    deliveredAt: null,
    lastStatus: null,
    lastError: null,
  };
}

function view(row: EventRow & { [Column in keyof OutboxRow]: OutboxRow[Column] | null }): Event {
  const time = (milliseconds: number) => new Date(milliseconds).toISOString();
  return {
    id: row.id,
    type: row.type,
    timestamp: time(row.createdAt),
    data: JSON.parse(row.dataJson),
    ...(row.status !== null && {
      delivery: {
        status: row.status,
        attempts: row.attempts ?? 0,
        ...(row.status === 'pending' && row.dueAt !== null && { nextAttemptAt: time(row.dueAt) }),
        ...(row.deliveredAt !== null && { deliveredAt: time(row.deliveredAt) }),
        ...(row.lastStatus !== null && { lastStatus: row.lastStatus }),
        ...(row.lastError !== null && { lastError: row.lastError }),
      },
    }),
  };
}
