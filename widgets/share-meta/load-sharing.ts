import type { SharingPart } from './sharing-part.ts';

/** The builds for script tags put `load-sharing.script.ts` in its place. */
export async function loadSharing(): Promise<SharingPart> {
  return (await import('./sharing-part.ts')).sharingPart;
}
