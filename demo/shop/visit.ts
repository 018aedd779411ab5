import type { Context } from 'koa';
import type { Language } from './messages.ts';
import { chooseLanguage } from './visitor.ts';

/** Who looks, and where. */
export interface Visit {
  language: Language;
  /** Address of the page itself, without `lang`; the link to the other language is made from it. */
  path: string;
}

export function visitOf(ctx: Context, path = ctx.path + ctx.search): Visit {
  const address = new URL(path, 'http://shop.invalid');
  address.searchParams.delete('lang');
  return { language: chooseLanguage(ctx), path: address.pathname + address.search };
}

export function parameter(ctx: Context, name: string): string | undefined {
  return ctx.URL.searchParams.get(name) ?? undefined;
}
