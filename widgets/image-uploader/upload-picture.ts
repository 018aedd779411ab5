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
}

/** Brings one picture to the proxy, wherever its bytes are. */
export async function uploadPicture(
  world: UploadWorld,
  { source, total }: Picture,
  report: Report,
  signal: AbortSignal,
): Promise<Uploaded> {
  const { proxy, wechat } = world;
  if (source.kind === 'file') {
    const limits = { maxEdge: world.maxEdge(), maxSize: world.maxSize() };
    const file = await preparePicture(source.file, limits, signal);
    // Uploads never leave the page: who is here has chosen pictures, which would be lost.
    return withSession(world, false, (token) => uploadFile(world, file, token, report, signal));
  }
  if (source.kind !== 'wechat' || !wechat) throw new TypeError(`${source.kind}: there is nothing to upload`);
  const fetchMedia = (mediaId: string) =>
    withSession(world, false, (token) =>
      proxy.call<Uploaded>('/v1/images', { body: { mediaId }, token, signal }, 'url'),
    );
  return uploadFromWechat({ wechat, fetchMedia }, source.localId, () => report(0, total), signal);
}
