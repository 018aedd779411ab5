/** Registers all elements. */
export type { PageOrder } from '../proxy/api.ts';
export { define } from './core/define.ts';
export { WidgetError } from './core/widget-error.ts';
export * from './image-uploader/index.ts';
export * from './order-card/index.ts';
export * from './pay-button/index.ts';
export * from './share-meta/index.ts';
