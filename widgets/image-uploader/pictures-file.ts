/** The file of its own that the builds for script tags load with the first picture. */
import { bringPart } from '../core/part.ts';
import { picturesPart } from './pictures-part.ts';

bringPart('pictures', picturesPart);
