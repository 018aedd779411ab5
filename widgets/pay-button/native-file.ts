/** The file of its own that the builds for script tags load where a code is shown. */
import { bringPart } from '../core/part.ts';
import { native } from './native.ts';

bringPart('native', native);
