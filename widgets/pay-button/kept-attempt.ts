import { readStored, type Store } from '../core/stored.ts';
import { ATTEMPT_KEPT } from '../core/timing.ts';
import type { PayChannel } from './channel.ts';

/** What outlives the page of an attempt: the payer may leave it to pay, or load it anew. Nothing in it is secret. */
export interface KeptAttempt {
  id: string;
  channel: PayChannel;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * The attempt that is under way for one order in this tab, over all pages that the tab has shown. Whichever page ends it
 * forgets it here, so that it ends once.
 */
export class AttemptKeeper {
  private readonly _store: Store | undefined;
  private readonly _key: string;

  constructor(store: Store | undefined, address: string, orderId: string) {
    this._store = store;
    this._key = `weixin-widgets:attempt ${address} ${orderId}`;
  }

  read(): KeptAttempt | undefined {
    const kept = readStored<KeptAttempt>(this._store, this._key);
    return kept && Date.now() - kept.at < ATTEMPT_KEPT ? kept : undefined;
  }

  /** Throws where the store takes nothing. */
  keep(attempt: KeptAttempt): void {
    this._store!.setItem(this._key, JSON.stringify(attempt));
  }

  forget(): void {
    this._store?.removeItem(this._key);
  }
}
