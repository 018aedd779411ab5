import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { ProxyError } from '../errors.ts';
import { bucketUrl } from './bucket-url.ts';
import { Deadline } from './deadline.ts';
import { type ByteRange, checkKey, type ImageStorage, type StoredFile } from './image-storage.ts';
import type { BucketAddress } from './image-store-address.ts';
import { ReceivedBody } from './received-body.ts';

export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

/** In milliseconds. */
export interface S3Limits {
  /** Until the server is connected and, where there is nothing to send, begins to answer. */
  answer: number;
  /** For which neither side may be silent. */
  stall: number;
  /** Before a call is made again. */
  pause: number;
}

interface Call {
  method: 'DELETE' | 'GET' | 'PUT';
  key: string;
  file?: StoredFile;
  range?: ByteRange | undefined;
}

interface Answer {
  status: number;
  /** S3’s own: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
  errorCode?: string | undefined;
  contentRange: string | null;
  body?: Readable;
}

const LIMITS: S3Limits = { answer: 10_000, stall: 30_000, pause: 300 };
const CHUNK = 64 * 1024;
const NO_BYTES = createHash('sha256').digest('hex');
/**
 * Has `fetch` send a body without keeping all of it, as it else does for a redirect or a request for credentials:
 * https://fetch.spec.whatwg.org/#http-network-or-cache-fetch , 8.1
 */
const NOT_KEPT = { window: null, redirect: 'error' } as const;
/** As much of an error’s XML as is looked at. */
const ERROR_LENGTH = 16 * 1024;

/** Images in a bucket of S3, or of what speaks its language: MinIO, Tencent COS, Alibaba OSS, Cloudflare R2. */
export class S3Storage implements ImageStorage {
  readonly #address: BucketAddress;
  readonly #url: string;
  readonly #keys: S3Keys;
  readonly #limits: S3Limits;

  constructor(address: BucketAddress, keys: S3Keys, limits: Partial<S3Limits> = {}) {
    this.#address = address;
    this.#url = [bucketUrl(address), address.prefix].filter(Boolean).join('/');
    this.#keys = keys;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** The bucket is not asked before it is needed; what is not whole never gets into it. */
  async prepare(): Promise<void> {}

  async put(key: string, file: StoredFile): Promise<void> {
    const answer = await this.#call({ method: 'PUT', key: checkKey(key), file });
    if (!isOk(answer)) throw this.#refused('PUT', answer);
  }

  async get(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const answer = await this.#call({ method: 'GET', key: checkKey(key), range });
    if (answer.errorCode === 'NoSuchKey') return undefined;
    // There is an image, and it ends before the range begins.
    if (answer.status === 416) return Readable.from([]);
    if (!isOk(answer)) throw this.#refused('GET', answer);
    if (range && !isWithin(answer.contentRange, range)) {
      answer.body?.destroy();
      throw this.#unavailable('GET', new Error('other bytes came than were asked for'));
    }
    return answer.body;
  }

  async remove(key: string): Promise<void> {
    const answer = await this.#call({ method: 'DELETE', key: checkKey(key) });
    if (!isOk(answer) && answer.errorCode !== 'NoSuchKey') throw this.#refused('DELETE', answer);
  }

  /** Any of them may be made twice: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 */
  async #call(call: Call): Promise<Answer> {
    try {
      const answer = await this.#exchange(call);
      if (!isPassing(answer)) return answer;
    } catch (error) {
      if (!isConnectionError(error)) throw this.#unavailable(call.method, error);
    }
    await sleep(this.#limits.pause * (1 + Math.random()));
    return this.#exchange(call).catch((error) => {
      throw this.#unavailable(call.method, error);
    });
  }

  async #exchange(call: Call): Promise<Answer> {
    const source = call.file && (await openWhole(call.file));
    const deadline = new Deadline();
    try {
      const request = await this.#request(call, source, deadline);
      deadline.set(this.#limits.answer);
      return await this.#answer(call, await fetch(`${this.#url}/${call.key}`, request), deadline);
    } catch (error) {
      deadline.abort();
      throw error;
    } finally {
      await source?.close();
    }
  }

  /** With a signature on what S3 wants signed. A proxy between may change the other headers, and does no harm then. */
  async #request({ method, key, file, range }: Call, source: FileHandle | undefined, deadline: Deadline) {
    const signer = new AwsV4Signer({
      ...this.#keys,
      service: 's3',
      region: this.#address.region,
      method,
      url: `${this.#url}/${key}`,
      headers: { 'x-amz-content-sha256': file?.sha256 ?? NO_BYTES },
    });
    const { headers } = await signer.sign();
    headers.set('accept-encoding', 'identity');
    headers.set('user-agent', 'weixin-widgets');
    if (range) headers.set('range', `bytes=${range.start}-${range.end}`);
    const request = { method, headers, redirect: 'manual', signal: deadline.signal } as const;
    if (!file || !source) return request;

    headers.set('content-type', file.type);
    // Without it the body would go in chunks, which S3 does not take.
    headers.set('content-length', String(file.size));
    const tick = () => deadline.set(this.#limits.stall);
    const body = bytesOf(source, file.size, tick);
    return { ...request, body, duplex: 'half', ...NOT_KEPT } as const;
  }

  async #answer({ method }: Call, response: Response, deadline: Deadline): Promise<Answer> {
    const { status, headers, ok } = response;
    const contentRange = headers.get('content-range');
    const { stall } = this.#limits;
    if (ok && method === 'GET') {
      deadline.clear();
      const body = new ReceivedBody(response, deadline, stall, (error) => this.#unavailable(method, error));
      return { status, contentRange, body };
    }
    const text = await beginningOf(new ReceivedBody(response, deadline, stall));
    return { status, contentRange, errorCode: /<Code>([\w.]{1,64})<\/Code>/.exec(text)?.[1] };
  }

  #refused(method: string, { status, errorCode = '' }: Answer): ProxyError {
    const remedy = REMEDIES[errorCode] ?? (status < 400 ? WRONG_REGION : status === 403 ? WRONG_RIGHTS : '');
    return this.#unavailable(method, new Error(`${status} ${errorCode} ${remedy}`.trim()));
  }

  /** Its cause says to the operator what was tried where, and what came of it. */
  #unavailable(method: string, error: unknown): ProxyError {
    const cause = new Error(`${method} in ${this.#url}: ${reasonOf(error)}`);
    return new ProxyError('image_store_unavailable', undefined, { cause });
  }
}

const WRONG_REGION = 'The bucket is elsewhere: check region and endpoint in IMAGE_STORE.';
const WRONG_RIGHTS =
  'The key pair may not do that: have the bucket’s policy allow it s3:GetObject, s3:PutObject and s3:DeleteObject under' +
  ' the prefix, and s3:ListBucket (without which S3 gives this answer for missing images too).';
const WRONG_ADDRESSING =
  'The service wants the bucket’s name in the host: write endpoint=https://<bucket>.<host> in IMAGE_STORE.';

/** What the operator can do, by S3’s code. */
const REMEDIES: Record<string, string> = {
  AccessDenied: WRONG_RIGHTS,
  InvalidAccessKeyId: 'Check AWS_ACCESS_KEY_ID.',
  SignatureDoesNotMatch: 'Check AWS_SECRET_ACCESS_KEY, and the region in IMAGE_STORE.',
  RequestTimeTooSkewed: 'Set this machine’s clock.',
  NoSuchBucket: 'There is no such bucket: check its name, endpoint and region in IMAGE_STORE.',
  AuthorizationHeaderMalformed: WRONG_REGION,
  PermanentRedirect: WRONG_REGION,
  TemporaryRedirect: WRONG_REGION,
  PathStyleDomainForbidden: WRONG_ADDRESSING,
  SecondLevelDomainForbidden: WRONG_ADDRESSING,
  XAmzContentSHA256Mismatch:
    'What arrived is not what was announced: the file has been changed, or damaged on its way.',
};

/** The file that was to be stored is at fault, not the server. */
class UnusableFile extends Error {}

async function openWhole({ path, size }: StoredFile): Promise<FileHandle> {
  const file = await open(path);
  const found = await file.stat();
  if (found.size === size) return file;
  await file.close();
  throw new UnusableFile(`the file to be stored has ${found.size} bytes instead of ${size}`);
}

/** @param tick called when a piece is wanted */
function bytesOf(source: FileHandle, size: number, tick: () => void): ReadableStream<Uint8Array> {
  let position = 0;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    tick();
    const { buffer, bytesRead } = await source.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position);
    position += bytesRead;
    if (position > size || (bytesRead === 0 && position < size)) throw new UnusableFile('the file has been changed');
    if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
    if (position === size) controller.close();
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

async function beginningOf(body: Readable): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += chunk;
    if (text.length > ERROR_LENGTH) break;
  }
  return text;
}

function isOk({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** Whether it may be another one when asked again at once. */
function isPassing({ status, errorCode }: Answer): boolean {
  return status >= 500 || status === 429 || errorCode === 'SlowDown' || errorCode === 'RequestTimeout';
}

/** What `fetch` throws, where it is not the deadline’s or the file’s error, nor for good. */
function isConnectionError(error: unknown): boolean {
  return error instanceof TypeError && !(error.cause instanceof UnusableFile) && !isRedirect(error);
}

/** Where `fetch` must not see one, it says so in no other way. */
function isRedirect({ cause }: Error): boolean {
  return cause instanceof Error && cause.message === 'unexpected redirect';
}

function isWithin(contentRange: string | null, { start, end }: ByteRange): boolean {
  const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(contentRange ?? '') ?? [];
  return Number(first) === start && Number(last) <= end;
}

/** `fetch` says only that it failed: why is in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  if (isRedirect(error as Error)) return WRONG_REGION;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
