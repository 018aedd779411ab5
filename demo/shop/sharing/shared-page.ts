import { CATALOGUE, findProduct, type Product } from '../catalogue.ts';
import { yuan } from '../format.ts';
import { type Language, MESSAGES } from '../messages.ts';
import { productPath } from '../paths.ts';
import type { ShareCard } from './share-card.ts';

/** A page of the shop that may be shared: the home page, or a product's. */
export interface SharedPage {
  /** As it was asked for, without language and fragment: campaigns add their own parameters. */
  path: string;
  /** Of the page without any. */
  plainPath: string;
  product?: Product;
}

/** Why an address cannot be shared: it is another site's, a page that there is not, or somebody's own. */
export type UnsharedReason = 'foreign' | 'unknown' | 'private';

/** Orders, payments and reviews to be written are somebody's own: who has their address sees what they show. */
const PRIVATE = /^\/(order_pay|pay_callback|my_orders|orders|office)(\/|$)/;

/** The page that an address leads to: a path, or a whole address of the shop by one of its origins. */
export function findSharedPage(address: string, origins: readonly string[]): SharedPage | UnsharedReason {
  const base = origins[0]!;
  if (!URL.canParse(address.trim(), base)) return 'unknown';
  const { origin, pathname, searchParams } = new URL(address.trim(), base);
  if (!origins.includes(origin)) return 'foreign';
  if (PRIVATE.test(pathname)) return 'private';
  const product = pathname === '/order_info' ? findProduct(searchParams.get('product') ?? undefined) : undefined;
  if (!product && pathname !== '/') return 'unknown';
  searchParams.delete('lang');
  const query = searchParams.size === 0 ? '' : `?${searchParams}`;
  return { path: pathname + query, plainPath: product ? productPath(product) : '/', product };
}

export function sharedPages(): SharedPage[] {
  const products = CATALOGUE.map((product) => ({
    path: productPath(product),
    plainPath: productPath(product),
    product,
  }));
  return [{ path: '/', plainPath: '/' }, ...products];
}

/** What the page says of itself, until the merchant has made a card of their own for it. */
export function ownCard({ product }: SharedPage, language: Language): ShareCard {
  const { shopName, tagline, sloganText } = MESSAGES[language];
  if (!product) return { title: `${shopName} · ${tagline}`, description: sloganText, icon: '/pictures/shop.jpg' };
  const { id, name, summary, unit, price } = product;
  return {
    title: `${name[language]} · ${shopName}`,
    description: `${summary[language]}${language === 'en' ? '. ' : '。'}${yuan(price)} · ${unit[language]}`,
    icon: `/pictures/${id}.jpg`,
  };
}
