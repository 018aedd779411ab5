/** Pictures that payers upload: kept once each, shown in several widths, deleted when nobody wants them. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProxyError } from '../errors.ts';
import type { ImageRow } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Media } from '../wechat/account/media.ts';
import type { ImageStorage } from './image-storage.ts';
import { drawAnew, drawSmaller, type Picture } from './picture.ts';
import type { ScratchFolder } from './scratch-folder.ts';

export interface ImagesOptions {
  store: Store;
  storage: ImageStorage;
  scratch: ScratchFolder;
  media: Media;
  /** Bytes of one upload. */
  maxBytes: number;
  /** Uploads of one payer in a day. */
  quota: number;
  /** Milliseconds after which an image is deleted that nobody has kept. */
  orphanTtl: number | undefined;
  now: () => number;
}

/** A file of an image: itself, or a smaller copy. */
export interface ImageFile {
  image: ImageRow;
  key: string;
  size: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A file that is being written belongs to no image for less than that. */
const WRITING_TIME = HOUR;
const BATCH = 100;

export class Images {
  readonly #options: ImagesOptions;
  readonly #variants = new Map<string, Promise<ImageFile | undefined>>();

  /** Told when there are files to remove. */
  onDeleted: (() => void) | undefined;

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /**
   * Takes a payer's picture.
   * @param write writes what was uploaded into a file, at most `maxBytes` of it
   * @throws {ProxyError} `upload_quota_exceeded`, `image_type_not_allowed`, `image_suspicious`, `image_too_many_pixels`,
   *   `image_broken`, `image_store_unavailable`, and what `write` throws
   */
  async take(openid: string, write: (path: string, maxBytes: number) => Promise<void>): Promise<ImageRow> {
    await this.#count(openid);
    return this.#withScratch(2, async ([uploaded, drawn]) => {
      await write(uploaded!, this.#options.maxBytes);
      return this.#save(await drawAnew(uploaded!, drawn!));
    });
  }

  /** The same, of a picture that the payer has uploaded to WeChat. @throws {ProxyError} also `media_not_found` */
  fetch(openid: string, mediaId: string): Promise<ImageRow> {
    return this.take(openid, (path, maxBytes) => this.#options.media.download(mediaId, path, maxBytes));
  }

  /** @throws {ProxyError} `image_not_found` */
  async find(id: string): Promise<ImageRow> {
    const { db } = this.#options.store;
    const image = await db.selectFrom('images').selectAll().where('id', '=', id).executeTakeFirst();
    if (!image) throw new ProxyError('image_not_found');
    return image;
  }

  /** The file to show where `width` was asked for: never larger than the picture is. @throws {ProxyError} `image_not_found` */
  async fileOf(image: ImageRow, width: number | undefined): Promise<ImageFile> {
    if (width === undefined || width >= image.width) return { image, key: image.key, size: image.size };
    const variant = (await this.#findVariant(image, width)) ?? (await this.#makeVariantOnce(image, width));
    if (!variant) throw new ProxyError('image_not_found');
    return variant;
  }

  /** @throws {ProxyError} `image_not_found`, `image_store_unavailable` */
  async read({ key }: ImageFile, range?: { start: number; end: number }): Promise<Readable> {
    const stream = await this.#options.storage.get(key, range);
    if (!stream) throw new ProxyError('image_not_found', 'The image’s file is gone from the storage.');
    return stream;
  }

  /** The merchant's server uses it: it is nobody's orphan. @throws {ProxyError} `image_not_found` */
  async keep(id: string): Promise<ImageRow> {
    const { store, now } = this.#options;
    await store.db
      .updateTable('images')
      .set({ keptAt: now() })
      .where('id', '=', id)
      .where('keptAt', 'is', null)
      .execute();
    return this.find(id);
  }

  /** From now on it is not there; its files go as soon as the storage lets them. @throws {ProxyError} `image_not_found` */
  async delete(id: string): Promise<void> {
    const image = await this.find(id);
    await this.#options.store.transaction((trx) => this.#detach(trx, image));
    this.onDeleted?.();
  }

  /** Removes the files that are due: what nobody has taken, and what belonged to deleted images. */
  async removeStrays(): Promise<void> {
    const { store, storage, now } = this.#options;
    const due = store.db.selectFrom('stray_files').select('key').where('dueAt', '<=', now()).limit(BATCH);
    for (const { key } of await due.execute()) {
      await storage.remove(key);
      await store.db.deleteFrom('stray_files').where('key', '=', key).execute();
    }
  }

  /** Deletes what nobody has kept for so long, and forgets whose uploads are no longer counted. */
  async removeOrphans(): Promise<void> {
    const { store, orphanTtl, now } = this.#options;
    await store.db
      .deleteFrom('uploads')
      .where('since', '<=', now() - DAY)
      .execute();
    if (orphanTtl === undefined) return;
    const orphans = store.db
      .selectFrom('images')
      .selectAll()
      .where('keptAt', 'is', null)
      .where('uploadedAt', '<=', now() - orphanTtl)
      .limit(BATCH);
    for (const image of await orphans.execute()) await store.transaction((trx) => this.#detach(trx, image, true));
  }

  /** Counts the upload, whatever becomes of it: refused ones are work, too. */
  async #count(openid: string): Promise<void> {
    const { store, quota, now } = this.#options;
    const fresh = { since: now(), images: 1 };
    const isOver = now() - DAY;
    const { since, images } = await store.transaction(async (trx) => {
      await trx.deleteFrom('uploads').where('openid', '=', openid).where('since', '<=', isOver).execute();
      return trx
        .insertInto('uploads')
        .values({ openid, ...fresh })
        .onConflict((conflict) =>
          conflict.column('openid').doUpdateSet((row) => ({ images: row('uploads.images', '+', 1) })),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
    });
    if (images <= quota) return;
    const headers = { 'retry-after': String(Math.ceil((since + DAY - now()) / 1_000)) };
    throw new ProxyError('upload_quota_exceeded', `${quota} images in 24 hours are the most.`, { headers });
  }

  /** The same picture that is there already stays as it is. */
  async #save(picture: Picture): Promise<ImageRow> {
    const { store, now } = this.#options;
    const { type, size, width, height, sha256 } = picture;
    const id = `img_${Buffer.from(sha256, 'hex').toString('base64url')}`;
    const known = await this.#touch(id);
    if (known) return known;
    const key = newKey(sha256);
    await this.#put(key, picture);
    await store.transaction(async (trx) => {
      const times = { createdAt: now(), uploadedAt: now(), keptAt: null };
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto('images')
        .values({ id, key, type, size, width, height, ...times })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      // Where another upload of it was quicker, this file stays a stray one.
      if (numInsertedOrUpdatedRows === 1n) await trx.deleteFrom('stray_files').where('key', '=', key).execute();
    });
    return (await this.#touch(id)) ?? this.#save(picture);
  }

  /** Its time as an orphan begins anew. */
  #touch(id: string): Promise<ImageRow | undefined> {
    const { store, now } = this.#options;
    return store.db
      .updateTable('images')
      .set({ uploadedAt: now() })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
  }

  /** Puts a file into the storage that no image has yet. Should the process end before one takes it, it is removed. */
  async #put(key: string, picture: Picture): Promise<void> {
    const { store, storage, now } = this.#options;
    await store.db
      .insertInto('stray_files')
      .values({ key, dueAt: now() + WRITING_TIME })
      .execute();
    await storage.put(key, picture);
  }

  async #findVariant(image: ImageRow, width: number): Promise<ImageFile | undefined> {
    const { store } = this.#options;
    const variant = await store.db
      .selectFrom('image_variants')
      .select(['key', 'size'])
      .where('imageId', '=', image.id)
      .where('width', '=', width)
      .executeTakeFirst();
    return variant && { image, ...variant };
  }

  /** One drawing for all that ask this process at once. */
  #makeVariantOnce(image: ImageRow, width: number): Promise<ImageFile | undefined> {
    const name = `${image.key} ${width}`;
    const making =
      this.#variants.get(name) ?? this.#makeVariant(image, width).finally(() => this.#variants.delete(name));
    this.#variants.set(name, making);
    return making;
  }

  async #makeVariant(image: ImageRow, width: number): Promise<ImageFile | undefined> {
    const { store } = this.#options;
    return this.#withScratch(2, async ([whole, drawn]) => {
      const file = { image, key: image.key, size: image.size };
      await pipeline(await this.read(file), createWriteStream(whole!));
      const picture = await drawSmaller(whole!, drawn!, width);
      const key = newKey(picture.sha256);
      await this.#put(key, picture);
      await store.transaction(async (trx) => {
        // It may have been deleted meanwhile: then, as where another process was quicker, this file stays a stray one.
        const current = await store.lockImage(trx, image.id);
        if (current?.key !== image.key) return;
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('image_variants')
          .values({ imageId: image.id, width, key, size: picture.size })
          .onConflict((conflict) => conflict.columns(['imageId', 'width']).doNothing())
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows === 1n) await trx.deleteFrom('stray_files').where('key', '=', key).execute();
      });
      return this.#findVariant(image, width);
    });
  }

  /** Takes an image away, and leaves its files to be removed. `ifOrphan`: unless somebody has uploaded or kept it since. */
  async #detach(trx: Trx, { id, key, uploadedAt }: ImageRow, ifOrphan = false): Promise<void> {
    const { store, now } = this.#options;
    const current = await store.lockImage(trx, id);
    if (current?.key !== key) return;
    if (ifOrphan && (current.keptAt !== null || current.uploadedAt !== uploadedAt)) return;
    const variants = await trx.deleteFrom('image_variants').where('imageId', '=', id).returning('key').execute();
    await trx.deleteFrom('images').where('id', '=', id).execute();
    const strays = [{ key }, ...variants].map((file) => ({ ...file, dueAt: now() }));
    await trx.insertInto('stray_files').values(strays).execute();
  }

  /** Runs `work` with the paths of so many files, of which nothing is left afterwards. */
  async #withScratch<T>(count: number, work: (paths: string[]) => Promise<T>): Promise<T> {
    const { scratch } = this.#options;
    const paths = await Promise.all(Array.from({ length: count }, () => scratch.create()));
    try {
      return await work(paths);
    } finally {
      await Promise.all(paths.map((path) => rm(path, { force: true })));
    }
  }
}

/** Never the same again, so that the end of one file cannot be that of a later one. */
function newKey(sha256: string): string {
  return `${sha256}-${randomBytes(8).toString('hex')}`;
}
