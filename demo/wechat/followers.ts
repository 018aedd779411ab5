import type { Account, User } from './account.ts';
import type { Clock } from './clock.ts';
import type { QrCode } from './qr-codes.ts';

/** What ties a user to the account. */
export interface Tie {
  following: boolean;
  /** Seconds since the epoch, here and below. */
  followedAt: number;
  /** The code that made the user follow. */
  code?: QrCode;
  /** The account wants nothing to do with this user. */
  isBlacklisted: boolean;
  /** When the user last wrote, followed or scanned a code: the account may write for two days then. */
  heardAt: number;
}

/** Who follows the account. At the start its first user does, the others are strangers. */
export class Followers {
  readonly #account: Account;
  readonly #clock: Clock;
  readonly #ties = new Map<string, Tie>();

  constructor(account: Account, clock: Clock) {
    this.#account = account;
    this.#clock = clock;
    this.reset();
  }

  /** As at the start. */
  reset(): void {
    const followedAt = this.#clock.seconds();
    for (const [index, { openid }] of this.#account.users.entries()) {
      this.#ties.set(openid, { following: index === 0, followedAt, isBlacklisted: false, heardAt: 0 });
    }
  }

  /** @throws TypeError where nobody has this openid */
  user(openid: string): User {
    const user = this.#account.users.find((known) => known.openid === openid);
    if (!user) throw new TypeError(`Nobody has the openid ${openid}.`);
    return user;
  }

  /** undefined where nobody has this openid. */
  tie(openid: string): Readonly<Tie> | undefined {
    return this.#ties.get(openid);
  }

  isFollowing(openid: string): boolean {
    return this.#ties.get(openid)?.following ?? false;
  }

  follow(openid: string, code?: QrCode): void {
    this.#change(openid, { following: true, followedAt: this.#clock.seconds(), code });
    this.hear(openid);
  }

  unfollow(openid: string): void {
    this.#change(openid, { following: false, code: undefined });
  }

  blacklist(openid: string, isBlacklisted: boolean): void {
    this.#change(openid, { isBlacklisted });
  }

  hear(openid: string): void {
    this.#change(openid, { heardAt: this.#clock.seconds() });
  }

  #change(openid: string, changes: Partial<Tie>): void {
    this.#ties.set(openid, { ...this.#ties.get(this.user(openid).openid)!, ...changes });
  }
}
