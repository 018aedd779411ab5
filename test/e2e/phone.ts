/** The phone with WeChat, as its holder uses it: a page of the stand-in. */
import type { TestContext } from 'node:test';
import type { FrameLocator, Locator, Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';
import { openDevice, within } from './devices.ts';

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

/** In English, with a user of the stand-in; `test` is the phone that holds the in-app browser of the tests. */
export async function openPhone(t: TestContext, wechat: Wechat): Promise<Phone> {
  const page = await openDevice(t, 'desktop', { lang: 'en' });
  await page.goto(`${wechat.url}/?phone=test`);
  return new Phone(page);
}
