/**
 * A value that WeChat lends for a while and of which it gives only so many a day: access token, JS-SDK ticket,
 * platform certificates.
 * One fetch at a time, over all processes that share a store; fetched anew ahead of its end, so that nobody waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyError } from '../../errors.ts';
import { upstreamCode } from './api-client.ts';

export interface StoredCredential {
  value: string;
  /** From when on a new one is wanted, in milliseconds since 1970; the old one serves meanwhile. */
  refreshAt: number;
  expiresAt: number;
}

/** Where credentials are shared. Any call may fail: then this process goes on with what it has in memory. */
export interface CredentialStore {
  read(name: string): Promise<StoredCredential | undefined>;
  write(name: string, credential: StoredCredential): Promise<void>;
  /** Takes the right to fetch, for so many milliseconds; false where another process has it. */
  acquire(name: string, milliseconds: number): Promise<boolean>;
  /** Keeps the right, if this process has it, for so many milliseconds from now. */
  extend(name: string, milliseconds: number): Promise<void>;
  release(name: string): Promise<void>;
}

/**
 * Gets a new value from WeChat, with its life in seconds and, where it should be renewed earlier than just before its end,
 * when. `failed`: the value that WeChat no longer takes, where that is why.
 */
export type FetchCredential = (failed?: string) => Promise<{ value: string; expiresIn: number; refreshIn?: number }>;

export interface CredentialOptions {
  name: string;
  store: CredentialStore;
  fetch: FetchCredential;
  now: () => number;
  onError: (error: unknown, doing: string) => void;
}

interface Held extends StoredCredential {
  /** When it was last compared with the store. */
  checkedAt: number;
  /** Whether the store has it: until then, what stands there is older. */
  stored: boolean;
}

/** WeChat gives a new stable token in the last five minutes of the old one. */
const REFRESH_AHEAD = 290_000;
/** A process holds the right to fetch for so long, and extends that: another takes over soon after a crash. */
const LEASE = 5_000;
const LEASE_POLL = 50;
/** How long a process waits for what another one fetches: longer than a fetch with all its retries may take. */
const LEASE_PATIENCE = 30_000;
/** How long a value in memory is believed before the store is asked whether another process has a newer one. */
const RECHECK = 5_000;
/**
 * How long a failure is remembered, so that a wrong secret or a spent quota is not asked about at every request: at
 * first, and at most, since each refusal doubles it.
 */
const FAILURE_PAUSE = 2_000;
const MAX_FAILURE_PAUSE = 60_000;

export class Credential {
  readonly #options: CredentialOptions;
  #held: Held | undefined;
  #refreshing: Promise<StoredCredential> | undefined;
  #failure: { error: unknown; until: number } | undefined;
  #refusals = 0;

  constructor(options: CredentialOptions) {
    this.#options = options;
  }

  /**
   * The value, and until when it lives.
   * @throws {ProxyError} what the fetch threw.
   */
  async get(): Promise<StoredCredential> {
    const held = await this.#current();
    const now = this.#options.now();
    if (!held || held.expiresAt <= now) return this.#refresh();
    // A failure here is already reported, and the value still serves.
    if (held.refreshAt <= now) this.#refresh().catch(() => {});
    return held;
  }

  /** A newer value than `failed`, which WeChat refused. Where another caller or process has fetched one already: that. */
  async renew(failed: string): Promise<StoredCredential> {
    const held = await this.#current(true);
    if (held && held.value !== failed && held.expiresAt > this.#options.now()) return held;
    return this.#refresh(failed);
  }

  /** The value, if there is one already: nothing is fetched. */
  async peek(): Promise<StoredCredential | undefined> {
    return this.#current();
  }

  /** Renews a value that grows old though nobody asks for it. Where none was ever asked for, none is fetched. */
  async keepFresh(): Promise<void> {
    const held = await this.#current();
    // A failure here is already reported.
    if (held && held.refreshAt <= this.#options.now()) this.#refresh().catch(() => {});
  }

  /** Ends the value's life, here and in the store, where `isDead` says so of it. */
  async discard(isDead: (value: string) => boolean): Promise<void> {
    const held = await this.#current(true);
    if (!held || !isDead(held.value)) return;
    const dead = { value: held.value, refreshAt: 0, expiresAt: 0 };
    this.#held = { ...dead, checkedAt: this.#options.now(), stored: true };
    await this.#options.store
      .write(this.#options.name, dead)
      .catch((error) => this.#options.onError(error, `discarding ${this.#options.name}`));
  }

  /** What is held here or, now and then, in the store: another process may have renewed it. */
  async #current(recheck = false): Promise<StoredCredential | undefined> {
    const now = this.#options.now();
    if (this.#held && !recheck && now - this.#held.checkedAt < RECHECK) return this.#held;
    try {
      const stored = await this.#options.store.read(this.#options.name);
      if (stored && !this.#holdsNewer(stored)) this.#held = { ...stored, checkedAt: now, stored: true };
      else if (this.#held) this.#held.checkedAt = now;
    } catch (error) {
      this.#options.onError(error, `reading ${this.#options.name} from the store`);
      if (this.#held) this.#held.checkedAt = now;
    }
    return this.#held;
  }

  #holdsNewer(stored: StoredCredential): boolean {
    return this.#held !== undefined && !this.#held.stored && this.#held.expiresAt > stored.expiresAt;
  }

  #refresh(failed?: string): Promise<StoredCredential> {
    if (this.#failure && this.#failure.until > this.#options.now()) return Promise.reject(this.#failure.error);
    this.#refreshing ??= this.#refreshOverProcesses(failed)
      .then((fresh) => {
        this.#refusals = 0;
        return fresh;
      })
      .catch((error) => {
        this.#options.onError(error, `fetching ${this.#options.name}`);
        this.#rememberFailure(error);
        throw error;
      })
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  #rememberFailure(error: unknown): void {
    const pause = Math.min(FAILURE_PAUSE * 2 ** this.#refusals, MAX_FAILURE_PAUSE);
    this.#failure = { error, until: this.#options.now() + pause };
    // Where WeChat did not answer, no quota is spent, and it may be back at any time.
    this.#refusals = upstreamCode(error) === undefined ? 0 : this.#refusals + 1;
  }

  async #refreshOverProcesses(failed?: string): Promise<StoredCredential> {
    const { store, name } = this.#options;
    const isFresh = (candidate: StoredCredential | undefined): candidate is StoredCredential =>
      candidate !== undefined && candidate.value !== failed && candidate.refreshAt > this.#options.now();

    const deadline = this.#options.now() + LEASE_PATIENCE;
    try {
      while (!(await store.acquire(name, LEASE))) {
        const stored = await this.#current(true);
        if (isFresh(stored)) return stored;
        if (this.#options.now() > deadline) throw new ProxyError('wechat_unavailable');
        await sleep(LEASE_POLL);
      }
    } catch (error) {
      if (error instanceof ProxyError && error.code !== 'store_unavailable') throw error;
      // The store is down. One fetch, kept in memory, is better than none, and this process makes no second one.
      this.#options.onError(error, `taking the lease of ${name}`);
      return this.#fetch(failed);
    }
    const extending = setInterval(() => store.extend(name, LEASE).catch(() => {}), LEASE / 4);
    try {
      const stored = await this.#current(true);
      return isFresh(stored) ? stored : await this.#fetch(failed);
    } finally {
      clearInterval(extending);
      await store.release(name).catch((error) => this.#options.onError(error, `releasing the lease of ${name}`));
    }
  }

  async #fetch(failed?: string): Promise<StoredCredential> {
    const { value, expiresIn, refreshIn } = await this.#options.fetch(failed);
    const now = this.#options.now();
    const life = expiresIn * 1_000;
    const wait = refreshIn ? refreshIn * 1_000 : life - Math.min(REFRESH_AHEAD, Math.ceil(life / 10));
    const credential = { value, refreshAt: now + wait, expiresAt: now + life };
    const held = { ...credential, checkedAt: now, stored: false };
    this.#held = held;
    try {
      await this.#options.store.write(this.#options.name, credential);
      held.stored = true;
    } catch (error) {
      this.#options.onError(error, `writing ${this.#options.name} to the store`);
    }
    return credential;
  }
}
