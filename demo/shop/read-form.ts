import type { Context } from 'koa';
import getRawBody from 'raw-body';

/** The fields of a form of this site. A form on another one must not act in the visitor's name: 403. */
export async function readForm(ctx: Context, limit = '4kb'): Promise<URLSearchParams> {
  // Browsers that do not say where a form comes from are older than 2023; then the cookies' SameSite has to do.
  const site = ctx.get('sec-fetch-site');
  if (site !== '' && site !== 'same-origin' && site !== 'none') ctx.throw(403);
  return new URLSearchParams(await getRawBody(ctx.req, { limit, encoding: 'utf8' }));
}
