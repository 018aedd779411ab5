import type { PageOrder } from '../../proxy/api.ts';
import type { WidgetError } from '../core/widget-error.ts';
import { WidgetEvent } from '../core/widget-event.ts';
import type { PayChannel } from './channel.ts';

/** An attempt to pay began, before the page is left for it; inside WeChat the payer is known by then. */
export class PayStartEvent extends WidgetEvent<{ orderId: string; channel: PayChannel }> {
  constructor(detail: PayStartEvent['detail']) {
    super('pay-start', detail);
  }
}

/** The proxy says that the order is paid. Cancel it (`preventDefault()`) to stay on the page. */
export class PaySuccessEvent extends WidgetEvent<{ orderId: string; order: PageOrder }> {
  constructor(detail: PaySuccessEvent['detail']) {
    super('pay-success', detail, true);
  }
}

/**
 * The payer closed the pay sheet or put the code away, and the proxy says that nothing was paid. `said`: `cancel`, or the
 * client's own words (some say `cancel` too where the pay directory is not registered); `closed` of a code.
 */
export class PayCancelEvent extends WidgetEvent<{ orderId: string; said: string }> {
  constructor(detail: PayCancelEvent['detail']) {
    super('pay-cancel', detail);
  }
}

/**
 * The attempt failed, or could not begin: `error.code` says why. `payment_unconfirmed`: the payer pays again before anybody
 * knew how this attempt went; the next one begins right after, and the order is still paid only once.
 */
export class PayErrorEvent extends WidgetEvent<{ orderId: string; error: WidgetError }> {
  constructor(detail: PayErrorEvent['detail']) {
    super('pay-error', detail);
  }
}

export type PayEvent = PayStartEvent | PaySuccessEvent | PayCancelEvent | PayErrorEvent;

declare global {
  interface GlobalEventHandlersEventMap {
    'pay-start': PayStartEvent;
    'pay-success': PaySuccessEvent;
    'pay-cancel': PayCancelEvent;
    'pay-error': PayErrorEvent;
  }
}
