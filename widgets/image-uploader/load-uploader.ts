import type { UploaderPart } from './uploader-part.ts';

/** The builds for script tags put `load-uploader.script.ts` in its place. */
export async function loadUploader(): Promise<UploaderPart> {
  return (await import('./uploader-part.ts')).uploaderPart;
}
