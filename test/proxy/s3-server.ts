/** An S3 server on loopback that verifies signatures, for storages to be tested against. */
import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import type { IncomingMessage, Server } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Keys } from '../../proxy/images/s3-storage.ts';

// It has no types.
const require = createRequire(import.meta.url);
const S3rver = require('@20minutes/s3rver');
const { DUMMY_ACCOUNT } = require('@20minutes/s3rver/lib/models/account');
const S3Error = require('@20minutes/s3rver/lib/models/error');

export const BUCKET = 'pictures';
export const KEYS: S3Keys = {
  accessKeyId: 'access-key-id-of-the-tests',
  secretAccessKey: 'secret-access-key-of-the-tests/+=',
};

export interface S3Server {
  url: string;
  /** The media type that the object was put with. */
  typeOf(key: string): Promise<string>;
}

/** Starts it with one bucket, empty. `after` gets what is to be done at the end. */
export async function startS3Server(after: (work: () => Promise<void>) => void): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'weixin-widgets-s3-'));
  DUMMY_ACCOUNT.createKeyPair(KEYS.accessKeyId, KEYS.secretAccessKey);
  const options = { address: '127.0.0.1', port: 0, silent: true, vhostBuckets: false };
  const server = new S3rver({ ...options, directory, configureBuckets: [{ name: BUCKET }] });
  makeStrict(server.store);
  const { port } = await server.run();
  after(async () => {
    const httpServer: Server = server.httpServer;
    httpServer.close();
    httpServer.closeAllConnections();
    await rm(directory, { recursive: true });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    typeOf: async (key) => (await server.store.getMetadata(BUCKET, key))['content-type'],
  };
}

/**
 * What S3 does and this server does not: it takes an object whole or not at all, and checks that what has come is what
 * was signed; and it knows a range of the first byte alone.
 */
// biome-ignore lint/suspicious/noExplicitAny: it has no types.
function makeStrict(store: any): void {
  const { putContent, getObject } = store;
  let parts = 0;
  store.putContent = async (path: string, content: IncomingMessage) => {
    parts += 1;
    const part = `${path}.part-${parts}`;
    const digest = createHash('sha256');
    content.on('data', (piece) => digest.update(piece));
    const result = await putContent.call(store, part, content);
    if (digest.digest('hex') !== content.headers['x-amz-content-sha256']) {
      const message = 'The provided x-amz-content-sha256 header does not match what was computed.';
      throw Object.assign(new S3Error('XAmzContentSHA256Mismatch', message), { status: 400 });
    }
    await rename(part, path);
    return result;
  };
  // It takes an end of 0 for none, and the text for the number.
  store.getObject = (bucket: string, key: string, range: { end?: number }) =>
    getObject.call(store, bucket, key, { ...range, end: range.end === 0 ? '0' : range.end });
}
