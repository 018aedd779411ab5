import type { Context } from 'koa';
import { CheckoutError, logCheckoutError } from './checkout.ts';
import type { Html } from './html.ts';
import { MESSAGES } from './messages.ts';
import { problemPage } from './pages.ts';
import type { Shop } from './shop.ts';
import type { Visit } from './visit.ts';

/** Says that the proxy did not serve. Anything else than that is thrown again. */
export function sendCheckoutProblem(
  ctx: Context,
  shop: Shop,
  visit: Visit,
  error: unknown,
  actions: { retry: Html; giveUp: Html },
): void {
  if (!(error instanceof CheckoutError)) throw error;
  logCheckoutError(error);
  const { code, temporary } = error;
  const text = MESSAGES[visit.language];
  ctx.status = temporary ? 503 : 502;
  const problem = temporary
    ? { title: text.unavailableTitle, text: text.unavailableText, code, action: actions.retry }
    : { title: text.refusedTitle, text: text.refusedText, code, action: actions.giveUp };
  shop.sendPage(ctx, problemPage(visit, problem));
}
