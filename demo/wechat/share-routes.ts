import type Router from '@koa/router';
import { type Exchange, json, jsonBody, queryValue } from './exchange.ts';
import type { Pages } from './pages.ts';
import type { Phones } from './phones.ts';
import type { ShareOrder, Shares } from './shares.ts';

export interface ShareWorld {
  pages: Pages;
  phones: Phones;
  shares: Shares;
}

/** Share cards: what pages have set, and what users have sent. */
export function addShareRoutes(router: Router<Exchange>, { pages, phones, shares }: ShareWorld): void {
  router.get('/client/pages/:page', (ctx) => json(ctx, pages.get(ctx.params.page ?? '')));

  router.get('/client/shares', (ctx) => json(ctx, shares.list(phones.user(queryValue(ctx, 'phone') ?? '').openid)));

  router.post('/client/shares', (ctx) => {
    const order = orderOf(jsonBody(ctx));
    if (!order) return ctx.throw(400, 'phone, page, url, title and to (friend or moments) are needed');
    try {
      json(ctx, shares.send(order));
      ctx.status = 201;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      ctx.throw(400, error.message);
    }
  });
}

function orderOf({ phone, page, to, url, title, friend, text }: Record<string, unknown>): ShareOrder | undefined {
  if (to !== 'friend' && to !== 'moments') return undefined;
  if (typeof phone !== 'string' || typeof page !== 'string' || typeof title !== 'string') return undefined;
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const said = typeof text === 'string' && text !== '' ? { text } : {};
  return { phone, page, to, url, title, ...said, ...(typeof friend === 'string' && { friend }) };
}
