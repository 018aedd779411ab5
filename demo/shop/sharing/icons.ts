import { readFile } from 'node:fs/promises';
import sharp from 'sharp';

/** WeChat shows no SVG. This many pixels and bytes, square, is what it shows well. */
const EDGE = 400;

const drawn = new Map<string, Promise<Buffer>>();

/** A picture of the shop as JPEG, drawn once. */
export function iconOf(name: string): Promise<Buffer> {
  const icon = drawn.get(name) ?? drawIcon(name);
  drawn.set(name, icon);
  return icon;
}

async function drawIcon(name: string): Promise<Buffer> {
  const svg = await readFile(new URL(`../pictures/${name}.svg`, import.meta.url));
  return sharp(svg).resize(EDGE, EDGE).flatten({ background: '#fff' }).jpeg({ quality: 88 }).toBuffer();
}
