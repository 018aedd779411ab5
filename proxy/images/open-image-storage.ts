import { FolderStorage } from './folder-storage.ts';
import type { ImageStorage } from './image-storage.ts';
import type { ImageStoreAddress } from './image-store-address.ts';
import { type S3Keys, S3Storage } from './s3-storage.ts';

/** The storage that IMAGE_STORE names. The keys are needed for a bucket only. */
export function openImageStorage(
  address: ImageStoreAddress,
  { accessKeyId, secretAccessKey }: Partial<S3Keys> = {},
): ImageStorage {
  if ('folder' in address) return new FolderStorage(address.folder);
  if (!accessKeyId || !secretAccessKey) throw new Error('A bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.');
  return new S3Storage(address, { accessKeyId, secretAccessKey });
}
