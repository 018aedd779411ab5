import type { NotificationAnswer, NotificationOverrides } from './control.ts';
import type { PayOrder } from './pay-orders.ts';
import type { PayRefund } from './refunds.ts';

/** What is told: that an order is paid, or how a refund of it has ended. */
export interface Notice {
  order: PayOrder;
  refund?: PayRefund;
  id: string;
  createdAt: number;
}

/** How one try differs from the genuine notice. */
export type NoticeParts = Omit<NotificationOverrides, 'fault' | 'payVersion'> & {
  /** Signs, or encrypts, with a key that is nobody's. */
  forged?: boolean;
  signature?: string;
};

/** One try, ready to be sent. */
export interface Letter {
  headers: Record<string, string>;
  body: string;
  stringToSign: string;
  /** Whether the merchant's answer says that it need not come again. */
  isTaken(answer: NotificationAnswer): boolean;
}
