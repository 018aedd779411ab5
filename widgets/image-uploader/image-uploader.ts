import {
  adoptStyles,
  html,
  nothing,
  type PropertyDeclaration,
  type PropertyDeclarations,
  type PropertyValues,
  render,
  type TemplateResult,
  unsafeCSS,
} from 'lit';
import { baseStyles } from '../core/base.styles.ts';
import { pageClock } from '../core/clock.ts';
import { currentTraces, detectHost } from '../core/environment.ts';
import { asWidgetError, failure } from '../core/failure.ts';
import { storage, takeResume, wechat } from '../core/page.ts';
import { ProxyClient } from '../core/proxy-client.ts';
import { REFLECTED } from '../core/weixin-element.ts';
import type { WidgetError } from '../core/widget-error.ts';
import { FormControlElement, type Invalidity } from './form-control.ts';
import { imageUploaderStyles } from './image-uploader.styles.ts';
import { TEXTS } from './image-uploader.texts.ts';
import { loadPictures } from './load-pictures.ts';
import { loadUploader } from './load-uploader.ts';
import type { QueueEvent } from './queue.ts';
import type { Uploader } from './uploader.ts';
import {
  ImageAddEvent,
  ImageDoneEvent,
  ImageErrorEvent,
  ImageProgressEvent,
  ImageRemoveEvent,
  UploaderChangeEvent,
} from './uploader-events.ts';
import type { UploaderHost } from './uploader-host.ts';
import type { UploaderImage } from './uploader-image.ts';

/** A whole number, read as HTML reads them; what is none is the default. */
const COUNT: PropertyDeclaration = {
  ...REFLECTED,
  converter: (text) => {
    const count = Number.parseInt(text!, 10);
    return count >= 0 ? count : null;
  },
};

/**
 * @summary Uploads images, and is a form's field that says where they are. Inside WeChat they are chosen and shown by
 *  WeChat's own album and viewer (JS-SDK), elsewhere by a file input; on computers they can be dropped onto it or pasted
 *  too. Large ones are made smaller before they are sent. They are moved by a long press, by the mouse, or by Alt and an
 *  arrow key, and removed by the key Delete.
 *
 *  It takes part in forms as `<input>` does: submitted as one field `name` for each image, in their order; required,
 *  disabled, reset, and invalid while an upload is under way or has failed. What is uploaded is there again when the page
 *  is loaded anew.
 *
 * @event {ImageAddEvent} image-add - An image was chosen.
 * @event {ImageProgressEvent} image-progress - More of it has arrived.
 * @event {ImageDoneEvent} image-done - It is uploaded.
 * @event {ImageErrorEvent} image-error - It was refused or could not be uploaded, or the element cannot work;
 *  `detail.error` says why and what to do.
 * @event {ImageRemoveEvent} image-remove - The user took it away.
 * @event {UploaderChangeEvent} change - The value is another one, by an upload's end or by the user.
 *
 * @slot - Anything of the page's own, below the images.
 *
 * @csspart list - The grid of tiles.
 * @csspart item - A tile.
 * @csspart picture - The image in it: a button that shows it whole.
 * @csspart progress - How much of it is uploaded.
 * @csspart retry - The button that uploads again what failed; or loads again what the element could not load.
 * @csspart remove - The button that takes it away.
 * @csspart add - The tile that adds images.
 * @csspart error - What was refused or has failed, why, and what to do.
 * @csspart status - What screen readers are told; not to be seen.
 *
 * @cssproperty --weixin-tile - How wide a tile is at least. By default 96px: three in a row on a phone.
 * @cssproperty --weixin-brand - What marks where an image goes; `--weixin-brand-text` the focus.
 * @cssproperty --weixin-text-quiet - What matters less, by default of the page's own colour; `--weixin-danger` what went
 *  wrong.
 * @cssproperty --weixin-surface-quiet - The tiles; `--weixin-line` around the one that adds.
 * @cssproperty --weixin-surface - Below errors; `--weixin-text` their text.
 * @cssproperty --weixin-radius - How round the tiles are.
 * @cssproperty --weixin-font - The fonts.
 */
export class ImageUploader extends FormControlElement {
  static override styles = [baseStyles, imageUploaderStyles];
  static override properties: PropertyDeclarations = {
    max: COUNT,
    maxSize: { attribute: 'max-size', ...COUNT },
    maxEdge: { attribute: 'max-edge', ...COUNT },
    aspectRatio: { attribute: 'aspect-ratio', ...REFLECTED },
    accept: REFLECTED,
    source: REFLECTED,
    sizeType: { attribute: 'size-type', ...REFLECTED },
    defaultValue: { attribute: 'value', ...REFLECTED },
    value: { attribute: false, noAccessor: true },
    state: { reflect: true },
  };

  /** How many images there can be; 0: none. */
  declare max: number;
  /**
   * How many bytes each may have. One that has more is compressed, then made smaller; it is refused where that does not
   * help, where it moves, or where the browser cannot draw it. Inside WeChat, which uploads by itself, it is the proxy’s
   * limit that holds.
   */
  declare maxSize: number;
  /** Larger ones are made smaller: their longest edge, in pixels. 0: all are sent as they are. */
  declare maxEdge: number;
  /**
   * Each is cropped to it about its centre: width by height, as `1` or `16/9`; what moves then stands still. Empty, or what
   * is no ratio: none is. Not inside WeChat, which uploads by itself.
   */
  declare aspectRatio: string;
  /** What can be chosen, as `accept` of `<input>` has it. The proxy takes JPEG, PNG, GIF and WebP. */
  declare accept: string;
  /** `album`, `camera`, or both. Outside WeChat, `camera` alone opens the camera. */
  declare source: string;
  /** Inside WeChat: `original`, `compressed`, or both for the user to choose. */
  declare sizeType: string;
  /** The attribute `value`: what is there at first, and again after the form's reset. */
  declare defaultValue: string;
  /** `uploading` while an upload waits or is under way, `failed` where one has failed, else `idle`; to be read only. */
  declare state: 'idle' | 'uploading' | 'failed';

  private _uploader: Uploader | undefined;
  /** The addresses of what is uploaded. */
  private _urls: readonly string[] = [];
  /** The user or the page has changed what is there: it is no longer the default. */
  private _isDirty = false;
  /** What the element needs could not be loaded. */
  private _error: WidgetError | undefined;

  constructor() {
    super();
    this.max = 9;
    this.maxSize = 10_485_760;
    this.maxEdge = 2560;
    this.aspectRatio = '';
    this.accept = 'image/jpeg,image/png,image/gif,image/webp,image/heic';
    this.source = 'album camera';
    this.sizeType = 'compressed';
    this.defaultValue = '';
    this.state = 'idle';
  }

  /**
   * The addresses (http or https) of the uploaded images in their order, separated by commas. Can be set, also to a list:
   * another value takes the place of all images, also of those under way.
   */
  get value(): string {
    return this._currentUrls().join();
  }

  set value(value: string | readonly string[]) {
    this._isDirty = true;
    this._set(urlsIn(value));
  }

  /** All images in their order, also those that are not uploaded yet. */
  get images(): readonly UploaderImage[] {
    return this._uploader?.images ?? [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this._uploader) this._uploader.connect();
    else this._load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this._uploader?.disconnect();
  }

  formResetCallback(): void {
    this._isDirty = false;
    this._uploader?.clear();
    this._set(urlsIn(this.defaultValue));
  }

  /** The browser brings back what was there before the page was left. */
  formStateRestoreCallback(state: unknown): void {
    if (!this._isDirty && typeof state === 'string') this.value = state;
  }

  /** As if the user had clicked on the tile that adds. */
  override click(): void {
    this.renderRoot.querySelector<HTMLButtonElement>('.add')?.click();
  }

  private _currentUrls(): readonly string[] {
    return this._uploader?.urls ?? (this._isDirty ? this._urls : urlsIn(this.defaultValue));
  }

  private _set(urls: readonly string[]): void {
    this._urls = urls;
    this._uploader?.setValue(urls);
    this._update();
  }

  /** Whoever hears of a change finds it shown, and in the form. */
  private _update(): void {
    this.state = this._error ? 'failed' : (this._uploader?.state ?? 'idle');
    this.requestUpdate();
    if (this.hasUpdated) this.performUpdate();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('defaultValue') && !this._isDirty) this._uploader?.setValue(urlsIn(this.defaultValue));
    const urls = this._currentUrls();
    const isMissing = this.required && !urls.length;
    const invalidity = this._uploader?.invalidity ?? (isMissing ? MISSING : undefined);
    const { renderRoot: root } = this;
    this.submit(
      urls,
      invalidity,
      root.querySelector('.retry') ?? root.querySelector('.add') ?? root.querySelector('button'),
    );
  }

  private async _load(): Promise<void> {
    this._error = undefined;
    this.requestUpdate();
    try {
      const part = await loadUploader();
      if (this._uploader) return;
      this.formControl ??= part.createFormControl(this);
      const uploader = part.createUploader(this._host());
      uploader.setValue(this._currentUrls());
      this._uploader = uploader;
      adoptStyles(this.renderRoot as ShadowRoot, [...ImageUploader.elementStyles, unsafeCSS(part.styles)]);
      if (this.isConnected) uploader.connect();
      this._update();
    } catch (thrown) {
      const error = asWidgetError(thrown);
      this._error = error;
      this._update();
      this._emit('error', undefined, error);
    }
  }

  private _host(): UploaderHost {
    const element = this;
    return {
      element,
      root: this.renderRoot as ShadowRoot,
      html,
      nothing,
      render,
      say: (text) => this.say(text),
      get language() {
        return element.language;
      },
      get isDisabled() {
        return element.isDisabled;
      },
      get formControl() {
        return element.formControl;
      },
      update: () => this._update(),
      restore: (urls) => this.formStateRestoreCallback(urls.join()),
      emit: (event, image, error, name) => this._emit(event, image, error, name),
      failure,
      asWidgetError,
      createProxy: () => new ProxyClient(this.proxyAddress()),
      loadPictures,
      wechat,
      host: () => detectHost(currentTraces()),
      takeResume,
      store: storage(),
      clock: pageClock,
    };
  }

  private _emit(event: QueueEvent, image?: UploaderImage, error?: WidgetError, name = image?.name ?? ''): void {
    this._isDirty ||= event !== 'error';
    this.dispatchEvent(
      event === 'change'
        ? new UploaderChangeEvent({ value: this.value })
        : event === 'error'
          ? new ImageErrorEvent({ image, name, error: error! })
          : new EVENTS[event]({ image: image! }),
    );
  }

  override render(): TemplateResult {
    return html`
      ${this._uploader ? this._uploader.render() : this._renderShell()}
      <slot></slot>
      <p part="status" class="unseen" role="status">${this._uploader?.status}</p>
    `;
  }

  private _renderShell(): TemplateResult {
    const { _error: error, language } = this;
    if (!error)
      return html`<ul class="list">
        <li class="item"><button part="add" class="add" aria-disabled="true" aria-busy="true">${this.say(TEXTS.add)}</button></li>
      </ul>`;
    return html`
      <div part="error" role="alert">
        <span class="cause">${error.cause[language]}</span> ${error.remedy[language]}
      </div>
      <button part="retry" class="load" type="button" @click=${this._load}>${this.say(TEXTS.retry)}</button>
    `;
  }
}

const MISSING: Invalidity = [{ valueMissing: true }, TEXTS.required];

const EVENTS = { add: ImageAddEvent, progress: ImageProgressEvent, done: ImageDoneEvent, remove: ImageRemoveEvent };

function urlsIn(value: string | readonly string[] | null | undefined): string[] {
  return String(value ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => /^https?:/i.test(url));
}

declare global {
  interface HTMLElementTagNameMap {
    'image-uploader': ImageUploader;
  }
}
