import { randomBytes } from 'node:crypto';
import { ApiRefusal } from './api-refusal.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import { nonce } from './nonce.ts';

/** What a merchant's server calls the place where a code hangs. */
export type Scene = number | string;

/** A code that leads to the official account, and tells the merchant's server by which scene. */
export interface QrCode {
  ticket: string;
  /** What the picture says. */
  url: string;
  scene: Scene;
  /** Seconds since the epoch. */
  createdAt: number;
  /** Likewise; undefined where it is permanent. */
  expiresAt: number | undefined;
}

/**
 * Codes with a scene.
 * @see https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
 */
export class QrCodes {
  readonly #clock: Clock;
  readonly #knobs: () => Knobs;
  readonly #codes = new Map<string, QrCode>();
  readonly #permanent = new Map<Scene, QrCode>();

  constructor(clock: Clock, knobs: () => Knobs) {
    this.#clock = clock;
    this.#knobs = knobs;
  }

  /** A new code each time. `lifetime` in seconds. */
  temporary(scene: Scene, lifetime: number): QrCode {
    return this.#create(scene, lifetime);
  }

  /** The same code again for the same scene. @throws ApiRefusal 45029 where there are too many */
  permanent(scene: Scene): QrCode {
    const known = this.#permanent.get(scene);
    if (known) return known;
    if (this.#permanent.size >= this.#knobs().permanentCodes) throw new ApiRefusal(45029);
    const code = this.#create(scene);
    this.#permanent.set(scene, code);
    return code;
  }

  /** A code that still leads somewhere. */
  living(ticket: string): QrCode | undefined {
    const code = this.#codes.get(ticket);
    return code && this.isAlive(code) ? code : undefined;
  }

  isAlive({ expiresAt }: QrCode): boolean {
    return expiresAt === undefined || expiresAt > this.#clock.seconds();
  }

  /** By what its picture says, or by its ticket; expired ones too. */
  find(text: string): QrCode | undefined {
    return this.#codes.get(text) ?? [...this.#codes.values()].find(({ url }) => url === text);
  }

  /** Every code that still leads somewhere. */
  all(): QrCode[] {
    return [...this.#codes.values()].filter((code) => this.isAlive(code));
  }

  #create(scene: Scene, lifetime?: number): QrCode {
    const createdAt = this.#clock.seconds();
    const url = `http://weixin.qq.com/q/02${nonce(20)}`;
    const expiresAt = lifetime === undefined ? undefined : createdAt + lifetime;
    const code = { ticket: ticketOf(url, createdAt, lifetime ?? 0), url, scene, createdAt, expiresAt };
    this.#codes.set(code.ticket, code);
    return code;
  }
}

/**
 * In form as WeChat's, such as the one in its documents: base64, not of the kind for addresses, of some marks, the url, when
 * it was made, and how long it lives. The first mark has each bear at least one `+` or `/`, which an address must escape.
 */
function ticketOf(url: string, createdAt: number, lifetime: number): string {
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const [first = 0, second = 0] = randomBytes(2);
  return Buffer.concat([
    Buffer.from([0x81, 0x01, first, 0xf8 | second, 0x3c, 0, 0, 0, 0, 0, 0, 0, 1, url.length]),
    Buffer.from(url),
    Buffer.from([0, 2, 4]),
    number(createdAt),
    Buffer.from([3, 4]),
    number(lifetime),
  ]).toString('base64');
}
