/** The file of its own that the builds for script tags load where there is an `<image-uploader>`. */
import { bringPart } from '../core/part.ts';
import { uploaderPart } from './uploader-part.ts';

bringPart('uploader', uploaderPart);
