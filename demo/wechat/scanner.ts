import type { Account } from './account.ts';
import type { Cashier } from './cashier.ts';
import type { Clock } from './clock.ts';
import type { PaymentOptions, ScanAnswer } from './control.ts';
import type { Conversations } from './conversations.ts';
import type { Followers } from './followers.ts';
import type { PayOrder, PayOrders, Prepaid } from './pay-orders.ts';
import type { Phones } from './phones.ts';
import { type ProductCodes, ScanRefusal } from './product-codes.ts';
import type { QrCode, QrCodes } from './qr-codes.ts';

/** A code that a camera could see now. `total` is unknown where the code is of a product, or of the account. */
export interface CodeInView {
  codeUrl: string;
  description: string;
  total: number | null;
  state: PayOrder['state'] | 'PRODUCT' | 'SCENE';
  /** RFC 3339, UTC. */
  createdAt: string;
  expiresAt: string | null;
}

interface World {
  account: Account;
  cashier: Cashier;
  clock: Clock;
  conversations: Conversations;
  followers: Followers;
  orders: PayOrders;
  phones: Phones;
  products: ProductCodes;
  qrCodes: QrCodes;
}

/** What phones make of the codes that their cameras see. */
export class Scanner {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Newest first. */
  inView(): CodeInView[] {
    const { orders, products, qrCodes } = this.#world;
    const codes = [
      ...orders.prepaid().flatMap((prepaid) => (prepaid.codeUrl ? [ofOrder(prepaid, prepaid.codeUrl)] : [])),
      ...qrCodes.all().map(ofScene),
      ...products.seen().map(({ codeUrl, productId, seenAt }) => ({
        codeUrl,
        description: productId,
        total: null,
        state: 'PRODUCT' as const,
        createdAt: new Date(seenAt).toISOString(),
        expiresAt: null,
      })),
    ];
    return codes.sort((one, other) => other.createdAt.localeCompare(one.createdAt));
  }

  /** The pay sheet opens on the phone; where no page shows it, the payer's deed is done when this resolves. */
  async scan(text: string, phone: string): Promise<ScanAnswer> {
    const { qrCodes } = this.#world;
    const code = qrCodes.find(text);
    if (code) return this.#scanScene(code, phone);
    if (text.startsWith('http://weixin.qq.com/q/')) return { kind: 'refused', message: '二维码已失效' };
    if (/^https?:\/\//i.test(text) && URL.canParse(text)) return { kind: 'address', url: text };
    if (!text.startsWith('weixin://wxpay/bizpayurl?')) return { kind: 'text' };
    try {
      return await this.#scanToPay(text, phone);
    } catch (error) {
      if (error instanceof ScanRefusal) return { kind: 'refused', message: error.message };
      throw error;
    }
  }

  /** @throws TypeError with the client's words where it cannot be paid */
  payByCode(codeUrl: string, { openid, notify }: PaymentOptions = {}): PayOrder {
    const { cashier } = this.#world;
    try {
      const order = this.#orderOf(codeUrl);
      const reason = cashier.take(order, openid ?? cashier.payerOf(order), { notify });
      if (reason) throw new ScanRefusal(reason);
      return order;
    } catch (error) {
      throw error instanceof ScanRefusal ? new TypeError(error.message) : error;
    }
  }

  /** The merchant has answered when this resolves, unless a page shows the chat meanwhile. */
  async #scanScene(code: QrCode, phone: string): Promise<ScanAnswer> {
    const { account, conversations, followers, phones, qrCodes } = this.#world;
    if (!qrCodes.isAlive(code)) return { kind: 'refused', message: '二维码已过期' };
    const { openid } = phones.user(phone);
    const to = { name: account.merchantName };
    if (!followers.isFollowing(openid)) return { kind: 'follow-page', account: to, ticket: code.ticket };
    const answered = conversations.scanned(openid, code);
    if (!phones.isOpen(phone)) await answered;
    return { kind: 'chat', account: to };
  }

  async #scanToPay(text: string, phone: string): Promise<ScanAnswer> {
    const { cashier, orders, phones, products } = this.#world;
    const { openid } = phones.user(phone);
    const order = /\?pr=/.test(text) ? this.#orderOf(text) : await products.scan(text, openid);
    const reason = orders.whyNotPayable(order, openid);
    if (reason) throw new ScanRefusal(reason);
    // Who scans it first is its payer: two people cannot pay one order.
    order.openid ??= openid;
    const payment = this.#letPay(order, phone);
    if (!phones.isOpen(phone)) await payment;
    return { kind: 'sheet', sheet: cashier.sheetOf(order) };
  }

  async #letPay(order: PayOrder, phone: string): Promise<void> {
    const { cashier, phones } = this.#world;
    const action = await cashier.ask(order, phone);
    if (action === 'pay') cashier.take(order, phones.user(phone).openid, { phone });
  }

  /** @throws ScanRefusal */
  #orderOf(codeUrl: string): PayOrder {
    const { orders } = this.#world;
    const prepaid = orders.prepaidBy((known) => known.codeUrl === codeUrl);
    if (!prepaid) throw new ScanRefusal('二维码无效，请确认后重新扫码');
    if (!orders.isAlive(prepaid)) throw new ScanRefusal('二维码已过期，请重新获取二维码');
    return prepaid.order;
  }
}

function ofScene({ url, scene, createdAt, expiresAt }: QrCode): CodeInView {
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  return {
    codeUrl: url,
    description: String(scene),
    total: null,
    state: 'SCENE',
    createdAt: time(createdAt),
    expiresAt: expiresAt === undefined ? null : time(expiresAt),
  };
}

function ofOrder({ order, createdAt, expiresAt }: Prepaid, codeUrl: string): CodeInView {
  return {
    codeUrl,
    description: order.description,
    total: order.total,
    state: order.state,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
