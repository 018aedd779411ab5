import type { Context } from 'koa';
import { CheckoutError, logCheckoutError } from '../checkout.ts';
import type { Html } from '../html.ts';
import { problemPage } from '../pages.ts';
import type { Shop } from '../shop.ts';
import { visitOf } from '../visit.ts';
import { OFFICE_MESSAGES } from './messages.ts';

/** Says that the proxy did not serve; anything else than that is thrown again. `action`: how to go on. */
export function sendOfficeProblem(ctx: Context, shop: Shop, error: unknown, action: Html): void {
  if (!(error instanceof CheckoutError)) throw error;
  logCheckoutError(error);
  const visit = visitOf(ctx, '/office');
  const text = OFFICE_MESSAGES[visit.language];
  ctx.status = error.temporary ? 503 : 502;
  const problem = { title: text.unavailableTitle, text: text.unavailableText, code: error.code, action };
  shop.sendPage(ctx, problemPage(visit, problem));
}
