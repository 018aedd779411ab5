import type { FormControl } from './form-control.ts';
import { FormFallback } from './form-fallback.ts';
import type { ImageUploader } from './image-uploader.ts';
import { UPLOADER_STYLES } from './uploader.styles.ts';
import { Uploader } from './uploader.ts';
import type { UploaderHost } from './uploader-host.ts';

/** What only a page with an `<image-uploader>` needs; loaded with the first one. */
export const uploaderPart = {
  styles: UPLOADER_STYLES,

  createUploader: (host: UploaderHost): Uploader => new Uploader(host),

  /** For browsers without ElementInternals. */
  createFormControl: (element: ImageUploader): FormControl => new FormFallback(element),
};

export type UploaderPart = typeof uploaderPart;
