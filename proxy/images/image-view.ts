import type { Image, KeptImage } from '../api.ts';
import type { ImageRow } from '../store/schema.ts';
import type { UploadedImage } from './images.ts';

/** What the payer's page learns. */
export function imageView({ id, type, size, width, height }: UploadedImage, publicUrl: string): Image {
  return { id, url: `${publicUrl}/v1/images/${id}`, type, size, width, height };
}

/** What the merchant's server learns of an image that it keeps. */
export function keptView(image: ImageRow, publicUrl: string): KeptImage {
  const [createdAt, keptAt] = [image.createdAt, image.keptAt!].map((at) => new Date(at).toISOString());
  const { openid } = image;
  return { ...imageView(image, publicUrl), openid, createdAt: createdAt!, keptAt: keptAt! };
}
