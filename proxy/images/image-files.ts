/** The bytes of images: each once, in several widths. Whoever has a picture takes a share in its file. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProxyError } from '../errors.ts';
import type { Tables } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import type { ByteRange, ImageStorage } from './image-storage.ts';
import { drawSmaller, type Picture } from './picture.ts';
import type { ScratchFolder } from './scratch-folder.ts';

export interface ImageFilesOptions {
  store: Store;
  storage: ImageStorage;
  scratch: ScratchFolder;
  now: () => number;
}

type FileRow = Tables['image_files'];
/** A picture's file, or a smaller copy. */
export type ShownFile = Pick<FileRow, 'key' | 'size'>;

/** A file that is being written belongs to nobody for less than that. */
const WRITING_TIME = 3_600_000;
const BATCH = 100;

export class ImageFiles {
  readonly #options: ImageFilesOptions;
  readonly #copying = new Map<string, Promise<ShownFile>>();
  /** Told when there are files to remove. */
  onStrays: (() => void) | undefined;

  constructor(options: ImageFilesOptions) {
    this.#options = options;
  }

  /** Has the picture stored, unless it is already, and in the same transaction somebody take it. */
  async share<T>(picture: Picture, take: (trx: Trx) => Promise<T>): Promise<T> {
    const { store, storage } = this.#options;
    const known = await store.transaction(async (trx) => {
      const file = await store.lockImageFile(trx, picture.sha256);
      return file && { key: file.key, taken: await take(trx) };
    });
    if (!known) return this.#shareNew(picture, take);
    // It may have been lost with a disk: whoever brings it again heals it.
    const stream = await storage.get(known.key, { start: 0, end: 0 });
    stream?.destroy();
    if (!stream) await storage.put(known.key, picture);
    return known.taken;
  }

  /** Has somebody leave the file, in the same transaction. The last one to leave has it removed. */
  async leave(trx: Trx, sha256: string, give: () => Promise<boolean>): Promise<void> {
    const { store, now } = this.#options;
    const file = await store.lockImageFile(trx, sha256);
    if (!file || !(await give())) return;
    if (await trx.selectFrom('images').select('id').where('sha256', '=', sha256).limit(1).executeTakeFirst()) return;
    const copies = await trx.deleteFrom('image_variants').where('sha256', '=', sha256).returning('key').execute();
    await trx.deleteFrom('image_files').where('sha256', '=', sha256).execute();
    const strays = [file, ...copies].map(({ key }) => ({ key, dueAt: now() }));
    await trx.insertInto('stray_files').values(strays).execute();
  }

  /** What to show where `width` was asked for: never larger than the picture is. @throws {ProxyError} `image_not_found` */
  async shown(file: FileRow, width: number | undefined): Promise<ShownFile> {
    if (width === undefined || width >= file.width) return file;
    return (await this.#findCopy(file, width)) ?? this.#copyOnce(file, width);
  }

  /** @throws {ProxyError} `image_not_found`, `image_store_unavailable` */
  async read({ key }: ShownFile, range?: ByteRange): Promise<Readable> {
    const stream = await this.#options.storage.get(key, range);
    if (!stream) throw new ProxyError('image_not_found', 'The image’s file is gone from the storage.');
    return stream;
  }

  /** Removes the files that are due: those that nobody has taken, and those of deleted images. */
  async removeStrays(): Promise<void> {
    const { store, storage, now } = this.#options;
    const due = store.db.selectFrom('stray_files').select('key').where('dueAt', '<=', now()).limit(BATCH);
    for (const { key } of await due.execute()) {
      await storage.remove(key);
      await store.db.deleteFrom('stray_files').where('key', '=', key).execute();
    }
  }

  async #shareNew<T>(picture: Picture, take: (trx: Trx) => Promise<T>): Promise<T> {
    const { store } = this.#options;
    const { type, size, width, height, sha256 } = picture;
    const key = await this.#put(picture);
    let isNew = false;
    const shared = await store.transaction(async (trx) => {
      const insert = trx.insertInto('image_files').values({ sha256, key, type, size, width, height });
      const { numInsertedOrUpdatedRows } = await insert
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .executeTakeFirst();
      isNew = numInsertedOrUpdatedRows === 1n;
      await this.#settle(trx, key, isNew);
      return (await store.lockImageFile(trx, sha256)) && { taken: await take(trx) };
    });
    if (!isNew) this.onStrays?.();
    // Where another one was quicker, and has been removed by now, it begins anew.
    return shared ? shared.taken : this.share(picture, take);
  }

  /** Puts a file into the storage that is nobody's yet. Should the process end before it is, it is removed. */
  async #put(picture: Picture): Promise<string> {
    const { store, storage, now } = this.#options;
    // Never the same again, so that the end of one file cannot be that of a later one.
    const key = `${picture.sha256}-${randomBytes(8).toString('hex')}`;
    await store.db
      .insertInto('stray_files')
      .values({ key, dueAt: now() + WRITING_TIME })
      .execute();
    await storage.put(key, picture);
    return key;
  }

  /** A file that was put is somebody's now; or nobody's, since another process was quicker. */
  async #settle(trx: Trx, key: string, isTaken: boolean): Promise<void> {
    if (isTaken) await trx.deleteFrom('stray_files').where('key', '=', key).execute();
    else await trx.updateTable('stray_files').set({ dueAt: this.#options.now() }).where('key', '=', key).execute();
  }

  #findCopy({ sha256 }: FileRow, width: number): Promise<ShownFile | undefined> {
    return this.#options.store.db
      .selectFrom('image_variants')
      .select(['key', 'size'])
      .where('sha256', '=', sha256)
      .where('width', '=', width)
      .executeTakeFirst();
  }

  /** One drawing for all that ask this process at once. */
  #copyOnce(file: FileRow, width: number): Promise<ShownFile> {
    const name = `${file.key} ${width}`;
    const copying = this.#copying.get(name) ?? this.#copy(file, width).finally(() => this.#copying.delete(name));
    this.#copying.set(name, copying);
    return copying;
  }

  #copy(file: FileRow, width: number): Promise<ShownFile> {
    const { store, scratch } = this.#options;
    const { sha256 } = file;
    return scratch.with(async (whole, drawn) => {
      await pipeline(await this.read(file), createWriteStream(whole));
      const picture = await drawSmaller(whole, drawn, width);
      const key = await this.#put(picture);
      await store.transaction(async (trx) => {
        const current = await store.lockImageFile(trx, sha256);
        const insert = trx.insertInto('image_variants').values({ sha256, width, key, size: picture.size });
        const inserted =
          current?.key === file.key &&
          (await insert.onConflict((conflict) => conflict.columns(['sha256', 'width']).doNothing()).executeTakeFirst());
        await this.#settle(trx, key, inserted && inserted.numInsertedOrUpdatedRows === 1n);
      });
      const copy = await this.#findCopy(file, width);
      if (!copy) throw new ProxyError('image_not_found');
      return copy;
    });
  }
}
