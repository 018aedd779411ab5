import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { correction, generate } from 'lean-qr';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';
import type { Merchant } from './merchant.ts';
import { openPhone } from './open-phone.ts';
import { startProductMerchant } from './product-merchant.ts';
import type { ShopPage } from './shop-page.ts';
import { useClient } from './use-client.ts';

let wechat: Wechat;
let merchant: Merchant;
let shop: ShopPage;
let browser: Browser;
let orders = 0;

describe('the phone’s scanner', () => {
  useClient((client) => {
    ({ wechat, merchant, shop, browser } = client);
  });

  async function newCode(): Promise<{ outTradeNo: string; codeUrl: string }> {
    orders += 1;
    const outTradeNo = `scan-${orders}`;
    return { outTradeNo, codeUrl: await merchant.codeUrl(outTradeNo) };
  }

  async function openScanner(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await openPhone(browser, wechat, '', options);
    await page.locator('.plus').getByRole('button').click();
    await page.getByRole('menuitem').click();
    return page;
  }

  /** A desktop page that shows a code, some of it around the code. */
  async function openDesktopPage(page: Page, text: string): Promise<Page> {
    const code = generate(text, { minCorrectionLevel: correction.M });
    const squares = [];
    for (let y = 0; y < code.size; y++) {
      for (let x = 0; x < code.size; x++) if (code.get(x, y)) squares.push(`M${x} ${y}h1v1h-1z`);
    }
    const desktop = await page.context().newPage();
    await desktop.setContent(`<title>Pay by code</title><h1>Order 4711</h1><p>Scan to pay</p>
      <svg width="180" viewBox="-4 -4 ${code.size + 8} ${code.size + 8}"><path d="${squares.join('')}"/></svg><p>¥39.80</p>`);
    return desktop;
  }

  async function type(page: Page, text: string): Promise<void> {
    await page.getByRole('button', { name: 'Type what it says' }).click();
    await page.getByRole('textbox', { name: 'What the code says' }).fill(text);
    await page.keyboard.press('Enter');
  }

  async function payOnSheet(page: Page): Promise<void> {
    await page.bringToFront(); // timers of a page in the background go slowly
    await page.getByRole('button', { name: 'Fill it in for me' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('Payment successful').waitFor();
    await sheet.getByRole('button', { name: 'Done' }).click();
    await sheet.waitFor({ state: 'hidden' });
  }

  function refusalOn(page: Page): Locator {
    return page.getByRole('alertdialog');
  }

  for (const reducedMotion of ['reduce', 'no-preference'] as const) {
    test(`it is reached, used and left by keyboard alone (motion: ${reducedMotion})`, async () => {
      const { codeUrl } = await newCode();
      const page = await openPhone(browser, wechat, '', { reducedMotion });
      const plus = page.getByRole('button', { name: 'More' });
      await plus.focus();
      await page.keyboard.press('Enter');
      await page.getByRole('menuitem', { name: 'Scan' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('menu').waitFor({ state: 'hidden' });
      await page.keyboard.press('Enter');
      await page.keyboard.press('Enter');
      await page.getByRole('region', { name: 'Scan' }).waitFor();
      await page.locator(`[data-code="${codeUrl}"]`).waitFor();
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.code), codeUrl);
      await page.keyboard.press('Escape');
      await page.locator('.views[data-top=list]').waitFor();
      assert.equal(await plus.evaluate((button) => button === document.activeElement), true);
    });
  }

  test('a code in view is paid on the sheet, the receipt lands in the chat, and the code is spent', async () => {
    const { outTradeNo, codeUrl } = await newCode();
    const page = await openScanner();
    const code = page.locator(`[data-code="${codeUrl}"]`);
    assert.match((await code.textContent()) ?? '', /Oranges, 5 jin.*¥39\.80/);
    await code.click();
    const sheet = page.getByRole('dialog');
    await sheet.waitFor();
    assert.match((await sheet.textContent()) ?? '', /¥39\.80.*Oranges, 5 jin/);
    await payOnSheet(page);
    assert.equal(wechat.control.order(outTradeNo)?.state, 'SUCCESS');
    const plus = page.getByRole('button', { name: 'More' });
    assert.equal(await plus.evaluate((button) => button === document.activeElement), true);
    await page.locator('.banner', { hasText: 'Payment receipt ¥39.80' }).waitFor();

    await page.keyboard.press('Enter'); // the banner lies over the button
    await page.getByRole('menuitem').click();
    await code.getByText('Paid', { exact: true }).waitFor();
    await code.click();
    await refusalOn(page).getByText('This order is paid already').waitFor();
  });

  test('a sheet that came from a code can be cancelled, and the code be scanned again', async () => {
    const { outTradeNo, codeUrl } = await newCode();
    const page = await openScanner();
    await page.locator(`[data-code="${codeUrl}"]`).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.equal(wechat.control.order(outTradeNo)?.state, 'NOTPAY');
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem').click();
    await page.locator(`[data-code="${codeUrl}"]`).click();
    await payOnSheet(page);
    assert.equal(wechat.control.order(outTradeNo)?.state, 'SUCCESS');
  });

  test('a code that is given out while the scanner is open comes into view', async () => {
    const page = await openScanner();
    const { codeUrl } = await newCode();
    await page.locator(`[data-code="${codeUrl}"]`).waitFor();
  });

  for (const [how, hand] of [
    [
      'chosen',
      (page: Page, picture: Buffer) =>
        page.locator('[type=file]').setInputFiles({ name: 'screen.png', mimeType: 'image/png', buffer: picture }),
    ],
    ['dropped', (page: Page, picture: Buffer) => giveFile(page, 'drop', picture)],
    ['pasted', (page: Page, picture: Buffer) => giveFile(page, 'paste', picture)],
  ] as const) {
    test(`a photo of the screen that is ${how} is read`, async () => {
      const { outTradeNo, codeUrl } = await newCode();
      const page = await openScanner();
      const desktop = await openDesktopPage(page, codeUrl);
      await hand(page, await desktop.screenshot());
      await payOnSheet(page);
      assert.equal(wechat.control.order(outTradeNo)?.state, 'SUCCESS');
    });
  }

  /** As the browser does it when a file is dropped or pasted. */
  async function giveFile(page: Page, event: 'drop' | 'paste', picture: Buffer): Promise<void> {
    await page.evaluate(
      ([event, base64]) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], 'screen.png', { type: 'image/png' }));
        const options = { bubbles: true, cancelable: true };
        const given =
          event === 'drop'
            ? new DragEvent('drop', { ...options, dataTransfer: transfer })
            : new ClipboardEvent('paste', { ...options, clipboardData: transfer });
        document.querySelector('.scanner .finder')!.dispatchEvent(given);
      },
      [event, picture.toString('base64')] as const,
    );
  }

  /** As if the user had chosen a screen with this picture: not every browser without a window has screens to share. */
  async function shareAsScreen(page: Page, picture: Buffer): Promise<void> {
    await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
      const context = canvas.getContext('2d')!;
      // A stream has a frame only where something is drawn.
      setInterval(() => context.drawImage(bitmap, 0, 0), 50);
      navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream();
    }, picture.toString('base64'));
  }

  test('the screen itself is read, from one frame of it', async () => {
    const { outTradeNo, codeUrl } = await newCode();
    const page = await openScanner();
    const desktop = await openDesktopPage(page, codeUrl);
    await shareAsScreen(page, await desktop.screenshot());
    await page.getByRole('button', { name: 'Point at the screen' }).click();
    await payOnSheet(page);
    assert.equal(wechat.control.order(outTradeNo)?.state, 'SUCCESS');
  });

  test('a picture without a code, and a file that is none, are said to be so', async () => {
    const page = await openScanner();
    const status = page.getByRole('status');
    const choose = (mimeType: string, buffer: Buffer) =>
      page.locator('[type=file]').setInputFiles({ name: 'file', mimeType, buffer });
    await choose('image/png', await page.locator('.desk').screenshot());
    await status.getByText('No code found in the picture').waitFor();
    await choose('text/plain', Buffer.from('no picture'));
    await status.getByText('not a picture').waitFor();
  });

  test('a refusal is in WeChat’s words, translated, with what to do; and the camera goes on', async () => {
    const { codeUrl } = await newCode();
    const page = await openScanner();
    wechat.control.advance(7201);
    await page.locator(`[data-code="${codeUrl}"]`).click();
    const refusal = refusalOn(page);
    await refusal.getByText('This payment request has expired').waitFor();
    await refusal.getByText('二维码已过期').waitFor();
    await refusal.getByText('A code lives two hours').waitFor();
    await page.keyboard.press('Enter');
    await refusal.waitFor({ state: 'hidden' });

    const chinese = await openScanner({ locale: 'zh-CN' });
    await chinese.locator(`[data-code="${codeUrl}"]`).click();
    await refusalOn(chinese)
      .getByRole('heading', { name: /二维码已过期/ })
      .waitFor();
    await refusalOn(chinese).getByText('付款码两小时有效').waitFor();
  });

  test('a product code makes an order on each scan, and a merchant who refuses is quoted', async () => {
    const products = await startProductMerchant(wechat, ['sold-out']);
    try {
      wechat.control.set({ nativeCallbackUrl: products.callbackUrl });
      const codeUrl = products.codeUrl('tea-50');
      wechat.control.printed(codeUrl);
      const page = await openScanner();
      await page.getByRole('button', { name: 'Product tea-50' }).click();
      const sheet = page.getByRole('dialog');
      await sheet.waitFor();
      assert.match((await sheet.textContent()) ?? '', /¥16\.80.*Tea tea-50/);
      await payOnSheet(page);
      await page.locator('.banner', { hasText: 'Payment receipt ¥16.80' }).waitFor();
      const scan = page.locator('.call.out', { hasText: 'A product code was scanned' }).first();
      await scan.getByText('200').waitFor();

      await page.keyboard.press('Enter'); // the banner lies over the button
      await page.getByRole('menuitem').click();
      await type(page, products.codeUrl('sold-out'));
      await refusalOn(page).getByText('已售罄').waitFor();
    } finally {
      products.stop();
    }
  });

  test('a product code of a merchant without an address for scans says what to set', async () => {
    const products = await startProductMerchant(wechat);
    products.stop();
    const page = await openScanner();
    await type(page, products.codeUrl('tea-50'));
    await refusalOn(page).getByText('The merchant has set no address for scans').waitFor();
    await refusalOn(page).getByText('Native mode 1').waitFor();
  });

  test('two people cannot pay one order: the phone that comes late is told', async () => {
    const { outTradeNo, codeUrl } = await newCode();
    const page = await openScanner();
    await page.locator(`[data-code="${codeUrl}"]`).click();
    await page.getByRole('dialog').waitFor();
    wechat.control.signIn('second', wechat.control.users[1]!.openid);
    const second = await openPhone(browser, wechat, '?phone=second');
    await second.locator('.plus').getByRole('button').click();
    await second.getByRole('menuitem').click();
    await second.locator(`[data-code="${codeUrl}"]`).click();
    await refusalOn(second).getByText('This order belongs to another payer').waitFor();
    await payOnSheet(page);
    assert.equal(wechat.control.order(outTradeNo)?.openid, wechat.control.users[0]!.openid);
  });

  test('an order that is closed while its sheet is open is not said to be paid', async () => {
    const { outTradeNo, codeUrl } = await newCode();
    const page = await openScanner();
    await page.locator(`[data-code="${codeUrl}"]`).click();
    await page.getByRole('dialog').waitFor();
    await merchant.close(outTradeNo);
    await page.getByRole('button', { name: 'Fill it in for me' }).click();
    await page.getByRole('dialog').getByText('Nothing was charged: the order is closed').waitFor();
    assert.equal(wechat.control.order(outTradeNo)?.state, 'CLOSED');
  });

  test('an address opens in the in-app browser', async () => {
    const page = await openScanner();
    await type(page, shop.url);
    await page.locator('.browser .bar').getByText('Orange shop').waitFor();
    await page.getByRole('button', { name: 'Close page' }).click();
    await page.locator('.views[data-top=list]').waitFor();
  });

  test('any other text is shown as it is', async () => {
    const page = await openScanner();
    await type(page, '<b>table 12</b>');
    await page
      .getByRole('alertdialog', { name: 'The code says' })
      .getByText('<b>table 12</b>', { exact: true })
      .waitFor();
    await page.getByRole('button', { name: 'Scan again' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'hidden' });
  });

  test('on a real phone nothing sticks out', async () => {
    await newCode();
    const page = await openScanner({ viewport: { width: 375, height: 812 } });
    await page.locator('.code').first().waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
    const tools = await page.locator('.scan-tools').boundingBox();
    const tabs = await page.locator('.bottom-tabs').boundingBox();
    assert.ok(tools!.y + tools!.height <= tabs!.y);
  });
});
