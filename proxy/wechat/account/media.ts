import { readFile } from 'node:fs/promises';
import { ProxyError } from '../../errors.ts';
import type { Downloader } from '../http-client.ts';
import type { AccessToken } from './access-token.ts';
import { assertGranted, parseAnswer, upstreamCode, whileBusy } from './api-client.ts';

export interface MediaOptions {
  download: Downloader;
  baseUrl: string;
  accessToken: AccessToken;
}

const PATH = '/cgi-bin/media/get';
const TIMEOUT = 30_000;
/** `errcode` of a media id that WeChat does not know, or no longer: it keeps media for three days. */
const UNKNOWN_MEDIA = '40007';
/** What answers in JSON is an error, or the address of a video: never long, and never a picture. */
const JSON_START = 0x7b;
const MAX_JSON = 64 * 1024;

/** What users have uploaded to WeChat. https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/Get_temporary_materials.html */
export class Media {
  readonly #options: MediaOptions;

  constructor(options: MediaOptions) {
    this.#options = options;
  }

  /**
   * Downloads media into the file `path`.
   * @throws {ProxyError} `media_not_found`, `image_too_large`, `image_type_not_allowed` for a video, `wechat_refused`,
   *   `wechat_unavailable`
   */
  async download(mediaId: string, path: string, maxBytes: number): Promise<void> {
    try {
      await this.#options.accessToken.use((token) => whileBusy(() => this.#get(token, mediaId, path, maxBytes)));
    } catch (error) {
      if (upstreamCode(error) !== UNKNOWN_MEDIA) throw error;
      throw new ProxyError('media_not_found', undefined, { upstream: (error as ProxyError).upstream! });
    }
  }

  async #get(token: string, mediaId: string, path: string, maxBytes: number): Promise<void> {
    const { download, baseUrl } = this.#options;
    const query = { access_token: token, media_id: mediaId };
    const url = `${baseUrl}${PATH}?${new URLSearchParams(query)}`;
    const { status, size } = await download({ url, path, maxBytes, timeout: TIMEOUT });
    // Errors come with status 200, and under any content type.
    const answer = size <= MAX_JSON ? await readJson(path) : undefined;
    if (answer) {
      assertGranted(answer, PATH, query);
      if (status === 200) throw new ProxyError('image_type_not_allowed', 'This media is no picture.');
    }
    if (status !== 200) throw new ProxyError('wechat_unavailable', `WeChat answered ${PATH} with ${status}.`);
  }
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await readFile(path);
  return bytes[0] === JSON_START ? parseAnswer(bytes) : undefined;
}
