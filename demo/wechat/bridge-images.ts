import { setTimeout as sleep } from 'node:timers/promises';
import type { Album } from './album/album.ts';
import type { BridgeAnswer, Invocation } from './bridge.ts';
import type { Knobs } from './control.ts';
import { compressed, type LocalImages, localData } from './local-images.ts';
import type { MediaStore } from './media-store.ts';
import type { Phones, Picked, Picker } from './phones.ts';

const MOST = 9;
const SIZE_TYPES = ['original', 'compressed'] as const;
const SOURCE_TYPES = ['album', 'camera'] as const;

interface World {
  album: Album;
  localImages: LocalImages;
  media: MediaStore;
  phones: Phones;
  knobs: () => Knobs;
}

/**
 * The client's functions for pictures.
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
 */
export class BridgeImages {
  readonly #world: World;
  /** The pages that have an upload under way. */
  readonly #uploading = new Set<string>();
  #toFail = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** The next uploads fail. */
  failUploads(count: number): void {
    this.#toFail = count;
  }

  async chooseImage(invocation: Invocation): Promise<BridgeAnswer> {
    const { args, phone, platform } = invocation;
    const { album, localImages } = this.#world;
    const picker = pickerOf(args);
    if (typeof picker === 'string') return answer('chooseImage:fail_invalid arguments', {}, picker);
    const picked = await this.#pick(picker, invocation);
    const files = (picked?.pictures ?? []).flatMap((id) => album.get(id) ?? []);
    if (!picked || files.length === 0) return answer('chooseImage:cancel');
    const original = isOriginal(picker, picked);
    const bytes = await Promise.all(
      files.map(async (file) => {
        const whole = await file.read();
        return original ? whole : compressed(whole).catch(() => whole);
      }),
    );
    const localIds = bytes.map((image) => localImages.add(phone, platform, image));
    // Android clients hand lists over as text.
    const list = platform === 'android' ? JSON.stringify(localIds) : localIds;
    return answer('chooseImage:ok', { localIds: list, sourceType: picked.source });
  }

  async getLocalImgData({ args, phone, platform }: Invocation): Promise<BridgeAnswer> {
    const { knobs, localImages } = this.#world;
    // The clients spell it so.
    if (!args.localId) return answer('getLocalImgData:fail_invaild_localid', {}, 'localId is missing');
    const bytes = knobs().localImagesReadable ? localImages.get(phone, args.localId) : undefined;
    if (!bytes) return answer('getLocalImgData:fail', {}, 'the localId cannot be read');
    try {
      return answer('getLocalImgData:ok', { localData: await localData(bytes, platform) });
    } catch {
      return answer('getLocalImgData:fail', {}, 'not a picture');
    }
  }

  /** One at a time: another one of the page fails while one is under way. */
  async uploadImage({ args, phone, page, gone }: Invocation): Promise<BridgeAnswer> {
    const { knobs, localImages, media, phones } = this.#world;
    if (!args.localId || !args.appId) return answer('uploadImage:fail_missing arguments', {}, 'localId is missing');
    const failed = (message: string) => answer('uploadImage:fail', {}, message);
    const bytes = localImages.get(phone, args.localId);
    if (!bytes) return failed('no such localId');
    if (this.#uploading.has(page)) return failed('another upload is under way');
    this.#uploading.add(page);
    const hide = showsProgress(args) ? phones.showProgress(phone, 'upload') : undefined;
    try {
      const fails = this.#toFail > 0;
      if (fails) this.#toFail -= 1;
      if (!(await passed(knobs().imageUploadTime, gone))) return failed('the page has gone');
      if (fails) return failed('fault by control');
      return answer('uploadImage:ok', { serverId: media.add(bytes, 'image').mediaId });
    } finally {
      this.#uploading.delete(page);
      hide?.();
    }
  }

  async downloadImage({ args, phone, platform }: Invocation): Promise<BridgeAnswer> {
    const { localImages, media, phones } = this.#world;
    const { serverId } = args;
    if (!serverId || !args.appId) return answer('downloadImage:fail_missing arguments', {}, 'serverId is missing');
    const found = typeof serverId === 'string' ? media.living(serverId) : undefined;
    if (found?.type !== 'image') return answer('downloadImage:fail', {}, 'no such serverId');
    if (showsProgress(args)) phones.showProgress(phone, 'download')();
    return answer('downloadImage:ok', { localId: localImages.add(phone, platform, found.bytes) });
  }

  /** `previewImage` of the JS-SDK. The page hears at once that the pictures are shown. */
  async imagePreview({ args, phone }: Invocation): Promise<BridgeAnswer> {
    const { localImages, phones } = this.#world;
    const urls = isTexts(args.urls) ? args.urls : [];
    if (urls.length === 0) return answer('imagePreview:fail_invalid arguments', {}, 'urls is a list of addresses');
    const shown = urls.map((url) => (localImages.isLocalId(url) ? localImageUrl(phone, url) : url));
    phones.showViewer(phone, { urls: shown, current: Math.max(0, urls.indexOf(String(args.current))) });
    return answer('imagePreview:ok');
  }

  /** What the user of the phone chooses; the knob `picker` where no page shows the album. */
  async #pick(picker: Picker, { phone, gone }: Invocation): Promise<Picked | undefined> {
    const { album, knobs, phones } = this.#world;
    if (phones.isOpen(phone)) return phones.showPicker(phone, picker, gone);
    if (knobs().picker === 'cancel') return undefined;
    if (!picker.sourceType.includes('album')) {
      return { pictures: [await album.takePhoto()], original: false, source: 'camera' };
    }
    const pictures = knobs().albumEmpty ? [] : album.list().map(({ id }) => id);
    return { pictures: pictures.slice(0, picker.count), original: false, source: 'album' };
  }
}

function answer(errMsg: string, fields: object = {}, message?: string): BridgeAnswer {
  return { answer: { err_msg: errMsg, ...fields }, message };
}

/** Where the phone's viewer finds a picture that only has a local id. */
function localImageUrl(phone: string, localId: string): string {
  return `/client/local-image?${new URLSearchParams({ phone, localId })}`;
}

/** Where both sizes are allowed its user decides. */
function isOriginal({ sizeType }: Picker, picked: Picked): boolean {
  return sizeType.includes('original') && (picked.original || !sizeType.includes('compressed'));
}

/** The parameters of `chooseImage`, with their defaults; or what is wrong with them. */
function pickerOf({ count = MOST, sizeType = SIZE_TYPES, sourceType = SOURCE_TYPES }: Invocation['args']) {
  if (!Number.isInteger(count) || Number(count) < 1 || Number(count) > MOST) return `count is 1 to ${MOST}`;
  if (!isListOf(SIZE_TYPES, sizeType)) return 'sizeType is a list of original, compressed';
  if (!isListOf(SOURCE_TYPES, sourceType)) return 'sourceType is a list of album, camera';
  return { count, sizeType, sourceType } as Picker;
}

function isListOf(allowed: readonly string[], value: unknown): boolean {
  return isTexts(value) && value.length > 0 && value.every((item) => allowed.includes(item));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Shown unless the page said 0. */
function showsProgress({ isShowProgressTips = 1 }: Invocation['args']): boolean {
  return Number(isShowProgressTips) === 1;
}

/** `milliseconds` null: for ever. @returns false where the page went away before */
async function passed(milliseconds: number | null, gone: AbortSignal): Promise<boolean> {
  if (milliseconds === null && !gone.aborted) {
    await new Promise((resolve) => gone.addEventListener('abort', resolve, { once: true }));
  }
  return sleep(milliseconds ?? 0, true, { signal: gone, ref: false }).catch(() => false);
}
