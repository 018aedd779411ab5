import { ProxyError } from '../../../errors.ts';
import { unpack } from '../unpack.ts';

const NOT_READY = /^(20002|no[ _](bill|statement)[ _]exist|(bill|statement)[ _]creating)$/i;

/**
 * The text of a bill, byte order mark included.
 * @throws {ProxyError} `bill_corrupt`
 */
export function readBill(file: Buffer): string {
  const bytes = unpack(file);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ProxyError('bill_corrupt', undefined, { cause });
  }
}

/** Whether WeChat has refused because there is no bill (yet): https://pay.weixin.qq.com/doc/v2/merchant/4011985040 */
export function saysNotReady(error: unknown): error is ProxyError {
  const upstream = error instanceof ProxyError ? error.upstream : undefined;
  return upstream !== undefined && (NOT_READY.test(upstream.code) || NOT_READY.test(upstream.message));
}
