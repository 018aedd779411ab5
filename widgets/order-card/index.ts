/** Registers `<order-card>`. */
import { define } from '../core/define.ts';
import { OrderCard } from './order-card.ts';

define('order-card', OrderCard);

export * from './order-events.ts';
export { OrderCard };
