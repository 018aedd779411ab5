/** The phone with WeChat, as its holder uses it: a page of the stand-in. */
import type { TestContext } from 'node:test';
import type { FrameLocator, Locator, Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';
import { type Device, middleOf, openDevice, within } from './devices.ts';

export class Phone {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** The page in its in-app browser. */
  get browser(): FrameLocator {
    return this.page.frameLocator('.browser iframe');
  }

  get sheet(): Locator {
    return this.page.getByRole('dialog');
  }

  /** Why a scan came to nothing. */
  get refusal(): Locator {
    return this.page.getByRole('alertdialog');
  }

  /** The receipt that has just come in. */
  get banner(): Locator {
    return this.page.locator('.banner');
  }

  /** Points the camera at this picture. */
  async scan(picture: Buffer): Promise<void> {
    await this.#openScanner();
    await this.page
      .locator('[type=file]')
      .setInputFiles({ name: 'screen.png', mimeType: 'image/png', buffer: picture });
  }

  /** Points the camera at a code that says this. */
  async scanText(text: string): Promise<void> {
    await this.#openScanner();
    await this.page.getByRole('button', { name: 'Type what it says' }).click();
    await this.page.getByRole('textbox', { name: 'What the code says' }).fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** The album and the camera, while a page lets its user choose pictures. */
  get album(): Locator {
    return this.page.getByRole('dialog', { name: 'Recents' });
  }

  /** Pictures over the whole screen. */
  get viewer(): Locator {
    return this.page.getByRole('dialog', { name: 'Pictures' });
  }

  /** Chooses the newest pictures of the album, the newest first. */
  async choosePhotos(count: number): Promise<void> {
    for (let at = 0; at < count; at++) await this.album.getByRole('checkbox').nth(at).click();
    await this.album.getByRole('button', { name: `Done (${count}/` }).click();
    await within(this.album).toBeHidden();
  }

  /** Presses the finger on one place until what is there is picked up, and lets it go at another one. */
  async drag(from: Locator, to: Locator, isPickedUp: () => Promise<void>): Promise<void> {
    const [start, end] = [await middleOf(from), await middleOf(to)];
    const session = await this.page.context().newCDPSession(this.page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...touchPoints: { x: number; y: number }[]) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints });
    await touch('touchStart', start);
    await isPickedUp();
    await touch('touchMove', { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 });
    await touch('touchMove', end);
    await touch('touchEnd');
    await session.detach();
  }

  /** Enters the six digits on the pay sheet, and leaves it when WeChat says that it is paid. */
  async pay(): Promise<void> {
    await this.page.getByRole('button', { name: 'Fill it in for me' }).click();
    await this.sheet.getByText('Payment successful').waitFor();
    await this.page.getByRole('button', { name: 'Done' }).click();
    await within(this.sheet).toBeHidden();
  }

  async #openScanner(): Promise<void> {
    // By keyboard: the last receipt may lie over the button.
    await this.page.getByRole('button', { name: 'More' }).press('Enter');
    await this.page.getByRole('menuitem', { name: 'Scan' }).press('Enter');
  }
}

export interface PhoneOptions {
  /** What the phone's page is opened on: on a phone it fills the screen, and there are fingers. */
  device?: Device;
  platform?: 'iOS' | 'Android';
}

/** In English, with a user of the stand-in; `test` is the phone that holds the in-app browser of the tests. */
export async function openPhone(
  t: TestContext,
  wechat: Wechat,
  { device = 'desktop', platform = 'iOS' }: PhoneOptions = {},
): Promise<Phone> {
  const page = await openDevice(t, device, { lang: 'en' });
  await page.goto(`${wechat.url}/?phone=test`);
  if (device !== 'desktop') await page.getByRole('button', { name: /^Calls/ }).click();
  await page.getByRole('radio', { name: platform }).check({ force: true });
  if (device !== 'desktop') await page.getByRole('button', { name: 'Phone', exact: true }).click();
  return new Phone(page);
}
