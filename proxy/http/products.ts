import { Product, ProductRequest } from '../api.ts';
import type { Products } from '../orders/products.ts';
import { type Route, route } from './route.ts';

export function productRoutes({ products }: { products: Products }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/products',
      callers: ['merchant'],
      summary: 'Create what a printed code sells, or change its price. Each scan of the code makes an order.',
      body: ProductRequest,
      answers: { 201: Product, 200: Product },
      errors: ['products_need_v2'],
      async handle({ body }) {
        const { product, created } = await products.save(body);
        return { status: created ? 201 : 200, body: product };
      },
    }),
  ];
}
