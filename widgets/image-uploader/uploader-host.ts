import type { html, nothing, render } from 'lit';
import type { Clock } from '../core/clock.ts';
import type { Host } from '../core/environment.ts';
import type { asWidgetError, failure } from '../core/failure.ts';
import type { Language, Text } from '../core/language.ts';
import type { ProxyClient } from '../core/proxy-client.ts';
import type { Store } from '../core/stored.ts';
import type { Wechat } from '../core/wechat/wechat.ts';
import type { WidgetError } from '../core/widget-error.ts';
import type { FormControl } from './form-control.ts';
import type { ImageUploader } from './image-uploader.ts';
import type { PicturesPart } from './pictures-part.ts';
import type { QueueEvent } from './queue.ts';
import type { UploaderImage } from './uploader-image.ts';

/** What the element hands to its part for uploading, so that it need not bring the same things again. */
export interface UploaderHost {
  element: ImageUploader;
  root: ShadowRoot;
  html: typeof html;
  nothing: typeof nothing;
  render: typeof render;
  say(text: Text): string;
  readonly language: Language;
  /** By itself, or by a `<fieldset>` around it. */
  readonly isDisabled: boolean;
  readonly formControl: FormControl | undefined;
  /** Draws anew, at once, and tells the form. */
  update(): void;
  /** What was there before the page was loaded anew, unless the page has set something else. */
  restore(urls: readonly string[]): void;
  /** `name`: of a file that was refused. */
  emit(event: QueueEvent, image?: UploaderImage, error?: WidgetError, name?: string): void;
  failure: typeof failure;
  asWidgetError: typeof asWidgetError;
  /** @throws WidgetError `proxy_unknown` */
  createProxy(): ProxyClient;
  /** What is needed as soon as there are pictures. */
  loadPictures(): Promise<PicturesPart>;
  wechat(): Promise<Wechat>;
  /** Where the page is shown. */
  host(): Host;
  /** Whether the user left this page to sign in for this, and is back. */
  takeResume(address: string, purpose: string): boolean;
  store: Store | undefined;
  clock: Clock;
}
