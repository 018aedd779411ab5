import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Browser, Frame, Page } from 'playwright';
import sharp from 'sharp';
import type { Wechat } from '../../demo/wechat/start.ts';
import type { Merchant } from './merchant.ts';
import { openPhone } from './open-phone.ts';
import type { ShopPage } from './shop-page.ts';
import { useClient } from './use-client.ts';

const ALL = ['chooseImage', 'getLocalImgData', 'uploadImage', 'downloadImage', 'previewImage'];

/** What the callbacks of the JS-SDK were given, and which one it was. */
interface Outcome {
  callback: 'success' | 'cancel' | 'fail';
  errMsg: string;
  localIds: string[];
  localData: string;
  serverId: string;
  sourceType: string;
}

let wechat: Wechat;
let merchant: Merchant;
let shop: ShopPage;
let browser: Browser;

describe('pictures in the client', () => {
  useClient((client) => {
    ({ wechat, merchant, shop, browser } = client);
  });

  /** Calls a function of the real JS-SDK; resolves when it calls back. */
  function call(page: Page | Frame, name: string, options: object = {}): Promise<Outcome> {
    return page.evaluate(
      ([name, options]) =>
        new Promise<Outcome>((resolve) => {
          const { wx } = window as unknown as { wx: Record<string, (options: object) => void> };
          const tell = (callback: Outcome['callback']) => (result: Outcome) => resolve({ ...result, callback });
          wx[name]!({ ...options, success: tell('success'), cancel: tell('cancel'), fail: tell('fail') });
        }),
      [name, options] as const,
    );
  }

  async function configure(page: Page | Frame, jsApiList = ALL): Promise<void> {
    const config = await merchant.jssdkConfig(shop.url);
    await page.evaluate(
      (options) =>
        new Promise<void>((resolve, reject) => {
          const { wx } = window as unknown as { wx: Record<string, (argument: unknown) => void> };
          wx.error!(reject);
          wx.ready!(() => resolve());
          wx.config!(options);
        }),
      { ...config, jsApiList },
    );
  }

  /** The shop in an in-app browser without a phone page around it. */
  async function openAlone(platform: string): Promise<Page> {
    const page = await browser.newPage();
    await page.addInitScript((name) => {
      window.name = name;
    }, `wechat|${platform}|alone`);
    await page.goto(shop.url);
    return page;
  }

  /** The shop in the phone page's in-app browser, configured. */
  async function openOnPhone(): Promise<{ page: Page; frame: Frame }> {
    const page = await openPhone(browser, wechat, `?open=${encodeURIComponent(shop.url)}`);
    await page.getByRole('button', { name: /The shop/ }).click();
    await page.locator('.card').click();
    const frame = (await (await page.waitForSelector('iframe')).contentFrame())!;
    await frame.waitForFunction(() => 'WeixinJSBridge' in window);
    await configure(frame);
    await frame.focus('#focused');
    return { page, frame };
  }

  for (const platform of ['ios', 'android'] as const) {
    test(`${platform}: chosen, read twice at once and uploaded through the real JS-SDK`, async () => {
      const page = await openAlone(platform);
      await configure(page);
      const chosen = await call(page, 'chooseImage', { count: 2, sizeType: ['compressed'] });
      assert.deepEqual([chosen.callback, chosen.errMsg, chosen.localIds.length], ['success', 'chooseImage:ok', 2]);
      const read = await Promise.all(chosen.localIds.map((localId) => call(page, 'getLocalImgData', { localId })));
      for (const { errMsg, localData } of read) {
        assert.equal(errMsg, 'getLocalImgData:ok');
        assert.match(localData, platform === 'ios' ? /^data:image\/jgp;base64,\S+$/ : /^([\w+/]{76}\n)+[\w+/]*=*\n$/);
      }
      const { errMsg, serverId } = await call(page, 'uploadImage', { localId: chosen.localIds[0] });
      assert.equal(errMsg, 'uploadImage:ok');
      assert.equal((await sharp(wechat.control.media(serverId)!.bytes).metadata()).format, 'jpeg');
      const back = await call(page, 'downloadImage', { serverId });
      assert.equal(back.errMsg, 'downloadImage:ok');
    });
  }

  test('iOS cannot show what was chosen by its local id', async () => {
    const page = await openAlone('ios');
    await configure(page);
    const { localIds } = await call(page, 'chooseImage', { count: 1 });
    const event = await page.evaluate(
      (src) =>
        new Promise((resolve) => {
          const image = new Image();
          for (const type of ['load', 'error']) image.addEventListener(type, () => resolve(type));
          image.src = src;
        }),
      localIds[0]!,
    );
    assert.equal(event, 'error');
  });

  test('permission is denied before wx.config, for what it did not list, and after the page was loaded again', async () => {
    const page = await openAlone('ios');
    const denied = async () => {
      const { callback, errMsg } = await call(page, 'chooseImage', { count: 1 });
      return callback === 'fail' && errMsg === 'chooseImage:permission denied';
    };
    assert.ok(await denied());
    await configure(page, ['previewImage']);
    assert.ok(await denied());
    assert.equal((await call(page, 'previewImage', { urls: ['https://shop.example.com/a.jpg'] })).callback, 'success');
    await configure(page);
    assert.ok(!(await denied()));
    await page.reload();
    assert.ok(await denied());
  });

  test('a second upload at once fails, as do those that control lets fail', async () => {
    const page = await openAlone('android');
    await configure(page);
    const { localIds } = await call(page, 'chooseImage', { count: 2 });
    wechat.control.set({ imageUploadTime: 150 });
    const [one, other] = await Promise.all(localIds.map((localId) => call(page, 'uploadImage', { localId })));
    assert.deepEqual([one!.errMsg, other!.errMsg], ['uploadImage:ok', 'uploadImage:fail']);
    wechat.control.set({ imageUploadTime: 0 });
    wechat.control.failUploads();
    assert.equal((await call(page, 'uploadImage', { localId: localIds[0] })).callback, 'fail');
    assert.equal((await call(page, 'uploadImage', { localId: localIds[0] })).callback, 'success');
  });

  test('pictures are chosen by number, up to the count, in original where its user says so', async () => {
    const { page, frame } = await openOnPhone();
    const answer = call(frame, 'chooseImage', { count: 2 });
    const album = page.getByRole('dialog', { name: 'Recents' });
    const done = album.getByRole('button', { name: /Done/ });
    await album.getByRole('checkbox', { name: 'A clay teapot' }).click();
    await album.getByRole('checkbox', { name: 'A cup of black tea' }).click();
    await album.getByRole('checkbox', { name: 'Plum blossom' }).click();
    await album.getByText('You can select up to 2').waitFor();
    assert.equal(await done.textContent(), 'Done (2/2)');
    await album.getByRole('checkbox', { name: 'A clay teapot' }).click();
    await album.getByRole('checkbox', { name: 'A fresh sprig, taken upright' }).click();
    const cup = album.getByRole('checkbox', { name: 'A cup of black tea', checked: true });
    assert.equal(await cup.locator('.tile-number').textContent(), '1');
    await album.getByRole('switch', { name: 'Full image' }).click();
    await done.click();

    const { localIds, sourceType } = await answer;
    assert.deepEqual([localIds.length, sourceType], [2, 'album']);
    const { serverId } = await call(frame, 'uploadImage', { localId: localIds[1] });
    const sprig = wechat.control.album.find(({ name }) => name === 'IMG_2047.JPG')!;
    assert.deepEqual(wechat.control.media(serverId)!.bytes, await sprig.bytes);
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'IFRAME');
  });

  test('without a mouse: arrows, space and Enter choose, Tab stays inside, Escape cancels', async () => {
    const { page, frame } = await openOnPhone();
    const answer = call(frame, 'chooseImage', { sourceType: ['album'] });
    const album = page.getByRole('dialog', { name: 'Recents' });
    await album.getByRole('checkbox').first().waitFor();
    for (const key of ['ArrowDown', 'ArrowRight', 'Space', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    const checked = album.getByRole('checkbox', { checked: true });
    assert.deepEqual(await checked.evaluateAll((tiles) => tiles.map((tile) => tile.ariaLabel)), [
      'A fresh sprig, taken upright',
      'Steaming tea, moving',
    ]);
    await album.getByRole('button', { name: 'Done (2/9)' }).focus();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Cancel');
    await page.keyboard.press('Escape');
    const { callback, errMsg } = await answer;
    assert.deepEqual([callback, errMsg], ['cancel', 'chooseImage:cancel']);
    assert.equal(await album.count(), 0);
    await page.locator('.call', { hasText: 'Page has pictures chosen' }).first().getByText('Cancelled').waitFor();
  });

  test('the sheet offers only what the page allowed, and says where there is nothing', async () => {
    wechat.control.album = [];
    const { page, frame } = await openOnPhone();
    const answer = call(frame, 'chooseImage', { count: 1, sizeType: ['compressed'], sourceType: ['album'] });
    const album = page.getByRole('dialog', { name: 'Recents' });
    await album.getByText('No photos in the album').waitFor();
    assert.equal(await album.getByRole('button', { name: 'Take photo' }).count(), 0);
    assert.equal(await album.getByRole('switch').count(), 0);
    assert.ok(await album.getByRole('button', { name: 'Done' }).isDisabled());
    await album.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await answer).callback, 'cancel');
  });

  test('the camera takes photographs until one is good', async () => {
    const { page, frame } = await openOnPhone();
    const answer = call(frame, 'chooseImage', { sourceType: ['camera'], sizeType: ['original'] });
    const camera = page.getByRole('dialog', { name: 'Camera' });
    const shot = camera.getByRole('img', { name: 'The photo just taken' });
    const first = await shot.getAttribute('src');
    await camera.getByRole('button', { name: 'Retake' }).click();
    await page.waitForFunction((src) => document.querySelector('img.shot')?.getAttribute('src') !== src, first);
    await shot.waitFor();
    await camera.getByRole('button', { name: 'Use photo' }).click();
    const { localIds, sourceType } = await answer;
    assert.equal(sourceType, 'camera');
    const { serverId } = await call(frame, 'uploadImage', { localId: localIds[0] });
    assert.equal((await sharp(wechat.control.media(serverId)!.bytes).metadata()).orientation, 6);
  });

  test('pictures that are chosen can be looked at before', async () => {
    const { page, frame } = await openOnPhone();
    const answer = call(frame, 'chooseImage');
    const album = page.getByRole('dialog', { name: 'Recents' });
    await album.getByRole('checkbox', { name: 'Plum blossom' }).click();
    await album.getByRole('button', { name: 'Preview' }).click();
    const viewer = page.getByRole('dialog', { name: 'Pictures' });
    await viewer.getByRole('img', { name: 'Plum blossom' }).click();
    await viewer.waitFor({ state: 'hidden' });
    await page.keyboard.press('Escape');
    assert.equal((await answer).callback, 'cancel');
  });

  test('wx.previewImage shows pictures over the screen, from the one that is named', async () => {
    const { page, frame } = await openOnPhone();
    const answer = call(frame, 'chooseImage', { count: 1 });
    await page.getByRole('checkbox', { name: 'Plum blossom' }).click();
    await page.getByRole('button', { name: 'Done (1/1)' }).click();
    const [localId] = (await answer).localIds;
    const urls = [`${wechat.url}/none.jpg`, localId, `${wechat.url}/none-either.jpg`];
    assert.equal((await call(frame, 'previewImage', { current: localId, urls })).errMsg, 'previewImage:ok');

    const viewer = page.getByRole('dialog', { name: 'Pictures' });
    await viewer.getByText('2/3').waitFor();
    const shown = viewer.getByRole('img', { name: 'Picture 2' });
    await page.waitForFunction(() => (document.querySelector('.viewer-picture') as HTMLImageElement)?.naturalWidth > 0);
    assert.equal(await shown.evaluate((image: HTMLImageElement) => image.naturalWidth), 1280);
    await page.keyboard.press('ArrowRight');
    await viewer.getByText('3/3').waitFor();
    await viewer.getByText('This picture cannot be shown').first().waitFor();
    assert.ok(await viewer.getByRole('button', { name: 'Next picture' }).isHidden());
    await viewer.getByRole('button', { name: 'Previous picture' }).click();
    await viewer.getByText('2/3').waitFor();
    await page.keyboard.press('Escape');
    await viewer.waitFor({ state: 'hidden' });
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'IFRAME');
  });

  test('an upload shows that it is under way, unless the page does not want that', async () => {
    const { page, frame } = await openOnPhone();
    const answer = call(frame, 'chooseImage', { count: 1 });
    await page.getByRole('checkbox').first().click();
    await page.getByRole('button', { name: 'Done (1/1)' }).click();
    const [localId] = (await answer).localIds;
    wechat.control.set({ imageUploadTime: 300 });
    const silent = call(frame, 'uploadImage', { localId, isShowProgressTips: 0 });
    await page.waitForTimeout(150);
    assert.equal(await page.getByText('Uploading…').count(), 0);
    await silent;
    const uploaded = call(frame, 'uploadImage', { localId });
    await page.getByText('Uploading…').waitFor();
    await uploaded;
    await page.getByText('Uploading…').waitFor({ state: 'hidden' });
  });

  test('the album’s sheet goes with the page that asked for it', async () => {
    const { page, frame } = await openOnPhone();
    call(frame, 'chooseImage').catch(() => {}); // the page goes before it can hear
    const album = page.getByRole('dialog', { name: 'Recents' });
    await album.waitFor();
    const calls = wechat.calls.length;
    await frame.goto(`${shop.url}elsewhere`);
    await album.waitFor({ state: 'hidden' });
    assert.equal(wechat.calls[calls]?.code, 'chooseImage:cancel');
  });

  test('what goes wrong with pictures is set under Faults', async () => {
    const { page } = await openOnPhone();
    await page.getByRole('tab', { name: /Faults/ }).click();
    await page.getByLabel('Uploads by the client (uploadImage)').selectOption('Never answers');
    await page.getByLabel('The phone’s album').selectOption('Empty');
    await page.getByRole('button', { name: 'The next upload fails' }).click();
    await page.getByText('Set: The next upload fails').waitFor();
    assert.equal(wechat.control.knobs.imageUploadTime, null);
    assert.equal(wechat.control.knobs.albumEmpty, true);
  });
});
