import { cropTo } from './aspect-ratio.ts';
import { decodePicture } from './decode-picture.ts';
import { newCanvas } from './new-canvas.ts';
import type { PictureHeader } from './picture-header.ts';
import { takeTurn } from './take-turn.ts';

export interface Drawn {
  canvas: HTMLCanvasElement;
  /** It was larger. */
  isShrunk: boolean;
}

/** The largest canvas of iOS, in pixels. */
const CANVAS = 16_777_216;

/**
 * Draws a picture upright and no larger than `edge`, which may be infinite; with a `ratio`, its middle. One at a time in
 * the whole page, for the sake of its memory.
 *
 * @throws where the browser cannot.
 */
export function drawPicture(
  file: Blob,
  header: PictureHeader,
  edge: number,
  { ratio, signal }: { ratio?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Drawn> {
  return takeTurn('decode', () => draw(file, header, edge, ratio), signal);
}

async function draw(file: Blob, header: PictureHeader, edge: number, ratio: number | undefined): Promise<Drawn> {
  const { width: wide = 1, height: high = 1 } = header;
  const overhang = Math.max(wide, high) / Math.max(...cropTo(ratio, wide, high));
  const decoded = await decodePicture(file, header, edge * overhang);
  try {
    const { source } = decoded;
    const [width, height] = cropTo(ratio, decoded.width, decoded.height);
    const scale = Math.min(1, edge / Math.max(width, height), Math.sqrt(CANVAS / (width * height)));
    const context = newCanvas(width * scale, height * scale);
    const { canvas } = context;
    const [left, top] = [(decoded.width - width) / 2, (decoded.height - height) / 2];
    context.drawImage(source, left, top, width, height, 0, 0, canvas.width, canvas.height);
    return { canvas, isShrunk: scale < 1 };
  } finally {
    decoded.release();
  }
}
