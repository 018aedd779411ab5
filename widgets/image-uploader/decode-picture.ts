import { DECODE } from '../core/timing.ts';
import type { PictureHeader } from './picture-header.ts';

/** A picture that can be drawn, upright. */
export interface Decoded {
  source: CanvasImageSource;
  width: number;
  height: number;
  /** Gives the memory back. */
  release(): void;
}

/**
 * Decodes a picture, as small as it will be drawn where the browser can: a phone's camera makes more pixels than the
 * phone has room for.
 *
 * @param edge of the longest side that is needed.
 * @throws where this browser cannot, or would show it lying on its side.
 */
export async function decodePicture(file: Blob, header: PictureHeader, edge: number): Promise<Decoded> {
  if (await isBeyond(header)) throw new Error(`${header.type} cannot be decoded here.`);
  const decoding = decodeBitmap(file, header, edge).catch(() => decodeImage(file, header));
  const decoded = await within(DECODE, decoding);
  const { width, height } = header;
  // Not all browsers that know of orientations heed them everywhere.
  if (width && height && header.orientation > 4 && width > height !== decoded.width > decoded.height) {
    decoded.release();
    throw new Error('It lies on its side.');
  }
  return decoded;
}

/** Some browsers say at once what they cannot decode. Trying would run into policies that do not let `blob:` through. */
async function isBeyond({ type }: PictureHeader): Promise<boolean> {
  return !!type && 'ImageDecoder' in window && !(await ImageDecoder.isTypeSupported(type));
}

async function decodeBitmap(file: Blob, { width, height }: PictureHeader, edge: number): Promise<Decoded> {
  // Browsers that do not know `from-image` refuse it. What is too small is not enlarged; the other side follows.
  const options: ImageBitmapOptions = { imageOrientation: 'from-image' };
  const scale = width && height ? edge / Math.max(width, height) : 1;
  if (scale < 1) Object.assign(options, { resizeWidth: Math.ceil(width! * scale), resizeQuality: 'high' });
  const bitmap = await createImageBitmap(file, options);
  return { source: bitmap, width: bitmap.width, height: bitmap.height, release: () => bitmap.close() };
}

/** For browsers without bitmaps. A Content-Security-Policy has to let `blob:` through for it. */
async function decodeImage(file: Blob, { orientation }: PictureHeader): Promise<Decoded> {
  if (orientation !== 1 && !CSS.supports('image-orientation', 'from-image')) throw new Error('It lies on its side.');
  const image = new Image();
  const url = URL.createObjectURL(file);
  const release = () => {
    URL.revokeObjectURL(url);
    image.src = '';
  };
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
      image.src = url;
    });
  } catch (reason) {
    release();
    throw reason;
  }
  return { source: image, width: image.naturalWidth, height: image.naturalHeight, release };
}

/** Some files keep a browser busy for ever. */
function within<T>(limit: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`It takes longer than ${limit} ms.`)), limit);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
