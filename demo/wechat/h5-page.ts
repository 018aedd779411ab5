import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Router from '@koa/router';
import type { Cashier } from './cashier.ts';
import type { Knobs } from './control.ts';
import { type Exchange, type ExchangeContext, jsonBody, queryValue } from './exchange.ts';
import { isLoopback } from './loopback.ts';
import type { PayOrders, Prepaid } from './pay-orders.ts';
import type { Phones } from './phones.ts';

const PATH = '/cgi-bin/mmpayweb-bin/checkmweb';
const PAGE = join(import.meta.dirname, 'client', 'h5.html');

interface World {
  cashier: Cashier;
  orders: PayOrders;
  phones: Phones;
  knobs: () => Knobs;
}

/** Where the H5 page of an order is, on the given origin. */
export function h5PageUrl(origin: string, { prepayId, h5Package }: Prepaid): string {
  return `${origin}${PATH}?prepay_id=${prepayId}&package=${h5Package}`;
}

/** What was given out with this address, whatever was appended to it. */
export function prepaidOfH5Url(orders: PayOrders, h5Url: string): Prepaid | undefined {
  if (!URL.canParse(h5Url)) return undefined;
  const { searchParams } = new URL(h5Url);
  return orders.prepaidBy(
    ({ prepayId, h5Package }) =>
      h5Package !== undefined &&
      prepayId === searchParams.get('prepay_id') &&
      h5Package === searchParams.get('package'),
  );
}

/**
 * The page that stands between a mobile site and WeChat's app, and what the payer does there.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791878
 */
export function h5Routes({ cashier, orders, phones, knobs }: World): Router<Exchange> {
  const router = new Router<Exchange>();
  /** Where payers who came to the page go back to. */
  const backTo = new Map<string, string>();

  router.get(PATH, async (ctx) => {
    const prepaid = prepaidOfH5Url(orders, ctx.href);
    const reason = whyNot(ctx, prepaid);
    if (reason || !prepaid) {
      ctx.state.code = 'FAIL';
      ctx.state.message = reason;
      return showPage(ctx, { error: reason });
    }
    const redirectUrl = queryValue(ctx, 'redirect_url') ?? ctx.get('referer');
    backTo.set(prepaid.prepayId, redirectUrl);
    await showPage(ctx, { prepayId: prepaid.prepayId, ...cashier.sheetOf(prepaid.order), redirectUrl });
  });

  router.post('/client/h5/:prepayId', (ctx) => {
    const { action, phone = '' } = jsonBody(ctx);
    if (action !== 'pay' && action !== 'cancel') return ctx.throw(400, 'action is pay or cancel');
    const { prepayId = '' } = ctx.params;
    const redirectUrl = backTo.get(prepayId);
    const prepaid = orders.prepaidBy((known) => known.prepayId === prepayId);
    if (!prepaid || redirectUrl === undefined) return ctx.throw(404, 'no such page is open');
    const reason = action === 'pay' ? cashier.take(prepaid.order, phones.user(String(phone)).openid) : undefined;
    ctx.type = 'application/json';
    ctx.body = JSON.stringify(
      reason
        ? { result: 'refused', message: reason, redirectUrl }
        : { result: action === 'pay' ? 'ok' : 'cancel', redirectUrl },
    );
  });

  /** The words of WeChat's page: https://pay.weixin.qq.com/wiki/doc/api/H5.php?chapter=15_4 */
  function whyNot(ctx: ExchangeContext, prepaid: Prepaid | undefined): string | undefined {
    const { h5Domains, checkPayerAddress } = knobs();
    const referer = ctx.get('referer');
    const redirectUrl = queryValue(ctx, 'redirect_url');
    if (/MicroMessenger/i.test(ctx.get('user-agent'))) return '请在微信外打开订单，进行支付';
    if (!prepaid || !referer) return '商家参数格式有误，请联系商家解决';
    const pages = redirectUrl === undefined ? [referer] : [referer, redirectUrl];
    if (!pages.every((page) => isRegistered(page, h5Domains))) return '商家存在未配置的参数，请联系商家解决';
    if (!orders.isAlive(prepaid)) return '支付请求已失效，请重新发起支付';
    const address = ctx.ip.replace(/^::ffff:/, '');
    if (checkPayerAddress && address !== prepaid.order.payerAddress) return '网络环境未能通过安全验证，请稍后再试';
    return orders.whyNotPayable(prepaid.order);
  }

  return router;
}

function isRegistered(page: string, domains: string[] | null): boolean {
  if (!URL.canParse(page)) return false;
  const { protocol, host, hostname } = new URL(page);
  if (protocol !== 'https:' && protocol !== 'http:') return false;
  return domains ? domains.includes(host) : isLoopback(hostname);
}

async function showPage(ctx: ExchangeContext, payment: object): Promise<void> {
  const html = await readFile(PAGE, 'utf8');
  ctx.status = 200;
  ctx.type = 'text/html';
  ctx.set('cache-control', 'no-store');
  ctx.body = html.replace('{{h5-payment}}', () => escaped(JSON.stringify(payment)));
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
