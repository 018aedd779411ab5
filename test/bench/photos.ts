import sharp from 'sharp';

const [WIDTH, HEIGHT] = [4_000, 3_000];
/** How far apart the sections lie of which each is a photo. */
const STEP = 4;
/** As phones write it where they were held upright. */
const ON_ITS_SIDE = 6;

/** So many different JPEGs of 12 megapixels and about 5 MB each, every other one lying on its side. */
export async function makePhotos(count: number): Promise<Buffer[]> {
  // Noise takes long to make: there is one large picture of it, and each photo is another section.
  const noise = { type: 'gaussian', mean: 128, sigma: 14 } as const;
  const create = { width: WIDTH + count * STEP, height: HEIGHT, channels: 3, background: '#fff', noise } as const;
  const { data, info } = await sharp({ create }).raw().toBuffer({ resolveWithObject: true });
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const section = { left: index * STEP, top: 0, width: WIDTH, height: HEIGHT };
      const photo = sharp(data, { raw: info }).extract(section).jpeg({ quality: 92 });
      return (index % 2 ? photo.withMetadata({ orientation: ON_ITS_SIDE }) : photo).toBuffer();
    }),
  );
}
