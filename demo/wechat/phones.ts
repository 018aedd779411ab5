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

/** The phones that are open as pages, and the pay sheets on them. */
export class Phones {
  readonly #account: Account;
  readonly #pages = new Map<string, Set<EventStream>>();
  readonly #sheets = new Map<string, { phone: string; sheet: Sheet; settle: (action: SheetAction) => void }>();
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
  }

  /** A phone page is open. It learns at once of the sheets that wait for it. */
  connect(phone: string, stream: EventStream): void {
    const pages = this.#pages.get(phone) ?? new Set();
    this.#pages.set(phone, pages.add(stream));
    for (const [id, waiting] of this.#sheets) {
      if (waiting.phone === phone) stream.send('sheet', { id, ...waiting.sheet });
    }
    stream.onClose(() => {
      pages.delete(stream);
      if (pages.size === 0) this.#cancelSheetsOf(phone);
    });
  }

  isOpen(phone: string): boolean {
    return (this.#pages.get(phone)?.size ?? 0) > 0;
  }

  /** Shows a pay sheet and waits for the payer; where the asking page goes away, it is cancelled. */
  showSheet(phone: string, sheet: Sheet, gone: AbortSignal): Promise<SheetAction> {
    const id = randomUUID();
    return new Promise((resolve) => {
      const settle = (action: SheetAction) => {
        if (!this.#sheets.delete(id)) return;
        this.#tell(phone, 'sheet-closed', { id });
        resolve(action);
      };
      this.#sheets.set(id, { phone, sheet, settle });
      gone.addEventListener('abort', () => settle('cancel'), { once: true });
      this.#tell(phone, 'sheet', { id, ...sheet });
    });
  }

  /** @returns false where no such sheet is open. */
  answerSheet(id: string, action: SheetAction): boolean {
    const waiting = this.#sheets.get(id);
    waiting?.settle(action);
    return waiting !== undefined;
  }

  /** To the phone that is named, or to every one that this payer holds. */
  sendReceipt(to: { phone: string } | { openid: string }, receipt: Receipt, time: number): void {
    const message = { id: randomUUID(), time: new Date(time).toISOString(), ...receipt };
    const phones =
      'phone' in to ? [to.phone] : [...this.#pages.keys()].filter((phone) => this.user(phone).openid === to.openid);
    for (const phone of phones) this.#tell(phone, 'message', message);
  }

  #tell(phone: string, event: string, data: unknown): void {
    for (const page of this.#pages.get(phone) ?? []) page.send(event, data);
  }

  #cancelSheetsOf(phone: string): void {
    for (const waiting of [...this.#sheets.values()]) if (waiting.phone === phone) waiting.settle('cancel');
  }
}
