/** What the merchant's server asks of the proxy about orders, and what WeChat has been asked for them. */
import assert from 'node:assert/strict';
import type { Harness, Reply } from './harness.ts';

export const AMOUNT = { total: 3980, currency: 'CNY' };

let numbers = 0;
export const outTradeNo = () => `T-${process.pid}-${++numbers}`;

/** Creates an order with a number of its own. */
export const create = (proxy: Harness, fields: object = {}) =>
  proxy.merchant('POST', '/v1/orders', { outTradeNo: outTradeNo(), description: 'Tea', amount: AMOUNT, ...fields });

/** As the list has it: reading an order by its id would have the proxy look after it. */
export async function seen(proxy: Harness, order: { outTradeNo: string }) {
  return (await proxy.merchant('GET', `/v1/orders?outTradeNo=${order.outTradeNo}`)).json.data[0];
}

export async function eventsOf(
  proxy: Harness,
  order: { id: string },
): Promise<{ type: string; data: Reply['json'] }[]> {
  const { data } = (await proxy.merchant('GET', '/v1/events')).json;
  return data.filter((event: { data: { id: string } }) => event.data.id === order.id);
}

export const typesOf = async (proxy: Harness, order: { id: string }) =>
  (await eventsOf(proxy, order)).map(({ type }) => type);

/** The addresses at WeChat that are of this order. */
export const about = ({ outTradeNo }: { outTradeNo: string }) => `/v3/pay/transactions/out-trade-no/${outTradeNo}*`;

/** The calls for an order that WeChat has had. */
export function calls(proxy: Harness, order: { outTradeNo: string }) {
  const all = proxy.wechat.calls.filter(
    ({ direction, path, requestBody }) =>
      direction === 'in' && (path.includes(`/${order.outTradeNo}`) || requestBody.includes(`"${order.outTradeNo}"`)),
  );
  return {
    created: all.filter(({ path }) => path === '/v3/pay/transactions/jsapi').length,
    queried: all.filter(({ method }) => method === 'GET').length,
    closed: all.filter(({ path }) => path.endsWith('/close')).length,
  };
}

export function assertRefused(reply: Reply, code: string, status: number): void {
  assert.equal(reply.json?.code, code, reply.text);
  assert.equal(reply.status, status);
}

export const payers = (proxy: Harness) => proxy.wechat.control.users.map(({ openid }) => openid);
export const prepayId = ({ json }: Reply): string => json.params.package;
