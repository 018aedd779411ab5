import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { buildStaleWidgets } from '../../demo/build-stale-widgets.ts';

const PAGES = fileURLToPath(new URL('pages', import.meta.url));
const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const IMAGE = { id: `img_${'0'.repeat(43)}`, type: 'image/jpeg', size: 1, width: 1, height: 1 };

/**
 * Serves the pages, compressed, and takes their uploads. `/image-uploader.html` has the built element; the others are
 * bundled as Vite does it by default.
 */
export async function startPageServer(bundled: readonly string[]): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-bench-'));
  await buildStaleWidgets();
  for (const page of bundled) {
    await build({
      root: PAGES,
      configFile: false,
      logLevel: 'warn',
      build: { outDir: folder, emptyOutDir: false, rolldownOptions: { input: join(PAGES, page) } },
    });
  }
  const server = createServer(serve(folder));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
}

function serve(folder: string): RequestListener {
  const compressed = new Map<string, Buffer>();
  return async ({ method, url: path = '/', headers }, response) => {
    if (method === 'POST') {
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...IMAGE, url: `http://${headers.host}/v1/images/${IMAGE.id}` }));
      return;
    }
    try {
      const content = compressed.get(path) ?? gzipSync(await read(path, folder));
      compressed.set(path, content);
      response.writeHead(200, { 'content-type': TYPES[extname(path)], 'content-encoding': 'gzip' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  };
}

/** What was bundled, else the built widgets, else a page as it is. */
function read(path: string, folder: string): Promise<Buffer> {
  return readFile(join(folder, path))
    .catch(() => readFile(join(DIST, path)))
    .catch(() => readFile(join(PAGES, path)));
}
