/** The built widgets: read when the proxy starts, compressed when they are first asked for. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { ProxyError } from '../errors.ts';
import { type Answer, type Request, type Route, route } from './route.ts';

interface Asset {
  type: string;
  etag: string;
  cacheControl: string;
  identity: Buffer;
  /** What has been compressed so far. */
  compressed: Partial<Record<'br' | 'gzip', Buffer>>;
}

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } };
/** The build puts a hash of the content into the name, and the same file without it beside it: no other name looks so. */
const HASH = /-[0-9A-Za-z_-]{8}(?=\.\w+$)/;
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** The names that pages are written against: asked for again soon, and answered with 304 where nothing is new. */
const REVALIDATED = 'public, max-age=300, stale-while-revalidate=86400';

/** @param folder what `npm run build` has made of the widgets; where it is missing, the routes say so. */
export async function widgetRoutes(folder: string): Promise<Route[]> {
  const assets = await readAssets(folder);
  const serve = async (name: string, request: Request): Promise<Answer> => {
    if (assets.size === 0) throw new ProxyError('widgets_not_built');
    const asset = assets.get(name);
    if (!asset) throw new ProxyError('not_found');
    return answer(asset, request);
  };
  const entry = (name: string) =>
    route({
      method: 'GET',
      path: `/${name}`,
      callers: ['anyone'],
      summary: 'All widgets, for a script tag.',
      answers: { 200: null },
      errors: ['widgets_not_built'],
      handle: (request) => serve(name, request),
    });
  return [
    entry('widgets.js'),
    entry('widgets.iife.js'),
    route({
      method: 'GET',
      path: '/widgets/*file',
      callers: ['anyone'],
      summary: 'One widget, or a part that widgets load when they need it.',
      answers: { 200: null },
      errors: ['not_found', 'widgets_not_built'],
      handle: (request) => serve(request.params.file!, request),
    }),
  ];
}

async function readAssets(folder: string): Promise<Map<string, Asset>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && extname(entry.name) in TYPES);
  const paths = new Set(files.map(({ parentPath, name }) => join(parentPath, name)));
  return new Map(
    await Promise.all(
      files.map(async (file) => {
        const path = join(file.parentPath, file.name);
        const isHashed = HASH.test(path) && paths.has(path.replace(HASH, ''));
        return [relative(folder, path).replaceAll(sep, '/'), toAsset(path, isHashed, await readFile(path))] as const;
      }),
    ),
  );
}

function toAsset(name: string, isHashed: boolean, identity: Buffer): Asset {
  return {
    type: TYPES[extname(name)]!,
    etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`,
    cacheControl: isHashed ? IMMUTABLE : REVALIDATED,
    identity,
    compressed: {},
  };
}

function answer(asset: Asset, { headers }: Request): Answer {
  const accepted = headers['accept-encoding'] ?? '';
  const encoding = (['br', 'gzip'] as const).find((name) => accepts(accepted, name));
  const common = {
    etag: asset.etag,
    'cache-control': asset.cacheControl,
    vary: 'Origin, Accept-Encoding',
    'content-type': asset.type,
    'cross-origin-resource-policy': 'cross-origin',
  };
  if (headers['if-none-match']?.includes(asset.etag)) return { status: 304, headers: common };
  return {
    status: 200,
    body: encoding ? compress(asset, encoding) : asset.identity,
    headers: { ...common, ...(encoding && { 'content-encoding': encoding }) },
  };
}

/** Named, and not with a weight of 0. */
function accepts(header: string, encoding: string): boolean {
  return new RegExp(`\\b${encoding}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`, 'i').test(header);
}

function compress({ identity, compressed }: Asset, encoding: 'br' | 'gzip'): Buffer {
  compressed[encoding] ??= encoding === 'br' ? brotliCompressSync(identity, BROTLI) : gzipSync(identity);
  return compressed[encoding];
}
