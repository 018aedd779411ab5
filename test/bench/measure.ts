/** What all benchmarks share. Speeds are compared within one run: the numbers of another machine say nothing. */
import { Agent, createServer, type OutgoingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';

export interface Row {
  name: string;
  /** Operations a second. */
  rate: number;
  /** Bytes that the server's process had at most, where that was measured and the system tells. */
  memory?: number | undefined;
}

/** Each row's share of the first row's rate. */
export function report(title: string, rows: readonly Row[]): void {
  const [reference] = rows;
  console.log(`\n${title}`);
  for (const { name, rate, memory } of rows) {
    const ratio = (rate / reference!.rate).toFixed(2);
    const megabytes = memory === undefined ? '' : `${Math.round(memory / 1e6)} MB`.padStart(10);
    console.log(`  ${name.padEnd(58)} ${rate.toFixed(rate < 100 ? 1 : 0).padStart(8)} /s   ×${ratio}${megabytes}`);
  }
}

/** How often a second some work can be done, one after the other, in about this time. */
export function rateOf(work: () => void, milliseconds = 1_000): number {
  const startedAt = performance.now();
  let count = 0;
  while (performance.now() - startedAt < milliseconds) {
    for (let i = 0; i < 20; i++) work();
    count += 20;
  }
  return (count / (performance.now() - startedAt)) * 1_000;
}

/** A Koa app with nothing in it but one answer: what any proxy on Koa can at most be. */
export async function startBareKoa(answer: (ctx: Koa.Context) => Promise<void> | void, port = 0) {
  const app = new Koa();
  app.use(answer);
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

export interface Post {
  path: string;
  headers: OutgoingHttpHeaders;
  body: string | Buffer;
}

/** Sends each of these once, so many at a time, and tells how many a second were answered. Throws where one is refused. */
export async function rateOfPosts(url: string, posts: readonly Post[], connections: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const queue = [...posts];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let post = queue.pop(); post; post = queue.pop()) await send(agent, url, post);
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  agent.destroy();
  return posts.length / seconds;
}

function send(agent: Agent, url: string, { path, headers, body }: Post): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url + path, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode! < 300) resolve();
        else reject(new Error(`refused with ${response.statusCode}`));
      });
    });
    outgoing.end(body);
  });
}
