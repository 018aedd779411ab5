import type { Context } from 'koa';
import type { Order, Refund } from '../books.ts';
import { CheckoutError, logCheckoutError, type NewRefund } from '../checkout.ts';
import { MESSAGES } from '../messages.ts';
import { problemPage, retryForm } from '../pages.ts';
import { readForm } from '../read-form.ts';
import type { Shop } from '../shop.ts';
import { parameter, visitOf } from '../visit.ts';
import { OFFICE_MESSAGES, type OfficeMessages } from './messages.ts';
import type { Notice } from './notice.ts';
import { type OfficeOrder, officeOrderPage } from './order-page.ts';
import { officeOrderPath, officeRefundPath } from './paths.ts';
import { sendOfficeProblem } from './problem.ts';
import { checkRefundForm, newToken, outRefundNo, type RefundForm, readRefundForm } from './refund-form.ts';
import { refundNotice, refundProblem } from './refund-notice.ts';
import { sumRefunds } from './refunds-of-order.ts';

/** How long the page waits before it looks again how a refund went, look by look. */
const WAITS_S = [2, 2, 3, 5, 10];

export async function showOrder(ctx: Context, shop: Shop): Promise<void> {
  const asked = parameter(ctx, 'refund');
  if (asked !== undefined) await hearOfRefund(shop, ctx.params.id, asked);
  await withOrder(ctx, shop, new URLSearchParams(), (order, refunds) => {
    const refund = refunds.find((one) => one.outRefundNo === asked);
    if (!refund) return sendOrder(ctx, shop, { order, refunds });
    const check = Number.parseInt(parameter(ctx, 'check') ?? '0', 10) || 0;
    const seconds = refund.status === 'processing' ? WAITS_S[check] : undefined;
    const path = officeRefundPath(order.id, refund.outRefundNo, check + 1);
    const notice = refundNotice(refund, textOf(ctx));
    sendOrder(ctx, shop, { order, refunds, notice, lookAgain: seconds === undefined ? undefined : { path, seconds } });
  });
}

/** Has the proxy ask WeChat about a refund that is under way. What it hears stands in the list of refunds then. */
async function hearOfRefund(shop: Shop, orderId: string, outRefundNo: string): Promise<void> {
  try {
    await shop.checkout.findRefund(orderId, outRefundNo);
  } catch (error) {
    if (!(error instanceof CheckoutError)) throw error;
  }
}

export async function refundOrder(ctx: Context, shop: Shop): Promise<void> {
  const fields = await readForm(ctx);
  await withOrder(ctx, shop, fields, async (order, refunds) => {
    const refused = refunds.find((one) => one.outRefundNo === fields.get('retry') && one.status === 'refused');
    if (refused) return makeRefund(ctx, shop, { order, refunds }, refused);
    if (fields.has('retry')) return ctx.redirect(officeRefundPath(order.id, fields.get('retry')!));

    const form = readRefundForm(fields);
    const number = outRefundNo(order, form);
    // A form that comes again counts towards what is left already; the proxy knows its number.
    const isAgain = refunds.some((one) => one.outRefundNo === number);
    const checked = checkRefundForm(form, isAgain ? order.amount.total : sumRefunds(order, refunds).left);
    if ('wrong' in checked) {
      ctx.status = 422;
      const field = checked.wrong === 'reason' ? 'reason' : 'amount';
      const notice = wrongNotice(checked.wrong, textOf(ctx));
      return sendOrder(ctx, shop, { order, refunds, notice, form: { ...form, wrong: field } });
    }
    const amount = { total: checked.fen, currency: 'CNY' as const };
    const refund = { outRefundNo: number, amount, reason: form.reason || undefined };
    return makeRefund(ctx, shop, { order, refunds, form }, refund);
  });
}

export async function closeOrder(ctx: Context, shop: Shop): Promise<void> {
  await readForm(ctx);
  await withOrder(ctx, shop, new URLSearchParams(), async (order) => {
    try {
      shop.books.record(await shop.checkout.closeOrder(order.id));
      ctx.status = 303;
      ctx.redirect(officeOrderPath(order.id));
    } catch (error) {
      if (!(error instanceof CheckoutError)) throw error;
      const text = textOf(ctx);
      const paid = error.code === 'order_paid';
      if (!paid) logCheckoutError(error);
      ctx.status = paid ? 409 : 502;
      const notice: Notice = paid
        ? { kind: 'bad', title: text.closePaidTitle, text: text.closePaidText }
        : { kind: 'bad', title: text.closeFailedTitle, text: text.closeFailedText, details: [[text.code, error.code]] };
      sendOrder(ctx, shop, { ...(await reread(shop, { order, refunds: [] })), notice });
    }
  });
}

async function makeRefund(ctx: Context, shop: Shop, shown: Shown, request: NewRefund): Promise<void> {
  const { outRefundNo, amount, reason } = request;
  try {
    await shop.checkout.refund(shown.order.id, { outRefundNo, amount, reason });
    shop.books.outdate(shown.order.id);
    ctx.status = 303;
    ctx.redirect(officeRefundPath(shown.order.id, outRefundNo));
  } catch (error) {
    if (!(error instanceof CheckoutError)) throw error;
    if (error.temporary) logCheckoutError(error);
    ctx.status = error.upstream || !error.temporary ? 409 : 503;
    // The number of this form stands for another refund: what is typed now would be one more.
    const form = shown.form && error.code === 'refund_conflict' ? { ...shown.form, token: newToken() } : shown.form;
    sendOrder(ctx, shop, { ...(await reread(shop, shown)), form, notice: refundProblem(error, textOf(ctx)) });
  }
}

function wrongNotice(wrong: 'amount' | 'tooMuch' | 'reason', text: OfficeMessages): Notice {
  const name = { amount: 'badAmount', tooMuch: 'tooMuch', reason: 'longReason' } as const;
  return { kind: 'bad', title: text[`${name[wrong]}Title`], text: text[`${name[wrong]}Text`] };
}

interface Shown {
  order: Order;
  refunds: Refund[];
  form?: RefundForm;
}

function sendOrder(ctx: Context, shop: Shop, shown: Omit<OfficeOrder, 'widgetsUrl'>): void {
  const visit = visitOf(ctx, officeOrderPath(shown.order.id));
  shop.sendPage(ctx, officeOrderPage(visit, { ...shown, widgetsUrl: shop.widgetsUrl }));
}

function textOf(ctx: Context): OfficeMessages {
  return OFFICE_MESSAGES[visitOf(ctx).language];
}

/** What the proxy knows now of the order of this address. `fields`: the form that is sent again where it does not answer. */
async function withOrder(
  ctx: Context,
  shop: Shop,
  fields: URLSearchParams,
  act: (order: Order, refunds: Refund[]) => unknown,
): Promise<void> {
  const found = await findOrder(ctx, shop, fields);
  if (found) await act(found.order, found.refunds);
}

async function findOrder(ctx: Context, shop: Shop, fields: URLSearchParams): Promise<Shown | undefined> {
  const id: string = ctx.params.id;
  const visit = visitOf(ctx, officeOrderPath(id));
  try {
    const order = /^ord_[\w-]{1,64}$/.test(id) ? await shop.checkout.findById(id) : undefined;
    if (order) return { order: shop.books.record(order), refunds: await shop.checkout.listRefunds(id) };
    const text = MESSAGES[visit.language];
    ctx.status = 404;
    shop.sendPage(
      ctx,
      problemPage(visit, { title: text.orderNotFoundTitle, text: OFFICE_MESSAGES[visit.language].orderNotFound }),
    );
  } catch (error) {
    sendOfficeProblem(ctx, shop, error, retryForm(visit, ctx.method, ctx.path, Object.fromEntries(fields)));
  }
  return undefined;
}

/** The order as it is after something has failed; as it was, where the proxy does not say. */
async function reread(shop: Shop, { order, refunds }: Shown): Promise<Shown> {
  try {
    const [now, refundsNow] = await Promise.all([
      shop.checkout.findById(order.id),
      shop.checkout.listRefunds(order.id),
    ]);
    return { order: now ? shop.books.record(now) : order, refunds: refundsNow };
  } catch (error) {
    if (error instanceof CheckoutError) return { order, refunds };
    throw error;
  }
}
