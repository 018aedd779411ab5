/** Pictures that payers upload: whose they are, how many there may be, and how long they stay. */
import { randomBytes } from 'node:crypto';
import { ProxyError } from '../errors.ts';
import type { ImageRow } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Media } from '../wechat/account/media.ts';
import type { ImageFiles } from './image-files.ts';
import { drawAnew } from './picture.ts';
import type { ScratchFolder } from './scratch-folder.ts';

export interface ImagesOptions {
  store: Store;
  files: ImageFiles;
  scratch: ScratchFolder;
  media: Media;
  /** Bytes of one upload. */
  maxBytes: number;
  /** Images of one payer in a day. */
  quota: number;
  /** Milliseconds after which an image is deleted that nobody has kept. */
  orphanTtl: number | undefined;
  now: () => number;
}

export type UploadedImage = Pick<ImageRow, 'id' | 'type' | 'size' | 'width' | 'height'>;

const DAY = 86_400_000;
const BATCH = 100;

export class Images {
  readonly #options: ImagesOptions;

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /**
   * Takes a payer's picture. The same one again is the same image, as long as it is there.
   * @param write writes what was uploaded into a file, at most `maxBytes` of it
   * @throws {ProxyError} `upload_quota_exceeded`, `image_type_not_allowed`, `image_suspicious`, `image_too_many_pixels`,
   *   `image_broken`, `image_store_unavailable`, and what `write` throws
   */
  async take(openid: string, write: (path: string, maxBytes: number) => Promise<void>): Promise<UploadedImage> {
    const { files, scratch, maxBytes } = this.#options;
    await this.#count(openid);
    try {
      return await scratch.with(async (uploaded, drawn) => {
        await write(uploaded, maxBytes);
        const picture = await drawAnew(uploaded, drawn);
        const { type, size, width, height, sha256 } = picture;
        const id = await files.share(picture, (trx) => this.#own(trx, openid, sha256));
        return { id, type, size, width, height };
      });
    } catch (error) {
      await this.#discount(openid);
      throw error;
    }
  }

  /** The same, of a picture that the payer has uploaded to WeChat. @throws {ProxyError} also `media_not_found` */
  fetch(openid: string, mediaId: string): Promise<UploadedImage> {
    return this.take(openid, (path, maxBytes) => this.#options.media.download(mediaId, path, maxBytes));
  }

  /** @throws {ProxyError} `image_not_found` */
  async find(id: string): Promise<ImageRow> {
    const image = await this.#options.store.db
      .selectFrom('images')
      .innerJoin('image_files', 'image_files.sha256', 'images.sha256')
      .selectAll('image_files')
      .selectAll('images')
      .where('images.id', '=', id)
      .executeTakeFirst();
    if (!image) throw new ProxyError('image_not_found');
    return image;
  }

  /** The merchant's server uses it: it is nobody's orphan. @throws {ProxyError} `image_not_found` */
  async keep(id: string): Promise<ImageRow> {
    const { store, now } = this.#options;
    const update = store.db.updateTable('images').set({ keptAt: now() });
    await update.where('id', '=', id).where('keptAt', 'is', null).execute();
    return this.find(id);
  }

  /** From now on it is not there; its files go as soon as the storage lets them. @throws {ProxyError} `image_not_found` */
  async delete(id: string): Promise<void> {
    const { store, files } = this.#options;
    const { sha256 } = await this.find(id);
    await store.transaction((trx) =>
      files.leave(trx, sha256, async () => {
        const { numDeletedRows } = await trx.deleteFrom('images').where('id', '=', id).executeTakeFirst();
        return numDeletedRows === 1n;
      }),
    );
    files.onStrays?.();
  }

  /** Deletes what nobody has kept for so long, and forgets whose uploads are no longer counted. */
  async removeOrphans(): Promise<void> {
    const { store, orphanTtl, now } = this.#options;
    const isOver = now() - DAY;
    await store.db.deleteFrom('uploads').where('since', '<=', isOver).execute();
    if (orphanTtl === undefined) return;
    const last = now() - orphanTtl;
    const orphans = store.db.selectFrom('images').select(['id', 'sha256']).where('keptAt', 'is', null);
    const some = orphans.where('uploadedAt', '<=', last).limit(BATCH);
    for (let found = await some.execute(); found.length > 0; found = await some.execute()) {
      for (const orphan of found) await this.#removeOrphan(orphan, last);
    }
  }

  /** Unless somebody has kept it, or uploaded it again, since. */
  #removeOrphan({ id, sha256 }: Pick<ImageRow, 'id' | 'sha256'>, last: number): Promise<void> {
    const { store, files } = this.#options;
    return store.transaction((trx) =>
      files.leave(trx, sha256, async () => {
        const orphan = trx.deleteFrom('images').where('id', '=', id).where('keptAt', 'is', null);
        return (await orphan.where('uploadedAt', '<=', last).executeTakeFirst()).numDeletedRows === 1n;
      }),
    );
  }

  /** The id of this payer's image of the file; a new one, where there is none. Its time as an orphan begins anew. */
  async #own(trx: Trx, openid: string, sha256: string): Promise<string> {
    const at = this.#options.now();
    const image = { id: newId(), openid, sha256, createdAt: at, uploadedAt: at, keptAt: null };
    const insert = trx.insertInto('images').values(image);
    const { id } = await insert
      .onConflict((conflict) => conflict.columns(['sha256', 'openid']).doUpdateSet({ uploadedAt: at }))
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  }

  /** Before the upload, so that no more are under way at once than there may be. @throws {ProxyError} `upload_quota_exceeded` */
  async #count(openid: string): Promise<void> {
    const { store, quota, now } = this.#options;
    const { since, images } = await store.transaction(async (trx) => {
      const isOver = now() - DAY;
      await trx.deleteFrom('uploads').where('openid', '=', openid).where('since', '<=', isOver).execute();
      return trx
        .insertInto('uploads')
        .values({ openid, since: now(), images: 1 })
        .onConflict((conflict) =>
          conflict.column('openid').doUpdateSet((row) => ({ images: row('uploads.images', '+', 1) })),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
    });
    if (images <= quota) return;
    await this.#discount(openid);
    const headers = { 'retry-after': String(Math.ceil((since + DAY - now()) / 1_000)) };
    throw new ProxyError('upload_quota_exceeded', `${quota} images in 24 hours are the most.`, { headers });
  }

  /** What was refused is no image. */
  async #discount(openid: string): Promise<void> {
    const update = this.#options.store.db.updateTable('uploads').set((row) => ({ images: row('images', '-', 1) }));
    await update.where('openid', '=', openid).where('images', '>', 0).execute();
  }
}

/** 128 random bits: who does not know an image's address cannot guess it, nor make it from the picture. */
function newId(): string {
  return `img_${randomBytes(16).toString('base64url')}`;
}
