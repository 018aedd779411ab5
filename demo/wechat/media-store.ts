import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import { type MediaType, mediaKind } from './media-kind.ts';

/** Seconds that WeChat keeps temporary media. */
const LIFETIME = 3 * 24 * 3600;

/** Something that a client uploaded, or a merchant's server. */
export interface Media {
  mediaId: string;
  type: MediaType;
  contentType: string;
  /** Of its file name, without the dot. */
  extension: string;
  bytes: Buffer;
  /** Seconds since the epoch. */
  createdAt: number;
  expiresAt: number;
}

/**
 * Temporary media: there for three days.
 * @see https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/New_temporary_materials.html
 */
export class MediaStore {
  readonly #clock: Clock;
  readonly #media = new Map<string, Media>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(bytes: Uint8Array, type: MediaType): Media {
    const createdAt = this.#clock.seconds();
    const { contentType, extension } = mediaKind(bytes) ?? {
      contentType: 'application/octet-stream',
      extension: 'bin',
    };
    const mediaId = randomBytes(48).toString('base64url');
    const expiresAt = createdAt + LIFETIME;
    const media = { mediaId, type, contentType, extension, bytes: Buffer.from(bytes), createdAt, expiresAt };
    this.#media.set(mediaId, media);
    return media;
  }

  /** Expired ones too. */
  get(mediaId: string): Media | undefined {
    return this.#media.get(mediaId);
  }

  /** The newest that can still be had. */
  newest(): Media | undefined {
    return [...this.#media.values()].findLast(({ expiresAt }) => expiresAt > this.#clock.seconds());
  }

  /** What can still be had. */
  living(mediaId: string): Media | undefined {
    const media = this.#media.get(mediaId);
    return media && media.expiresAt > this.#clock.seconds() ? media : undefined;
  }

  /** The three days of all that is there are over. */
  expire(): void {
    for (const media of this.#media.values()) media.expiresAt = Math.min(media.expiresAt, this.#clock.seconds());
  }
}
