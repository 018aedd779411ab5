import { type PictureType, readBytes, typeOf } from './picture-type.ts';

/** What a picture says of itself, without being decoded. */
export interface PictureHeader {
  type: PictureType | undefined;
  /** As shown, upright; unknown where the format says it elsewhere. */
  width?: number;
  height?: number;
  /** As EXIF numbers it: 1 is upright. */
  orientation: number;
  isAnimated: boolean;
}

/** Cameras put previews of tens of kilobytes in front of what matters. */
const ENOUGH = 262_144;

/** Rejects where the file cannot be read. */
export async function readHeader(file: Blob): Promise<PictureHeader> {
  const bytes = await readBytes(file, 0, ENOUGH);
  return { isAnimated: false, orientation: 1, ...parseHeader(bytes) };
}

export function parseHeader(bytes: Uint8Array): Partial<PictureHeader> & Pick<PictureHeader, 'type'> {
  const type = typeOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (type === 'image/jpeg') return { type, ...parseJpeg(view) };
    if (type === 'image/png') return { type, width: view.getUint32(16), height: view.getUint32(20) };
    if (type === 'image/gif') return { type, isAnimated: true };
    // Of the extended form `VP8X`, a flag says so.
    if (type === 'image/webp')
      return { type, isAnimated: view.getUint32(12) === 0x56503858 && (view.getUint8(20) & 2) > 0 };
  } catch {
    // It ends too early.
  }
  return { type };
}

/** Through the segments, as https://www.w3.org/Graphics/JPEG/itu-t81.pdf has them in annex B, up to the frame. */
function parseJpeg(view: DataView): Partial<PictureHeader> {
  let orientation = 1;
  try {
    for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
      // Bytes that fill.
      while (view.getUint8(at + 1) === 0xff) at++;
      const marker = view.getUint8(at + 1);
      if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) orientation = parseExif(view, at + 10);
      // The frame: what is left out are tables and reserved markers of the same range.
      if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
        const sides = [view.getUint16(at + 7), view.getUint16(at + 5)] as const;
        const [width, height] = orientation > 4 ? [sides[1], sides[0]] : sides;
        return { orientation, width, height };
      }
      if (view.getUint8(at) !== 0xff || marker === 0xda) break;
    }
  } catch {
    // The frame comes later than anything that was read.
  }
  return { orientation };
}

/** The orientation in the first directory of a TIFF at `start`. */
function parseExif(view: DataView, start: number): number {
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  for (let entry = 0; entry < view.getUint16(directory, little); entry++) {
    const at = directory + 2 + entry * 12;
    if (view.getUint16(at, little) !== 0x0112) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
