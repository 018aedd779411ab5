import { loadPart } from '../core/load-part.ts';
import type { PicturesPart } from './pictures-part.ts';

/** The name of the built file, with its hash; set by the build. */
declare const PICTURES_FILE: string;

export function loadPictures(): Promise<PicturesPart> {
  return loadPart<PicturesPart>('pictures', PICTURES_FILE);
}
