import type { Context, Next } from 'koa';
import { problemPage } from '../pages.ts';
import type { Shop } from '../shop.ts';
import { visitOf } from '../visit.ts';
import { OFFICE_MESSAGES } from './messages.ts';

const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '[::1]']);
const LOOPBACK_ADDRESSES = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** The office has no login: it serves whoever sits at this computer, and nobody who comes through a network or a tunnel. */
export async function loopbackOnly(ctx: Context, next: Next, shop: Shop): Promise<void> {
  const address = ctx.req.socket.remoteAddress ?? '';
  const isHere = LOOPBACK_ADDRESSES.has(address) && LOOPBACK_HOSTS.has(ctx.hostname) && !ctx.get('x-forwarded-for');
  if (isHere) return next();
  const visit = visitOf(ctx, '/');
  ctx.status = 403;
  const title = OFFICE_MESSAGES[visit.language].elsewhereTitle;
  const text = OFFICE_MESSAGES[visit.language].elsewhereText;
  shop.sendPage(ctx, problemPage(visit, { title, text }));
}
