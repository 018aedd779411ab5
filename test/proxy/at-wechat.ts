/** Payments and refunds as pages and the merchant's server ask for them, what WeChat holds of them, and stepping into its calls. */
import type { PaymentOptions, PayOrder } from '../../demo/wechat/start.ts';
import type { Channel } from '../../proxy/api.ts';
import type { Harness, Reply } from './harness.ts';
import { AMOUNT, create } from './merchant.ts';

/** Has a page start to pay: with a session where there is an openid, from an address where one is given. */
export async function start(
  proxy: Harness,
  { id }: { id: string },
  channel: Channel,
  { openid, address }: { openid?: string; address?: string } = {},
): Promise<Reply> {
  return proxy.page(
    'POST',
    `/v1/orders/${id}/payments`,
    { channel },
    {
      ...(openid && { authorization: `Bearer ${await proxy.session(openid)}` }),
      ...(address && { 'x-forwarded-for': address }),
    },
  );
}

/** What WeChat was asked to create for this order, the oldest first. */
export function creations(proxy: Harness, { outTradeNo }: { outTradeNo: string }) {
  const isOwn = (number: string) =>
    number === outTradeNo || /^_[0-9a-f]{8}$/.test(number.slice(Math.min(outTradeNo.length, 23)));
  return proxy.wechat.calls
    .filter(({ path }) => /^\/v3\/pay\/transactions\/(jsapi|native|h5)$/.test(path))
    .map(({ path, requestBody, status }) => ({ channel: path.split('/')[4], body: JSON.parse(requestBody), status }))
    .filter(({ body }) => body.out_trade_no.startsWith(outTradeNo.slice(0, 23)) && isOwn(body.out_trade_no));
}

/** Every number by which WeChat knows this order, the oldest first. */
export function trades(proxy: Harness, order: { outTradeNo: string }): PayOrder[] {
  const numbers = new Set(creations(proxy, order).map(({ body }) => body.out_trade_no as string));
  return [...numbers].flatMap((number) => proxy.wechat.control.order(number) ?? []);
}

/** The numbers of this order by which somebody could pay now. */
export const payable = (proxy: Harness, order: { outTradeNo: string }) =>
  trades(proxy, order)
    .filter(({ state, expiresAt }) => state === 'NOTPAY' && expiresAt > proxy.wechat.control.now())
    .map(({ outTradeNo }) => outTradeNo);

/** One of the calls that WeChat gets. `nth`: 1, the default, is the next one. */
export interface Step {
  method?: 'GET' | 'POST';
  path: string;
  naming?: string;
  when: 'before' | 'after';
  nth?: number;
}

/** Thrown in the middle of a call, it has WeChat know nothing of it. */
export const lost = () => Object.assign(new Error('lost'), { expose: true });

/** Does something in the middle of a call. */
export function during(proxy: Harness, { nth = 1, ...moment }: Step, work: () => unknown): { met: boolean } {
  const step = { met: false };
  let left = nth;
  proxy.wechat.control.at({ ...moment, count: nth }, () => {
    left -= 1;
    if (left > 0) return undefined;
    step.met = true;
    return work();
  });
  return step;
}

/** An order that is paid and known to be. */
export async function paidOrder(proxy: Harness, fields: object = {}): Promise<Reply['json']> {
  const order = (await create(proxy, fields)).json;
  await start(proxy, order, 'native');
  proxy.wechat.control.pay(order.outTradeNo, { notify: false });
  return (await proxy.merchant('GET', `/v1/orders/${order.id}`)).json;
}

/** As if WeChat had taken the money while it closed the order. */
export function payLate({ wechat }: Harness, tradeNo: string, options?: PaymentOptions): PayOrder {
  wechat.control.order(tradeNo)!.state = 'NOTPAY';
  return wechat.control.pay(tradeNo, options);
}

let numbers = 0;
export const outRefundNo = () => `R-${process.pid}-${++numbers}`;

/** Asks for a refund, with a number of its own where none is given. */
export const refund = (proxy: Harness, { id }: { id: string }, fields: object = {}) =>
  proxy.merchant('POST', `/v1/orders/${id}/refunds`, { outRefundNo: outRefundNo(), amount: AMOUNT, ...fields });

/** The refund as it is known here: reading it by its number would have WeChat asked. */
export async function seenRefund(proxy: Harness, { id }: { id: string }, number: string): Promise<Reply['json']> {
  const { data } = (await proxy.merchant('GET', `/v1/orders/${id}/refunds`)).json;
  return data.find((refund: { outRefundNo: string }) => refund.outRefundNo === number);
}

/** What was told of an order's refunds, the newest first. */
export async function refundEventsOf(
  proxy: Harness,
  { id }: { id: string },
): Promise<{ type: string; data: Reply['json'] }[]> {
  const { data } = (await proxy.merchant('GET', '/v1/events')).json;
  return data.filter((event: { data: { orderId?: string } }) => event.data.orderId === id);
}

/** How often WeChat was asked for a refund, and about it. */
export function refundCalls(proxy: Harness, number: string) {
  const all = proxy.wechat.calls.filter(({ path }) => path.startsWith('/v3/refund/'));
  return {
    requested: all.filter(({ method, requestBody }) => method === 'POST' && requestBody.includes(`"${number}"`)).length,
    queried: all.filter(({ method, path }) => method === 'GET' && path.endsWith(`/${number}`)).length,
  };
}
