import { parseAspectRatio } from './aspect-ratio.ts';
import { preparePicture } from './prepare-picture.ts';
import type { Picture, Report, Uploaded } from './queue.ts';
import { uploadFile } from './upload-file.ts';
import { uploadFromWechat } from './upload-from-wechat.ts';
import { type SessionSource, withSession } from './with-session.ts';

export interface UploadWorld extends SessionSource {
  /** Of what is uploaded, in pixels; 0: whatever the file has. */
  maxEdge(): number;
  /** Of what is uploaded, in bytes. */
  maxSize(): number;
  /** To which each is cropped, as the attribute has it. */
  aspectRatio(): string;
}

/** How often a picture is uploaded at most so that what the proxy has of it is small enough. */
const TRIES = 3;
/** Of the next try, what goes by how much too large the last one was, with a little to spare. */
const SPARE = 0.95;

/** Brings one picture to the proxy, wherever its bytes are. */
export async function uploadPicture(
  world: UploadWorld,
  { source, total }: Picture,
  report: Report,
  signal: AbortSignal,
): Promise<Uploaded> {
  const { proxy, wechat } = world;
  if (source.kind === 'file') return uploadSmallEnough(world, source.file, report, signal);
  if (source.kind !== 'wechat' || !wechat) throw new TypeError(`${source.kind}: there is nothing to upload`);
  const fetchMedia = (mediaId: string) =>
    withSession(world, false, (token) =>
      proxy.call<Uploaded>('/v1/images', { body: { mediaId }, token, signal }, 'url'),
    );
  return uploadFromWechat({ wechat, fetchMedia }, source.localId, () => report(0, total), signal);
}

/**
 * The proxy draws pictures anew, and what it keeps of one may have more bytes than it was sent. Then less is sent again,
 * where that can be had.
 */
async function uploadSmallEnough(
  world: UploadWorld,
  file: Blob,
  report: Report,
  signal: AbortSignal,
): Promise<Uploaded> {
  const maxSize = world.maxSize();
  const limits = { maxEdge: world.maxEdge(), maxSize, ratio: parseAspectRatio(world.aspectRatio()) };
  let prepared = await preparePicture(file, limits, signal);
  for (let tries = 1; ; tries++) {
    const sent = prepared;
    // Uploads never leave the page: who is here has chosen pictures, which would be lost.
    const uploaded = await withSession(world, false, (token) => uploadFile(world, sent, token, report, signal));
    if (uploaded.size <= maxSize || tries === TRIES) return uploaded;
    limits.maxSize = Math.floor((sent.size * maxSize * SPARE) / uploaded.size);
    const smaller = await preparePicture(file, limits, signal).catch(() => undefined);
    if (!smaller) return uploaded;
    prepared = smaller;
  }
}
