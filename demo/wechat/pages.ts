import type { Phones } from './phones.ts';

/** What a page wants to be shown when it is shared. */
export interface ShareSetting {
  title: string;
  /** In friends' chats only. */
  description?: string;
  link: string;
  /** Empty: none. */
  icon: string;
  /** Where the page was when it set this. */
  url: string;
  /** RFC 3339, UTC. */
  time: string;
}

/** Where a page can be shared to. */
export type ShareTarget = 'friend' | 'moments';

/** What the client knows of one load of a page in the in-app browser. */
export interface Page {
  page: string;
  /** What a verified `wx.config` has listed. */
  functions: string[];
  openTags: string[];
  friend: ShareSetting | null;
  moments: ShareSetting | null;
}

/** Pages that are remembered. */
const KEPT = 1000;

/** The pages that have spoken to the client; the oldest are forgotten. */
export class Pages {
  readonly #phones: Phones;
  readonly #pages = new Map<string, Page>();

  constructor(phones: Phones) {
    this.#phones = phones;
  }

  get(page: string): Page {
    return this.#pages.get(page) ?? { page, functions: [], openTags: [], friend: null, moments: null };
  }

  mayCall(page: string, name: string): boolean {
    return this.get(page).functions.includes(name);
  }

  change({ phone, page }: { phone: string; page: string }, changes: Partial<Omit<Page, 'page'>>): void {
    const changed = { ...this.get(page), ...changes };
    this.#pages.set(page, changed);
    if (this.#pages.size > KEPT) this.#pages.delete(this.#pages.keys().next().value!);
    this.#phones.tell(phone, 'share-card', changed);
  }
}
