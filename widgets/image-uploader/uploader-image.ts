import type { WidgetError } from '../core/widget-error.ts';

export type ImageState = 'queued' | 'uploading' | 'done' | 'failed';

/** One image, as the page sees it. */
export interface UploaderImage {
  /** Its own, unique in the page. */
  id: string;
  /** Of the file; empty where it came from WeChat or was there before. */
  name: string;
  state: ImageState;
  /** Bytes of what is uploaded: how many the proxy has, and how many there are (0 where nobody knows). */
  loaded: number;
  total: number;
  /** What the proxy stores. */
  url?: string | undefined;
  type?: string | undefined;
  size?: number | undefined;
  width?: number | undefined;
  height?: number | undefined;
  /** Why it failed. */
  error?: WidgetError | undefined;
}
