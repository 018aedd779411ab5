import type { Context } from 'koa';
import type { Books } from './books.ts';
import type { Checkout } from './checkout.ts';
import type { PrintedCodes } from './office/printed-codes.ts';
import type { Reviews } from './reviews/reviews.ts';
import type { ShareCards } from './sharing/share-cards.ts';
import type { Tables } from './tables/tables.ts';
import type { WebhookReceiver } from './webhooks.ts';

/** What the pages work with. */
export interface Shop {
  /** Where customers reach the shop, without a slash at the end. */
  publicUrl: string;
  widgetsUrl: string;
  /** What the address of every picture at the proxy begins with. */
  imagesUrl: string;
  books: Books;
  reviews: Reviews;
  shareCards: ShareCards;
  checkout: Checkout;
  printedCodes: PrintedCodes;
  tables: Tables;
  /** Where the proxy has the pictures of codes; their tickets are to be added. */
  codePicturesUrl: string;
  webhooks: WebhookReceiver;
  sendPage(ctx: Context, page: string): void;
}
