import type { PageOrder } from '../../proxy/api.ts';
import type { WidgetError } from '../core/widget-error.ts';
import { WidgetEvent } from '../core/widget-event.ts';

/** The order is shown for the first time. */
export class OrderLoadEvent extends WidgetEvent<{ order: PageOrder }> {
  constructor(detail: OrderLoadEvent['detail']) {
    super('order-load', detail);
  }
}

/** The order's status changed. */
export class OrderChangeEvent extends WidgetEvent<{ order: PageOrder; previous: PageOrder }> {
  constructor(detail: OrderChangeEvent['detail']) {
    super('order-change', detail);
  }
}

/** The order cannot be shown: `error.code` says why. */
export class OrderErrorEvent extends WidgetEvent<{ orderId: string; error: WidgetError }> {
  constructor(detail: OrderErrorEvent['detail']) {
    super('order-error', detail);
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'order-load': OrderLoadEvent;
    'order-change': OrderChangeEvent;
    'order-error': OrderErrorEvent;
  }
}
