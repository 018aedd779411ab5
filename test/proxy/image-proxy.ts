/** The proxy as a process of its own that takes pictures, and what it has in its folders and tables afterwards. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Harness, SHOP, startHarness } from './harness.ts';
import { startProcess } from './process.ts';

/** What is posted to `/v1/images`: exactly this. */
export interface Upload {
  body: Buffer | string;
  type?: string;
  headers?: Record<string, string>;
  /** Without `content-length`. */
  chunked?: boolean;
}

export interface Answered {
  status: number;
  headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into as the tests please.
  json: any;
  text: string;
}

export interface ImageProxy {
  proxy: Harness;
  session: string;
  post(upload: Upload): Promise<Answered>;
  /** The picture's bytes as they are kept, or as wide as asked for. */
  show(image: { url: string }, width?: number): Promise<Buffer>;
  delete(image: { id: string }): Promise<void>;
  /** All files that it has written, and all rows that belong to pictures. */
  kept(): { files: string[]; rows: Record<string, unknown>[] };
  /** The most memory that it has had so far, in bytes. Undefined where the system does not tell. */
  peakMemory(): number | undefined;
}

export const BOUNDARY = 'weixin-widgets-of-the-tests';
export const FORM = `multipart/form-data; boundary=${BOUNDARY}`;

export async function startImageProxy(t: TestContext, environment: Record<string, string> = {}): Promise<ImageProxy> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), 'weixin-widgets-images-')));
  const cleaning = [() => rm(folder, { recursive: true, force: true })];
  const proxy = await startHarness(
    { after: (work) => cleaning.push(async () => void (await work())) },
    {
      environment: {
        IMAGE_STORE: `file:${join(folder, 'images')}`,
        UPLOAD_QUOTA: '100000',
        LOG_LEVEL: 'warn',
        ...environment,
      },
    },
  );
  await proxy.stop();
  await startProcess(t, { ...proxy.environment, TMPDIR: folder });
  // When the process is gone: it would go on writing.
  t.after(async () => {
    for (const work of cleaning) await work();
  });
  const session = await proxy.session();
  return {
    proxy,
    session,
    post: ({ type = FORM, headers, ...upload }) =>
      post(proxy, { ...upload, headers: { authorization: `Bearer ${session}`, 'content-type': type, ...headers } }),
    async show({ url }, width) {
      const response = await fetch(url + (width ? `?width=${width}` : ''));
      const bytes = Buffer.from(await response.arrayBuffer());
      assert.equal(response.status, 200, bytes.toString('latin1').slice(0, 200));
      return bytes;
    },
    async delete({ id }) {
      assert.equal((await proxy.merchant('DELETE', `/v1/images/${id}`)).status, 204);
    },
    kept: () => ({ files: filesIn(folder), rows: rowsOf(proxy) }),
    peakMemory: () => peakMemory(proxy.environment.PORT!),
  };
}

/** A form with these parts, each with its own headers. Of texts, each character is a byte. */
export function form(...parts: [headers: string, content: Buffer | string][]): Buffer {
  const written = parts.flatMap(([headers, content]) => [
    Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`, 'latin1'),
    Buffer.from(content as string, 'latin1'),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...written, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

/** As browsers do. */
export function fileForm(content: Buffer | string): Buffer {
  return form(['Content-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg', content]);
}

/** Sends part of it, and is gone. */
export async function sendAndLeave({ proxy, session }: ImageProxy, body: Buffer, announced: number): Promise<void> {
  const headers = { authorization: `Bearer ${session}`, 'content-type': FORM, 'content-length': String(announced) };
  const request = start(proxy, headers);
  request.on('error', () => {});
  await writeSlowly(request, body);
  request.destroy();
}

/** As browsers do: looks for an answer when all has been sent, and not before. */
export async function sendAllThenRead(
  { proxy, session }: Pick<ImageProxy, 'proxy' | 'session'>,
  body: Buffer,
  connection: 'keep-alive' | 'close' = 'keep-alive',
): Promise<string> {
  const socket = connect(Number(proxy.environment.PORT), '127.0.0.1');
  await once(socket, 'connect');
  const head = [
    'POST /v1/images HTTP/1.1',
    'Host: 127.0.0.1',
    `Origin: ${SHOP}`,
    `Authorization: Bearer ${session}`,
    `Content-Type: ${FORM}`,
    `Content-Length: ${body.length}`,
    `Connection: ${connection}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await writeSlowly(socket, body);
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer);
}

/** Some at a time, so that the proxy is in the middle of it. */
async function writeSlowly(stream: Writable, body: Buffer): Promise<void> {
  const step = Math.ceil(body.length / 16);
  for (let at = 0; at < body.length; at += step) {
    if (!stream.write(body.subarray(at, at + step))) await once(stream, 'drain');
    await sleep(5);
  }
}

async function post(proxy: Harness, { body, headers, chunked }: Upload): Promise<Answered> {
  const length: Record<string, string> = chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const request = start(proxy, { ...length, ...headers });
  const answer = once(request, 'response') as Promise<[IncomingMessage]>;
  // The proxy may answer, and hang up, before a large body has gone out; the answer must arrive all the same.
  request.on('error', () => {});
  request.end(body);
  const [response] = await answer;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const isJson = /json/.test(response.headers['content-type'] ?? '');
  return {
    status: response.statusCode!,
    headers: response.headers,
    text,
    json: isJson && text ? JSON.parse(text) : undefined,
  };
}

function start(proxy: Harness, headers: Record<string, string>) {
  const url = new URL('/v1/images', proxy.url);
  return httpRequest(url, { method: 'POST', headers: { origin: SHOP, ...headers }, agent: false });
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
}

function rowsOf(proxy: Harness): Record<string, unknown>[] {
  const db = new DatabaseSync(proxy.environment.DATABASE_URL!.slice('file:'.length), { readOnly: true });
  try {
    const tables = ['image_files', 'image_variants', 'stray_files'];
    return tables.flatMap((table) => db.prepare(`select "key" from ${table} order by "key"`).all());
  } finally {
    db.close();
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function peakMemory(port: string): number | undefined {
  const children = `/proc/${process.pid}/task/${process.pid}/children`;
  if (!existsSync(children)) return undefined;
  const own = readFileSync(children, 'latin1').split(' ').filter(Boolean);
  const pid = own.find((child) => readFileSync(`/proc/${child}/environ`, 'latin1').includes(`\0PORT=${port}\0`));
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}

/** Waits until the proxy has nothing but what it had. */
export async function assertKept(images: ImageProxy, expected: ReturnType<ImageProxy['kept']>, about: string) {
  const isClean = () => JSON.stringify(images.kept()) === JSON.stringify(expected);
  await eventually(isClean, 'clean').catch(() => assert.deepEqual(images.kept(), expected, about));
}
