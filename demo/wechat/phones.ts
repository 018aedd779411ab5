import { randomUUID } from 'node:crypto';
import type { Account, User } from './account.ts';
import type { EventStream } from './event-stream.ts';

export type SheetAction = 'pay' | 'cancel';

/** What the pay sheet shows. */
export interface Sheet {
  description: string;
  merchantName: string;
  amount: { total: number; currency: string };
  outTradeNo: string;
}

/** What the album's sheet lets its user choose. */
export interface Picker {
  count: number;
  sizeType: ('original' | 'compressed')[];
  sourceType: ('album' | 'camera')[];
}

/** What its user chose: pictures of the album by their ids, in order. */
export interface Picked {
  pictures: string[];
  original: boolean;
  source: 'album' | 'camera';
}

/** What a page asks a phone to show until its user has answered. */
interface Question {
  phone: string;
  kind: 'sheet' | 'picker';
  shown: object;
  settle: (answer: unknown) => void;
}

/** A chat message that the payer gets from WeChat Pay. */
export interface Receipt {
  kind: 'payment' | 'refund';
  merchantName: string;
  description: string;
  amount: { total: number; currency: string };
  outTradeNo: string;
  outRefundNo?: string;
  reason?: string;
}

/** The phones that are open as pages, and what is on their screens. */
export class Phones {
  readonly #account: Account;
  readonly #pages = new Map<string, Set<EventStream>>();
  readonly #questions = new Map<string, Question>();
  readonly #users = new Map<string, User>();

  constructor(account: Account) {
    this.#account = account;
  }

  /** Who holds this phone: the account's first user, unless `signIn` said otherwise. */
  user(phone: string): User {
    return this.#users.get(phone) ?? this.#account.users[0]!;
  }

  /** @throws TypeError where nobody has this openid. */
  signIn(phone: string, openid: string): void {
    const user = this.#account.users.find((known) => known.openid === openid);
    if (!user) throw new TypeError(`Nobody has the openid ${openid}.`);
    this.#users.set(phone, user);
    this.tell(phone, 'user', user);
  }

  /** A phone page is open. It learns at once of what waits for it. */
  connect(phone: string, stream: EventStream): void {
    const pages = this.#pages.get(phone) ?? new Set();
    this.#pages.set(phone, pages.add(stream));
    for (const [id, { phone: asked, kind, shown }] of this.#questions) {
      if (asked === phone) stream.send(kind, { id, ...shown });
    }
    stream.onClose(() => {
      pages.delete(stream);
      if (pages.size === 0) this.#cancelQuestionsTo(phone);
    });
  }

  isOpen(phone: string): boolean {
    return (this.#pages.get(phone)?.size ?? 0) > 0;
  }

  /** Shows a pay sheet and waits for the payer; where the asking page goes away, it is cancelled. */
  async showSheet(phone: string, sheet: Sheet, gone: AbortSignal): Promise<SheetAction> {
    return (await this.#ask<SheetAction>('sheet', phone, sheet, gone)) ?? 'cancel';
  }

  /** Shows the album's sheet and waits. @returns undefined where it was cancelled, or the asking page went away */
  showPicker(phone: string, picker: Picker, gone: AbortSignal): Promise<Picked | undefined> {
    return this.#ask<Picked>('picker', phone, picker, gone);
  }

  /** @returns false where no such sheet is open. */
  answerSheet(id: string, action: SheetAction): boolean {
    return this.#answer('sheet', id, action);
  }

  /** `picked` undefined: cancelled. @returns false where no such sheet is open. */
  answerPicker(id: string, picked: Picked | undefined): boolean {
    return this.#answer('picker', id, picked);
  }

  /** Full-screen pictures; the page that asked does not wait for them. */
  showViewer(phone: string, viewer: { urls: string[]; current: number }): void {
    this.tell(phone, 'viewer', viewer);
  }

  /** Shows that pictures are on their way. @returns what takes it away again */
  showProgress(phone: string, kind: 'upload' | 'download'): () => void {
    const id = randomUUID();
    this.tell(phone, 'progress', { id, kind });
    return () => this.tell(phone, 'progress-closed', { id });
  }

  /** To the phone that is named, or to every one that this payer holds. */
  sendReceipt(to: { phone: string } | { openid: string }, receipt: Receipt, time: number): void {
    const message = { id: randomUUID(), time: new Date(time).toISOString(), ...receipt };
    if ('phone' in to) this.tell(to.phone, 'message', message);
    else this.tellUser(to.openid, 'message', message);
  }

  tell(phone: string, event: string, data: unknown): void {
    for (const page of this.#pages.get(phone) ?? []) page.send(event, data);
  }

  /** Every phone that this user holds. */
  tellUser(openid: string, event: string, data: unknown): void {
    for (const phone of this.#pages.keys()) if (this.user(phone).openid === openid) this.tell(phone, event, data);
  }

  #ask<Answer>(kind: Question['kind'], phone: string, shown: object, gone: AbortSignal): Promise<Answer | undefined> {
    const id = randomUUID();
    return new Promise((resolve) => {
      const settle = (answer: unknown) => {
        if (!this.#questions.delete(id)) return;
        this.tell(phone, `${kind}-closed`, { id });
        resolve(answer as Answer | undefined);
      };
      this.#questions.set(id, { phone, kind, shown, settle });
      gone.addEventListener('abort', () => settle(undefined), { once: true });
      this.tell(phone, kind, { id, ...shown });
    });
  }

  #answer(kind: Question['kind'], id: string, answer: unknown): boolean {
    const question = this.#questions.get(id);
    if (question?.kind !== kind) return false;
    question.settle(answer);
    return true;
  }

  #cancelQuestionsTo(phone: string): void {
    for (const question of [...this.#questions.values()]) if (question.phone === phone) question.settle(undefined);
  }
}
