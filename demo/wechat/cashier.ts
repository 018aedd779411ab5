import type { Account } from './account.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import type { Notifications } from './notifications.ts';
import type { PayOrder, PayOrders } from './pay-orders.ts';
import type { Phones, Sheet, SheetAction } from './phones.ts';
import type { PayRefund, RefundEnd, Refunds } from './refunds.ts';

const NEVER = new AbortController().signal;

interface World {
  account: Account;
  clock: Clock;
  orders: PayOrders;
  refunds: Refunds;
  notifications: Notifications;
  phones: Phones;
  knobs: () => Knobs;
}

/** Where money moves: payers are asked, pay and get back; merchants and payers hear of it. */
export class Cashier {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  sheetOf(order: PayOrder): Sheet {
    return {
      description: order.description,
      merchantName: this.#world.account.merchantName,
      amount: { total: order.total, currency: order.currency },
      outTradeNo: order.outTradeNo,
    };
  }

  /** Who pays, or would if nobody else does. */
  payerOf({ openid }: PayOrder): string {
    return openid ?? this.#world.account.users[0]!.openid;
  }

  /** What the payer does with the pay sheet; the knob `paySheet` where no page shows it. */
  async ask(order: PayOrder, phone: string, gone: AbortSignal = NEVER): Promise<SheetAction> {
    const { knobs, phones } = this.#world;
    return phones.isOpen(phone) ? phones.showSheet(phone, this.sheetOf(order), gone) : knobs().paySheet;
  }

  /**
   * The payer pays, and the merchant is notified.
   * @returns why not, in the client's words; undefined where it is done
   */
  take(
    order: PayOrder,
    openid: string,
    { notify = true, phone }: { notify?: boolean; phone?: string } = {},
  ): string | undefined {
    const { clock, notifications, orders, phones } = this.#world;
    const reason = orders.whyNotPayable(order, openid);
    if (reason) return reason;
    orders.pay(order, openid);
    if (notify) notifications.paid(order);
    const to = phone === undefined ? { openid } : { phone };
    phones.sendReceipt(to, { kind: 'payment', ...this.sheetOf(order) }, clock.now());
    return undefined;
  }

  /** A new refund takes its course, as the knob has it. */
  settle(refund: PayRefund): void {
    const ends = { succeed: 'SUCCESS', abnormal: 'ABNORMAL', close: 'CLOSED', wait: undefined } as const;
    const end = ends[this.#world.knobs().refunds];
    // It may have been finished by hand in the meantime.
    if (end && refund.state === 'PROCESSING') this.finish(refund, end);
  }

  /** @throws TypeError where it has ended already */
  finish(refund: PayRefund, end: RefundEnd, { notify = true }: { notify?: boolean } = {}): void {
    const { clock, notifications, orders, phones, refunds } = this.#world;
    refunds.finish(refund, end);
    const order = orders.byOutTradeNo(refund.outTradeNo)!;
    if (notify) notifications.refunded(refund, order);
    if (end !== 'SUCCESS') return;
    const receipt = {
      kind: 'refund',
      ...this.sheetOf(order),
      amount: { total: refund.amount, currency: order.currency },
      outRefundNo: refund.outRefundNo,
      reason: refund.reason,
    } as const;
    phones.sendReceipt({ openid: order.openid! }, receipt, clock.now());
  }
}
