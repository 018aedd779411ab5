/** What a customer says of an order. */
export interface Review {
  orderId: string;
  /** Of the catalogue. */
  productId: string;
  /** 1 to 5. */
  stars: number;
  /** May be empty. */
  text: string;
  photos: Photo[];
  /** RFC 3339. */
  writtenAt: string;
}

export interface Photo {
  /** The proxy's: `img_…`. The same picture of the same customer has the same one in all reviews. */
  id: string;
  url: string;
  /** Pixels. */
  width: number;
  height: number;
  /** The shop has taken it away. */
  removed: boolean;
}

/** Kept in memory, as the books are. A real shop has a table here, with the order as its key. */
export class Reviews {
  readonly #byOrder = new Map<string, Review>();

  /** An order has one review: the first that came. Answers with it. */
  add(review: Review): Review {
    const known = this.#byOrder.get(review.orderId);
    if (known) return known;
    this.#byOrder.set(review.orderId, review);
    return review;
  }

  ofOrder(orderId: string): Review | undefined {
    return this.#byOrder.get(orderId);
  }

  /** Newest first. */
  latest(limit: number): Review[] {
    return this.all().slice(0, limit);
  }

  /** Newest first. */
  ofProduct(productId: string): Review[] {
    return this.all().filter((review) => review.productId === productId);
  }

  /** Newest first. */
  all(): Review[] {
    return [...this.#byOrder.values()].reverse();
  }

  /** Two customers may have sent the same picture: it is gone from both reviews. */
  removePhoto(id: string): void {
    for (const { photos } of this.#byOrder.values()) {
      for (const photo of photos) if (photo.id === id) photo.removed = true;
    }
  }
}
