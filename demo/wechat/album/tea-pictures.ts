import sharp from 'sharp';
import { photograph, seen } from './photograph.ts';
import { SCENES } from './scenes.ts';

const THUMBNAIL = 240;

/** A picture of the phone's album. */
export interface Picture {
  name: string;
  /** What is on it, for those who cannot see it; none of those that tests put there. */
  title?: { zh: string; en: string };
  /** The file as it lies in the album. */
  read(): Promise<Buffer>;
  /** A small square for the grid. */
  thumbnail(): Promise<Buffer>;
}

/** What is in the album of a new phone, the newest first: sizes, orientations and types as people have them. Each is drawn when needed. */
export function teaPictures(): Picture[] {
  return [
    jpeg('IMG_2048.JPG', '茶山日出', 'Dawn over the tea hills', 'dawn', 1600, 1200),
    jpeg('IMG_2047.JPG', '新芽，竖拍', 'A fresh sprig, taken upright', 'sprig', 1200, 1600, 6),
    jpeg('IMG_2046.JPG', '一杯红茶', 'A cup of black tea', 'cup', 1600, 1200),
    jpeg('IMG_2045.JPG', '紫砂壶', 'A clay teapot', 'teapot', 1080, 1080),
    jpeg('IMG_2044.JPG', '梯田，竖拍', 'Tea terraces, taken upright', 'terraces', 1200, 1600, 6),
    picture('mmexport1775345400.gif', '热茶动图', 'Steaming tea, moving', 'gif', SCENES.steam(0)),
    jpeg('IMG_2043.JPG', '盖碗', 'A lidded bowl from above', 'gaiwan', 1440, 1440),
    jpeg('IMG_2042.JPG', '梅花', 'Plum blossom', 'plum', 1600, 900),
    picture('leaf-logo.png', '茶叶标志，透明底', 'A leaf on nothing, transparent', 'png', SCENES.leaf()),
    jpeg('IMG_2041.JPG', '竹林，倒着拍', 'Bamboo, taken upside down', 'bamboo', 1600, 1200, 3),
    jpeg('IMG_2040.JPG', '暮色，一千二百万像素', 'Dusk, twelve megapixels', 'dusk', 4032, 3024, 1, true),
    jpeg('IMG_2039.JPG', '油纸伞，竖拍', 'An umbrella in the rain, taken upright', 'umbrella', 1200, 1600, 8),
    jpeg('IMG_2038.JPG', '湖上，全景', 'On the lake, a panorama', 'lake', 2400, 800),
    jpeg('IMG_2037.JPG', '月夜，很小', 'A moonlit night, tiny', 'moon', 240, 180),
  ];
}

type Scene = Exclude<keyof typeof SCENES, 'steam'>;

function jpeg(
  name: string,
  zh: string,
  en: string,
  scene: Scene,
  width: number,
  height: number,
  orientation: 1 | 3 | 6 | 8 = 1,
  grain = false,
): Picture {
  return {
    name,
    title: { zh, en },
    read: once(() => photograph(SCENES[scene](), { width, height, orientation, grain })),
    thumbnail: once(() => small(SCENES[scene]())),
  };
}

function picture(name: string, zh: string, en: string, type: 'gif' | 'png', scene: string): Picture {
  return {
    name,
    title: { zh, en },
    read: once(() => (type === 'gif' ? steaming() : seen(scene, 800, 600).png().toBuffer())),
    thumbnail: once(() => small(scene)),
  };
}

function small(scene: string): Promise<Buffer> {
  return seen(scene, THUMBNAIL, THUMBNAIL).flatten({ background: '#ffffff' }).jpeg().toBuffer();
}

/** A GIF that moves. */
async function steaming(): Promise<Buffer> {
  const frames = Array.from({ length: 6 }, (_, index) => SCENES.steam((index * Math.PI) / 3));
  const drawn = await Promise.all(frames.map((frame) => seen(frame, 320, 240).png().toBuffer()));
  return sharp(drawn, { join: { animated: true } })
    .gif({ delay: drawn.map(() => 160), loop: 0 })
    .toBuffer();
}

/** A picture that somebody put there. What is no picture has no thumbnail that could be seen, but it is there. */
export function givenPicture(name: string, bytes: Uint8Array | Promise<Uint8Array>): Picture {
  const read = once(async () => Buffer.from(await bytes));
  return {
    name,
    read,
    thumbnail: once(async () => {
      const file = await read();
      const square = sharp(file).autoOrient().resize(THUMBNAIL, THUMBNAIL).flatten({ background: '#ffffff' }).jpeg();
      return square.toBuffer().catch(() => file);
    }),
  };
}

function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
