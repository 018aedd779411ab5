import type { Wechat } from '../core/wechat/wechat.ts';
import { previewInWechat } from './choose-in-wechat.ts';
import type { Picture } from './queue.ts';

/** Long enough for another tab to read it. */
const KEPT = 60_000;

/**
 * Shows the whole picture: in WeChat's own viewer, else in a tab of its own.
 *
 * @param urls of all that one may look at there.
 */
export function openPicture(
  { url, source }: Picture,
  urls: readonly string[],
  wechat: (() => Promise<Wechat>) | undefined,
): void {
  if (url && wechat) {
    wechat()
      .then((client) => previewInWechat(client, urls, url))
      .catch(() => {});
  } else if (url) open(url, '_blank', 'noopener');
  else if (source.kind === 'file') openFile(source.file);
}

function openFile(file: File): void {
  const url = URL.createObjectURL(file);
  open(url, '_blank');
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}
