import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import { ProxyError } from '../errors.ts';
import { refuseEncoded, withPatience } from './body.ts';
import { bounded } from './bounded.ts';

/** What a form may be larger than the file in it. */
const FORM_BYTES = 64 * 1024;
/** How long the form may take for what has come, in milliseconds. */
const PATIENCE = 30_000;
const BOUNDARY = /;\s*boundary=("[^"]+"|[^\s";]+)/i;
const LIMITS = { files: 1, fields: 0, parts: 1, fieldNameSize: 100, headerPairs: 20, headerSize: 8 * 1024 };

/**
 * Writes the one file of a `multipart/form-data` body, named `file`, into the file `path`. What the browser says of it, its
 * name and type, is nobody's business.
 * @throws {ProxyError} `image_too_large`, `invalid_request`, `request_timeout`, `unsupported_media_type`
 */
export async function readUpload(request: IncomingMessage, path: string, maxBytes: number): Promise<void> {
  refuseEncoded(request);
  const tooLarge = new ProxyError('image_too_large', `The image is larger than ${maxBytes} bytes.`);
  const form = createForm(request, maxBytes);
  const refused = new AbortController();
  const { signal } = refused;
  let written: Promise<void> | undefined;
  form.on('error', (error) => refused.abort(error));
  form.on('file', (name: string, file: Readable) => {
    if (name !== 'file') refused.abort(invalid('The file’s field is not named `file`.'));
    file.once('limit', () => refused.abort(tooLarge));
    written = pipeline(file, createWriteStream(path), { signal });
    written.catch(() => {});
  });
  for (const event of ['field', 'partsLimit', 'filesLimit', 'fieldsLimit'])
    form.on(event, () => refused.abort(invalid('There is something else in the form than one file.')));
  try {
    if (Number(request.headers['content-length']) > maxBytes + FORM_BYTES) throw tooLarge;
    for await (const chunk of bounded(request, maxBytes + FORM_BYTES, tooLarge)) {
      signal.throwIfAborted();
      if (!form.write(chunk)) await withPatience(PATIENCE, once(form, 'drain', { signal }));
    }
    const finished = once(form, 'finish', { signal });
    form.end();
    await withPatience(PATIENCE, finished);
    await written;
  } catch (error) {
    refused.abort();
    await written?.catch(() => {});
    throw (
      [signal.reason, error].find((one) => one instanceof ProxyError) ??
      invalid('The form did not arrive whole.', error)
    );
  }
  if (!written) throw invalid('There is no file in the form.');
}

function createForm({ headers }: IncomingMessage, maxBytes: number) {
  try {
    // With an empty one the parser would wait for ever.
    if (!BOUNDARY.test(headers['content-type'] ?? '')) throw new Error('There is no boundary.');
    return new Busboy({
      headers: headers as { 'content-type': string },
      limits: { ...LIMITS, fileSize: maxBytes },
      // A part without a file name is a field, whatever its type.
      isPartAFile: (_field, _type, fileName) => fileName !== undefined,
    });
  } catch (error) {
    throw invalid('The form’s boundary is missing or malformed.', error);
  }
}

function invalid(detail: string, cause?: unknown): ProxyError {
  return new ProxyError('invalid_request', detail, { cause });
}
