import { PREVIEW_STYLES } from './preview.styles.ts';
import { type ShareHost, Sharing } from './sharing.ts';

/** What only a page with a `<share-meta>` needs; loaded with the first one. */
export const sharingPart = {
  styles: PREVIEW_STYLES,
  createSharing: (host: ShareHost): Sharing => new Sharing(host),
};

export type SharingPart = typeof sharingPart;
