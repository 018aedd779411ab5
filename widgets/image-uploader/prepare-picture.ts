import { cropTo } from './aspect-ratio.ts';
import { compressPicture } from './compress-picture.ts';
import { drawPicture } from './draw-picture.ts';
import { newCanvas, release } from './new-canvas.ts';
import { type PictureHeader, readHeader } from './picture-header.ts';
import { uploadFailure } from './upload-error.ts';

/** What is uploaded. */
export interface PictureLimits {
  /** In pixels; 0: whatever the file has. */
  maxEdge: number;
  /** In bytes. */
  maxSize: number;
  /** Width by height, to which it is cropped; `undefined`: as it is. */
  ratio?: number | undefined;
}

/**
 * What is uploaded of a file: upright, no larger than it may be, in a format that the proxy takes. What is so already,
 * moves, or cannot be drawn here is uploaded as it is: the proxy sees to the rest. What moves is drawn all the same where
 * it has to be cropped, and then stands still.
 *
 * @throws WidgetError `image_type_not_allowed`, `image_heic_unsupported`, `image_unreadable`, `image_too_large`
 */
export async function preparePicture(file: Blob, limits: PictureLimits, signal?: AbortSignal): Promise<Blob> {
  const header = await readHeader(file).catch((reason) => {
    throw uploadFailure('image_unreadable', { reason });
  });
  const { type } = header;
  if (!type) throw uploadFailure('image_type_not_allowed');
  const drawn = mustDraw(file, header, limits) ? await redraw(file, header, limits, signal) : undefined;
  if (!drawn && isForeign(header))
    throw uploadFailure(type === 'image/heic' ? 'image_heic_unsupported' : 'image_type_not_allowed');
  const prepared = drawn ?? file;
  if (prepared.size > limits.maxSize) throw uploadFailure('image_too_large');
  return prepared;
}

/** The proxy does not take it. */
function isForeign({ type }: PictureHeader): boolean {
  return type === 'image/heic' || type === 'image/avif';
}

function mustDraw({ size }: Blob, header: PictureHeader, { maxEdge, maxSize, ratio }: PictureLimits): boolean {
  const { width = 0, height = 0, orientation, isAnimated } = header;
  if (isForeign(header) || (ratio && `${cropTo(ratio, width, height)}` !== `${[width, height]}`)) return true;
  if (isAnimated || !maxEdge) return false;
  return size > maxSize || orientation > 1 || !width || !height || Math.max(width, height) > maxEdge;
}

/** `undefined` where the browser cannot, or it need not have been. */
async function redraw(
  file: Blob,
  header: PictureHeader,
  { maxEdge, maxSize, ratio }: PictureLimits,
  signal: AbortSignal | undefined,
): Promise<Blob | undefined> {
  const { type, width, orientation } = header;
  try {
    const { canvas, isShrunk } = await drawPicture(file, header, maxEdge || Number.POSITIVE_INFINITY, {
      ratio,
      signal,
    });
    try {
      // Of some formats, only now is known how large it is.
      const isFine = !width && !isShrunk && !ratio && orientation === 1 && file.size <= maxSize && !isForeign(header);
      if (isFine) return undefined;
      const isOpaque = type === 'image/jpeg' || type === 'image/heic' || !isTransparent(canvas);
      return await compressPicture(canvas, isOpaque, maxSize);
    } finally {
      release(canvas);
    }
  } catch (reason) {
    if (signal?.aborted) throw reason;
    return undefined;
  }
}

/** Looked at in a smaller copy: what shows through anywhere shows there, too. */
function isTransparent(canvas: HTMLCanvasElement): boolean {
  const [width, height] = [Math.min(canvas.width, 256), Math.min(canvas.height, 256)];
  const context = newCanvas(width, height);
  context.drawImage(canvas, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return data.some((value, at) => at % 4 === 3 && value < 255);
}
