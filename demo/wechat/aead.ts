import { createCipheriv } from 'node:crypto';
import { nonce } from './nonce.ts';

export interface EncryptedResource {
  algorithm: 'AEAD_AES_256_GCM';
  ciphertext: string;
  nonce: string;
  associated_data: string;
}

/**
 * AES-256-GCM with the APIv3 key; the tag follows the ciphertext, both base64.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791861
 */
export function encryptResource(
  plaintext: string,
  apiV3Key: string,
  associatedData: string,
  iv: string = nonce(12),
): EncryptedResource {
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(apiV3Key), Buffer.from(iv));
  cipher.setAAD(Buffer.from(associatedData));
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return {
    algorithm: 'AEAD_AES_256_GCM',
    ciphertext: sealed.toString('base64'),
    nonce: iv,
    associated_data: associatedData,
  };
}
