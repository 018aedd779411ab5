/** Printed codes (Native mode 1): each scan makes an order. https://pay.weixin.qq.com/doc/v2/merchant/4011987596 */
import { createHash } from 'node:crypto';
import type { Product, ProductRequest } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { ProductRow } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Orders } from './orders.ts';
import type { Payments } from './payments.ts';

export interface ProductsOptions {
  store: Store;
  orders: Orders;
  payments: Payments;
  /** What a printed code says. Undefined where the gateway knows no printed codes. */
  codeUrl: ((productId: string) => string) | undefined;
}

export interface Scan {
  productId: string;
  openid: string;
  /** The same again where WeChat repeats itself. */
  nonceStr: string;
}

export class Products {
  readonly #options: ProductsOptions;

  constructor(options: ProductsOptions) {
    this.#options = options;
  }

  /**
   * Creates a product, or changes its price and description. The code stays the same.
   * @throws {ProxyError} `products_need_v2`
   */
  async save({ productId, description, amount }: ProductRequest): Promise<{ product: Product; created: boolean }> {
    const { store, codeUrl } = this.#options;
    if (!codeUrl) throw new ProxyError('products_need_v2');
    const row = { productId, description, total: amount.total, codeUrl: codeUrl(productId) };
    const created = await store.db
      .insertInto('products')
      .values(row)
      .onConflict((conflict) => conflict.column('productId').doNothing())
      .executeTakeFirst();
    if (created.numInsertedOrUpdatedRows !== 1n) {
      const { total } = row;
      await store.db.updateTable('products').set({ description, total }).where('productId', '=', productId).execute();
    }
    return { product: view(await this.#find(productId)), created: created.numInsertedOrUpdatedRows === 1n };
  }

  /**
   * Makes the order of a scan, at WeChat too.
   * @returns its prepay id
   * @throws {ProxyError} `product_not_found`, `order_paid`, …, `payment_refused` or another reason of WeChat's
   */
  async order(scan: Scan): Promise<string> {
    return this.#options.payments.prepareScanned(await this.#orderOf(scan), scan.openid, scan.productId);
  }

  /** Its number comes from the scan: should WeChat ask twice, it is one order. What it costs, from the first time on. */
  async #orderOf(scan: Scan) {
    const { store, orders } = this.#options;
    const digest = createHash('sha256').update(JSON.stringify([scan.productId, scan.openid, scan.nonceStr]));
    const outTradeNo = `scan_${digest.digest('hex').slice(0, 27)}`;
    const known = await store.db
      .selectFrom('orders')
      .selectAll()
      .where('outTradeNo', '=', outTradeNo)
      .executeTakeFirst();
    if (known) return known;
    const { description, total } = await this.#find(scan.productId);
    const amount = { total, currency: 'CNY' as const };
    const request = { outTradeNo, description, amount, openid: scan.openid };
    return (await orders.create(request, scan.productId)).order;
  }

  async #find(productId: string): Promise<ProductRow> {
    const { db } = this.#options.store;
    const row = await db.selectFrom('products').selectAll().where('productId', '=', productId).executeTakeFirst();
    if (!row) throw new ProxyError('product_not_found');
    return row;
  }
}

function view({ productId, description, total, codeUrl }: ProductRow): Product {
  return { productId, description, amount: { total, currency: 'CNY' }, codeUrl };
}
