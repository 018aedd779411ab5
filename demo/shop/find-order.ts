import type { Context } from 'koa';
import type { Books, Order } from './books.ts';
import { CheckoutError } from './checkout.ts';
import { sendCheckoutProblem } from './checkout-problem.ts';
import { html } from './html.ts';
import { MESSAGES } from './messages.ts';
import { problemPage } from './pages.ts';
import type { Shop } from './shop.ts';
import { visitOf } from './visit.ts';

/** What an address may name an order by. Visitors can put anything there. */
export interface OrderName {
  id?: string;
  outTradeNo?: string;
}

/** The order of that name, from the books, or from the proxy where they were lost; else a page that says why not. */
export async function withOrder(
  ctx: Context,
  shop: Shop,
  name: OrderName,
  show: (order: Order) => unknown,
): Promise<void> {
  try {
    const order = await findOrder(shop, name);
    if (order) {
      await show(order);
      return;
    }
    const visit = visitOf(ctx);
    const text = MESSAGES[visit.language];
    ctx.status = 404;
    shop.sendPage(ctx, problemPage(visit, { title: text.orderNotFoundTitle, text: text.orderNotFoundText }));
  } catch (error) {
    const visit = visitOf(ctx);
    const again = html`<a class="button" href="${visit.path}">${MESSAGES[visit.language].tryAgain}</a>`;
    sendCheckoutProblem(ctx, shop, visit, error, { retry: again, giveUp: again });
  }
}

async function findOrder({ books, checkout }: Shop, { id, outTradeNo }: OrderName): Promise<Order | undefined> {
  if (id !== undefined) {
    if (!/^ord_[\w-]{1,64}$/.test(id)) return undefined;
    return books.byId(id) ?? recordFound(books, await checkout.findById(id));
  }
  if (outTradeNo === undefined || !/^QY[0-9A-F]{24}$/.test(outTradeNo)) return undefined;
  return books.byOutTradeNo(outTradeNo) ?? recordFound(books, await checkout.findByOutTradeNo(outTradeNo));
}

function recordFound(books: Books, order: Order | undefined): Order | undefined {
  return order && books.record(order);
}

/** The books know of a payment once the webhook has come. Until then, and should it be lost, the proxy is asked. */
export async function lookUp(shop: Shop, order: Order): Promise<Order> {
  if (!shop.books.mayBeBehind(order)) return order;
  try {
    return recordFound(shop.books, await shop.checkout.findById(order.id)) ?? order;
  } catch (error) {
    if (error instanceof CheckoutError) return order;
    throw error;
  }
}
