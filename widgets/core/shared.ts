/** Where the page keeps it. */
export const SHARED = Symbol.for('weixin-widgets');

/**
 * What the page has once, however many copies of the bundle it loads: the first that asks makes it, all get the same.
 * A name ends in the version of its shape (`payments@1`), so that copies of different ages keep apart.
 */
export function shared<T>(name: string, create: () => T): T {
  const page = globalThis as { [SHARED]?: Record<string, unknown> };
  page[SHARED] ??= {};
  const all = page[SHARED];
  all[name] ??= create();
  return all[name] as T;
}
