import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Bytes: of the random start, of the length behind it, and what the padding fills up to. */
const RANDOM = 16;
const LENGTH = 4;
const BLOCK = 32;

/** Why an encrypted message cannot be read. */
export class MessageCryptoError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MessageCryptoError';
  }
}

export interface MessageSigned {
  token: string;
  timestamp: string;
  nonce: string;
  /** Only `msg_signature` covers it. */
  encrypt?: string;
}

/** Token, timestamp, nonce and, where there is one, the ciphertext: sorted, and joined without anything between them. */
export function messageStringToSign({ token, timestamp, nonce, encrypt }: MessageSigned): string {
  return [token, timestamp, nonce, ...(encrypt === undefined ? [] : [encrypt])].sort().join('');
}

/** SHA-1 in hexadecimal. @see https://developers.weixin.qq.com/doc/service/guide/dev/push/ */
export function messageSignature(signed: MessageSigned): string {
  return createHash('sha1').update(messageStringToSign(signed)).digest('hex');
}

/** `aesKey` is the console's EncodingAESKey, 43 characters. `random` is for vectors. */
export function encryptMessage(
  message: string,
  { aesKey, appId, random = randomBytes(RANDOM) }: { aesKey: string; appId: string; random?: Uint8Array },
): string {
  const body = Buffer.from(message);
  const length = Buffer.alloc(LENGTH);
  length.writeUInt32BE(body.length);
  const plain = Buffer.concat([random, length, body, Buffer.from(appId)]);
  const missing = BLOCK - (plain.length % BLOCK);
  const key = keyOf(aesKey);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(missing, missing)), cipher.final()]).toString(
    'base64',
  );
}

/** @throws MessageCryptoError where nobody with this key has encrypted it so */
export function decryptMessage(encrypt: string, aesKey: string): { message: string; appId: string } {
  const plain = withoutPadding(decrypted(encrypt, keyOf(aesKey)));
  const end = RANDOM + LENGTH + (plain.length < RANDOM + LENGTH ? 0 : plain.readUInt32BE(RANDOM));
  if (plain.length < end) throw new MessageCryptoError('the length inside the ciphertext is wrong');
  return { message: plain.toString('utf8', RANDOM + LENGTH, end), appId: plain.toString('utf8', end) };
}

function decrypted(encrypt: string, key: Buffer): Buffer {
  const sealed = Buffer.from(encrypt, 'base64');
  if (sealed.length === 0 || sealed.length % 16 !== 0 || sealed.toString('base64') !== encrypt) {
    throw new MessageCryptoError('Encrypt is no base64 of whole blocks');
  }
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

/** Padding by PKCS#7 to 32 bytes, not to AES's 16. */
function withoutPadding(padded: Buffer): Buffer {
  const count = padded.at(-1) ?? 0;
  const padding = padded.subarray(-count);
  const isRight = count >= 1 && count <= BLOCK && padding.length === count && padding.every((byte) => byte === count);
  if (!isRight) throw new MessageCryptoError('the padding is wrong: another key, or none of 32 bytes');
  return padded.subarray(0, -count);
}

function keyOf(aesKey: string): Buffer {
  return Buffer.from(`${aesKey}=`, 'base64');
}
