/** Photos as a phone's camera writes them, each of a colour of its own, so that it is known again wherever it is shown. */
import sharp from 'sharp';
import {
  type Colour,
  cameraExif,
  jpeg,
  type Orientation,
  type Pixels,
  segment,
  withSegments,
} from '../proxy/pictures.ts';

/** As Playwright hands files to a page. */
export interface Photo {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** In all of their metadata, beside where they were taken. */
export const MARK = 'planted-mark';

const COLOURS: Colour[] = [
  [200, 30, 30],
  [30, 160, 30],
  [30, 60, 200],
  [230, 210, 40],
  [220, 120, 20],
  [130, 40, 160],
  [40, 180, 190],
  [240, 130, 180],
  [120, 80, 40],
  [90, 90, 90],
];

/** `IMG_1.JPG`, `IMG_2.JPG`, and so on; not more than there are colours. */
export function takePhotos(count: number): Promise<Photo[]> {
  return Promise.all(COLOURS.slice(0, count).map((colour, index) => photoOf(`IMG_${index + 1}.JPG`, filled(colour))));
}

export async function photoOf(name: string, pixels: Pixels, orientation: Orientation = 1): Promise<Photo> {
  const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), cameraExif(MARK, { orientation })]));
  return { name, mimeType: 'image/jpeg', buffer: withSegments(await jpeg(pixels), exif) };
}

/** The numbers of the photos that are at these addresses. */
export function photosAt(urls: readonly string[]): Promise<number[]> {
  return Promise.all(
    urls.map(async (url) => {
      const { channels } = await sharp(await read(url)).stats();
      const distance = (colour: Colour) => Math.hypot(...colour.map((value, at) => value - channels[at]!.mean));
      const distances = COLOURS.map(distance);
      return distances.indexOf(Math.min(...distances)) + 1;
    }),
  );
}

/** The file at an address, once it is there. */
export async function read(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** What a file tells beyond its pixels. */
export async function toldBy(picture: Buffer): Promise<string[]> {
  const { exif, xmp, iptc, icc, orientation } = await sharp(picture).metadata();
  const told = Object.entries({ exif, xmp, iptc, icc, orientation }).filter(([, value]) => value !== undefined);
  return [...told.map(([name]) => name), ...(picture.includes(MARK) ? [MARK] : [])];
}

function filled(colour: Colour, width = 640, height = 480): Pixels {
  return { width, height, channels: 3, data: Buffer.alloc(width * height * 3, Buffer.from(colour as number[])) };
}
