import type { Order, OrderStatus } from './books.ts';
import { type Html, html } from './html.ts';
import { type Language, MESSAGES, type Messages } from './messages.ts';

const STATUS_TEXT: Record<OrderStatus, keyof Messages> = {
  created: 'statusCreated',
  paying: 'statusPaying',
  paid: 'statusPaid',
  partially_refunded: 'statusPartiallyRefunded',
  refunded: 'statusRefunded',
  closed: 'statusClosed',
  expired: 'statusExpired',
};

export function statusBadge(order: Order, language: Language): Html {
  return html`<span class="status ${order.status}">${MESSAGES[language][STATUS_TEXT[order.status]]}</span>`;
}
