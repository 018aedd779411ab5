import { gunzipSync } from 'node:zlib';
import { ProxyError } from '../../errors.ts';

const MAX_BYTES = 256 * 1024 * 1024;

/** Packed by gzip, as it was asked for, unless something on the way has unpacked it. @throws {ProxyError} `bill_corrupt` */
export function unpack(body: Buffer): Buffer {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw new ProxyError('bill_corrupt', undefined, { cause });
  }
}
