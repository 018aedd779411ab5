import { describePurchase, type Product } from '../catalogue.ts';
import type { Checkout } from '../checkout.ts';
import { MESSAGES } from '../messages.ts';

/** What the printed code of each product says (Native mode 1): an address of WeChat's that makes an order on each scan. */
export class PrintedCodes {
  readonly #checkout: Checkout;
  readonly #onPrintedCode: (codeUrl: string) => void;
  readonly #codeUrls = new Map<string, Promise<string>>();

  constructor(checkout: Checkout, onPrintedCode: (codeUrl: string) => void = () => {}) {
    this.#checkout = checkout;
    this.#onPrintedCode = onPrintedCode;
  }

  /** Throws `CheckoutError`: `products_need_v2` where the proxy speaks version 3 of the API, which has no such codes. */
  codeUrl(product: Product): Promise<string> {
    const known = this.#codeUrls.get(product.id);
    if (known) return known;
    const asked = this.#register(product);
    this.#codeUrls.set(product.id, asked);
    asked.catch(() => this.#codeUrls.delete(product.id));
    return asked;
  }

  /** At the price of the catalogue, and in Chinese: whoever scans it on a shelf has chosen no language. */
  async #register(product: Product): Promise<string> {
    const { codeUrl } = await this.#checkout.registerProduct({
      productId: product.id,
      description: describePurchase(product, 1, MESSAGES['zh-CN'].shopName, 'zh-CN'),
      amount: { total: product.price, currency: 'CNY' },
    });
    this.#onPrintedCode(codeUrl);
    return codeUrl;
  }
}
