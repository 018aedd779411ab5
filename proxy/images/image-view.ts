import type { Image, KeptImage } from '../api.ts';
import type { ImageRow } from '../store/schema.ts';

/** What the payer's page learns. */
export function imageView({ id, type, size, width, height }: ImageRow, publicUrl: string): Image {
  return { id, url: `${publicUrl}/v1/images/${id}`, type, size, width, height };
}

/** What the merchant's server learns of an image that it keeps. */
export function keptView(image: ImageRow, publicUrl: string): KeptImage {
  const [createdAt, keptAt] = [image.createdAt, image.keptAt!].map((at) => new Date(at).toISOString());
  return { ...imageView(image, publicUrl), createdAt: createdAt!, keptAt: keptAt! };
}
