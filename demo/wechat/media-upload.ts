import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { ApiRefusal } from './api-refusal.ts';
import type { ExchangeContext } from './exchange.ts';
import { type MediaType, mediaKind } from './media-kind.ts';

const MB = 1024 * 1024;

/** What WeChat takes, by type: bytes at most, and which files. */
const TAKEN: Record<MediaType, { largest: number; contentTypes: string[] }> = {
  image: { largest: 10 * MB, contentTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/bmp'] },
  voice: { largest: 2 * MB, contentTypes: ['audio/amr', 'audio/mp3'] },
  video: { largest: 10 * MB, contentTypes: ['video/mp4'] },
  thumb: { largest: 64 * 1024, contentTypes: ['image/jpeg'] },
};

/**
 * The file of a media upload, which is the part `media` of a form.
 * @throws ApiRefusal where WeChat would not take it
 */
export async function mediaUpload(ctx: ExchangeContext, type: string | undefined): Promise<[Buffer, MediaType]> {
  if (!type || !Object.hasOwn(TAKEN, type)) throw new ApiRefusal(40004);
  const { largest, contentTypes } = TAKEN[type as MediaType];
  const bytes = await filePart(ctx);
  if (!bytes) throw new ApiRefusal(41005);
  if (bytes.length === 0) throw new ApiRefusal(40006);
  if (bytes.length > largest) throw new ApiRefusal(45001);
  const kind = mediaKind(bytes);
  if (!kind || !contentTypes.includes(kind.contentType)) throw new ApiRefusal(40005);
  return [bytes, type as MediaType];
}

/** Undefined where the form is broken, or has no such part. A part without a file name is no file. */
async function filePart(ctx: ExchangeContext): Promise<Buffer | undefined> {
  if (!ctx.is('multipart/form-data')) return undefined;
  let media: Buffer[] | undefined;
  try {
    const busboy = new Busboy({ headers: ctx.headers as BusboyHeaders });
    busboy.on('file', (name, file, filename) => {
      const chunks: Buffer[] = [];
      file.on('data', (chunk: Buffer) => chunks.push(chunk));
      file.on('error', (error) => busboy.destroy(error));
      if (name === 'media' && filename) media ??= chunks;
    });
    await pipeline(Readable.from([ctx.state.rawBody]), busboy);
  } catch {
    return undefined;
  }
  return media && Buffer.concat(media);
}
