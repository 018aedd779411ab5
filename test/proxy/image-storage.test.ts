import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it, type TestContext } from 'node:test';
import { ProxyError } from '../../proxy/errors.ts';
import { bucketUrl } from '../../proxy/images/bucket-url.ts';
import { FolderStorage } from '../../proxy/images/folder-storage.ts';
import type { ByteRange, ImageStorage, StoredFile } from '../../proxy/images/image-storage.ts';
import { type BucketAddress, parseImageStore } from '../../proxy/images/image-store-address.ts';
import { openImageStorage } from '../../proxy/images/open-image-storage.ts';
import { type S3Limits, S3Storage } from '../../proxy/images/s3-storage.ts';
import { ScratchFolder } from '../../proxy/images/scratch-folder.ts';
import { eventually, times } from './harness.ts';
import type { Task } from './image-storage-process.ts';
import { BUCKET, KEYS, type S3Server, startS3Server } from './s3-server.ts';
import { answer, cutRequest, endAnswer, ignore, startTcpFront, swallow, type Treatment } from './tcp-front.ts';

const PROGRAM = join(import.meta.dirname, 'image-storage-process.ts');
const MB = 1024 * 1024;
const BIG = 128 * MB;
const SLOW_DOWN = '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>';

const cleaning: (() => unknown)[] = [];
const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-images-'));
let s3: S3Server;
let s3Store: string;

before(async () => {
  s3 = await startS3Server((work) => cleaning.push(work));
  s3Store = `s3://${BUCKET}/shop/a?endpoint=${s3.url}&region=eu-central-1`;
});
after(async () => {
  for (const work of cleaning) await work();
  await rm(folder, { recursive: true });
});

let names = 0;
/** Nothing is there yet. */
function newPath(): string {
  names += 1;
  return join(folder, String(names));
}
function newKey(): string {
  return `img_${randomBytes(32).toString('base64url')}`;
}

async function storedFile(content: Buffer): Promise<StoredFile> {
  const path = newPath();
  await writeFile(path, content);
  return { path, size: content.length, type: 'image/png', sha256: sha256(content) };
}
function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

let big: Promise<StoredFile> | undefined;
/** It takes no room on the disk. */
function bigFile(): Promise<StoredFile> {
  big ??= makeBigFile();
  return big;
}
async function makeBigFile(): Promise<StoredFile> {
  const file = await storedFile(Buffer.alloc(0));
  await truncate(file.path, BIG);
  const digest = createHash('sha256');
  const piece = Buffer.alloc(MB);
  for (let size = 0; size < BIG; size += MB) digest.update(piece);
  return { ...file, size: BIG, sha256: digest.digest('hex') };
}

async function openFolder(root: string): Promise<FolderStorage> {
  const storage = new FolderStorage(root);
  await storage.prepare();
  return storage;
}

async function read(storage: ImageStorage, key: string, range?: ByteRange): Promise<Buffer | undefined> {
  const stream = await storage.get(key, range);
  return stream && buffer(stream);
}

/** The storage says so, and tells the operator why. */
async function assertUnavailable(work: Promise<unknown>, why: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof ProxyError, String(error));
    assert.equal(error.code, 'image_store_unavailable');
    assert.match((error.cause as Error).message, why);
    const all = `${error.message}${error.stack}${(error.cause as Error).stack}${JSON.stringify(error)}`;
    for (const secret of Object.values(KEYS)) assert.ok(!all.includes(secret));
    return true;
  });
}

const STORES: Record<string, () => string> = {
  'a folder': () => `file:${newPath()}`,
  'an S3 bucket': () => s3Store,
};

for (const [name, newStore] of Object.entries(STORES)) {
  describe(`${name}, as any storage,`, { concurrency: true }, () => {
    const open = async () => openImageStorage(parseImageStore(newStore()), KEYS);

    it('gives back what was put, of any size', async () => {
      const storage = await open();
      for (const content of [Buffer.alloc(0), Buffer.from('1'), randomBytes(8 * MB)]) {
        const key = newKey();
        await storage.put(key, await storedFile(content));
        assert.ok(content.equals((await read(storage, key))!), `${content.length} bytes`);
      }
    });

    it('gives back ranges', async () => {
      const storage = await open();
      const content = randomBytes(300_000);
      const key = newKey();
      await storage.put(key, await storedFile(content));
      const last = content.length - 1;
      for (const [start, end] of [
        [0, 0],
        [last, last],
        [1_000, 200_000],
        [last - 99, last],
        [0, last],
        [200_000, last + 1_000],
        [last + 1, last + 1_000],
      ] as const) {
        const bytes = await read(storage, key, { start, end });
        assert.ok(content.subarray(start, end + 1).equals(bytes!), `${start}-${end}`);
      }
    });

    it('replaces', async () => {
      const storage = await open();
      const key = newKey();
      for (const text of ['the first, which is longer', 'the second']) {
        await storage.put(key, await storedFile(Buffer.from(text)));
        assert.equal(String(await read(storage, key)), text);
      }
    });

    it('has nothing under other keys, and removes once or more often', async () => {
      const storage = await open();
      const key = newKey();
      assert.equal(await storage.get(key), undefined);
      assert.equal(await storage.get(key, { start: 0, end: 9 }), undefined);
      await storage.remove(key);
      await storage.put(key, await storedFile(Buffer.from('picture')));
      await storage.put(`${key}2`, await storedFile(Buffer.from('another')));
      for (let count = 0; count < 2; count += 1) {
        await storage.remove(key);
        assert.equal(await storage.get(key), undefined);
      }
      assert.equal(String(await read(storage, `${key}2`)), 'another');
    });

    it('has one of them, whole, where several are put under one key at once', async () => {
      const storage = await open();
      const key = newKey();
      const contents = times(8, (index) => Buffer.alloc((8 - index) * 100_000, index));
      const files = await Promise.all(contents.map(storedFile));
      await Promise.all(files.map((file) => storage.put(key, file)));
      const kept = (await read(storage, key))!;
      assert.ok(contents.some((content) => content.equals(kept)));
    });

    it('keeps what it had where a put fails, and nothing where it had nothing', async () => {
      const storage = await open();
      const file = await storedFile(randomBytes(2 * MB));
      const vanished = { ...file, path: newPath() };
      const truncated = { ...file, size: file.size + 1 };
      const changed = { ...file, sha256: sha256(Buffer.from('something else')) };
      const former = newKey();
      await storage.put(former, await storedFile(Buffer.from('the former')));
      for (const broken of [vanished, truncated, changed]) {
        const key = newKey();
        await assertUnavailable(storage.put(key, broken), /ENOENT|bytes instead of|changed/);
        assert.equal(await storage.get(key), undefined);
        await assertUnavailable(storage.put(former, broken), /./);
        assert.equal(String(await read(storage, former)), 'the former');
      }
    });

    it('keeps nothing of a file that is cut off while it is put', async () => {
      const storage = await open();
      const file = await storedFile(Buffer.alloc(0));
      const key = newKey();
      await truncate(file.path, BIG);
      const putting = storage.put(key, { ...file, size: BIG });
      // Left as it is, it would take far longer.
      setTimeout(() => truncate(file.path, MB), 20);
      await assertUnavailable(putting, /changed/);
      assert.equal(await storage.get(key), undefined);
    });

    it('takes no key that leads elsewhere', async () => {
      const storage = await open();
      const file = await storedFile(Buffer.from('picture'));
      for (const key of [
        '',
        'abc',
        '../../escape',
        'img/../../x',
        'img_%2e%2e%2f',
        'img_a\0',
        'img_a?b=c',
        'é'.repeat(9),
        'x'.repeat(129),
      ]) {
        await assert.rejects(storage.put(key, file), TypeError);
        await assert.rejects(storage.get(key), TypeError);
        await assert.rejects(storage.remove(key), TypeError);
      }
    });

    it('lets a stream be left before its end', async () => {
      const storage = await open();
      const key = newKey();
      await storage.put(key, await storedFile(randomBytes(8 * MB)));
      for await (const chunk of (await storage.get(key))!) {
        assert.ok(chunk.length > 0);
        break;
      }
      const unread: Readable = (await storage.get(key))!;
      unread.destroy();
      await once(unread, 'close');
    });
  });
}

describe('a process that stores large files', { concurrency: true }, () => {
  for (const [name, newStore] of Object.entries(STORES)) {
    it(`in ${name} needs little memory`, async (t) => {
      const { output, ended } = startProgram(t, 'measure', newStore(), newKey(), await bigFile());
      assert.equal(await ended, 0, output());
      const grown = Number(output());
      t.diagnostic(`${(grown / MB).toFixed(1)} MB`);
      assert.ok(grown < 60 * MB, `${grown} bytes`);
    });
  }

  it('in a folder leaves no half file after SIGKILL, and nothing at all once another one starts; what others do stays', async (t) => {
    const root = newPath();
    const storage = await openFolder(root);
    const [former, key] = [newKey(), newKey()];
    const formerFile = await storedFile(Buffer.from('the former'));
    const file = await bigFile();
    const other = startProgram(t, 'hold', `file:${root}`, key, file);
    const held = await eventually(() => other.output().trim(), 'the other process has a file');

    for (const target of [key, former]) {
      await eventually(async () => {
        await storage.put(former, formerFile);
        await storage.remove(key);
        return killWhilePutting(t, root, target, file);
      }, 'it is killed before it has ended');
      assert.equal(await storage.get(key), undefined);
      assert.equal(String(await read(storage, former)), 'the former');
    }
    assert.equal((await readdir(join(root, 'tmp'))).length, 2, 'the second has removed what the first had left');
    await openFolder(root);
    assert.deepEqual(await readdir(join(root, 'tmp')), [held.split('/').at(-1)]);
    assert.equal(await readFile(held, 'utf8'), 'being uploaded');
  });
});

function startProgram(t: TestContext, what: 'hold' | 'measure' | 'put', store: string, key: string, file: StoredFile) {
  const task: Task = { store, keys: KEYS, key, file };
  const child = spawn(process.execPath, ['--expose-gc', PROGRAM, what, JSON.stringify(task)]);
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  t.after(() => {
    child.kill('SIGKILL');
  });
  return { child, ended, output: () => Buffer.concat(chunks).toString() };
}

describe('a folder', { concurrency: true }, () => {
  it('is for its owner only, and holds files under parts of digests', async () => {
    const root = newPath();
    const storage = await openFolder(root);
    const key = newKey();
    await storage.put(key, await storedFile(Buffer.from('picture')));
    const shard = sha256(Buffer.from(key)).slice(0, 2);
    assert.deepEqual((await readdir(root)).sort(), [shard, 'tmp'].sort());
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    for (const path of [root, join(root, shard), join(root, 'tmp')]) assert.equal(await modeOf(path), 0o700, path);
    assert.equal(await modeOf(join(root, shard, key)), 0o600);
  });

  it('shows whoever reads meanwhile the one or the other, whole', async () => {
    const storage = await openFolder(newPath());
    const key = newKey();
    const files = await Promise.all([1, 2, 3].map((fill) => storedFile(Buffer.alloc(fill * MB, fill))));
    await storage.put(key, files[0]!);
    let putting = true;
    const puts = Promise.all(times(12, (index) => storage.put(key, files[index % 3]!))).finally(() => {
      putting = false;
    });
    let reads = 0;
    for (; putting; reads += 1) {
      const content = (await read(storage, key))!;
      assert.ok(Buffer.alloc(content[0]! * MB, content[0]).equals(content));
    }
    await puts;
    assert.ok(reads > 0);
  });

  it('that cannot be one is reported', async () => {
    const { path } = await storedFile(Buffer.from('a file'));
    await assertUnavailable(openFolder(join(path, 'images')), /ENOTDIR/);
  });
});

/** @returns whether it was in time: a part of the file is left */
async function killWhilePutting(t: TestContext, root: string, key: string, file: StoredFile): Promise<boolean> {
  const { child, ended } = startProgram(t, 'put', `file:${root}`, key, file);
  const begun = async () => child.exitCode !== null || hasPart(root, child.pid!);
  await eventually(begun, 'some bytes are written');
  child.kill('SIGKILL');
  await ended;
  return hasPart(root, child.pid!);
}

/** Whether the process has begun to write a file. */
async function hasPart(root: string, pid: number): Promise<boolean> {
  const name = (await readdir(join(root, 'tmp'))).find((name) => name.includes(`-${pid}-`));
  return name !== undefined && (await stat(join(root, 'tmp', name))).size > 0;
}

describe('a scratch folder', () => {
  it('gives fresh paths, and removes what is at them', async () => {
    const scratch = new ScratchFolder(newPath());
    const paths = await Promise.all(times(50, () => scratch.create()));
    assert.equal(new Set(paths).size, 50);
    await writeFile(paths[0]!, 'text');
    for (const path of paths) await scratch.remove(path);
    assert.deepEqual(await readdir(scratch.path), []);
  });

  it('removes what is left of processes that are no more, and nothing else', async () => {
    const scratch = new ScratchFolder(newPath());
    await scratch.clean();
    const host = hostname().replace(/[^\w.-]/g, '_');
    const dead = spawn(process.execPath, ['--version']);
    await once(dead, 'close');
    const own = (await scratch.create()).split('/').at(-1)!;
    const write = (name: string) => writeFile(join(scratch.path, name), 'text');
    const stay = [own, `${host}-1-0123456789abcdef`, 'other-host-12-0123456789abcdef', 'somebody’s.txt'];
    const go = [
      `${host}-${dead.pid}-0123456789abcdef`,
      `${host}-${process.pid}-0123456789abcdef`,
      'other-host-13-0123456789abcdef',
    ];
    for (const name of [...stay, ...go]) await write(name);
    await mkdir(join(scratch.path, `${host}-${dead.pid}-abcdef`));
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    for (const name of [own, go[2]!, 'somebody’s.txt']) await utimes(join(scratch.path, name), yesterday, yesterday);
    await scratch.clean();
    assert.deepEqual((await readdir(scratch.path)).sort(), stay.sort());
  });
});

describe('an S3 bucket', { concurrency: true }, () => {
  const address = (url = s3.url): BucketAddress => ({
    bucket: BUCKET,
    prefix: 'shop',
    region: 'us-east-1',
    endpoint: new URL(url),
  });
  const small = () => storedFile(Buffer.from('picture'));

  it('is told the media type, and streams with a length and what was signed', async (t) => {
    const front = await startTcpFront((work) => t.after(work), s3.url);
    const key = newKey();
    const file = await storedFile(randomBytes(8 * MB));
    await new S3Storage(address(front.url), KEYS).put(key, file);
    const [head = ''] = front.heads;
    assert.match(head, new RegExp(`^PUT /${BUCKET}/shop/${key} HTTP/1.1`));
    assert.match(head, /content-length: 8388608\b/i);
    assert.match(head, new RegExp(`x-amz-content-sha256: ${file.sha256}`, 'i'));
    assert.match(head, /SignedHeaders=host;x-amz-content-sha256;x-amz-date,/);
    assert.doesNotMatch(head, /transfer-encoding|expect/i);
    assert.equal(await s3.typeOf(`shop/${key}`), 'image/png');
  });

  it('refuses false keys, and the operator learns which', async () => {
    const key = newKey();
    const wrongSecret = new S3Storage(address(), { ...KEYS, secretAccessKey: 'of-somebody-else' });
    const large = await storedFile(randomBytes(8 * MB));
    await assertUnavailable(wrongSecret.put(key, large), /403 SignatureDoesNotMatch Check AWS_SECRET_ACCESS_KEY/);
    await assertUnavailable(wrongSecret.get(key), /403 SignatureDoesNotMatch/);
    await assertUnavailable(wrongSecret.remove(key), /403 SignatureDoesNotMatch/);
    const unknown = new S3Storage(address(), { ...KEYS, accessKeyId: 'unknown' });
    await assertUnavailable(unknown.put(key, await small()), /403 InvalidAccessKeyId Check AWS_ACCESS_KEY_ID/);
    assert.equal(await new S3Storage(address(), KEYS).get(key), undefined);
  });

  it('that is not there is no missing image', async () => {
    const storage = new S3Storage({ ...address(), bucket: 'no-such-bucket' }, KEYS);
    const why = /no-such-bucket.*404 NoSuchBucket There is no such bucket: check its name/;
    await assertUnavailable(storage.get(newKey()), why);
    await assertUnavailable(storage.put(newKey(), await small()), why);
    await assertUnavailable(storage.remove(newKey()), why);
  });

  for (const [status, code, why] of [
    ['403 Forbidden', 'AccessDenied', /403 AccessDenied .*policy allow it s3:GetObject/],
    ['403 Forbidden', '', /403 .*policy/],
    ['403 Forbidden', 'SecondLevelDomainForbidden', /endpoint=https:\/\/<bucket>\.<host>/],
    ['301 Moved Permanently', 'PermanentRedirect', /301 PermanentRedirect .*region and endpoint/],
    ['307 Temporary Redirect', '', /307 .*region and endpoint/],
    ['404 Not Found', '', /404/],
    ['200 OK', '', /other bytes/],
  ] as const) {
    it(`that answers ${status} ${code} is none that works`, async (t) => {
      const front = await startTcpFront((work) => t.after(work), s3.url);
      front.treatments.push(answer(status, code && `<Error><Code>${code}</Code></Error>`));
      await assertUnavailable(new S3Storage(address(front.url), KEYS).get(newKey(), { start: 1, end: 2 }), why);
      assert.equal(front.heads.length, 1, 'asking again is of no use');
    });
  }

  it('that is elsewhere gets no file', async (t) => {
    const front = await startTcpFront((work) => t.after(work), s3.url);
    front.treatments.push(answer('307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/', ''));
    await assertUnavailable(
      new S3Storage(address(front.url), KEYS).put(newKey(), await small()),
      /region and endpoint/,
    );
    assert.equal(front.heads.length, 1);
  });

  it('is asked over one connection, call after call', async (t) => {
    const front = await startTcpFront((work) => t.after(work), s3.url);
    const storage = new S3Storage(address(front.url), KEYS);
    const key = newKey();
    await storage.put(key, await storedFile(randomBytes(MB)));
    for (let count = 0; count < 3; count += 1) await read(storage, key);
    await storage.remove(key);
    assert.equal(await storage.get(key), undefined);
    assert.equal(front.heads.length, 1);
  });
});

describe('a bad line to a bucket', { concurrency: true }, () => {
  const PATIENT = { pause: 10 };
  const IMPATIENT = { stall: 1_500, pause: 10 };

  async function overBadLine(t: TestContext, limits: Partial<S3Limits>, ...treatments: Treatment[]) {
    const front = await startTcpFront((work) => t.after(work), s3.url);
    const address = { bucket: BUCKET, prefix: '', region: 'us-east-1' };
    const direct = new S3Storage({ ...address, endpoint: new URL(s3.url) }, KEYS);
    const storage = new S3Storage({ ...address, endpoint: new URL(front.url) }, KEYS, limits);
    front.treatments.push(...treatments);
    const key = newKey();
    return { front, direct, storage, key, file: await storedFile(randomBytes(4 * MB)) };
  }

  const passing: Record<string, Treatment> = {
    'asks to slow down': answer('503 Slow Down', SLOW_DOWN),
    'has too many requests': answer('429 Too Many Requests', ''),
    'breaks at once': cutRequest(1),
    'breaks in the middle': cutRequest(MB),
    'breaks before the answer': endAnswer(1, 'cut'),
  };
  for (const [name, treatment] of Object.entries(passing)) {
    it(`that ${name} once does no harm`, async (t) => {
      const { storage, key, file, front } = await overBadLine(t, PATIENT, treatment);
      await storage.put(key, file);
      assert.equal(sha256((await read(storage, key))!), file.sha256);
      assert.equal(front.heads.length, 2);
      front.treatments.push(treatment);
      await storage.remove(key);
      assert.equal(await storage.get(key), undefined);
    });

    it(`that ${name} twice is an error`, async (t) => {
      const { storage, direct, key, file } = await overBadLine(t, PATIENT, treatment, treatment);
      await assertUnavailable(storage.put(key, file), /PUT in http.*: (503 SlowDown|429|fetch failed: .+|terminated)/);
      if (name !== 'breaks before the answer') assert.equal(await direct.get(key), undefined);
    });
  }

  it('that swallows everything is an error, in time', async (t) => {
    const { storage, direct, key, file } = await overBadLine(
      t,
      { ...IMPATIENT, answer: 300 },
      swallow,
      swallow,
      swallow,
    );
    const startedAt = performance.now();
    await assertUnavailable(storage.get(key), /nothing has come or gone for 300 ms/);
    await assertUnavailable(storage.remove(key), /nothing has come or gone for 300 ms/);
    await assertUnavailable(storage.put(key, file), /nothing has come or gone for 1500 ms/);
    assert.ok(performance.now() - startedAt < 10_000);
    assert.equal(await direct.get(key), undefined);
  });

  it('that takes no more is an error, in time', async (t) => {
    const { storage, direct, key } = await overBadLine(t, IMPATIENT, ignore);
    await assertUnavailable(storage.put(key, await bigFile()), /nothing has come or gone for 1500 ms/);
    assert.equal(await direct.get(key), undefined);
  });

  it('that ends in the middle of an image ends the stream with an error', async (t) => {
    const { storage, direct, key, file } = await overBadLine(
      t,
      IMPATIENT,
      endAnswer(MB, 'cut'),
      endAnswer(MB, 'silence'),
    );
    await direct.put(key, file);
    await assertUnavailable(read(storage, key), /GET in http.*: terminated/);
    await assertUnavailable(read(storage, key), /nothing has come or gone for 1500 ms/);
  });

  it('is not what is to blame where the reader takes its time', async (t) => {
    const { storage, direct, key, file } = await overBadLine(t, IMPATIENT);
    await direct.put(key, file);
    let pauses = 1;
    for await (const _ of (await storage.get(key))!) {
      if (pauses-- > 0) await new Promise((resolve) => setTimeout(resolve, 1.2 * IMPATIENT.stall));
    }
  });

  it('that leads nowhere is an error', async () => {
    const endpoint = new URL('http://127.0.0.1:1');
    const storage = new S3Storage({ bucket: BUCKET, prefix: '', region: 'us-east-1', endpoint }, KEYS, PATIENT);
    await assertUnavailable(storage.get(newKey()), /ECONNREFUSED|bad port/);
  });
});

describe('IMAGE_STORE', () => {
  it('names a folder or a bucket', () => {
    assert.deepEqual(parseImageStore('file:data/images'), { folder: 'data/images' });
    assert.deepEqual(parseImageStore('file:/srv/images'), { folder: '/srv/images' });
    assert.deepEqual(parseImageStore('s3://shop-pictures'), {
      bucket: 'shop-pictures',
      prefix: '',
      region: 'us-east-1',
    });
    assert.deepEqual(parseImageStore('s3://pictures/shop/a/?endpoint=http://minio:9000&region=eu-central-1'), {
      bucket: 'pictures',
      prefix: 'shop/a',
      region: 'eu-central-1',
      endpoint: new URL('http://minio:9000'),
    });
  });

  for (const [text, why] of [
    ['', /neither/],
    ['data/images', /neither/],
    ['https://pictures.s3.amazonaws.com', /neither/],
    ['file:', /no folder/],
    ['s3://', /no bucket/],
    ['s3://Pictures', /no bucket/],
    ['s3://pictures:9000', /no bucket/],
    ['s3://id:hidden@pictures', /holds a key/],
    ['s3://pictures/a//b', /prefix/],
    ['s3://pictures/a%2fb', /prefix/],
    ['s3://pictures/a#b', /prefix/],
    ['s3://pictures?region=Frankfurt', /region/],
    ['s3://pictures?end_point=http://minio:9000', /other parameters/],
    ['s3://pictures?endpoint=minio:9000', /endpoint/],
    ['s3://pictures?endpoint=https://id:hidden@minio', /endpoint/],
    ['s3://pictures?endpoint=https://minio/?a', /endpoint/],
  ] as const) {
    it(`is not ${text}`, () => {
      assert.throws(
        () => parseImageStore(text),
        (error: Error) => why.test(error.message) && !/hidden/.test(error.message),
      );
    });
  }

  for (const [store, url] of [
    ['s3://pictures?region=eu-central-1', 'https://pictures.s3.eu-central-1.amazonaws.com'],
    ['s3://pictures?region=cn-north-1', 'https://pictures.s3.cn-north-1.amazonaws.com.cn'],
    ['s3://pictures.example.com', 'https://s3.us-east-1.amazonaws.com/pictures.example.com'],
    ['s3://pictures?endpoint=http://minio:9000', 'http://minio:9000/pictures'],
    ['s3://pictures?endpoint=https://id.r2.cloudflarestorage.com/', 'https://id.r2.cloudflarestorage.com/pictures'],
    ['s3://pictures?endpoint=https://example.com/storage/s3', 'https://example.com/storage/s3/pictures'],
    [
      's3://pictures?endpoint=https://pictures.tos-s3-cn-beijing.volces.com',
      'https://pictures.tos-s3-cn-beijing.volces.com',
    ],
    [
      's3://shop-1250000000?endpoint=https://cos.ap-beijing.myqcloud.com',
      'https://shop-1250000000.cos.ap-beijing.myqcloud.com',
    ],
    [
      's3://shop-1250000000?endpoint=https://shop-1250000000.cos.ap-beijing.myqcloud.com',
      'https://shop-1250000000.cos.ap-beijing.myqcloud.com',
    ],
    ['s3://shop?endpoint=https://oss-cn-hangzhou.aliyuncs.com', 'https://shop.oss-cn-hangzhou.aliyuncs.com'],
  ] as const) {
    it(`${store} is at ${url}`, () => {
      assert.equal(bucketUrl(parseImageStore(store) as BucketAddress), url);
    });
  }
});
