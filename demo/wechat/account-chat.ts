import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Article } from './passive-reply.ts';
import type { Phones } from './phones.ts';

/** One line of a template's card. */
export interface CardRow {
  key: string;
  /** What stands before the value; empty where nothing does. */
  label: string;
  value: string;
  color?: string;
}

/** The card of a template or subscription message. */
export interface TemplateCard {
  messageId: string;
  templateId: string;
  title: string;
  rows: CardRow[];
  /** Where a tap on it leads; a mini-program comes before an address. */
  url?: string;
  miniProgram?: { appId: string; pagePath: string };
}

/** What a chat says. */
export type Saying =
  | { from: 'user' | 'account'; kind: 'text'; text: string }
  | { from: 'user' | 'account'; kind: 'image' | 'voice'; mediaId: string; url: string }
  | { from: 'account'; kind: 'news'; articles: Article[] }
  | ({ from: 'account'; kind: 'template' | 'subscription' } & TemplateCard)
  | { from: 'user'; kind: 'other'; type: string; fields: object }
  | {
      from: 'note';
      kind: 'note';
      note: 'followed' | 'unfollowed' | 'scanned' | 'service-failed' | 'transferred';
      /** In the client's words. */
      text: string;
      /** What a developer would like to know. */
      why?: string;
      kfAccount?: string;
    };

/** `time`: RFC 3339, UTC. */
export type ChatEntry = { id: string; time: string } & Saying;

/** What each user and the account have said to each other, as the user's phones show it. */
export class AccountChat {
  readonly #clock: Clock;
  readonly #phones: Phones;
  readonly #entries = new Map<string, ChatEntry[]>();

  constructor(clock: Clock, phones: Phones) {
    this.#clock = clock;
    this.#phones = phones;
  }

  /** Oldest first. */
  entries(openid: string): ChatEntry[] {
    return this.#entries.get(openid) ?? [];
  }

  add(openid: string, saying: Saying): ChatEntry {
    const entry = { id: randomUUID(), time: new Date(this.#clock.now()).toISOString(), ...saying };
    this.#entries.set(openid, [...this.entries(openid), entry]);
    this.#phones.tellUser(openid, 'chat', entry);
    return entry;
  }
}
