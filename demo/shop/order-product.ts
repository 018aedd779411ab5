import type { Order } from './books.ts';
import { CATALOGUE, findProduct, type Product } from './catalogue.ts';

/** What was ordered: the printed code that was scanned says it, or the picture that the shop has given the order. */
export function productOf(order: Order): Product | undefined {
  const picture = order.items[0]?.imageUrl;
  return findProduct(order.productId) ?? CATALOGUE.find(({ id }) => picture?.endsWith(`/pictures/${id}.svg`));
}
