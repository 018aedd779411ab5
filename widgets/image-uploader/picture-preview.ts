import { drawPicture } from './draw-picture.ts';
import { readHeader } from './picture-header.ts';

/**
 * A small picture of a file, upright, its longest side `edge`; `undefined` where the browser cannot show it. Drawn, so
 * that no Content-Security-Policy is in its way.
 */
export async function drawPreview(file: Blob, edge: number): Promise<HTMLCanvasElement | undefined> {
  try {
    const { canvas } = await drawPicture(file, await readHeader(file), edge);
    return canvas;
  } catch {
    return undefined;
  }
}
