/** At least one pixel, and no larger than asked for, but for what arithmetic may lose. */
export function newCanvas(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.floor(width + 1e-3));
  canvas.height = Math.max(1, Math.floor(height + 1e-3));
  const context = canvas.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  return context;
}

/** Safari keeps the memory of a canvas for as long as it likes, unless it has no size. */
export function release(canvas: HTMLCanvasElement): void {
  canvas.width = canvas.height = 0;
}
