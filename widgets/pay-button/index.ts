/** Registers `<pay-button>`. */
import { define } from '../core/define.ts';
import { PayButton } from './pay-button.ts';

define('pay-button', PayButton);

export type { PayChannel } from './channel.ts';
export * from './pay-events.ts';
export type { PayState } from './payment.ts';
export { PayButton };
