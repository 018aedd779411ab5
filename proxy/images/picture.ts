/**
 * What becomes of an uploaded file before it is kept: it is told by its bytes, looked through for what is no picture, and
 * drawn anew: upright, in sRGB, without the metadata that tell where and by what it was taken.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import sharp, { type Metadata, type OutputInfo, type Sharp } from 'sharp';
import type { ImageType } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { StoredFile } from './image-storage.ts';
import { PixelBudget } from './pixel-budget.ts';
import { readAt } from './read-at.ts';
import { assertHarmless } from './suspicious.ts';

export interface Picture extends StoredFile {
  type: ImageType;
  width: number;
  height: number;
}

/** All frames together. Phones take pictures of up to 64 megapixels that people do upload, as JPEG; nothing takes others. */
const MAX_PIXELS = { jpeg: 1 << 26, others: 1 << 25 };
const MAX_FRAMES = 500;
/** In seconds. */
const PATIENCE = 30;
const QUALITY = 86;
/** Above it, some bytes are spared less willingly than the memory for all coefficients of the picture. In pixels. */
const OPTIMISED = 1 << 22;

const TYPES: Record<string, ImageType> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
};

// Pictures come once. One thread each: how many are drawn at once is bounded here, for the whole process.
sharp.cache(false);
sharp.concurrency(1);
const budget = new PixelBudget(MAX_PIXELS.jpeg, availableParallelism());

/**
 * Has the library open nothing else, whatever a file says that it is. It holds for the whole process: for one that is the
 * proxy's alone.
 */
export function openOnlyPictures(): void {
  const loaders = ['Jpeg', 'Png', 'Nsgif', 'Webp'].map((format) => `VipsForeignLoad${format}File`);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: loaders });
}

/**
 * Draws the picture in the file `input` anew into the file `output`.
 * @throws {ProxyError} `image_type_not_allowed`, `image_suspicious`, `image_too_many_pixels`, `image_broken`
 */
export async function drawAnew(input: string, output: string): Promise<Picture> {
  const type = await typeOf(input);
  await assertHarmless(input);
  const metadata = await readMetadata(input);
  if (TYPES[metadata.format] !== type) throw new ProxyError('image_broken');
  return draw(input, output, metadata);
}

/** A copy of a kept picture, `width` pixels wide, or as wide as it is. */
export async function drawSmaller(input: string, output: string, width: number): Promise<Picture> {
  return draw(input, output, await readMetadata(input), width);
}

/** By the first bytes: names and declared types are whatever somebody wrote. */
async function typeOf(path: string): Promise<ImageType> {
  const head = await readAt(path, 0, 12);
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (/^GIF8[79]a/.test(head)) return 'image/gif';
  if (/^RIFF.{4}WEBP/s.test(head)) return 'image/webp';
  throw new ProxyError('image_type_not_allowed');
}

async function readMetadata(path: string): Promise<Metadata> {
  const metadata = await load(path).metadata().catch(refuse);
  const { format, pages = 1 } = metadata;
  const most = format === 'jpeg' ? MAX_PIXELS.jpeg : MAX_PIXELS.others;
  if (pixelsOf(metadata) > most || pages > MAX_FRAMES) throw new ProxyError('image_too_many_pixels');
  return metadata;
}

async function draw(input: string, output: string, metadata: Metadata, toWidth?: number): Promise<Picture> {
  const { format, pages = 1 } = metadata;
  // Frames cannot be turned, and no camera takes animations.
  const upright = pages > 1 ? load(input) : load(input).autoOrient();
  const sized = toWidth ? upright.resize({ width: toWidth, withoutEnlargement: true }) : upright;
  const drawn = encode(sized, metadata).timeout({ seconds: PATIENCE });
  const info = await budget.run(pixelsOf(metadata), () => drawn.toFile(output)).catch(refuse);
  return { path: output, type: TYPES[format]!, ...sizeOf(info), sha256: await digest(output) };
}

function load(path: string): Sharp {
  return sharp(path, { animated: true, failOn: 'error', limitInputPixels: MAX_PIXELS.jpeg, sequentialRead: true });
}

/** In the format that it came in. */
function encode(image: Sharp, metadata: Metadata): Sharp {
  switch (metadata.format) {
    case 'png':
      return image.png();
    case 'gif':
      return image.gif({ effort: 4 });
    case 'webp':
      return image.webp({ quality: QUALITY });
    default:
      return image.jpeg({
        quality: QUALITY,
        chromaSubsampling: metadata.chromaSubsampling === '4:4:4' ? '4:4:4' : '4:2:0',
        optimiseCoding: pixelsOf(metadata) < OPTIMISED,
      });
  }
}

/** Of an animation, `height` is that of all frames, one below the other. */
function pixelsOf({ width, height }: Metadata): number {
  return width * height;
}

function sizeOf({ width, height, pageHeight, size }: OutputInfo & { pageHeight?: number }) {
  return { width, height: pageHeight ?? height, size };
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** The library’s words are for whoever wrote it; what they mean is one of two things. */
function refuse(error: Error): never {
  throw new ProxyError(/pixel limit/.test(error.message) ? 'image_too_many_pixels' : 'image_broken', undefined, {
    cause: error,
  });
}
