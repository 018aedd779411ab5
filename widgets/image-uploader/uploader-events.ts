import type { WidgetError } from '../core/widget-error.ts';
import { WidgetEvent } from '../core/widget-event.ts';
import type { UploaderImage } from './uploader-image.ts';

/** An image was chosen, dropped or pasted, and waits to be uploaded. */
export class ImageAddEvent extends WidgetEvent<{ image: UploaderImage }> {
  constructor(detail: ImageAddEvent['detail']) {
    super('image-add', detail);
  }
}

/**
 * More of it has arrived: `image.loaded` of `image.total` bytes. Inside WeChat, which tells of no bytes, both are 0: it
 * is heard when the upload begins and when WeChat has the picture, before the proxy fetches it from there.
 */
export class ImageProgressEvent extends WidgetEvent<{ image: UploaderImage }> {
  constructor(detail: ImageProgressEvent['detail']) {
    super('image-progress', detail);
  }
}

/** It is uploaded: `image.url` is where. */
export class ImageDoneEvent extends WidgetEvent<{ image: UploaderImage }> {
  constructor(detail: ImageDoneEvent['detail']) {
    super('image-done', detail);
  }
}

/**
 * It could not be uploaded; or, where there is no `image`, the file of that `name` was refused, or, without a name, the
 * element cannot work: `error.code` says why.
 */
export class ImageErrorEvent extends WidgetEvent<{
  error: WidgetError;
  name: string;
  image?: UploaderImage | undefined;
}> {
  constructor(detail: ImageErrorEvent['detail']) {
    super('image-error', detail);
  }
}

/** The user took it away. */
export class ImageRemoveEvent extends WidgetEvent<{ image: UploaderImage }> {
  constructor(detail: ImageRemoveEvent['detail']) {
    super('image-remove', detail);
  }
}

/** The value is another one: an upload has ended, or the user has removed or moved an image. Its type is `change`. */
export class UploaderChangeEvent extends WidgetEvent<{ value: string }> {
  constructor(detail: UploaderChangeEvent['detail']) {
    super('change', detail);
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'image-add': ImageAddEvent;
    'image-progress': ImageProgressEvent;
    'image-done': ImageDoneEvent;
    'image-error': ImageErrorEvent;
    'image-remove': ImageRemoveEvent;
  }
}
