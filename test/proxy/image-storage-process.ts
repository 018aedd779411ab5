/** A process of its own that uses a storage: `node image-storage-process.ts <what> <JSON>`, on behalf of the tests. */

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredFile } from '../../proxy/images/image-storage.ts';
import { parseImageStore } from '../../proxy/images/image-store-address.ts';
import { openImageStorage } from '../../proxy/images/open-image-storage.ts';
import type { S3Keys } from '../../proxy/images/s3-storage.ts';
import { ScratchFolder } from '../../proxy/images/scratch-folder.ts';

export interface Task {
  store: string;
  keys: S3Keys;
  key: string;
  file: StoredFile;
}

const [, , what, text = ''] = process.argv;
const { store, keys, key, file }: Task = JSON.parse(text);
const address = parseImageStore(store);
const storage = openImageStorage(address, keys);
await storage.prepare();

if (what === 'put') await storage.put(key, file);
if (what === 'hold') await holdScratchFile();
if (what === 'measure') console.log(await measure());

/** Makes a scratch file as an upload does, and lives on. */
async function holdScratchFile(): Promise<void> {
  const path = await new ScratchFolder(join('folder' in address ? address.folder : '', 'tmp')).create();
  await writeFile(path, 'being uploaded');
  console.log(path);
  setInterval(() => {}, 1_000);
}

/**
 * By how much the process grows at most while it puts and gets the file, beyond what it needs for a small one.
 * Not by what waits to be collected: how long that waits depends on the engine.
 */
async function measure(): Promise<number> {
  const small = { ...file, path: `${file.path}-small`, size: 0, sha256: createHash('sha256').digest('hex') };
  await writeFile(small.path, '');
  await putAndGet(`${key}-small`, small);
  const before = process.memoryUsage.rss();
  let most = before;
  const looking = setInterval(() => {
    global.gc!({ type: 'minor' });
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  await putAndGet(key, file);
  clearInterval(looking);
  return most - before;
}

async function putAndGet(key: string, file: StoredFile): Promise<void> {
  await storage.put(key, file);
  let size = 0;
  for await (const chunk of (await storage.get(key))!) size += chunk.length;
  if (size !== file.size) throw new Error(`${size} bytes came back`);
}
