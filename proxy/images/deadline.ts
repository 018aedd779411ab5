/** Aborts what gets nowhere. The time can be set anew as long as it has not run out. */
export class Deadline {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** That many milliseconds from now, unless it is over already. */
  set(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    const abort = () => this.#controller.abort(new Error(`nothing has come or gone for ${milliseconds} ms`));
    this.#timer = setTimeout(abort, milliseconds);
  }

  /** There is all the time in the world. */
  clear(): void {
    clearTimeout(this.#timer);
  }

  /** At once. */
  abort(): void {
    this.clear();
    this.#controller.abort();
  }
}
