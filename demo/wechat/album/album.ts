import { photograph } from './photograph.ts';
import { SCENES } from './scenes.ts';
import { givenPicture, type Picture, teaPictures } from './tea-pictures.ts';

/** A picture as tests put it into the album and see it there; `await` the bytes of those that are drawn when needed. */
export interface AlbumPicture {
  name: string;
  bytes: Uint8Array | Promise<Uint8Array>;
}

/** What the camera sees, one after the other. */
const IN_VIEW = ['terraces', 'cup', 'teapot', 'plum', 'gaiwan', 'sprig'] as const;

/** The pictures on the phones, newest first. All phones have the same. */
export class Album {
  readonly #start = teaPictures();
  readonly #pictures = new Map<string, Picture>();
  #count = 0;
  #shots = 0;

  constructor() {
    this.reset();
  }

  /** Back to the pictures of a new phone. */
  reset(): void {
    this.#fill(this.#start);
  }

  /** The files, newest first. */
  files(): AlbumPicture[] {
    return this.list().map(({ name, read }) => ({
      name,
      get bytes() {
        return read();
      },
    }));
  }

  /** `null`: the pictures of a new phone. @throws TypeError where one is not a name and bytes */
  set(pictures: readonly AlbumPicture[] | null): void {
    const given = pictures?.map(({ name, bytes }) => {
      if (typeof name !== 'string' || !(bytes instanceof Uint8Array || bytes instanceof Promise)) {
        throw new TypeError('A picture of the album is a name and bytes.');
      }
      return givenPicture(name, bytes);
    });
    this.#fill(given ?? this.#start);
  }

  list(): ({ id: string } & Picture)[] {
    return [...this.#pictures].map(([id, picture]) => ({ id, ...picture })).toReversed();
  }

  get(id: string): Picture | undefined {
    return this.#pictures.get(id);
  }

  /** Takes a photograph with the camera held upright: EXIF says how to turn it, and where it was. It lies in the album then. */
  async takePhoto(): Promise<string> {
    const scene = IN_VIEW[this.#shots % IN_VIEW.length]!;
    this.#shots += 1;
    // No two shots are alike: this one's light differs.
    const light = `<rect width="400" height="300" fill="hsl(${(this.#shots * 67) % 360} 80% 60%)" opacity=".08"/>`;
    const bytes = await photograph(SCENES[scene]() + light, { width: 1512, height: 2016, orientation: 6, grain: true });
    return this.#add(givenPicture(`IMG_${2048 + this.#shots}.JPG`, bytes));
  }

  #fill(pictures: readonly Picture[]): void {
    this.#pictures.clear();
    for (const picture of pictures.toReversed()) this.#add(picture);
  }

  #add(picture: Picture): string {
    this.#count += 1;
    const id = `p${this.#count}`;
    this.#pictures.set(id, picture);
    return id;
  }
}
