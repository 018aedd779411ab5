import { randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { isLanguage, type Language } from './messages.ts';

const YEAR_S = 365 * 24 * 60 * 60;

/** The language that was asked for by `?lang=`, now or earlier, else the browser's, else Chinese. */
export function chooseLanguage(ctx: Context): Language {
  const asked = ctx.URL.searchParams.get('lang') ?? undefined;
  if (isLanguage(asked)) {
    setCookie(ctx, 'lang', asked);
    return asked;
  }
  const earlier = ctx.cookies.get('lang');
  if (isLanguage(earlier)) return earlier;
  return ctx.acceptsLanguages('zh', 'en') === 'zh' ? 'zh-CN' : 'en';
}

/** Whom an order belongs to: a browser, told by a random cookie. A real shop has accounts. */
export function findVisitor(ctx: Context): string | undefined {
  const visitor = ctx.cookies.get('visitor');
  return visitor && /^[\w-]{22}$/.test(visitor) ? visitor : undefined;
}

export function findOrMakeVisitor(ctx: Context): string {
  const visitor = findVisitor(ctx) ?? randomBytes(16).toString('base64url');
  setCookie(ctx, 'visitor', visitor);
  return visitor;
}

function setCookie(ctx: Context, name: string, value: string): void {
  ctx.cookies.set(name, value, { httpOnly: true, sameSite: 'lax', maxAge: YEAR_S * 1000, overwrite: true });
}
