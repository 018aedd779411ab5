import { Readable } from 'node:stream';
import type { Deadline } from './deadline.ts';

/** An answer’s body as it comes. It fails where nothing comes for a while though somebody waits for it. */
export class ReceivedBody extends Readable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #deadline: Deadline;
  readonly #patience: number;
  readonly #toError: (error: unknown) => Error;

  /**
   * @param deadline aborts the exchange
   * @param patience in milliseconds
   * @param toError what the error is for whoever reads
   */
  constructor(response: Response, deadline: Deadline, patience: number, toError = (error: unknown) => error as Error) {
    super();
    this.#reader = response.body?.getReader();
    this.#deadline = deadline;
    this.#patience = patience;
    this.#toError = toError;
  }

  override _read(): void {
    this.#next().then(
      (chunk) => this.push(chunk),
      (error) => this.destroy(this.#toError(error)),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#deadline.abort();
    callback(error);
  }

  async #next(): Promise<Uint8Array | null> {
    this.#deadline.set(this.#patience);
    try {
      return (await this.#reader?.read())?.value ?? null;
    } finally {
      this.#deadline.clear();
    }
  }
}
