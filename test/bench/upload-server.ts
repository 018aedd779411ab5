/**
 * What a merchant would otherwise write: `node upload-server.ts <handler> <folder>`, on the port `PORT`.
 *
 * - `write`: each file goes to the disk as it comes.
 * - `redraw`: as tutorials have it. Each file is collected in memory, and drawn anew there.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import sharp from 'sharp';
import { startBareKoa } from './measure.ts';

/** That of the proxy. */
const QUALITY = 86;

const HANDLERS = {
  write: (file: Readable, path: string) => pipeline(file, createWriteStream(path)),
  async redraw(file: Readable, path: string) {
    const photo = sharp(await buffer(file));
    await photo.autoOrient().jpeg({ quality: QUALITY }).toFile(path);
  },
};

const [handler, folder] = process.argv.slice(2) as [keyof typeof HANDLERS, string];

await startBareKoa(async (ctx) => {
  ctx.body = 'Ready.';
  if (ctx.method !== 'POST') return;
  const path = join(folder, `${randomUUID()}.jpg`);
  await takeFile(ctx.req, (file) => HANDLERS[handler](file, path));
  ctx.status = 201;
  ctx.body = { url: path };
}, Number(process.env.PORT));

async function takeFile(request: IncomingMessage, take: (file: Readable) => Promise<void>): Promise<void> {
  let taken: Promise<void> | undefined;
  const form = new Busboy({ headers: request.headers as { 'content-type': string } });
  form.on('file', (_name: string, file: Readable) => {
    taken = take(file);
  });
  await pipeline(request, form);
  await taken;
}
