import type { IncomingMessage } from 'node:http';
import rawBody from 'raw-body';
import type { z } from 'zod';
import { ProxyError } from '../errors.ts';
import { InvalidRequest } from './invalid-request.ts';

/** No request that is taken here is anywhere near as large. */
const MAX_BYTES = 128 * 1024;
/** In milliseconds, for the whole body. */
const PATIENCE = 30_000;

/** The bytes of a body, bounded. @throws {ProxyError} `body_too_large`, `unsupported_media_type`, `invalid_request`, `request_timeout` */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  refuseEncoded(request);
  const length = request.headers['content-length'] ?? null;
  try {
    return await withPatience(PATIENCE, rawBody(request, { length, limit: MAX_BYTES }));
  } catch (error) {
    if (error instanceof ProxyError) throw error;
    const { type } = error as { type?: string };
    if (type === 'entity.too.large') {
      throw new ProxyError('body_too_large', `The body is larger than ${MAX_BYTES} bytes.`);
    }
    throw new ProxyError('invalid_request', 'The body did not arrive whole.', { cause: error });
  }
}

/** A compressed body can be a bomb, and nobody who calls here needs one. @throws {ProxyError} `unsupported_media_type` */
export function refuseEncoded({ headers }: IncomingMessage): void {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw new ProxyError('unsupported_media_type');
}

/** Waits so long, and no longer. @throws {ProxyError} `request_timeout` */
export async function withPatience<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // What is still to come of the request must not be waited for either.
    const refused = new ProxyError('request_timeout', undefined, { headers: { connection: 'close' } });
    timer = setTimeout(() => reject(refused), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What the body says that it is: `application/json`. */
export function mediaTypeOf({ headers }: IncomingMessage): string | undefined {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
}

/** A JSON body of the given shape. @throws {ProxyError} also `malformed_json` */
export async function readJson<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  if (mediaTypeOf(request) !== 'application/json') throw new ProxyError('unsupported_media_type');
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
export function check<T>(schema: z.ZodType<T>, value: unknown, part: 'body' | 'query'): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new InvalidRequest(part, result.error);
  return result.data;
}
