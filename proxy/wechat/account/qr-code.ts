import { z } from 'zod';
import { ProxyError } from '../../errors.ts';
import type { HttpClient } from '../http-client.ts';
import type { AccessToken } from './access-token.ts';
import type { ApiClient } from './api-client.ts';

export interface QrCodesOptions {
  api: ApiClient;
  http: HttpClient;
  accessToken: AccessToken;
  mpUrl: string;
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface QrCode {
  ticket: string;
  /** What the code says. */
  url: string;
  /** Where WeChat shows its picture. */
  imageUrl: string;
  /** Milliseconds since 1970; undefined where it is permanent. */
  expiresAt: number | undefined;
}

export interface QrPicture {
  type: 'image/jpeg' | 'image/png';
  bytes: Buffer;
}

const CreateAnswer = z.object({
  ticket: z.string().min(1).max(1024),
  url: z.string().min(1).max(1024),
  expire_seconds: z.int().positive().optional(),
});

/** Bytes; WeChat's pictures have some 30,000. */
const MAX_PICTURE = 1_048_576;
/** How many pictures are got from WeChat at once: anyone may ask for them. */
const MAX_AT_ONCE = 32;
/** What files begin with. */
const SIGNATURES = [
  ['image/jpeg', Buffer.from('ffd8ff', 'hex')],
  ['image/png', Buffer.from('89504e470d0a1a0a', 'hex')],
] as const;

/**
 * Codes that lead to the official account, by a scene of the merchant's.
 * https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
 */
export class QrCodes {
  readonly #options: QrCodesOptions;
  readonly #underWay = new Map<string, Promise<QrPicture>>();

  constructor(options: QrCodesOptions) {
    this.#options = options;
  }

  /**
   * Creates a code; a permanent one where it lives for no number of seconds.
   * @throws {ProxyError} `wechat_refused`, `wechat_unavailable`
   */
  async create(scene: number | string, expiresIn?: number): Promise<QrCode> {
    const { api, accessToken, mpUrl, now } = this.#options;
    const askedAt = now();
    const answer = await accessToken.use((token) =>
      api({
        method: 'POST',
        path: '/cgi-bin/qrcode/create',
        query: { access_token: token },
        body: {
          // Always said where the code is to end: left out, it would live for a minute.
          ...(expiresIn !== undefined && { expire_seconds: expiresIn }),
          action_name: actionName(scene, expiresIn),
          action_info: { scene: typeof scene === 'number' ? { scene_id: scene } : { scene_str: scene } },
        },
      }),
    );
    const result = CreateAnswer.safeParse(answer);
    if (!result.success) throw new ProxyError('wechat_unavailable', 'WeChat’s answer bears no code.');
    const { ticket, url, expire_seconds: lifetime = expiresIn } = result.data;
    const expiresAt = expiresIn === undefined ? undefined : askedAt + lifetime! * 1_000;
    return { ticket, url, imageUrl: pictureUrl(mpUrl, ticket), expiresAt };
  }

  /**
   * The picture of a code. However many ask for the same at once, WeChat is asked once.
   * @throws {ProxyError} `qrcode_not_found`, `rate_limited`, `wechat_unavailable`
   */
  async picture(ticket: string): Promise<QrPicture> {
    const known = this.#underWay.get(ticket);
    if (known) return known;
    if (this.#underWay.size >= MAX_AT_ONCE) {
      const headers = { 'retry-after': '1' };
      throw new ProxyError('rate_limited', 'Too many pictures of codes are asked for at once.', { headers });
    }
    const picture = this.#fetch(ticket).finally(() => this.#underWay.delete(ticket));
    this.#underWay.set(ticket, picture);
    return picture;
  }

  async #fetch(ticket: string): Promise<QrPicture> {
    const { http, mpUrl } = this.#options;
    const url = pictureUrl(mpUrl, ticket);
    const { status, body: bytes } = await http({ method: 'GET', url, maxBytes: MAX_PICTURE });
    if (status === 404) throw new ProxyError('qrcode_not_found');
    if (status !== 200)
      throw new ProxyError('wechat_unavailable', `WeChat answered with ${status}, not with a picture.`);
    // What it is called does not count: WeChat says `image/jpg`.
    const [type] = SIGNATURES.find(([, start]) => bytes.subarray(0, start.length).equals(start)) ?? [];
    if (!type) throw new ProxyError('wechat_unavailable', 'WeChat’s answer is no JPEG or PNG picture.');
    return { type, bytes };
  }
}

function actionName(scene: number | string, expiresIn: number | undefined): string {
  if (expiresIn === undefined) return typeof scene === 'number' ? 'QR_LIMIT_SCENE' : 'QR_LIMIT_STR_SCENE';
  return typeof scene === 'number' ? 'QR_SCENE' : 'QR_STR_SCENE';
}

/** A ticket is base64, whose `+` and `/` an address must escape. */
function pictureUrl(mpUrl: string, ticket: string): string {
  return `${mpUrl}/cgi-bin/showqrcode?ticket=${encodeURIComponent(ticket)}`;
}
