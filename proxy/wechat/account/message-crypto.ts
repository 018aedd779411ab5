/**
 * How WeChat's pushes prove themselves and are encrypted. Pure: what is random is handed in.
 * https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html
 */
import { createCipheriv, createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { ProxyError } from '../../errors.ts';

const ALGORITHM = 'aes-256-cbc';
const AES_BLOCK = 16;
/** PKCS#7 to as many bytes as the key has. */
const PADDING = 32;
const RANDOM_BYTES = 16;
const LENGTH_BYTES = 4;
/** With its padding: else that could be moved into the nonce, which is signed together with it and without a mark between. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** `EncodingAESKey`, 43 characters, as the 32 bytes that it stands for. */
export function decodeAesKey(encodingAesKey: string): Buffer {
  return Buffer.from(`${encodingAesKey}=`, 'base64');
}

/** SHA-1 of the sorted parts, in hex: the token, the timestamp, the nonce and, in safe mode, the ciphertext. */
export function signMessage(...parts: string[]): string {
  return createHash('sha1').update(parts.sort().join('')).digest('hex');
}

/** @throws {ProxyError} `invalid_signature` */
export function assertMessageSignature(signature: string | undefined, ...parts: string[]): void {
  const given = Buffer.from(signature ?? '');
  const expected = Buffer.from(signMessage(...parts));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new ProxyError('invalid_signature');
}

/** @throws {ProxyError} `decryption_failed`; `merchant_mismatch` where it is for another account */
export function decryptMessage(key: Buffer, appId: string, encrypted: string): string {
  const content = unpad(decipher(key, encrypted));
  const start = RANDOM_BYTES + LENGTH_BYTES;
  const end = content.length < start ? undefined : start + content.readUInt32BE(RANDOM_BYTES);
  if (end === undefined || end > content.length) throw undecryptable();
  if (!content.subarray(end).equals(Buffer.from(appId))) throw new ProxyError('merchant_mismatch');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content.subarray(start, end));
  } catch {
    throw undecryptable();
  }
}

/** @param random 16 bytes */
export function encryptMessage(key: Buffer, appId: string, message: string, random: Buffer): string {
  const bytes = Buffer.from(message);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(bytes.length);
  const content = Buffer.concat([random, length, bytes, Buffer.from(appId)]);
  const missing = PADDING - (content.length % PADDING);
  const cipher = createCipheriv(ALGORITHM, key, key.subarray(0, AES_BLOCK)).setAutoPadding(false);
  const padded = Buffer.concat([content, Buffer.alloc(missing, missing)]);
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64');
}

function decipher(key: Buffer, encrypted: string): Buffer {
  const bytes = BASE64.test(encrypted) ? Buffer.from(encrypted, 'base64') : Buffer.alloc(0);
  if (bytes.length === 0 || bytes.length % AES_BLOCK !== 0) throw undecryptable();
  const decipher = createDecipheriv(ALGORITHM, key, key.subarray(0, AES_BLOCK)).setAutoPadding(false);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

function unpad(content: Buffer): Buffer {
  const count = content.at(-1)!;
  const end = content.length - count;
  const isPadding = count >= 1 && count <= PADDING && end >= 0 && content.subarray(end).every((byte) => byte === count);
  if (!isPadding) throw undecryptable();
  return content.subarray(0, end);
}

function undecryptable(): ProxyError {
  return new ProxyError('decryption_failed', 'The message cannot be decrypted.');
}
