import { FolderStorage } from './folder-storage.ts';
import type { ImageStorage } from './image-storage.ts';
import type { ImageStoreAddress } from './image-store-address.ts';
import { type S3Keys, S3Storage } from './s3-storage.ts';

/**
 * Opens what IMAGE_STORE names. A folder is made where it is missing; a bucket is not asked before it is needed.
 * @param keys needed for a bucket only
 * @throws {ProxyError} `image_store_unavailable`
 */
export async function openImageStorage(
  address: ImageStoreAddress,
  { accessKeyId, secretAccessKey }: Partial<S3Keys> = {},
): Promise<ImageStorage> {
  if ('folder' in address) return FolderStorage.open(address.folder);
  if (!accessKeyId || !secretAccessKey) throw new Error('A bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.');
  return new S3Storage(address, { accessKeyId, secretAccessKey });
}
