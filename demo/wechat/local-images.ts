import { createHash, randomInt, randomUUID } from 'node:crypto';
import sharp from 'sharp';
import type { Invocation } from './bridge.ts';

const COMPRESSED_EDGE = 1280;
const COMPRESSED_QUALITY = 75;
/** Of what `getLocalImgData` gives, as Android clients have it. */
const SHOWN_QUALITY = 90;
const BASE64_LINE = 76;
const KEPT = 500;

/** The pictures that pages know by a local id: copies, as they were when they were chosen. */
export class LocalImages {
  readonly #images = new Map<string, { phone: string; bytes: Buffer }>();

  /** @returns the local id, in the platform's form */
  add(phone: string, platform: Invocation['platform'], bytes: Buffer): string {
    const localId = platform === 'ios' ? iosLocalId() : androidLocalId();
    this.#images.set(key(localId), { phone, bytes });
    if (this.#images.size > KEPT) this.#images.delete(this.#images.keys().next().value!);
    return localId;
  }

  /** Undefined where this phone has no such picture. */
  get(phone: string, localId: unknown): Buffer | undefined {
    const image = typeof localId === 'string' ? this.#images.get(key(localId)) : undefined;
    return image?.phone === phone ? image.bytes : undefined;
  }

  isLocalId(text: string): boolean {
    return this.#images.has(key(text));
  }
}

/** As WeChat sends pictures that are not sent in original: smaller, upright, a JPEG, nothing left of EXIF. */
export async function compressed(bytes: Buffer): Promise<Buffer> {
  const size = { width: COMPRESSED_EDGE, height: COMPRESSED_EDGE, fit: 'inside', withoutEnlargement: true } as const;
  return upright(bytes).resize(size).jpeg({ quality: COMPRESSED_QUALITY }).toBuffer();
}

/**
 * `localData`: iOS gives a data url, with the type as iOS spells it; Android gives base64 in lines, each one ended.
 * Always a JPEG, and always upright.
 */
export async function localData(bytes: Buffer, platform: Invocation['platform']): Promise<string> {
  const base64 = (await upright(bytes).jpeg({ quality: SHOWN_QUALITY }).toBuffer()).toString('base64');
  if (platform === 'ios') return `data:image/jgp;base64,${base64}`;
  return base64.replace(new RegExp(`.{1,${BASE64_LINE}}`, 'g'), '$&\n');
}

function upright(bytes: Buffer) {
  return sharp(bytes).autoOrient().flatten({ background: '#ffffff' });
}

function iosLocalId(): string {
  return `wxLocalResource://imageid${Array.from({ length: 18 }, () => randomInt(10)).join('')}`;
}

function androidLocalId(): string {
  return `weixin://resourceid/${createHash('md5').update(randomUUID()).digest('hex')}`;
}

/** Browsers write schemes in lower case: what a page read back from an `img` is the same picture. */
function key(localId: string): string {
  return localId.replace(/^[^:]*/, (scheme) => scheme.toLowerCase());
}
