import type { PicturesPart } from './pictures-part.ts';

/** The builds for script tags put `load-pictures.script.ts` in its place. */
export async function loadPictures(): Promise<PicturesPart> {
  return (await import('./pictures-part.ts')).picturesPart;
}
