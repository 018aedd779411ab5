/** The one way out to WeChat. Bodies go and come as bytes, so that what is signed is what is sent. */
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import axios, { type AxiosInstance, type AxiosResponse, type CreateAxiosDefaults, isAxiosError } from 'axios';
import { ProxyError } from '../errors.ts';

export interface HttpRequest {
  method: 'GET' | 'POST';
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** Milliseconds for the whole exchange. */
  timeout?: number;
  /** How large the answer may be. */
  maxBytes?: number;
  /** With which we prove to the server who we are, in PEM form. */
  certificate?: ClientCertificate;
}

export interface ClientCertificate {
  key: string;
  cert: string;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

/**
 * Sends one request. Any status is an answer.
 * @throws {ProxyError} `wechat_unavailable` where no answer came. Neither address nor headers are in it: they bear secrets.
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>;

export interface Download {
  url: string;
  /** The file that it is written to. */
  path: string;
  timeout: number;
  maxBytes: number;
}

/**
 * Gets what is at an address into a file, whatever its status, and gives its status and size.
 * @throws {ProxyError} `wechat_unavailable`; `image_too_large` beyond `maxBytes`
 */
export type Downloader = (download: Download) => Promise<{ status: number; size: number }>;

export interface ExchangeRequest {
  method: 'GET' | 'POST';
  url: string;
  contentType: string | undefined;
  /** The file that the body is in. */
  body: string | undefined;
  /** Answers of no more bytes come whole. */
  readUpTo: number;
}

export interface ExchangeAnswer {
  status: number;
  /** Those that say what the body is. */
  headers: Record<string, string>;
  /** A stream where it is longer: to be read to its end, or destroyed. */
  body: Buffer | Readable;
}

/**
 * Sends a file, or nothing, and gives the answer as it comes.
 * @throws {ProxyError} `wechat_unavailable`
 */
export type Exchange = (request: ExchangeRequest) => Promise<ExchangeAnswer>;

const TIMEOUT = 6_000;
const MAX_BYTES = 4 * 1024 * 1024;

const USER_AGENT = { 'User-Agent': 'weixin-widgets' };
const COMMON: CreateAxiosDefaults = {
  maxRedirects: 0,
  validateStatus: () => true,
  transformRequest: [(body) => body],
  transformResponse: [(body) => body],
};

/** For what is downloaded, such as a day's bill. */
export const FILE_LIMITS = { timeout: 60_000, maxBytes: 64 * 1024 * 1024 };

export function createHttpClient(): HttpClient {
  const client: AxiosInstance = axios.create({ ...COMMON, responseType: 'arraybuffer' });
  return async ({ method, url, headers, body, timeout = TIMEOUT, maxBytes = MAX_BYTES, certificate }) => {
    try {
      const response = await client.request({
        method,
        url,
        headers: { ...USER_AGENT, ...headers },
        data: body,
        timeout,
        maxContentLength: maxBytes,
        ...(certificate && { httpsAgent: new Agent(certificate) }),
        signal: AbortSignal.timeout(timeout),
      });
      return { status: response.status, headers: headersOf(response), body: Buffer.from(response.data) };
    } catch (error) {
      throw unavailable(error);
    }
  };
}

export function createDownloader(): Downloader {
  const client: AxiosInstance = axios.create({ ...COMMON, responseType: 'stream' });
  return async ({ url, path, timeout, maxBytes }) => {
    const signal = AbortSignal.timeout(timeout);
    try {
      const { status, data } = await client.request<Readable>({ url, headers: USER_AGENT, timeout, signal });
      let size = 0;
      const count = async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          size += chunk.length;
          if (size > maxBytes) throw new ProxyError('image_too_large', `It is larger than ${maxBytes} bytes.`);
          yield chunk;
        }
      };
      await pipeline(data, count, createWriteStream(path), { signal });
      return { status, size };
    } catch (error) {
      throw error instanceof ProxyError ? error : unavailable(error);
    }
  };
}

export function createExchange(): Exchange {
  const client: AxiosInstance = axios.create({
    ...COMMON,
    responseType: 'stream',
    maxBodyLength: Number.POSITIVE_INFINITY,
  });
  return async ({ method, url, contentType, body, readUpTo }) => {
    try {
      const length = body === undefined ? undefined : (await stat(body)).size;
      const response = await client.request<Readable>({
        method,
        url,
        headers: {
          ...USER_AGENT,
          ...(contentType && { 'Content-Type': contentType }),
          ...(length !== undefined && { 'Content-Length': length }),
        },
        data: body === undefined ? undefined : createReadStream(body),
        timeout: FILE_LIMITS.timeout,
        signal: AbortSignal.timeout(FILE_LIMITS.timeout),
      });
      const headers = headersOf(response);
      const told = WHAT_IT_IS.filter((name) => name in headers).map((name) => [name, headers[name]!]);
      return { status: response.status, headers: Object.fromEntries(told), body: await begin(response.data, readUpTo) };
    } catch (error) {
      throw unavailable(error);
    }
  };
}

const WHAT_IT_IS = ['content-type', 'content-disposition', 'content-encoding'];

/** All of it, where it is no longer than that. */
async function begin(stream: Readable, readUpTo: number): Promise<Buffer | Readable> {
  const chunks: Buffer[] = [];
  const rest = stream[Symbol.asyncIterator]();
  for (let size = 0; size <= readUpTo; ) {
    const { done, value } = await rest.next();
    if (done) return Buffer.concat(chunks);
    chunks.push(value);
    size += value.length;
  }
  const all = async function* () {
    yield* chunks;
    yield* { [Symbol.asyncIterator]: () => rest };
  };
  return Readable.from(all());
}

function headersOf({ headers }: AxiosResponse): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** An axios error holds the whole request, secrets included: only its code leaves this file. */
function unavailable(error: unknown): ProxyError {
  const reason = isAxiosError(error) ? (error.code ?? 'unknown') : 'unknown';
  return new ProxyError('wechat_unavailable', `WeChat did not answer (${reason}).`, { cause: reason });
}

/** There was no connection. */
const NEVER_SENT = new Set<unknown>(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Whether WeChat cannot have got the request that ended so. */
export function wasNeverSent({ code, cause }: ProxyError): boolean {
  return code === 'wechat_unavailable' && NEVER_SENT.has(cause);
}
