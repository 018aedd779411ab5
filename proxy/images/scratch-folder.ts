import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Tells this process from an earlier one that had its number, as the only process of a container always has. */
const PROCESS = randomBytes(6).toString('hex');
const HOST = hostname().replace(/[^\w.-]/g, '_');
const NAME = /^(?<host>.+)-(?<pid>\d+)-(?<random>[0-9a-f]+)$/;
/** In milliseconds. Nothing takes so long: what is older has been left. */
const DAY = 86_400_000;

/**
 * A folder for files that are being made. Several processes may share it, on several machines too, as long as no two
 * that run at once have host name and process number in common.
 */
export class ScratchFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** A path in it at which there is nothing yet. Whoever asks makes the file, and removes it, or moves it away. */
  async create(): Promise<string> {
    await this.#make();
    return join(this.path, `${HOST}-${process.pid}-${PROCESS}${randomBytes(10).toString('hex')}`);
  }

  /** Where everybody may make folders, somebody else may have made it first, to read what comes into it. */
  async #make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const { uid } = await lstat(this.path);
    if (process.getuid && uid !== process.getuid()) throw new Error(`${this.path} belongs to somebody else.`);
  }

  /** Nothing happens where there is nothing at the path, or no longer. */
  async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
  }

  /** Runs `work` with two paths in it, and removes what is at them afterwards. */
  async with<T>(work: (first: string, second: string) => Promise<T>): Promise<T> {
    const [first, second] = [await this.create(), await this.create()];
    try {
      return await work(first, second);
    } finally {
      await Promise.all([this.remove(first), this.remove(second)]);
    }
  }

  /** Removes what processes have left that are no more. Files of other names stay. */
  async clean(): Promise<void> {
    await this.#make();
    for (const name of await readdir(this.path)) {
      const path = join(this.path, name);
      if (await isLeft(name, path)) await this.remove(path);
    }
  }
}

async function isLeft(name: string, path: string): Promise<boolean> {
  const { host, pid, random } = NAME.exec(name)?.groups ?? {};
  if (!host || !pid || random?.startsWith(PROCESS)) return false;
  if (host === HOST && (Number(pid) === process.pid || !isAlive(Number(pid)))) return true;
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > DAY;
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 only asks: https://nodejs.org/docs/latest-v24.x/api/process.html#processkillpid-signal
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
