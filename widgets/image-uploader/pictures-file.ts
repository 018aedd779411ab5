/** The file of its own that the builds for script tags load before the first picture, in idle time. */
import { bringPart } from '../core/part.ts';
import { picturesPart } from './pictures-part.ts';

bringPart('pictures', picturesPart);
