import type { IncomingMessage } from 'node:http';
import rawBody from 'raw-body';
import type { z } from 'zod';
import { ProxyError } from '../errors.ts';
import { InvalidRequest } from './invalid-request.ts';

/** No request that is taken here is anywhere near as large. */
const MAX_BYTES = 128 * 1024;

/** The bytes of a body, bounded. @throws {ProxyError} `body_too_large`, `unsupported_media_type`, `invalid_request` */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  // A compressed body can be a bomb, and nobody who calls here needs one.
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new ProxyError('unsupported_media_type');
  try {
    return await rawBody(request, { length: request.headers['content-length'] ?? null, limit: MAX_BYTES });
  } catch (error) {
    const { type } = error as { type?: string };
    if (type === 'entity.too.large') {
      throw new ProxyError('body_too_large', `The body is larger than ${MAX_BYTES} bytes.`);
    }
    throw new ProxyError('invalid_request', 'The body did not arrive whole.', { cause: error });
  }
}

/** A JSON body of the given shape. @throws {ProxyError} also `malformed_json` */
export async function readJson(request: IncomingMessage, schema: z.ZodType): Promise<unknown> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new ProxyError('unsupported_media_type');
  const bytes = await readBytes(request);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ProxyError('malformed_json');
  }
  return check(schema, json, 'body');
}

/** @throws {InvalidRequest} naming each field that is wrong */
export function check(schema: z.ZodType, value: unknown, part: 'body' | 'query'): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw new InvalidRequest(part, result.error);
  return result.data;
}
