import { decodePicture } from './decode-picture.ts';
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
 * Draws a picture upright and no larger than `edge`, which may be infinite. One at a time in the whole page, for the
 * sake of its memory.
 *
 * @throws where the browser cannot.
 */
export function drawPicture(file: Blob, header: PictureHeader, edge: number, signal?: AbortSignal): Promise<Drawn> {
  return takeTurn('decode', () => draw(file, header, edge), signal);
}

async function draw(file: Blob, header: PictureHeader, edge: number): Promise<Drawn> {
  const decoded = await decodePicture(file, header, edge);
  try {
    const { source, width, height } = decoded;
    const scale = Math.min(1, edge / Math.max(width, height), Math.sqrt(CANVAS / (width * height)));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.floor(width * scale));
    canvas.height = Math.max(1, Math.floor(height * scale));
    const context = canvas.getContext('2d')!;
    context.imageSmoothingQuality = 'high';
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    return { canvas, isShrunk: scale < 1 };
  } finally {
    decoded.release();
  }
}
