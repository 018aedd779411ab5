/** The file of its own that the builds for script tags load where there is a `<share-meta>`. */
import { bringPart } from '../core/part.ts';
import { sharingPart } from './sharing-part.ts';

bringPart('sharing', sharingPart);
