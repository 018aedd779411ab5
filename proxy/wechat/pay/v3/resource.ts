import { createDecipheriv } from 'node:crypto';
import { z } from 'zod';
import { ProxyError } from '../../../errors.ts';

/** What version 3 encrypts: notifications and certificates. */
export const Resource = z.object({
  algorithm: z.literal('AEAD_AES_256_GCM'),
  ciphertext: z.base64().min(24),
  nonce: z.string().min(1).max(16),
  associated_data: z.string().max(64).nullish(),
});
export type Resource = z.infer<typeof Resource>;

const TAG_BYTES = 16;

/**
 * AES-256-GCM with the APIv3 key; the tag is the end of the ciphertext. https://pay.weixin.qq.com/doc/v3/merchant/4012071382
 * @throws {ProxyError} `decryption_failed`
 */
export function decryptResource(apiV3Key: string, resource: Resource): string {
  try {
    const bytes = Buffer.from(resource.ciphertext, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', apiV3Key, resource.nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(resource.associated_data ?? ''));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    throw new ProxyError('decryption_failed');
  }
}
