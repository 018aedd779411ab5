/** Delivers events to the merchant's server, as Standard Webhooks has it, until it takes them. https://www.standardwebhooks.com/ */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import axios, { isAxiosError } from 'axios';
import { Webhook } from 'standardwebhooks';
import type { EventType } from '../api.ts';
import type { EventRow, OutboxRow } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface DeliveryOptions {
  store: Store;
  /** Where events of a type go; undefined where nobody wants them. */
  urlOf: (type: EventType) => string | undefined;
  /** `whsec_…` */
  secret: string;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
  onResult: (outcome: Outcome) => void;
}

interface Result {
  status?: number;
  retryAfter?: string;
  error?: string;
}

export type Outcome = 'delivered' | 'retry' | 'stopped' | 'failed';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Waits after the first, second, … failed try. After the last one the event stays, and can be redelivered by hand. */
export const RETRY_WAITS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];
const JITTER = 0.1;
const MAX_RETRY_AFTER = 24 * HOUR;

const TIMEOUT = 15 * SECOND;
const MAX_ANSWER = 64 * 1024;
const GONE = 410;
/** A process holds what it is delivering for so long, and renews that: another takes over soon after a crash. */
const LEASE = 5 * SECOND;
const ROUND = 16;
/** How many are delivered at once where somebody waits for the answers. */
const MAX_AWAITED = 128;

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #webhook: Webhook;
  readonly #underway = new Map<string, Promise<void>>();
  /** How many of them somebody waits for: these take no other event's place. */
  #awaited = 0;
  /** More was due than one round takes on. */
  #more = false;
  /** Called when there is room for what did not fit into the last round. */
  onRoom: () => void = () => {};

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#webhook = new Webhook(options.secret);
  }

  /** Starts the deliveries whose time has come. They go on after it returns. */
  async startDue(): Promise<void> {
    const { store, now } = this.#options;
    await this.#renewLeases();
    const room = Math.max(0, ROUND - (this.#underway.size - this.#awaited));
    const due = await store.db
      .selectFrom('outbox')
      .innerJoin('events', 'events.id', 'outbox.eventId')
      .selectAll()
      .where('status', '=', 'pending')
      .where('dueAt', '<=', now())
      .where('leasedUntil', '<=', now())
      // Money goes before chat, and what is new before what a receiver keeps waiting.
      .orderBy((event) => event('type', '=', 'message.received'))
      .orderBy('attempts')
      .orderBy('dueAt')
      .limit(room)
      .execute();
    this.#more = due.length === room;
    for (const row of due) {
      if (!this.#underway.has(row.eventId) && (await this.#lease(row))) this.#start(row);
    }
  }

  /** How long an event is to be leased that `deliverNow` will deliver; 0 where too many are waited for already. */
  leaseNow(): number {
    return this.#awaited < MAX_AWAITED ? this.#options.now() + LEASE : 0;
  }

  /**
   * Delivers an event that the caller has leased.
   * @returns the receiver's answer, where it has taken the event; nothing where it has not, and the outbox goes on
   */
  async deliverNow(row: EventRow & OutboxRow): Promise<Buffer | undefined> {
    let answer: Buffer | undefined;
    this.#awaited++;
    await this.#start(row, (body) => {
      answer = body;
    }).finally(() => this.#awaited--);
    return answer;
  }

  #start(row: EventRow & OutboxRow, onAnswer?: (body: Buffer) => void): Promise<void> {
    const delivering = this.#deliver(row, onAnswer)
      .catch((error) => this.#options.onError(error, 'delivering an event'))
      .finally(() => {
        this.#underway.delete(row.eventId);
        if (this.#more) this.onRoom();
      });
    this.#underway.set(row.eventId, delivering);
    return delivering;
  }

  /** Waits for what is under way. */
  async drain(): Promise<void> {
    await Promise.all(this.#underway.values());
  }

  async #lease(row: OutboxRow): Promise<boolean> {
    const { store, now } = this.#options;
    const claim = await store.db
      .updateTable('outbox')
      .set({ leasedUntil: now() + LEASE })
      .where('eventId', '=', row.eventId)
      .where('status', '=', 'pending')
      .where('leasedUntil', '=', row.leasedUntil)
      .where('attempts', '=', row.attempts)
      .executeTakeFirst();
    return claim.numUpdatedRows === 1n;
  }

  async #renewLeases(): Promise<void> {
    if (this.#underway.size === 0) return;
    const { store, now } = this.#options;
    await store.db
      .updateTable('outbox')
      .set({ leasedUntil: now() + LEASE })
      .where('eventId', 'in', [...this.#underway.keys()])
      .where('leasedUntil', '>', 0)
      .execute();
  }

  async #deliver(row: EventRow & OutboxRow, onAnswer?: (body: Buffer) => void): Promise<void> {
    const result = await this.#post(row, onAnswer);
    const change = this.#afterwards(row, result);
    // Where the lease was given up meanwhile, it is to be delivered once more, from the first try on: that stands.
    await this.#options.store.db
      .updateTable('outbox')
      .set(change)
      .where('eventId', '=', row.eventId)
      .where('leasedUntil', '>', 0)
      .execute();
    this.#options.onResult(change.status === 'pending' ? 'retry' : change.status);
  }

  async #post(row: EventRow, onAnswer?: (body: Buffer) => void): Promise<Result> {
    const { urlOf, now } = this.#options;
    const url = urlOf(row.type);
    if (!url) return { error: 'no_receiver' };
    const body = JSON.stringify({
      type: row.type,
      timestamp: new Date(row.createdAt).toISOString(),
      data: JSON.parse(row.dataJson),
    });
    const timestamp = new Date(now());
    try {
      const response = await axios.post(url, body, {
        headers: {
          'Content-Type': 'application/json',
          // Nothing is decompressed: a reply has to come as it is.
          'Accept-Encoding': 'identity',
          'User-Agent': 'weixin-widgets',
          'webhook-id': row.id,
          'webhook-timestamp': String(Math.floor(timestamp.getTime() / SECOND)),
          'webhook-signature': this.#webhook.sign(row.id, timestamp, body),
        },
        timeout: TIMEOUT,
        signal: AbortSignal.timeout(TIMEOUT),
        maxRedirects: 0,
        maxContentLength: MAX_ANSWER,
        responseType: 'stream',
        decompress: false,
        validateStatus: () => true,
      });
      // The status is the answer. What follows it is let pass, up to MAX_ANSWER and TIMEOUT, and may break off.
      if (onAnswer && isSuccess(response.status)) onAnswer(await readAnswer(response.data));
      else response.data.on('error', () => {}).resume();
      const retryAfter = response.headers['retry-after'];
      return { status: response.status, ...(typeof retryAfter === 'string' && { retryAfter }) };
    } catch (error) {
      return { error: isAxiosError(error) ? (error.code ?? 'unknown') : 'unknown' };
    }
  }

  #afterwards(row: OutboxRow, result: Result) {
    const now = this.#options.now();
    const change = {
      attempts: row.attempts + 1,
      leasedUntil: 0,
      lastStatus: result.status ?? null,
      lastError: result.error ?? null,
    };
    const status = result.status ?? 0;
    if (isSuccess(status)) return { ...change, status: 'delivered' as const, deliveredAt: now };
    if (status === GONE) return { ...change, status: 'stopped' as const };
    const wait = RETRY_WAITS[row.attempts];
    if (wait === undefined) return { ...change, status: 'failed' as const };
    const jittered = wait * (1 + JITTER * Math.random());
    const dueAt = Math.round(now + Math.max(jittered, retryAfterMilliseconds(result.retryAfter, now)));
    return { ...change, status: 'pending' as const, dueAt };
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Nothing where it breaks off: the event has been taken all the same. */
async function readAnswer(stream: Readable): Promise<Buffer> {
  return buffer(stream).catch(() => Buffer.alloc(0));
}

/** `Retry-After` in either of its forms, seconds or a date; 0 where it says nothing. */
export function retryAfterMilliseconds(header: string | undefined, now: number): number {
  if (!header) return 0;
  const wait = /^\d{1,9}$/.test(header) ? Number(header) * SECOND : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), MAX_RETRY_AFTER) : 0;
}
