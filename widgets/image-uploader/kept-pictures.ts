import { readStored, type Store } from '../core/stored.ts';

/** The pictures that are uploaded but not yet sent with their form, for as long as the tab lives. */
export class KeptPictures {
  private readonly _store: Store | undefined;
  private readonly _key: string;

  /**
   * @param page its path and query.
   * @param index which of the elements of that name it is.
   */
  constructor(store: Store | undefined, page: string, name: string, index: number) {
    this._store = store;
    this._key = `weixin-widgets:pictures ${page} ${index} ${name}`;
  }

  /** Their addresses. */
  read(): string[] {
    const kept: unknown = readStored(this._store, this._key);
    return Array.isArray(kept) ? kept.filter((url) => /^https?:/.test(url)) : [];
  }

  keep(urls: readonly string[]): void {
    try {
      if (urls.length > 0) this._store?.setItem(this._key, JSON.stringify(urls));
      else this.forget();
    } catch {
      // A store that is full: they are lost with the page, as they are in any other form.
    }
  }

  forget(): void {
    this._store?.removeItem(this._key);
  }
}
