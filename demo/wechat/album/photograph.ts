import sharp, { type Sharp } from 'sharp';

/** How far the pixels in the file are turned from how they should be seen, by EXIF orientation. */
const TURNED = { 1: 0, 3: 180, 6: 270, 8: 90 } as const;
/** Where the photographs are taken: the tea hills above the West Lake. */
const PLACE = {
  GPSLatitudeRef: 'N',
  GPSLatitude: '30/1 13/1 3024/100',
  GPSLongitudeRef: 'E',
  GPSLongitude: '120/1 7/1 1188/100',
};

export interface Photograph {
  /** As it should be seen. */
  width: number;
  height: number;
  orientation?: keyof typeof TURNED;
  /** Grain as of a sensor, which makes files as large as a camera's. */
  grain?: boolean;
}

/** A JPEG as a phone's camera writes it: pixels as the sensor has them, with orientation, time and place in EXIF. */
export async function photograph(scene: string, { width, height, orientation = 1, grain }: Photograph) {
  const picture = seen(scene, width, height);
  if (grain) picture.composite([{ input: await sensorNoise(), tile: true, blend: 'soft-light' }]);
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
    .rotate(TURNED[orientation])
    .jpeg({ quality: 86 })
    .withMetadata({ orientation })
    .withExif({
      IFD0: { Make: 'Stand-in', Model: 'Phone 1' },
      IFD2: { DateTimeOriginal: '2026:04:05 07:30:00' },
      IFD3: PLACE,
    })
    .toBuffer();
}

/** A scene as it should be seen, cut to fill the size. */
export function seen(scene: string, width: number, height: number): Sharp {
  return sharp(Buffer.from(drawn(scene, width, height)));
}

let noise: Promise<Buffer> | undefined;

function sensorNoise(): Promise<Buffer> {
  const gaussian = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  noise ??= sharp({ create: { width: 512, height: 512, channels: 3, background: '#808080', noise: gaussian } })
    .png()
    .toBuffer();
  return noise;
}

function drawn(scene: string, width: number, height: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" preserveAspectRatio="xMidYMid slice" width="${width}" height="${height}">${scene}</svg>`;
}
