export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** What was stored as JSON; `undefined` where there is nothing, or nothing that can be read. */
export function readStored<T>(store: Store | undefined, key: string): T | undefined {
  try {
    return JSON.parse(store?.getItem(key) ?? '') as T;
  } catch {
    return undefined;
  }
}
