import type { Store } from '../store/store.ts';
import type { Reconciliation, Report } from './reconciliation.ts';

export interface DailyReconciliationOptions {
  store: Store;
  reconciliation: Reconciliation;
  /** `10:30`, in China's time. */
  at: string;
  now: () => number;
  onReport: (report: Report) => void;
  onError: (error: unknown, doing: string) => void;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** China's time is UTC+8 throughout the year. */
const CHINA_AHEAD = 8 * HOUR;
/** A bill that is not there yet is tried again so much later, in milliseconds. */
const RETRY_PAUSE = HOUR / 2;
/** How many days are made up for, where the proxy did not run. */
const DAYS = 3;

/** Compares the bills of the last days, once each, however many processes share the store. */
export class DailyReconciliation {
  readonly #options: DailyReconciliationOptions;

  constructor(options: DailyReconciliationOptions) {
    this.#options = options;
  }

  async attendDue(): Promise<void> {
    const { store, reconciliation, now, onReport, onError } = this.#options;
    for (const date of this.#dates()) {
      if (!(await this.#claim(date))) continue;
      try {
        onReport(await reconciliation.run(date));
        await store.db.updateTable('reconciliations').set({ doneAt: now() }).where('date', '=', date).execute();
      } catch (error) {
        onError(error, `reconciling ${date}`);
      }
    }
  }

  /** The days whose bills should be there by now, the latest first. */
  #dates(): string[] {
    const [hours, minutes] = this.#options.at.split(':').map(Number);
    const sinceThen = this.#options.now() + CHINA_AHEAD - (hours! * 60 + minutes!) * 60_000;
    return Array.from({ length: DAYS }, (_, index) =>
      new Date(sinceThen - (index + 1) * DAY).toISOString().slice(0, 10),
    );
  }

  async #claim(date: string): Promise<boolean> {
    const { store, now } = this.#options;
    const claim = { dueAt: now() + RETRY_PAUSE };
    const { numInsertedOrUpdatedRows } = await store.db
      .insertInto('reconciliations')
      .values({ date, ...claim, doneAt: null })
      .onConflict((conflict) =>
        conflict
          .column('date')
          .doUpdateSet(claim)
          .where('reconciliations.doneAt', 'is', null)
          .where('reconciliations.dueAt', '<=', now()),
      )
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }
}
