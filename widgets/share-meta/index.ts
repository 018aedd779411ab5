/** Registers `<share-meta>`. */
import { define } from '../core/define.ts';
import { ShareMeta } from './share-meta.ts';

define('share-meta', ShareMeta);

export type { ShareCard } from './share-card.ts';
export * from './share-events.ts';
export type { ShareState } from './sharing.ts';
export { ShareMeta };
