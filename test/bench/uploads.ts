import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { type Post, type Row, rateOfPosts, report } from './measure.ts';
import { makePhotos } from './photos.ts';
import { API_KEY, environmentOf, ORIGIN, PORT } from './proxy.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const COUNT = 40;
const CONNECTIONS = 20;
/** Node's compiler warms up on these. */
const WARM_UP = 4;
const PATH = '/v1/images';
const SERVER = `http://127.0.0.1:${PORT}`;
const PEERS = fileURLToPath(new URL('upload-server.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../proxy/cli.ts', import.meta.url));

type Start = (folder: string) => Promise<{ server: ServerProcess; headers?: Record<string, string> }>;

/** Photos as phones take them, many at once. Each server is alone while it is measured. */
export async function benchUploads(): Promise<void> {
  const photos = await makePhotos(WARM_UP + COUNT);
  const forms = await Promise.all(photos.map(toForm));
  const wechat = await startWechat();
  const media = photos.map((photo) => toMedia(wechat, photo));
  const [write, redraw, proxy] = [startPeer('write'), startPeer('redraw'), startProxy(wechat)];
  const rows = [
    await measure('bare Koa that writes the file', write, forms),
    await measure('Koa with sharp: the file in memory, drawn anew', redraw, forms),
    await measure('the proxy: checked, drawn anew, on the disk, commit', proxy, forms),
    await measure('the proxy: the same, downloaded from WeChat', proxy, media),
  ];
  await wechat.stop();
  const memory = rows[0]!.memory === undefined ? 'memory is not known without /proc' : 'the most memory of the process';
  report(`Uploads of photos of 5 MB and 12 megapixels, 20 at once; ${memory}`, rows);
}

async function measure(name: string, start: Start, posts: readonly Post[]): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-bench-'));
  const { server, headers } = await start(folder);
  try {
    const ready = posts.map((post) => ({ ...post, headers: { ...post.headers, ...headers } }));
    await rateOfPosts(SERVER, ready.slice(0, WARM_UP), CONNECTIONS);
    const rate = await rateOfPosts(SERVER, ready.slice(WARM_UP), CONNECTIONS);
    return { name, rate, memory: await server.peakMemory() };
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

function startPeer(handler: string): Start {
  return async (folder) => ({ server: await startServerProcess([PEERS, handler, folder], SERVER, { PORT }) });
}

function startProxy(wechat: Wechat): Start {
  return async (folder) => {
    const server = await startServerProcess([CLI, 'serve'], `${SERVER}/readyz`, {
      ...environmentOf(wechat.environment, folder),
      TMPDIR: folder,
    });
    const response = await fetch(`${SERVER}/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${API_KEY}` },
      body: JSON.stringify({ openid: wechat.control.users[0]!.openid }),
    });
    const { token } = (await response.json()) as { token: string };
    return { server, headers: { origin: ORIGIN, authorization: `Bearer ${token}` } };
  };
}

async function toForm(photo: Buffer): Promise<Post> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(photo)], { type: 'image/jpeg' }), 'photo.jpg');
  const request = new Response(form);
  const headers = { 'content-type': request.headers.get('content-type')! };
  return { path: PATH, headers, body: Buffer.from(await request.arrayBuffer()) };
}

function toMedia({ control }: Wechat, photo: Buffer): Post {
  const body = JSON.stringify({ mediaId: control.addMedia(photo) });
  return { path: PATH, headers: { 'content-type': 'application/json' }, body };
}

if (import.meta.main) await benchUploads();
