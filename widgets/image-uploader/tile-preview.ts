import { readLocalPicture } from './local-picture.ts';
import { drawPreview } from './picture-preview.ts';
import type { Picture } from './queue.ts';
import type { UploaderHost } from './uploader-host.ts';

/** Tiles are about 120 px wide; screens have up to three pixels for one. */
const EDGE = 360;
/** The proxy makes them of its own pictures. */
const THUMBNAIL = '?width=320';

/**
 * What a picture looks like, drawn once: from its file or from WeChat's album, else as the proxy has it. `undefined`
 * where it cannot be shown.
 */
export async function previewOf({ source, url }: Picture, host: UploaderHost): Promise<HTMLElement | undefined> {
  if (source.kind === 'url') return pictureAt(url!, host);
  const file = source.kind === 'file' ? source.file : await readLocalPicture(await host.wechat(), source.localId);
  return file && drawPreview(file, EDGE);
}

function pictureAt(url: string, host: UploaderHost): Promise<HTMLElement | undefined> {
  return new Promise((resolve) => {
    const image = new Image();
    image.alt = '';
    image.draggable = false;
    image.onload = () => resolve(image);
    image.onerror = () => resolve(undefined);
    image.src =
      /^[^?]+\/v1\/images\/[\w-]+$/.test(url) && url.startsWith(host.createProxy().address) ? url + THUMBNAIL : url;
  });
}
