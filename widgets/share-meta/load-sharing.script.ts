import { loadPart } from '../core/load-part.ts';
import type { SharingPart } from './sharing-part.ts';

/** The name of the built file, with its hash; set by the build. */
declare const SHARING_FILE: string;

export function loadSharing(): Promise<SharingPart> {
  return loadPart<SharingPart>('sharing', SHARING_FILE);
}
