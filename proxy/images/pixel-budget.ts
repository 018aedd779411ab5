/**
 * Bounds the memory and the processors that drawing takes, however many ask at once and however many processors there
 * are: pictures take turns, in the order in which they came.
 */
export class PixelBudget {
  readonly #pixels: number;
  readonly #least: number;
  #free: number;
  readonly #waiting: { share: number; begin: () => void }[] = [];

  /**
   * @param pixels of all pictures that are drawn at once; no single one may have more
   * @param parallel how many there may be at once, however small
   */
  constructor(pixels: number, parallel: number) {
    this.#pixels = pixels;
    this.#least = pixels / parallel;
    this.#free = pixels;
  }

  async run<T>(pixels: number, work: () => Promise<T>): Promise<T> {
    const share = Math.min(Math.max(pixels, this.#least), this.#pixels);
    await new Promise<void>((begin) => {
      this.#waiting.push({ share, begin });
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#free += share;
      this.#next();
    }
  }

  #next(): void {
    for (let first = this.#waiting[0]; first && first.share <= this.#free; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= first.share;
      first.begin();
    }
  }
}
