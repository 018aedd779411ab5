/** Registers `<image-uploader>`. */
import { define } from '../core/define.ts';
import { ImageUploader } from './image-uploader.ts';

define('image-uploader', ImageUploader);

export * from './uploader-events.ts';
export type { ImageState, UploaderImage } from './uploader-image.ts';
export { ImageUploader };
