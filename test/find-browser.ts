import { existsSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface FoundBrowser {
  executablePath: string;
  args: string[];
}

/** The tests are of pages: nothing that the browser does for itself should reach the network or outlive them. */
const QUIET = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * A Chrome or Chromium for the tests: `CHROME_PATH`, else an installed one, else the one in `@sparticuz/chromium`,
 * which npm has already brought and which unpacks itself into the temporary folder.
 *
 * @throws where `CHROME_PATH` names nothing, or no browser can be had at all.
 */
export async function findBrowser(): Promise<FoundBrowser> {
  const chosen = process.env.CHROME_PATH;
  if (chosen) {
    if (!existsSync(chosen)) throw new Error(`CHROME_PATH is ${chosen}, but there is no such file.`);
    return { executablePath: chosen, args: safeArgs() };
  }
  const installed = installedPaths().find((path) => existsSync(path));
  if (installed) return { executablePath: installed, args: safeArgs() };
  return packagedBrowser();
}

async function packagedBrowser(): Promise<FoundBrowser> {
  // Without it the package leaves out the shared libraries that a bare server lacks.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x';
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    // Not the package's own arguments: they switch off what tests need, such as the same-origin policy.
    return { executablePath: await alone(() => chromium.executablePath()), args: safeArgs() };
  } catch (cause) {
    throw new Error('No browser found. Install Chrome or Chromium, or name one in CHROME_PATH.', { cause });
  }
}

/** Test files run side by side: one unpacks, the others wait. The lock goes with whoever holds it. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const lock = new DatabaseSync(join(tmpdir(), `weixin-widgets-browser-${userInfo().uid}.lock`), { timeout: 120_000 });
  try {
    lock.exec('begin exclusive');
    return await work();
  } finally {
    lock.close();
  }
}

function safeArgs(): string[] {
  // Chrome refuses to start its sandbox for root, as in containers.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return [...QUIET, ...root];
}

function installedPaths(): string[] {
  if (process.platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map((name) => `${name}.app/Contents/MacOS/${name}`);
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) => apps.map((app) => join(folder, app)));
  }
  if (process.platform === 'win32') {
    const folders = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA];
    const apps = ['Google/Chrome/Application/chrome.exe', 'Chromium/Application/chrome.exe'];
    return folders.flatMap((folder) => (folder ? apps.map((app) => join(folder, app)) : []));
  }
  return [
    '/usr/bin/google-chrome-stable',
    '/usr/bin/google-chrome',
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/opt/google/chrome/chrome',
    '/usr/local/bin/chromium',
  ];
}
