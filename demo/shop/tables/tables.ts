import type { Checkout, QrCode } from '../checkout.ts';

/** The tables of the tea room: each has a code of the account on it, by whose scene a scan tells where the guest sits. */
export const TABLES = [1, 2, 3, 4] as const;
export type Table = (typeof TABLES)[number];

/** Who has scanned a table's code of late. */
export interface TableScans {
  count: number;
  /** How many of them began to follow the account by it. */
  newFollowers: number;
  /** RFC 3339. */
  lastAt: string | undefined;
}

const SCENE = 'table-';

/** Undefined where the scene is no table's. */
export function tableOf(scene: unknown): Table | undefined {
  return TABLES.find((table) => `${SCENE}${table}` === scene);
}

export class Tables {
  readonly #checkout: Checkout;
  readonly #codes = new Map<Table, Promise<QrCode>>();
  readonly #scans = new Map<Table, TableScans>();

  constructor(checkout: Checkout) {
    this.#checkout = checkout;
  }

  /** A permanent one, since it is printed: WeChat gives the same again for the same scene. Throws `CheckoutError`. */
  code(table: Table): Promise<QrCode> {
    const known = this.#codes.get(table);
    if (known) return known;
    const asked = this.#checkout.createQrCode({ scene: `${SCENE}${table}` });
    this.#codes.set(table, asked);
    asked.catch(() => this.#codes.delete(table));
    return asked;
  }

  scans(table: Table): TableScans {
    return this.#scans.get(table) ?? { count: 0, newFollowers: 0, lastAt: undefined };
  }

  recordScan(table: Table, { subscribed, createdAt }: { subscribed: boolean; createdAt: string }): void {
    const { count, newFollowers } = this.scans(table);
    const scans = { count: count + 1, newFollowers: newFollowers + (subscribed ? 1 : 0), lastAt: createdAt };
    this.#scans.set(table, scans);
  }
}
