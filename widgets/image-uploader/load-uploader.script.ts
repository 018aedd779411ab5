import { loadPart } from '../core/load-part.ts';
import type { UploaderPart } from './uploader-part.ts';

/** The name of the built file, with its hash; set by the build. */
declare const UPLOADER_FILE: string;

export function loadUploader(): Promise<UploaderPart> {
  return loadPart<UploaderPart>('uploader', UPLOADER_FILE);
}
