import { type Post, type Row, rateOfPosts, startBareKoa } from './measure.ts';

/** A Koa app that takes notifications by a library and does nothing with them. */
export async function benchPeerKoa(
  name: string,
  posts: readonly Post[],
  connections: number,
  read: (body: string, headers: Record<string, string>) => Promise<unknown>,
): Promise<Row> {
  const app = await startBareKoa(async (ctx) => {
    const chunks: Buffer[] = [];
    for await (const chunk of ctx.req) chunks.push(chunk);
    await read(Buffer.concat(chunks).toString(), ctx.headers as Record<string, string>);
    ctx.status = 204;
  });
  try {
    return { name: `Koa with ${name}`, rate: await rateOfPosts(app.url, posts, connections) };
  } finally {
    await app.stop();
  }
}
