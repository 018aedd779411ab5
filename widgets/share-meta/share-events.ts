import type { WidgetError } from '../core/widget-error.ts';
import { WidgetEvent } from '../core/widget-event.ts';
import type { ShareCard } from './share-card.ts';

/**
 * The card is set: `detail` is what will be shown, which may be less than was asked for. Inside WeChat it means that the
 * client has both cards, elsewhere that the tags are in the page. That anybody shares it, no page is told.
 */
export class ShareReadyEvent extends WidgetEvent<ShareCard> {
  constructor(detail: ShareReadyEvent['detail']) {
    super('share-ready', detail);
  }
}

/**
 * Something is wrong with the card, or it could not be set: `error.code` says what. `warning`: the card is set as was
 * asked for all the same. Each problem of a card is told once.
 */
export class ShareErrorEvent extends WidgetEvent<{ error: WidgetError; warning: boolean }> {
  constructor(detail: ShareErrorEvent['detail']) {
    super('share-error', detail);
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'share-ready': ShareReadyEvent;
    'share-error': ShareErrorEvent;
  }
}
