import { correction, generate } from 'lean-qr';
import sharp from 'sharp';

/** Pixels a side, as WeChat's pictures have. */
const SIZE = 430;
/** White modules that a scanner needs around a code. */
const QUIET = 4;

/** A JPEG of a QR code. */
export async function qrPicture(text: string): Promise<Buffer> {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const pixels = Buffer.alloc(code.size ** 2, 255);
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) pixels[y * code.size + x] = 0;
  }
  const drawn = Math.floor(SIZE / (code.size + 2 * QUIET)) * code.size;
  const before = Math.floor((SIZE - drawn) / 2);
  const after = SIZE - drawn - before;
  return sharp(pixels, { raw: { width: code.size, height: code.size, channels: 1 } })
    .resize(drawn, drawn, { kernel: 'nearest' })
    .extend({ top: before, left: before, bottom: after, right: after, background: '#fff' })
    .jpeg({ quality: 90 })
    .toBuffer();
}
