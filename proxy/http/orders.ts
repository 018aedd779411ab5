import { z } from 'zod';
import { Order, OrderList, OrderRequest, OrderStatus, PageOrder, Text } from '../api.ts';
import { merchantView, pageView } from '../orders/order-view.ts';
import type { Orders } from '../orders/orders.ts';
import { type Route, route } from './route.ts';

const OrderFilter = z.strictObject({
  outTradeNo: Text.min(1).max(32).optional(),
  status: OrderStatus.optional(),
  cursor: z.string().max(256).optional(),
});

export function orderRoutes({ orders, now }: { orders: Orders; now: () => number }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/orders',
      callers: ['merchant'],
      summary: 'Create an order. The same request again answers with the same order.',
      body: OrderRequest,
      answers: { 201: Order, 200: Order },
      errors: ['order_conflict'],
      async handle({ body }) {
        const { order, created } = await orders.create(body);
        return { status: created ? 201 : 200, body: merchantView(order) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders',
      callers: ['merchant'],
      summary: 'List orders, the newest first.',
      query: OrderFilter,
      answers: { 200: OrderList },
      async handle({ query }) {
        const { rows, nextCursor } = await orders.list(query);
        return { status: 200, body: { data: rows.map(merchantView), nextCursor } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orders/:id',
      callers: ['page', 'merchant'],
      summary: 'Read an order: what a page may see of it or, with an API key, all of it.',
      answers: { 200: z.union([PageOrder, Order]) },
      errors: ['order_not_found'],
      async handle({ caller, params }) {
        const order = await orders.read(params.id!);
        return { status: 200, body: caller.kind === 'merchant' ? merchantView(order) : pageView(order, now()) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/orders/:id/close',
      callers: ['merchant'],
      summary: 'End an unpaid order, here and at WeChat.',
      answers: { 200: Order },
      errors: ['order_not_found', 'order_paid', 'wechat_unavailable', 'wechat_refused', 'wechat_untrusted'],
      async handle({ params }) {
        return { status: 200, body: merchantView(await orders.close(params.id!)) };
      },
    }),
  ];
}
