import { randomUUID } from 'node:crypto';
import type { Account, User } from './account.ts';
import type { Clock } from './clock.ts';
import type { Pages, ShareTarget } from './pages.ts';
import type { Phones } from './phones.ts';

/** What a share shows: the page's card, or a bare link where it has set none for the address it is at. */
export interface ShareCard {
  title: string;
  /** In friends' chats only. */
  description?: string;
  link: string;
  icon?: string;
  bare: boolean;
}

/** A page that a user has sent to a friend, or put into Moments. */
export interface Share {
  id: string;
  /** RFC 3339, UTC. */
  time: string;
  to: ShareTarget;
  from: User;
  friend?: User;
  /** The words that go with it in Moments. */
  text?: string;
  card: ShareCard;
}

/** Where the page is now, and what it calls itself. */
export interface ShareOrder {
  phone: string;
  page: string;
  to: ShareTarget;
  url: string;
  title: string;
  /** An openid; default the next user. */
  friend?: string;
  text?: string;
}

/** What users have shared. Everybody is everybody's friend. */
export class Shares {
  readonly #world: { account: Account; clock: Clock; pages: Pages; phones: Phones };
  readonly #shares: Share[] = [];

  constructor(world: { account: Account; clock: Clock; pages: Pages; phones: Phones }) {
    this.#world = world;
  }

  /** Newest first: what this user has sent and can see; without one, everything. */
  list(openid?: string): Share[] {
    const isSeen = ({ to, from, friend }: Share) =>
      openid === undefined || to === 'moments' || from.openid === openid || friend?.openid === openid;
    return this.#shares.filter(isSeen).toReversed();
  }

  /** @throws TypeError where nobody has the friend's openid */
  send({ phone, page, to, url, title, friend, text }: ShareOrder): Share {
    const { clock, phones } = this.#world;
    const from = phones.user(phone);
    const share: Share = {
      id: randomUUID(),
      time: new Date(clock.now()).toISOString(),
      to,
      from,
      ...(to === 'friend' ? { friend: this.#friend(from, friend) } : { text }),
      card: this.#card(page, to, { url, title }),
    };
    this.#shares.push(share);
    for (const { openid } of this.#seers(share)) phones.tellUser(openid, 'share', share);
    return share;
  }

  #card(page: string, to: ShareTarget, { url, title }: { url: string; title: string }): ShareCard {
    const setting = this.#world.pages.get(page)[to];
    if (setting?.url !== url) return { title: title || url, link: url, bare: true };
    const { title: own, description, link, icon } = setting;
    return { title: own, description, link, ...(icon && { icon }), bare: false };
  }

  #friend(from: User, openid: string | undefined): User {
    const { users } = this.#world.account;
    const friend =
      openid === undefined
        ? users[(users.indexOf(from) + 1) % users.length]
        : users.find((user) => user.openid === openid);
    if (!friend) throw new TypeError(`Nobody has the openid ${openid}.`);
    return friend;
  }

  #seers({ to, from, friend }: Share): User[] {
    if (to === 'moments') return this.#world.account.users;
    return friend && friend !== from ? [from, friend] : [from];
  }
}
