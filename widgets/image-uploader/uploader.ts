import type { TemplateResult } from 'lit';
import type { Text } from '../core/language.ts';
import { metaSession } from '../core/meta-session.ts';
import { CHOOSER_READY, CLICK_COUNTS, DOUBLE_CLICK, WECHAT_DOUBLE_CLICK } from '../core/timing.ts';
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

/** No chooser is open, or just opening. */
const NEVER = Number.NEGATIVE_INFINITY;

/** All that an `<image-uploader>` does beyond being there: it takes pictures in, uploads and shows them. */
export class Uploader {
  readonly queue: Queue;
  readonly tiles: Tiles;
  readonly host: UploaderHost;
  /** Files are held over the element. */
  isOver = false;
  /** What was not taken at the last choice. */
  refusals: Refusal[] = [];
  /** A click waits for what chooses to get ready. */
  isOpening = false;
  /** One has to click again: the browser opens no file input for a click so long ago. */
  isAskedAgain = false;
  /** As soon as there are tiles to move. */
  reorder: Reorder | undefined;

  private readonly _intake: FileIntake;
  private readonly _world: UploadWorld;
  private _part: PicturesPart | undefined;
  private _bring!: (part: PicturesPart) => void;
  private readonly _brought = new Promise<PicturesPart>((resolve) => {
    this._bring = resolve;
  });
  private _status: Text = ['', ''];
  /** When a chooser was opened that has not answered. */
  private _openedAt = NEVER;
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
      failure: (code) => this._failure(code),
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
      preview: async (picture) => {
        this._load().catch(() => {});
        return (await this._brought).previewOf(picture, host);
      },
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

  get max(): number {
    const max = Math.trunc(this.host.element.max);
    return max >= 0 ? max : 9;
  }

  /** How many more there can be. */
  get room(): number {
    return Math.max(0, this.max - this.queue.pictures.length);
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
    const idle = window.requestIdleCallback ?? setTimeout;
    idle(this._loadAhead);
    addEventListener('online', this._loadAhead);
    this._guard();
  }

  disconnect(): void {
    // Whoever moves the element puts it in elsewhere at once.
    setTimeout(() => this.host.element.isConnected || this.queue.stop());
    this._intake.disconnect();
    removeEventListener('submit', this._handleSubmit);
    removeEventListener('online', this._loadAhead);
    this._guard();
  }

  render(): TemplateResult {
    return renderUploader(this);
  }

  /** As a click on the tile that adds, or the return from the sign-in that one has led to. */
  async choose(isResumed = false): Promise<void> {
    const { host, _world: world } = this;
    const isWechat = world.wechat && !this._withoutChooser;
    const hasJustOpened = host.clock.now() - this._openedAt < (isWechat ? WECHAT_DOUBLE_CLICK : DOUBLE_CLICK);
    if (host.isDisabled || this.isOpening || hasJustOpened || !this.room) return;
    this._clearRefusals();
    try {
      if (world.wechat) await this._chooseInWechat(!isResumed);
      else if (metaSession()) this._openFileInput();
      else throw (await this._load()).sessionObstacle(world);
    } catch (thrown) {
      this._refuse('', this._explain(thrown));
    }
    this._setOpening(false);
  }

  /** The file input was closed: the next click opens it at once. */
  forgetOpened(): void {
    this._openedAt = NEVER;
  }

  /** What was chosen, dropped or pasted. What cannot be taken is said; the others are. */
  async addFiles(files: readonly File[]): Promise<void> {
    this.forgetOpened();
    this._clearRefusals();
    const { accept } = this.host.element;
    // Offline before the first picture, nobody can tell: they wait in their tiles, and their uploads will.
    const part = await this._load().catch(() => undefined);
    const obstacles = await Promise.all(files.map((file) => part?.fileObstacle(file, accept)));
    this._take(
      files.map((file) => ({ source: { kind: 'file', file }, name: file.name, size: file.size })),
      obstacles,
    );
  }

  remove(id: string): void {
    const { tiles, queue, host } = this;
    const hadFocus = tiles.itemOf(id)!.contains(host.root.activeElement);
    const index = queue.pictures.findIndex((picture) => picture.id === id);
    this.forgetOpened();
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

  handleKey(event: KeyboardEvent): void {
    this._part?.handleKey(event, this);
  }

  pick(id: string | undefined): void {
    this.tiles.picked = id;
    this._update();
  }

  private async _load(): Promise<PicturesPart> {
    if (this._part) return this._part;
    const part = await this.host.loadPictures();
    this._part = part;
    this._bring(part);
    this.reorder ??= part.createReorder({
      tiles: () => this.tiles.items,
      mayMove: () => !this.host.isDisabled && this.queue.pictures.length > 1,
      move: (tile, to) => this._moveTo(this.tiles.idOf(tile)!, to),
      pick: (tile) => this.pick(this.tiles.idOf(tile)),
    });
    return part;
  }

  /** So that choosing is quick, and the first picture can be chosen offline. */
  private readonly _loadAhead = (): void => {
    if (navigator.onLine && this.host.element.isConnected) this._load().catch(() => {});
  };

  private _failure(code: 'upload_stalled' | 'image_too_many'): WidgetError {
    return this._part?.uploadFailure(code) ?? this.host.failure(code);
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
    try {
      const { readyToChoose, ensureSession } = await this._load();
      const isResumed = host.takeResume(world.proxy.address, world.purpose);
      if (isResumed) this._keptForm()?.restore();
      // At once: some clients never answer what makes the chooser ready.
      const session = ensureSession(world, false).then(
        () => {
          this._isSignedIn = true;
        },
        () => {},
      );
      await readyToChoose(await host.wechat(), host.createProxy()).then(
        () => {
          this._withoutChooser = false;
        },
        (error: WidgetError) => {
          this._withoutChooser = true;
          warn(error);
        },
      );
      await session;
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

  private async _chooseInWechat(isClick: boolean): Promise<void> {
    const { host } = this;
    const { clock, element } = host;
    const start = clock.now();
    const openFileInput = () => {
      if (isClick && clock.now() - start < CLICK_COUNTS) this._openFileInput();
      else this._askAgain();
    };
    this._setOpening(true);
    if (!this._withoutChooser) await this._waitForChooser();
    if (!this._isSignedIn) await this._signIn(isClick);
    if (this._withoutChooser) return openFileInput();
    const { chooseInWechat, isWithoutChooser } = await this._load();
    const opens = () => {
      this._openedAt = clock.now();
      this._setOpening(false);
    };
    const choice = { count: this.room, sizeType: element.sizeType, source: element.source, opens };
    try {
      const choosing = chooseInWechat(await host.wechat(), host.createProxy(), choice);
      const localIds = await choosing.finally(() => this.forgetOpened());
      this._take(localIds.map((localId) => ({ source: { kind: 'wechat', localId }, name: '', size: 0 })));
    } catch (error) {
      if (!isWithoutChooser(error as WidgetError)) throw error;
      this._withoutChooser = true;
      openFileInput();
    }
  }

  /** Not for long. If it gets ready after all, the click after it has it. */
  private async _waitForChooser(): Promise<void> {
    const { clock } = this.host;
    const late = new Promise<boolean>((resolve) => clock.setTimeout(() => resolve(true), CHOOSER_READY));
    if (await Promise.race([this._prepared, late])) this._withoutChooser = true;
  }

  private _askAgain(): void {
    this.isAskedAgain = true;
    this._say(UPLOADER_TEXTS.again);
  }

  private _setOpening(isOpening: boolean): void {
    if (this.isOpening === isOpening) return;
    this.isOpening = isOpening;
    this._update();
  }

  private _openFileInput(): void {
    this._openedAt = this.host.clock.now();
    this.host.root.querySelector<HTMLInputElement>('input')!.click();
    // While the user looks at the album.
    this._load().catch(() => {});
  }

  /** Some clients of WeChat give more than they were asked for. */
  private _take(added: readonly Added[], obstacles: readonly (WidgetError | undefined)[] = []): void {
    let { room } = this;
    const taken = added.filter(({ name }, index) => {
      const error = obstacles[index] ?? (room > 0 ? undefined : this._failure('image_too_many'));
      if (error) this._refuse(name, error);
      else room--;
      return !error;
    });
    if (taken.length) {
      this._say(addedText(taken.length));
      this.queue.add(taken);
    }
  }

  private _refuse(name: string, error: WidgetError): void {
    this.refusals.push({ name, error });
    this._status = [`${name} ${error.cause['zh-CN']}`, `${name} ${error.cause.en}`];
    this._update();
    this.host.emit('error', undefined, error, name);
  }

  private _clearRefusals(): void {
    this.refusals = [];
    this.isAskedAgain = false;
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
  private _open(id: string): void {
    if (this.reorder?.hasJustEnded) return;
    if (this.tiles.picked) {
      this.pick(undefined);
      return;
    }
    const picture = this.queue.pictures.find((each) => each.id === id)!;
    const wechat = this._withoutChooser ? undefined : this._world.wechat;
    this._part?.openPicture(picture, this.urls, wechat);
  }

  private _showOver(isOver: boolean): void {
    if (this.isOver === isOver) return;
    this.isOver = isOver;
    this._update();
  }

  private _tell(event: QueueEvent, picture: Picture): void {
    const { host, queue } = this;
    if (event === 'error') {
      this._status = [picture.error!.cause['zh-CN'], picture.error!.cause.en];
      // The element's own words are for whoever uploads; the proxy's are for whoever builds the page.
      if (picture.error!.problem) warn(picture.error!);
    }
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
    aspectRatio: () => element.aspectRatio,
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

function warn({ code, message }: WidgetError): void {
  console.warn(`image-uploader ${code}: ${message}`);
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
