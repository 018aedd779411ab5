import type { Native } from './native.ts';

/** The builds for script tags put `load-native.script.ts` in its place. */
export async function loadNative(): Promise<Native> {
  return (await import('./native.ts')).native;
}
