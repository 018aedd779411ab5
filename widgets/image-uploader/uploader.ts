import type { TemplateResult } from 'lit';
import type { Text } from '../core/language.ts';
import { metaSession } from '../core/meta-session.ts';
import type { WidgetError } from '../core/widget-error.ts';
import { FileIntake } from './file-intake.ts';
import type { Invalidity } from './form-control.ts';
import type { KeptForm } from './kept-form.ts';
import { KeptPictures } from './kept-pictures.ts';
import type { PicturesPart } from './pictures-part.ts';
import { type Added, type Picture, Queue, type QueueEvent } from './queue.ts';
import type { Reorder } from './reorder.ts';
import { Tiles } from './tiles.ts';
import type { UploadWorld } from './upload-picture.ts';
import { addedText, movedText, removedText, UPLOADER_TEXTS } from './uploader.texts.ts';
import type { UploaderHost } from './uploader-host.ts';
import type { UploaderImage } from './uploader-image.ts';
import { type Refusal, renderUploader } from './uploader-view.ts';

/** A second click this soon is part of the first. */
const DOUBLE_CLICK = 800;

/** All that an `<image-uploader>` does beyond being there: it takes pictures in, uploads and shows them. */
export class Uploader {
  readonly queue: Queue;
  readonly tiles: Tiles;
  readonly host: UploaderHost;
  /** Files are held over the element. */
  isOver = false;
  /** What was not taken at the last choice. */
  refusals: Refusal[] = [];
  /** As soon as there are tiles to move. */
  reorder: Reorder | undefined;

  private readonly _intake: FileIntake;
  private readonly _world: UploadWorld;
  private _part: PicturesPart | undefined;
  private _status: Text = ['', ''];
  private _isChoosing = false;
  private _isGuarded = false;
  private _hasRestored = false;
  /** WeChat's own chooser cannot be used here. */
  private _withoutChooser = false;
  private _isSignedIn = false;
  /** Inside WeChat: it is known how pictures are chosen, and whether one has to sign in. */
  private _prepared: Promise<void> | undefined;

  constructor(host: UploaderHost) {
    this.host = host;
    this._world = createWorld(host);
    this.queue = new Queue({
      upload: async (...upload) => (await this._load()).uploadPicture(this._world, ...upload),
      asError: (thrown) => this._explain(thrown),
      failure: (code) => this._part?.uploadFailure(code) ?? host.failure(code),
      isOnline: () => navigator.onLine,
      onConnection,
      clock: host.clock,
      on: (event, picture) => this._tell(event, picture),
      update: () => this._update(),
    });
    this.tiles = new Tiles(host, {
      open: (id) => this._open(id),
      retry: (id) => this._retry(id),
      remove: (id) => this.remove(id),
      shift: (id, by) => this.shift(id, by),
      preview: async (picture) => (await this._load()).previewOf(picture, host),
    });
    this._intake = new FileIntake({
      element: host.element,
      form: () => host.element.form,
      mayTake: () => !host.isDisabled,
      take: (files) => this.addFiles(files),
      showOver: (isOver) => this._showOver(isOver),
    });
  }

  get images(): UploaderImage[] {
    return this.queue.pictures.map(toImage);
  }

  get urls(): readonly string[] {
    return this.queue.urls;
  }

  get state(): 'idle' | 'uploading' | 'failed' {
    return this.queue.isBusy ? 'uploading' : this._hasFailed ? 'failed' : 'idle';
  }

  /** Why the form has to wait. */
  get invalidity(): Invalidity | undefined {
    if (this.queue.isBusy) return [{ customError: true }, UPLOADER_TEXTS.busy];
    return this._hasFailed ? [{ customError: true }, UPLOADER_TEXTS.failed] : undefined;
  }

  /** What screen readers are told. */
  get status(): string {
    return this.host.say(this._status);
  }

  /** How many more there can be. */
  get room(): number {
    return Math.max(0, this.host.element.max - this.queue.pictures.length);
  }

  setValue(urls: readonly string[]): void {
    this.queue.setValue(urls);
    if (this._hasRestored) this._kept().keep(urls);
  }

  clear(): void {
    this.refusals = [];
    this._kept().forget();
    this.queue.clear();
  }

  connect(): void {
    this.queue.start();
    this._intake.connect();
    addEventListener('submit', this._handleSubmit);
    this._restore();
    if (this._world.wechat) this._prepared ??= this._prepareWechat();
    this._guard();
  }

  disconnect(): void {
    // Whoever moves the element puts it in elsewhere at once.
    setTimeout(() => this.host.element.isConnected || this.queue.stop());
    this._intake.disconnect();
    removeEventListener('submit', this._handleSubmit);
    this._guard();
  }

  render(): TemplateResult {
    return renderUploader(this);
  }

  /** As a click on the tile that adds, or the return from the sign-in that one has led to. */
  async choose(isResumed = false): Promise<void> {
    const { host, _world: world } = this;
    if (host.isDisabled || this._isChoosing || !this.room) return;
    this._isChoosing = true;
    this._clearRefusals();
    try {
      if (world.wechat) await this._chooseInWechat(!isResumed);
      else if (metaSession()) this._openFileInput();
      else throw (await this._load()).sessionObstacle(world);
    } catch (thrown) {
      this._refuse('', this._explain(thrown));
    } finally {
      host.clock.setTimeout(() => {
        this._isChoosing = false;
      }, DOUBLE_CLICK);
    }
  }

  /** What was chosen, dropped or pasted. What cannot be taken is said; the others are. */
  async addFiles(files: readonly File[]): Promise<void> {
    this._clearRefusals();
    const { accept } = this.host.element;
    try {
      const { fileObstacle, uploadFailure } = await this._load();
      const obstacles = await Promise.all(files.map((file) => fileObstacle(file, accept)));
      const added: Added[] = [];
      for (const [index, file] of files.entries()) {
        const error = obstacles[index] ?? (added.length < this.room ? undefined : uploadFailure('image_too_many'));
        if (error) this._refuse(file.name, error);
        else added.push({ source: { kind: 'file', file }, name: file.name, size: file.size });
      }
      this._add(added);
    } catch (thrown) {
      this._refuse('', this._explain(thrown));
    }
  }

  remove(id: string): void {
    const { tiles, queue, host } = this;
    const hadFocus = tiles.itemOf(id)!.contains(host.root.activeElement);
    const index = queue.pictures.findIndex((picture) => picture.id === id);
    this._glide(() => {
      queue.remove(id);
      this._say(removedText(queue.pictures.length));
    });
    if (!hadFocus) return;
    const next = queue.pictures[index] ?? queue.pictures[index - 1];
    if (next) tiles.focus(next.id);
    else host.root.querySelector<HTMLElement>('.add')?.focus();
  }

  /** By so many places, if there are so many. */
  shift(id: string, by: number): void {
    const { tiles, queue } = this;
    const to = queue.pictures.findIndex((picture) => picture.id === id) + by;
    if (!queue.pictures[to]) return;
    this._glide(() => this._moveTo(id, to));
    tiles.focus(id);
  }

  pick(id: string | undefined): void {
    this.tiles.picked = id;
    this._update();
  }

  private async _load(): Promise<PicturesPart> {
    if (this._part) return this._part;
    const part = await this.host.loadPictures();
    this._part = part;
    this.reorder ??= part.createReorder({
      tiles: () => this.tiles.items,
      mayMove: () => !this.host.isDisabled && this.queue.pictures.length > 1,
      move: (tile, to) => this._moveTo(this.tiles.idOf(tile)!, to),
      pick: (tile) => this.pick(this.tiles.idOf(tile)),
    });
    return part;
  }

  private _explain(thrown: unknown): WidgetError {
    return this._part?.asUploadError(thrown, this.host) ?? this.host.asWidgetError(thrown);
  }

  private _glide(change: () => void): void {
    if (this._part) this._part.glide(() => this.tiles.items, change);
    else change();
  }

  private get _hasFailed(): boolean {
    return this.queue.pictures.some(({ state }) => state === 'failed');
  }

  /** What was there before the page was loaded anew, once. */
  private _restore(): void {
    if (this._hasRestored) return;
    this._hasRestored = true;
    const kept = this._kept().read();
    if (kept.length) this.host.restore(kept);
  }

  /**
   * Which way pictures are chosen must be known before the click: later, the browser opens no file input. Whoever comes
   * back from the sign-in finds the form as it was, and goes on.
   */
  private async _prepareWechat(): Promise<void> {
    const { host, _world: world } = this;
    const warn = ({ code, message }: WidgetError) => console.warn(`JS-SDK ${code}: ${message}`);
    try {
      const { readyToChoose, ensureSession } = await this._load();
      const isResumed = host.takeResume(world.proxy.address, world.purpose);
      if (isResumed) this._keptForm()?.restore();
      await readyToChoose(await host.wechat(), host.createProxy()).catch((error: WidgetError) => {
        this._withoutChooser = true;
        warn(error);
      });
      await ensureSession(world, false).then(
        () => {
          this._isSignedIn = true;
        },
        () => {},
      );
      if (isResumed) this.choose(true);
    } catch (error) {
      warn(error as WidgetError);
    }
  }

  /** May leave the page; what the user has written into the form is there again afterwards. */
  private async _signIn(mayLeave: boolean): Promise<void> {
    const { ensureSession } = await this._load();
    const kept = mayLeave ? this._keptForm() : undefined;
    kept?.keep();
    try {
      await ensureSession(this._world, mayLeave);
      this._isSignedIn = true;
    } finally {
      kept?.forget();
    }
  }

  private async _chooseInWechat(mayLeave: boolean): Promise<void> {
    const { host } = this;
    if (mayLeave) await this._prepared;
    if (!this._isSignedIn) await this._signIn(mayLeave);
    if (this._withoutChooser) return this._openFileInput();
    const { chooseInWechat, isWithoutChooser } = await this._load();
    const { source, sizeType } = host.element;
    const choice = { count: this.room, sizeType: words(sizeType), sourceType: words(source) };
    try {
      const localIds = await chooseInWechat(await host.wechat(), host.createProxy(), choice);
      this._add(localIds.map((localId) => ({ source: { kind: 'wechat', localId }, name: '', size: 0 })));
    } catch (error) {
      if (!isWithoutChooser(error as WidgetError)) throw error;
      this._withoutChooser = true;
      this._openFileInput();
    }
  }

  private _openFileInput(): void {
    this.host.root.querySelector<HTMLInputElement>('input')!.click();
    // While the user looks at the album.
    this._load().catch(() => {});
  }

  private _add(added: readonly Added[]): void {
    if (added.length) {
      this._say(addedText(added.length));
      this.queue.add(added);
    } else this._update();
  }

  private _refuse(name: string, error: WidgetError): void {
    this.refusals.push({ name, error });
    this._status = [`${name} ${error.cause['zh-CN']}`, `${name} ${error.cause.en}`];
    this._update();
    this.host.emit('error', undefined, error, name);
  }

  private _clearRefusals(): void {
    this.refusals = [];
    this._update();
  }

  private _retry(id: string): void {
    const { code } = this.queue.pictures.find((picture) => picture.id === id)!.error!;
    const retry = () => {
      this.queue.retry(id);
      this.tiles.focus(id);
    };
    if (this._world.wechat && /^session_/.test(code)) this._signIn(true).then(retry, () => {});
    else retry();
  }

  private _moveTo(id: string, to: number): void {
    this._say(movedText(to + 1, this.queue.pictures.length));
    this.queue.move(id, to);
  }

  /** The whole picture: in WeChat's own viewer, else in a tab of its own. */
  private async _open(id: string): Promise<void> {
    if (this.reorder?.hasJustEnded) return;
    if (this.tiles.picked) return this.pick(undefined);
    const { url, source } = this.queue.pictures.find((picture) => picture.id === id)!;
    if (url && this._world.wechat && !this._withoutChooser) {
      const { previewInWechat } = await this._load();
      await previewInWechat(await this.host.wechat(), this.urls, url).catch(() => {});
    } else if (url) open(url, '_blank', 'noopener');
    else if (source.kind === 'file') openFile(source.file);
  }

  private _showOver(isOver: boolean): void {
    if (this.isOver === isOver) return;
    this.isOver = isOver;
    this._update();
  }

  private _tell(event: QueueEvent, picture: Picture): void {
    const { host, queue } = this;
    if (event === 'error') this._status = [picture.error!.cause['zh-CN'], picture.error!.cause.en];
    if (event === 'done' && !queue.isBusy && !this._hasFailed) this._status = UPLOADER_TEXTS.allDone;
    if (event === 'change') this._kept().keep(queue.urls);
    host.emit(event, toImage(picture), picture.error);
  }

  private _say(text: Text): void {
    this._status = text;
    this._update();
  }

  private _update(): void {
    this._guard();
    this.host.update();
  }

  /** Whoever leaves the page while pictures are under way is asked; the browser has its own words for it. */
  private _guard(): void {
    const isWanted = this.queue.isBusy && this.host.element.isConnected;
    if (isWanted === this._isGuarded) return;
    this._isGuarded = isWanted;
    if (isWanted) addEventListener('beforeunload', preventLeaving);
    else removeEventListener('beforeunload', preventLeaving);
  }

  /** What is sent need not be there again. */
  private readonly _handleSubmit = (event: Event): void => {
    if (event.target === this.host.element.form && !event.defaultPrevented) this._kept().forget();
  };

  private _kept(): KeptPictures {
    const { element, store } = this.host;
    return new KeptPictures(store, pageKey(), element.name, indexOf(element));
  }

  private _keptForm(): KeptForm | undefined {
    const { element, store } = this.host;
    return element.form ? this._part!.createKeptForm(store, pageKey(), element.form) : undefined;
  }
}

function createWorld(host: UploaderHost): UploadWorld {
  const { element, failure, asWidgetError } = host;
  const isInWechat = /^(wechat|mini-program)$/.test(host.host());
  return {
    // The attributes may change.
    get proxy() {
      return host.createProxy();
    },
    get purpose() {
      return `image-uploader ${element.name} ${indexOf(element)}`;
    },
    wechat: isInWechat ? host.wechat : undefined,
    failure,
    asWidgetError,
    maxEdge: () => element.maxEdge,
    maxSize: () => element.maxSize,
  };
}

function toImage({ source: _, ...image }: Picture): UploaderImage {
  return image;
}

/** Which of the elements of its name it is in the page. */
function indexOf(element: HTMLElement & { name: string }): number {
  const all = [...document.querySelectorAll<HTMLElement & { name: string }>(element.localName)];
  return Math.max(0, all.filter(({ name }) => name === element.name).indexOf(element));
}

function pageKey(): string {
  return location.pathname + location.search;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

function openFile(file: File): void {
  const url = URL.createObjectURL(file);
  open(url, '_blank');
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function preventLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
  // What browsers went by before.
  event.returnValue = true;
}

function onConnection(listener: () => void): () => void {
  for (const type of ['online', 'offline']) addEventListener(type, listener);
  return () => {
    for (const type of ['online', 'offline']) removeEventListener(type, listener);
  };
}
