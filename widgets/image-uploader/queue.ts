import type { Image } from '../../proxy/api.ts';
import type { Clock } from '../core/clock.ts';
import { UPLOAD_RETRIES, UPLOAD_RETRY_MAX, UPLOAD_SLEPT, UPLOAD_STALL, WECHAT_UPLOAD_STALL } from '../core/timing.ts';
import { isPassing, type WidgetError } from '../core/widget-error.ts';

export type PictureState = 'queued' | 'uploading' | 'done' | 'failed';

/** Where a picture's bytes are: in a file, in WeChat, or nowhere but at its address. */
export type Source = { kind: 'file'; file: File } | { kind: 'wechat'; localId: string } | { kind: 'url' };

/** The proxy's answer. */
export type Uploaded = Image;

/** One picture, as it is at a moment: when it changes, another object takes its place. */
export interface Picture {
  /** Its own, unique in the page. File names are not: every shot of a phone is called `image.jpg`. */
  readonly id: string;
  /** Of the file; empty where there is none. */
  readonly name: string;
  readonly state: PictureState;
  /** Bytes that are on their way; from WeChat none until it is done. */
  readonly loaded: number;
  /** Bytes, 0 where nobody knows. */
  readonly total: number;
  readonly source: Source;
  /** Where it is, once it is done. */
  readonly url?: string | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly type?: string | undefined;
  readonly size?: number | undefined;
  /** Why it failed. */
  readonly error?: WidgetError | undefined;
}

export interface Added {
  source: Source;
  name: string;
  /** Bytes, 0 where nobody knows. */
  size: number;
}

export type QueueEvent = 'add' | 'progress' | 'done' | 'error' | 'remove' | 'change';

/** Tells of bytes on their way, or that the upload got on in another way. */
export type Report = (loaded: number, total: number) => void;

/** What a queue needs of the world. */
export interface QueueWorld {
  upload(picture: Picture, report: Report, signal: AbortSignal): Promise<Uploaded>;
  asError(thrown: unknown): WidgetError;
  failure(code: 'upload_stalled'): WidgetError;
  isOnline(): boolean;
  /** Calls back when the page goes online or offline; gives a way to stop. */
  onConnection(listener: () => void): () => void;
  clock: Clock;
  /** What happened. `change`: the addresses changed, by the user's doing or by the end of an upload. */
  on(event: QueueEvent, picture: Picture): void;
  /** Something that is shown has changed. */
  update(): void;
}

/** How many are uploaded at a time. WeChat takes one. */
export const PARALLEL: Record<Source['kind'], number> = { file: 3, wechat: 1, url: 0 };

interface Entry {
  picture: Picture;
  /** Of the upload that is under way. */
  abort?: AbortController | undefined;
  stall?: unknown;
  /** Until it is tried again. */
  wait?: unknown;
  /** How often it was tried again by itself. */
  retries: number;
}

/**
 * Pictures on their way to the proxy, in their order. Of each is heard `add`, then `progress`, then `done` or `error`,
 * once for each time that the user starts it; of what is removed, nothing more after `remove` and the `change` that it
 * brings. Failures that may pass are tried again; while the page is offline, everything waits.
 */
export class Queue {
  private readonly _world: QueueWorld;
  private _entries: Entry[] = [];
  private _stopWatching: (() => void) | undefined;

  constructor(world: QueueWorld) {
    this._world = world;
  }

  get pictures(): readonly Picture[] {
    return this._entries.map(({ picture }) => picture);
  }

  /** The addresses of the pictures that are done. */
  get urls(): readonly string[] {
    return this.pictures.flatMap(({ url }) => url ?? []);
  }

  /** Something is yet to be uploaded. */
  get isBusy(): boolean {
    return this._entries.some(({ picture }) => isOpen(picture));
  }

  /** …but not before the page is online. */
  get isPaused(): boolean {
    return this.isBusy && !this._world.isOnline();
  }

  /** Nothing is uploaded before. */
  start(): void {
    this._stopWatching ??= this._world.onConnection(() => this._look());
    this._fill();
  }

  /** What is under way begins anew with the next `start`. */
  stop(): void {
    this._stopWatching?.();
    this._stopWatching = undefined;
    this._pause();
  }

  add(added: readonly Added[]): Picture[] {
    const pictures = added.map(({ source, name, size }) => {
      const entry = newEntry({ name, source, state: 'queued', total: size, size: size || undefined });
      this._entries.push(entry);
      this._tell('add', entry.picture);
      return entry.picture;
    });
    this._fill();
    return pictures;
  }

  /** Starts one that has failed. */
  retry(id: string): void {
    const entry = this._find(id);
    if (entry?.picture.state !== 'failed') return;
    entry.retries = 0;
    this._queue(entry);
    this._fill();
  }

  remove(id: string): void {
    const entry = this._find(id);
    if (!entry) return;
    this._halt(entry);
    this._entries = this._entries.filter((each) => each !== entry);
    this._tell('remove', entry.picture);
    if (entry.picture.url) this._tell('change', entry.picture);
    this._fill();
  }

  /** Puts it at this place among all pictures. */
  move(id: string, to: number): void {
    const entry = this._find(id);
    if (!entry) return;
    const before = this.urls.join();
    this._entries = this._entries.filter((each) => each !== entry);
    this._entries.splice(Math.max(to, 0), 0, entry);
    this._world.update();
    if (this.urls.join() !== before) this._tell('change', entry.picture);
  }

  /**
   * Takes these for the pictures that are done, in the place of all that were there, also of those under way. The value
   * that is there already changes nothing: frameworks set what they have just read. Nobody is told but by `update`.
   */
  setValue(urls: readonly string[]): void {
    if (urls.join() === this.urls.join()) return;
    const known = this._entries.filter(({ picture }) => picture.url);
    const done = urls.map((url) => {
      const at = known.findIndex(({ picture }) => picture.url === url);
      return at < 0 ? newEntry({ name: '', source: { kind: 'url' }, state: 'done', url }) : known.splice(at, 1)[0]!;
    });
    for (const entry of this._entries) if (!done.includes(entry)) this._halt(entry);
    this._entries = done;
    this._world.update();
  }

  /** Forgets all pictures. Nobody is told but by `update`. */
  clear(): void {
    for (const entry of this._entries) this._halt(entry);
    this._entries = [];
    this._world.update();
  }

  private _look(): void {
    if (this._world.isOnline()) this._fill();
    else this._pause();
    this._world.update();
  }

  private _pause(): void {
    for (const entry of this._entries) if (entry.abort) this._queue(entry);
  }

  /** Starts as many as may be uploaded at a time. */
  private _fill(): void {
    if (!this._stopWatching || !this._world.isOnline()) return;
    const started = this._entries.filter((entry) => {
      const { state, source } = entry.picture;
      if (state !== 'queued' || entry.wait !== undefined || this._underWay(source.kind) >= PARALLEL[source.kind])
        return false;
      entry.abort = new AbortController();
      this._change(entry, { state: 'uploading' });
      return true;
    });
    for (const entry of started) this._upload(entry, entry.abort!);
    if (started.length > 0) this._world.update();
  }

  private _underWay(kind: Source['kind']): number {
    return this._entries.filter(({ abort, picture }) => abort && picture.source.kind === kind).length;
  }

  private async _upload(entry: Entry, abort: AbortController): Promise<void> {
    this._expect(entry);
    const report = (loaded: number, total: number) => {
      if (entry.abort === abort) this._progress(entry, loaded, total);
    };
    let uploaded: Uploaded | undefined;
    let error: WidgetError | undefined;
    try {
      // Whoever called the queue has its answer before anything is heard of the upload.
      await undefined;
      if (entry.abort === abort) uploaded = await this._world.upload(entry.picture, report, abort.signal);
    } catch (thrown) {
      error = this._world.asError(thrown);
    }
    if (entry.abort !== abort) return;
    if (error) this._refuse(entry, error);
    else this._finish(entry, uploaded!);
  }

  private _progress(entry: Entry, loaded: number, total: number): void {
    this._expect(entry);
    const { loaded: before, total: of, source } = entry.picture;
    // WeChat tells of no bytes: of a picture there is heard when it begins and when WeChat has it.
    if (loaded === before && total === of && source.kind !== 'wechat') return;
    this._change(entry, { loaded: Math.min(loaded, total), total });
    this._tell('progress', entry.picture);
  }

  private _finish(entry: Entry, { url, type, size, width, height }: Uploaded): void {
    this._halt(entry);
    this._change(entry, { state: 'done', url, type, size, width, height, loaded: size, total: size });
    this._tell('done', entry.picture);
    if (this._entries.includes(entry)) this._tell('change', entry.picture);
    this._fill();
  }

  private _refuse(entry: Entry, error: WidgetError): void {
    const wait = Math.max(UPLOAD_RETRIES[entry.retries] ?? Number.POSITIVE_INFINITY, error.retryAfter ?? 0);
    if (!this._world.isOnline()) this._queue(entry);
    else if (mayPass(error) && wait <= UPLOAD_RETRY_MAX) {
      entry.retries++;
      this._queue(entry, wait);
    } else this._fail(entry, error);
    this._fill();
  }

  private _fail(entry: Entry, error: WidgetError): void {
    this._halt(entry);
    this._change(entry, { state: 'failed', loaded: 0, error });
    this._tell('error', entry.picture);
  }

  /** It is to have its turn again, not before so many milliseconds. */
  private _queue(entry: Entry, wait = 0): void {
    this._halt(entry);
    this._change(entry, { state: 'queued', loaded: 0, error: undefined });
    if (wait) {
      entry.wait = this._world.clock.setTimeout(() => {
        entry.wait = undefined;
        this._fill();
      }, wait);
    }
    this._world.update();
  }

  /** Gives the upload so long to get on. */
  private _expect(entry: Entry): void {
    const { clock } = this._world;
    const span = entry.picture.source.kind === 'wechat' ? WECHAT_UPLOAD_STALL : UPLOAD_STALL;
    const due = clock.now() + span;
    clock.clearTimeout(entry.stall);
    entry.stall = clock.setTimeout(() => {
      if (clock.now() - due > UPLOAD_SLEPT) this._expect(entry);
      else {
        this._fail(entry, this._world.failure('upload_stalled'));
        this._fill();
      }
    }, span);
  }

  /** Whatever is under way or awaited for it is not any more. */
  private _halt(entry: Entry): void {
    const { abort, stall, wait } = entry;
    const { clock } = this._world;
    clock.clearTimeout(stall);
    clock.clearTimeout(wait);
    entry.abort = undefined;
    entry.wait = undefined;
    abort?.abort();
  }

  private _change(entry: Entry, changes: Partial<Picture>): void {
    entry.picture = { ...entry.picture, ...changes };
  }

  private _tell(event: QueueEvent, picture: Picture): void {
    this._world.on(event, picture);
    this._world.update();
  }

  private _find(id: string): Entry | undefined {
    return this._entries.find(({ picture }) => picture.id === id);
  }
}

let count = 0;

function newEntry(picture: Pick<Picture, 'name' | 'source' | 'state'> & Partial<Picture>): Entry {
  // Another copy of the bundle counts as well.
  const id = `picture-${++count}-${Math.random().toString(36).slice(2)}`;
  return { picture: { loaded: 0, total: 0, ...picture, id }, retries: 0 };
}

function isOpen({ state }: Picture): boolean {
  return state === 'queued' || state === 'uploading';
}

/** Whether another try may well succeed. Of errors without a status, only these come from the way to the proxy. */
function mayPass(error: WidgetError): boolean {
  return error.status === undefined ? /^(proxy_|jssdk_failed|script_)/.test(error.code) : isPassing(error);
}
