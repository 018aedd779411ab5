import { loadPart } from '../core/load-part.ts';
import type { Native } from './native.ts';

/** The name of the built file, with its hash; set by the build. */
declare const NATIVE_FILE: string;

export function loadNative(): Promise<Native> {
  return loadPart<Native>('native', NATIVE_FILE);
}
