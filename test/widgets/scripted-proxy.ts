/**
 * A proxy that answers as it is told, over real HTTP. What it answers must be of the real proxy's form: a script that is
 * not is refused, so that these tests cannot drift from the proxy.
 *
 *     PUT  /<scene>/script   {"GET /v1/orders/ord_1": [answer, …]}   the last answer stays
 *     GET  /<scene>/calls
 *
 * A scene is one test; its widgets use `<url>/<scene>` as their proxy's address.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Image, JssdkConfig, PageOrder, Payment, Problem, Session } from '../../proxy/api.ts';

export interface ScriptedAnswer {
  status?: number;
  body?: unknown;
  /** Milliseconds. */
  delay?: number;
  /**
   * `hang`: never answers; `drop`: closes the connection; `portal`: answers HTML, as a wireless network's sign-in does;
   * `early`: answers before it has read the body, and hangs up.
   */
  fault?: 'hang' | 'drop' | 'portal' | 'early';
  /** Seconds, in the header. */
  retryAfter?: number;
  /** Redirects to `return_to` with this fragment. */
  returnWith?: string;
  /** A page, such as WeChat's own for H5 payments. */
  html?: string;
}

export type Script = Record<string, ScriptedAnswer[]>;

export interface RecordedCall {
  route: string;
  query: Record<string, string>;
  authorization?: string;
  cookie?: string;
  referer?: string;
  /** JSON; of an upload, what came in its only part. */
  body?: unknown;
}

/** What came of an uploaded file. */
export interface RecordedFile {
  field: string;
  fileName: string;
  type: string;
  size: number;
}

const FORMS = [
  [/^GET \/v1\/orders\/[^/]+$/, PageOrder],
  [/^POST \/v1\/orders\/[^/]+\/payments$/, Payment],
  [/^POST \/v1\/sessions$/, Session],
  [/^GET \/v1\/jssdk\/config$/, JssdkConfig],
  [/^POST \/v1\/images$/, Image],
] as const;

export async function startScriptedProxy(): Promise<{ url: string; stop(): void }> {
  const scenes = new Map<string, { script: Script; calls: RecordedCall[] }>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://localhost');
    const [, name = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(url.pathname) ?? [];
    const scene = scenes.get(name) ?? { script: {}, calls: [] };
    scenes.set(name, scene);
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    response.setHeader('access-control-allow-methods', 'GET, POST, PUT');
    response.setHeader('access-control-expose-headers', 'retry-after');
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const route = `${request.method} ${path}`;
    const answers = scene.script[route] ?? [];
    const isEarly = answers[0]?.fault === 'early';
    const body = isEarly ? Buffer.alloc(0) : await buffer(request);
    if (path === '/script') return learn(scene.script, body.toString(), response);
    if (path === '/calls') return void response.end(JSON.stringify(scene.calls));
    scene.calls.push(record(route, url, request, body));
    await answer(answers.length > 1 ? answers.shift() : answers[0], url, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function learn(script: Script, body: string, response: ServerResponse): void {
  const learned = JSON.parse(body) as Script;
  for (const [route, answers] of Object.entries(learned)) {
    for (const answer of answers) {
      if (answer.body === undefined) continue;
      const form = (answer.status ?? 200) >= 400 ? Problem : FORMS.find(([pattern]) => pattern.test(route))?.[1];
      const { success, error } = form?.safeParse(answer.body) ?? {};
      if (!success) {
        response.writeHead(400).end(`${route} cannot answer that: ${error?.message ?? 'there is no such route'}`);
        return;
      }
    }
  }
  Object.assign(script, learned);
  response.writeHead(204).end();
}

function record(route: string, url: URL, request: IncomingMessage, body: Buffer): RecordedCall {
  const { authorization, cookie, referer, 'content-type': type = '' } = request.headers;
  const [, boundary] = /^multipart\/form-data; boundary=(.+)$/.exec(type) ?? [];
  return {
    route,
    query: Object.fromEntries(url.searchParams),
    ...(authorization ? { authorization } : {}),
    ...(cookie ? { cookie } : {}),
    ...(referer ? { referer } : {}),
    ...(body.length > 0 ? { body: boundary ? fileOf(body, boundary) : JSON.parse(body.toString()) } : {}),
  };
}

/** The one part of a form with a file. */
function fileOf(body: Buffer, boundary: string): RecordedFile | undefined {
  const form = body.toString('latin1');
  const part = new RegExp(`^--${boundary}\r\n([^]*?)\r\n\r\n([^]*)\r\n--${boundary}--\r\n$`).exec(form);
  const [, head = '', content = ''] = part ?? [];
  const [, field, fileName] = /name="([^"]*)"; filename="([^"]*)"/.exec(head) ?? [];
  const [, type] = /content-type: (.+)/i.exec(head) ?? [];
  return field && fileName && type && !content.includes(boundary)
    ? { field, fileName, type, size: content.length }
    : undefined;
}

async function answer(
  scripted: ScriptedAnswer | undefined,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status = 200, body, delay, fault, retryAfter, returnWith, html } = scripted ?? { status: 404 };
  if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
  if (fault === 'hang') return;
  if (retryAfter) response.setHeader('retry-after', retryAfter);
  if (fault === 'early') response.setHeader('connection', 'close');
  if (fault === 'drop') request.socket.destroy();
  else if (fault === 'portal') response.setHeader('content-type', 'text/html').end('<h1>Welcome to our network</h1>');
  else if (html !== undefined) response.writeHead(status, { 'content-type': 'text/html' }).end(html);
  else if (returnWith) response.writeHead(302, { location: url.searchParams.get('return_to') + returnWith }).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
}
