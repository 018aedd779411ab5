import { correction, generate } from 'lean-qr/nano';

/** Modules of white around a code; scanners need them. */
export const QUIET_ZONE = 4;

/** A QR code as the path of an SVG, one unit a module; `size` of them, and the quiet zone, on each side. */
export function codePath(text: string): { size: number; path: string } {
  const code = generate(text, { minCorrectionLevel: correction.M });
  let path = '';
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) path += `M${x} ${y}h1v1h-1z`;
  }
  return { size: code.size, path };
}
