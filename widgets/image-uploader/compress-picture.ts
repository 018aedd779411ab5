import { newCanvas, release } from './new-canvas.ts';

/** A quality of JPEG, or 0 for PNG; and the size in proportion to what was drawn. */
type Step = readonly [quality: number, scale: number];

/** What shows through stays so where that fits. As JPEG, on white, it takes far fewer bytes. */
const PNG: Step = [0, 1];
/** At first less exactly, which the eye hardly sees; then smaller and smaller. */
const JPEG = [
  ...[0.9, 0.8, 0.7].map((quality): Step => [quality, 1]),
  ...[1, 0.8, 0.6, 0.45, 0.3, 0.2].map((scale): Step => [0.6, scale]),
];

/** Writes what was drawn in so many bytes, or gives the last try; `undefined` where the browser cannot. */
export async function compressPicture(
  drawn: HTMLCanvasElement,
  isOpaque: boolean,
  maxSize: number,
): Promise<Blob | undefined> {
  let blob: Blob | null = null;
  for (const [quality, scale] of isOpaque ? JPEG : [PNG, ...JPEG]) {
    // What is written as it was drawn needs no memory of its own.
    const canvas = isOpaque && scale === 1 ? drawn : copy(drawn, scale, !!quality);
    blob = await new Promise((resolve) =>
      canvas.toBlob(resolve, quality ? 'image/jpeg' : 'image/png', quality || undefined),
    );
    if (canvas !== drawn) release(canvas);
    if (blob && blob.size <= maxSize) break;
  }
  return blob ?? undefined;
}

function copy(drawn: HTMLCanvasElement, scale: number, onWhite: boolean): HTMLCanvasElement {
  const context = newCanvas(drawn.width * scale, drawn.height * scale);
  const { canvas } = context;
  const { width, height } = canvas;
  context.fillStyle = '#fff';
  if (onWhite) context.fillRect(0, 0, width, height);
  context.drawImage(drawn, 0, 0, width, height);
  return canvas;
}
