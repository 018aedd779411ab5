import { shared } from '../core/shared.ts';
import { WECHAT_UPLOAD } from '../core/timing.ts';
import type { Wechat } from '../core/wechat/wechat.ts';
import type { WidgetError } from '../core/widget-error.ts';
import type { Uploaded } from './queue.ts';
import { takeTurn, unlessAborted } from './take-turn.ts';
import { uploadFailure } from './upload-error.ts';

export interface WechatUploadWorld {
  wechat(): Promise<Pick<Wechat, 'callJssdk'>>;
  /** Has the proxy fetch what WeChat keeps by this id, for three days. */
  fetchMedia(mediaId: string): Promise<Uploaded>;
}

/** What WeChat has been given and the proxy has not fetched yet. */
const mediaIds = () => shared('media-ids@1', () => new Map<string, string>());

/**
 * First to WeChat, then from there to the proxy. Where the second step failed, another try does not repeat the first.
 *
 * @param step tells that it got on.
 */
export async function uploadFromWechat(
  world: WechatUploadWorld,
  localId: string,
  step: () => void,
  signal: AbortSignal,
): Promise<Uploaded> {
  const known = mediaIds().get(localId);
  try {
    return await fetchMedia(world, localId, known ?? (await give(world, localId, step, signal)));
  } catch (error) {
    // Three days are over.
    const isForgotten = known && (error as WidgetError).code === 'media_not_found';
    if (!isForgotten || signal.aborted) throw error;
    return fetchMedia(world, localId, await give(world, localId, step, signal));
  }
}

async function fetchMedia(world: WechatUploadWorld, localId: string, mediaId: string): Promise<Uploaded> {
  try {
    const uploaded = await world.fetchMedia(mediaId);
    mediaIds().delete(localId);
    return uploaded;
  } catch (error) {
    if ((error as WidgetError).code === 'media_not_found') mediaIds().delete(localId);
    throw error;
  }
}

/** WeChat takes one picture at a time in the whole page, and cannot be stopped. Gives the `serverId`. */
async function give(
  { wechat }: WechatUploadWorld,
  localId: string,
  step: () => void,
  signal: AbortSignal,
): Promise<string> {
  const { callJssdk } = await wechat();
  const upload = async () => {
    step();
    // An upload that nobody waited for any more may have ended well.
    const known = mediaIds().get(localId);
    if (known) return known;
    const { serverId } = await callJssdk('uploadImage', { localId, isShowProgressTips: 0 }, WECHAT_UPLOAD);
    if (typeof serverId !== 'string' || !serverId) throw uploadFailure('jssdk_failed', { detail: 'serverId' });
    mediaIds().set(localId, serverId);
    step();
    return serverId;
  };
  return unlessAborted(takeTurn('uploadImage', upload, signal), signal);
}
