/** The shop's form for a review with its `<image-uploader>`, as a customer fills it in. */
import type { FrameLocator, Locator, Page, Request } from 'playwright';
import type { UploaderImage } from '../../widgets/image-uploader/uploader-image.ts';
import { within } from './devices.ts';
import type { Photo } from './photos.ts';

/** How tiles say what has become of them. */
const STATE = { waiting: /等待上传|waiting/, done: /已上传|uploaded/, failed: /上传失败|failed/ };

export class ReviewForm {
  /** The page, or the frame that shows it. */
  readonly root: Page | FrameLocator;

  constructor(root: Page | FrameLocator) {
    this.root = root;
  }

  get uploader(): Locator {
    return this.root.locator('image-uploader');
  }

  get text(): Locator {
    return this.root.locator('textarea');
  }

  /** The tile that adds, once it can be used. */
  get add(): Locator {
    return this.uploader.locator('[part=add]:not([aria-busy])');
  }

  /** The pictures, each a button that shows it whole. */
  get pictures(): Locator {
    return this.uploader.locator('[part=picture]');
  }

  /** What was refused or has failed. */
  get errors(): Locator {
    return this.uploader.locator('[part=error]');
  }

  get publish(): Locator {
    return this.root.locator('.review-form > button');
  }

  /** Counted from 1. */
  picture(place: number): Locator {
    return this.pictures.nth(place - 1);
  }

  /** Chooses files as the browser's own dialog does. */
  async choose(photos: Photo[]): Promise<void> {
    await within(this.add).toBeVisible();
    await this.uploader.locator('input[type=file]').setInputFiles(photos);
  }

  images(): Promise<UploaderImage[]> {
    return this.uploader.evaluate((element: HTMLElement & { images: UploaderImage[] }) => [...element.images]);
  }

  /** What the form would send. */
  urls(): Promise<string[]> {
    return this.uploader.evaluate((element: HTMLElement & { name: string; form: HTMLFormElement }) =>
      new FormData(element.form).getAll(element.name).map(String),
    );
  }

  /** Waits until so many are uploaded, and no more than those are there. */
  async expectDone(count: number): Promise<void> {
    await within(this.pictures).toHaveCount(count);
    for (let place = 1; place <= count; place++) await this.expectState(place, 'done');
  }

  async expectState(place: number, state: keyof typeof STATE): Promise<void> {
    await within(this.picture(place)).toHaveAccessibleName(STATE[state]);
  }

  /** Writes it, and sends the form with whatever is in it. Gives the addresses that the shop's server got. */
  async send(page: Page, stars = 5): Promise<string[]> {
    await this.root.locator(`#stars-${stars}`).press('Space');
    const [request] = await Promise.all([page.waitForRequest(isReview), this.publish.press('Enter')]);
    return new URLSearchParams(request.postData() ?? '').getAll('photos');
  }
}

function isReview(request: Request): boolean {
  return request.method() === 'POST' && new URL(request.url()).pathname.endsWith('/review');
}
