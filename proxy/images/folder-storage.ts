import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProxyError } from '../errors.ts';
import { type ByteRange, checkKey, type ImageStorage, type StoredFile } from './image-storage.ts';
import { ScratchFolder } from './scratch-folder.ts';

/** Only the proxy reads them: everybody else asks the proxy. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Images as files, in 256 folders. Several processes may share it. */
export class FolderStorage implements ImageStorage {
  readonly #root: string;
  readonly #scratch: ScratchFolder;

  constructor(root: string) {
    this.#root = root;
    // Within the root, so that both are on one disk: only there a file is moved at once or not at all.
    this.#scratch = new ScratchFolder(join(root, 'tmp'));
  }

  /** Makes the folder where it is missing, so that a wrong one shows early, and empties it of what has been left. */
  async prepare(): Promise<void> {
    await attempt(async () => {
      await mkdir(this.#root, { recursive: true, mode: FOLDER_MODE });
      await this.#scratch.clean();
    });
  }

  async put(key: string, file: StoredFile): Promise<void> {
    const path = this.#pathOf(key);
    await attempt(async () => {
      const part = await this.#scratch.create();
      try {
        await copy(file, part);
        await this.#publish(part, path);
      } catch (error) {
        await this.#scratch.remove(part);
        throw error;
      }
    });
  }

  async get(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const path = this.#pathOf(key);
    return attempt(async () => (await open(path)).createReadStream(range)).catch(unlessMissing);
  }

  async remove(key: string): Promise<void> {
    const path = this.#pathOf(key);
    await attempt(async () => {
      await rm(path);
      await sync(dirname(path));
    }).catch(unlessMissing);
  }

  /** Under two characters of the key's digest: keys themselves may begin alike. */
  #pathOf(key: string): string {
    return join(this.#root, createHash('sha256').update(checkKey(key)).digest('hex').slice(0, 2), key);
  }

  /** Whoever reads sees the former file, or the new one. */
  async #publish(part: string, path: string): Promise<void> {
    const folder = dirname(path);
    if (await mkdir(folder, { recursive: true, mode: FOLDER_MODE })) await sync(this.#root);
    await rename(part, path);
    await sync(folder);
  }
}

/** Leaves with the bytes on the disk. */
async function copy({ path, size, sha256 }: StoredFile, target: string): Promise<void> {
  const digest = createHash('sha256');
  const output = createWriteStream(target, { flags: 'wx', mode: FILE_MODE, flush: true });
  const digested = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      digest.update(chunk);
      yield chunk;
    }
  };
  await pipeline(createReadStream(path), digested, output);
  if (output.bytesWritten !== size || digest.digest('hex') !== sha256) {
    throw new Error('The file to be stored is not what it was said to be: it has been changed or cut off.');
  }
}

/** Has the folder’s entries on the disk, so that a power cut loses none: https://man7.org/linux/man-pages/man2/fsync.2.html */
async function sync(folder: string): Promise<void> {
  // Windows opens no folder, and keeps its entries itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ProxyError('image_store_unavailable', undefined, { cause });
  }
}

function unlessMissing(error: ProxyError): undefined {
  if ((error.cause as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
