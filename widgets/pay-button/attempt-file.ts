/** The file of its own that the builds for script tags load for the first attempt to pay. */
import { bringPart } from '../core/part.ts';
import { attemptPart } from './attempt-part.ts';

bringPart('attempt', attemptPart);
