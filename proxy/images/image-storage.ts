import type { Readable } from 'node:stream';

/** Where pictures are kept: a folder, or an S3-compatible bucket. Keys: [0-9A-Za-z_-]{4,128}. */
export interface ImageStorage {
  /**
   * To be called at the start: removes what processes have left that were killed.
   * @throws {ProxyError} as all others
   */
  prepare(): Promise<void>;
  /**
   * Copies the file at `path` to `key`, durable and whole or not at all, streaming. Again with the same key: replaces.
   * @throws {ProxyError} `image_store_unavailable`; its `cause` is for the operator. So do the other two.
   */
  put(key: string, file: StoredFile): Promise<void>;
  /**
   * The bytes, or those from `start` to `end` (inclusive); undefined where there is no such key.
   * Whoever gets the stream reads it to the end or destroys it: a file or a connection is open until then.
   */
  get(key: string, range?: ByteRange): Promise<Readable | undefined>;
  /** Nothing happens where there is no such key. */
  remove(key: string): Promise<void>;
}

export interface StoredFile {
  path: string;
  size: number;
  /** Its media type. */
  type: string;
  /** hex */
  sha256: string;
}

export interface ByteRange {
  start: number;
  /** The last one: it is included. */
  end: number;
}

const KEY = /^[0-9A-Za-z_-]{4,128}$/;

/**
 * A key is a part of paths and addresses: no other may come near them.
 * @throws {TypeError}
 */
export function checkKey(key: string): string {
  if (!KEY.test(key)) throw new TypeError('This is no key of a stored image.');
  return key;
}
