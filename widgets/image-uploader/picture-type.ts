import type { WidgetError } from '../core/widget-error.ts';
import { uploadFailure } from './upload-error.ts';

/** What can be taken. The proxy takes the first four; the others are drawn anew as one of these. */
export type PictureType = 'image/jpeg' | 'image/png' | 'image/gif' | 'image/webp' | 'image/heic' | 'image/avif';

/** How a type is also called, in lists of what to accept. */
const NAMES: Record<PictureType, RegExp> = {
  'image/jpeg': /^(image\/jpe?g|\.jpe?g)$/,
  'image/png': /^(image\/|\.)png$/,
  'image/gif': /^(image\/|\.)gif$/,
  'image/webp': /^(image\/|\.)webp$/,
  'image/heic': /^(image\/|\.)hei[cf]$/,
  'image/avif': /^(image\/|\.)avif$/,
};

/** By how a file begins. Its name and its MIME type may be missing, or wrong. */
export function typeOf(bytes: Uint8Array): PictureType | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 32));
  // As patterns: strings with line breaks do not outlive the build, nor bytes above 127 a page of another encoding.
  if (/^\xff\xd8\xff/.test(head)) return 'image/jpeg';
  if (/^\x89PNG\r\n/.test(head)) return 'image/png';
  if (/^GIF8[79]a/.test(head)) return 'image/gif';
  if (/^RIFF.{4}WEBP/s.test(head)) return 'image/webp';
  // ISO base media: the brand, then those that it is compatible with. AVIF names what HEIF names, too.
  const [, brands] = /^.{4}ftyp(.*)/s.exec(head) ?? [];
  if (!brands) return undefined;
  if (/avi[fs]/.test(brands)) return 'image/avif';
  return /hei[cxms]|hev[cxms]|heif|mif1|msf1/.test(brands) ? 'image/heic' : undefined;
}

export async function pictureTypeOf(file: Blob): Promise<PictureType | undefined> {
  return typeOf(await readBytes(file, 0, 32));
}

/** Whether a list as in `<input accept>` lets it through. */
export function accepts(accept: string, type: PictureType): boolean {
  const wanted = accept.toLowerCase().split(',');
  return wanted.some((each) => /^(\*\/\*|image\/\*|)$/.test(each.trim()) || NAMES[type].test(each.trim()));
}

/** Why this file is not taken at all. */
export async function fileObstacle(file: Blob, accept: string): Promise<WidgetError | undefined> {
  try {
    const type = await pictureTypeOf(file);
    if (!file.size) return uploadFailure('image_unreadable');
    return type && accepts(accept, type) ? undefined : uploadFailure('image_type_not_allowed');
  } catch (reason) {
    return uploadFailure('image_unreadable', { reason });
  }
}

/** Rejects where the file cannot be read: it was moved, or is not on the device yet. */
export async function readBytes(file: Blob, from: number, to: number): Promise<Uint8Array> {
  const part = file.slice(from, to);
  // iOS lacks it before 14.
  return new Uint8Array(await (part.arrayBuffer ? part.arrayBuffer() : new Response(part).arrayBuffer()));
}
