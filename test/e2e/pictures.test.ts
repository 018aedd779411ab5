import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { FrameLocator, Page, Route } from 'playwright';
import sharp from 'sharp';
import type { Demo } from '../../demo/start.ts';
import type { Session } from '../../proxy/api.ts';
import { eventually } from '../proxy/harness.ts';
import { animatedWebp, colourAt, corners, gif, gifExtension, noise, type Pixels, turned } from '../proxy/pictures.ts';
import { callAsMerchant, type PlacedOrder, placePaidOrder } from '../shop/customer.ts';
import { closeBrowser, type Device, middleOf, within } from './devices.ts';
import { openPhone, type Phone } from './phone.ts';
import { MARK, type Photo, photoOf, photosAt, read, takePhotos, toldBy } from './photos.ts';
import { ReviewForm } from './review-form.ts';
import { startShop, startShopFor, type Visit, visitShop } from './shop-visit.ts';
import { startWorld, type World } from './world.ts';

after(closeBrowser);

const OOLONG = { product: 'guihua-oolong', quantity: '1' };
const MEDIA = '/cgi-bin/media/get';
const FORM =
  '<form><textarea name="text"></textarea><image-uploader name="photos"></image-uploader><button>Send</button></form>';
const UNLIMITED = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };

const FRAMES = [0, 1].map((colour) => ({ width: 16, height: 16, colour }));
const MOVING = animatedWebp(16, 16, 0, FRAMES);
/** Moves, so that it cannot be made smaller. */
const TOO_LARGE = gif({
  width: 16,
  height: 16,
  frames: FRAMES,
  extensions: [gifExtension(0xfe, '', Buffer.alloc(10_500_000))],
});
/** What an iPhone's photo begins with; no browser but Safari reads the rest. */
const HEIC = Buffer.from(`\0\0\0\x18ftypheic\0\0\0\0mif1heic${'x'.repeat(200)}`);

describe('pictures in WeChat', { concurrency: 2 }, () => {
  for (const { platform, begin } of [
    { platform: 'iOS', begin: buyAndReview },
    { platform: 'Android', begin: signInToReview },
  ] as const) {
    test(`a customer shows what she has bought, with photos from her album (${platform})`, async (t) => {
      const demo = await startShopFor(t);
      const { control } = demo.wechat;
      control.album = (await takePhotos(10)).map(({ name, buffer }) => ({ name, bytes: buffer }));
      const phone = await openPhone(t, demo.wechat, { device: 'android', platform });
      const form = new ReviewForm(phone.browser);
      await begin(demo, phone);

      // The first upload to WeChat fails, which it gets over by itself; the next one’s picture WeChat has forgotten.
      control.failUploads();
      control.at({ path: MEDIA, when: 'before' }, () => control.expireMedia());
      await phone.choosePhotos(9);
      await form.expectState(2, 'failed');
      await within(form.errors).toHaveText(/Picture 2: WeChat no longer has the picture\. Try again\./);
      await form.expectState(9, 'done');
      await form.expectState(1, 'done');
      await form.publish.press('Enter');
      await within(form.uploader).toHaveJSProperty(
        'validationMessage',
        'A picture was not uploaded. Retry or remove it.',
      );
      await form.uploader.getByRole('button', { name: 'Retry Picture 2' }).press('Enter');
      await form.expectDone(9);
      await within(form.errors).toBeHidden();
      assert.deepEqual(await photosAt(await form.urls()), [1, 2, 3, 4, 5, 6, 7, 8, 9]);

      await form.picture(5).evaluate((picture) => picture.scrollIntoView({ block: 'center' }));
      await phone.drag(form.picture(1), form.picture(5), () =>
        within(form.uploader.locator('[part=item]').first()).toHaveClass(/held/),
      );
      await within(form.uploader.getByRole('status')).toHaveText('Moved to place 5 of 9.');
      await form.picture(9).press('Alt+ArrowLeft');
      await form.picture(3).press('Delete');
      await form.expectDone(8);
      const inOrder = [2, 3, 5, 1, 6, 7, 9, 8];
      assert.deepEqual(await photosAt(await form.urls()), inOrder);

      await form.picture(4).press('Enter');
      await within(phone.viewer.getByText('4/8')).toBeVisible();
      await within(phone.viewer.getByRole('img', { name: 'Picture 4' })).toHaveJSProperty('naturalWidth', 640);
      await phone.page.keyboard.press('Escape');
      await within(phone.viewer).toBeHidden();

      const sent = await form.send(phone.page);
      await expectShown(phone.browser, sent);
      assert.deepEqual(await photosAt(sent), inOrder);
      await expectKept(demo, sent);
    });
  }

  test('what is on its way while the proxy is killed arrives, and is given to WeChat once', async (t) => {
    const world = await startWorld(t, { environment: { IMAGE_ORPHAN_TTL: '3600' } });
    world.wechat.control.album = (await takePhotos(3)).map(({ name, buffer }) => ({ name, bytes: buffer }));
    let killed: Promise<void> | undefined;
    world.wechat.control.at({ path: MEDIA, when: 'before' }, () => {
      killed = world.stopProxy('SIGKILL');
      return killed;
    });
    const page = await world.open(FORM, { path: '/review' });
    const form = new ReviewForm(page);

    await form.add.click();
    await eventually(() => killed !== undefined, 'the proxy asks WeChat');
    await killed;
    await form.expectState(1, 'waiting');
    await world.startProxy();

    await form.expectDone(3);
    const urls = await form.urls();
    assert.deepEqual(await photosAt(urls), [1, 2, 3]);
    assert.equal(world.wechat.calls.filter(({ path }) => path === 'uploadImage').length, 3);
    await world.merchant('POST', `${new URL(urls[0]!).pathname}/keep`);
    await world.advance(3601);
    await eventually(async () => (await statuses(urls)).join() === '200,404,404', 'what nobody has kept is gone');
  });
});

describe('pictures outside WeChat', { concurrency: 2 }, () => {
  let demo: Demo;
  before(async () => {
    demo = await startShop();
  });
  after(() => demo.stop());

  test('files are chosen, dropped and pasted on a desktop; what cannot be taken is said', async (t) => {
    const { page, form, complaints } = await openReview(t, demo, 'desktop');
    const [first, second, third, fourth, fifth] = (await takePhotos(5)) as [Photo, Photo, Photo, Photo, Photo];
    await page.route('**/v1/images', refuseOnce(demo), { times: 1 });
    await form.choose([
      first,
      { ...second, name: first.name },
      third,
      { name: 'moving.webp', mimeType: 'image/webp', buffer: MOVING },
      { name: '大图.gif', mimeType: 'image/gif', buffer: TOO_LARGE },
      { name: 'IMG_9.HEIC', mimeType: 'image/heic', buffer: HEIC },
      { name: '说明.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('这不是图片') },
    ]);
    await form.expectState(1, 'failed');
    await form.expectState(5, 'failed');
    await form.expectState(6, 'failed');
    for (const reason of [
      '说明.jpg：不支持这种文件。 请选择 JPEG、PNG、GIF 或 WebP 图片。',
      'IMG_1.JPG：暂时无法上传图片。 请稍后重试。',
      '大图.gif：图片太大。 请压缩后再上传。',
      'IMG_9.HEIC：这台设备无法读取 HEIC 照片。',
    ]) {
      await within(form.errors).toContainText(reason);
    }
    await form.uploader.getByRole('button', { name: '重试第 1 张 IMG_1.JPG' }).click();
    await form.expectState(1, 'done');
    await form.uploader.getByRole('button', { name: '移除第 5 张 大图.gif' }).click();
    await form.picture(5).press('Delete');
    await form.expectDone(4);

    await drop(t, page, form, fourth);
    await form.expectDone(5);
    await paste(page, form, fifth);
    await form.expectDone(6);
    assert.deepEqual(
      (await form.images()).map(({ name }) => name),
      ['IMG_1.JPG', 'IMG_1.JPG', 'IMG_3.JPG', 'moving.webp', 'IMG_4.JPG', 'image.png'],
    );

    await form.picture(1).hover();
    const target = await middleOf(form.picture(3));
    await page.mouse.down();
    await page.mouse.move(target.x, target.y, { steps: 3 });
    await page.mouse.up();
    await within(form.uploader.getByRole('status')).toHaveText('已移到第 3 位，共 6 张。');
    await form.picture(4).press('Delete');
    await form.picture(5).press('Alt+Home');
    await form.expectDone(5);
    const sent = await form.send(page);

    await expectShown(page, sent);
    assert.deepEqual(await photosAt(sent), [5, 2, 3, 1, 4]);
    assert.deepEqual(
      complaints.filter((complaint) => !complaint.startsWith('Failed to load resource')),
      [],
    );
  });

  test('what is on its way waits until one is online again, is not left by mistake, and outlives the page', async (t) => {
    const { page, form, complaints } = await openReview(t, demo, 'desktop');
    const photos = await takePhotos(9);
    await form.choose(photos.slice(0, 8));
    await form.expectDone(8);
    await page.context().setOffline(true);
    await form.choose(photos.slice(8));
    await within(form.uploader).toContainText('网络已断开，恢复后会自动继续上传。');
    await form.expectState(9, 'waiting');

    // Browsers ask only those who have used the page.
    await form.text.click();
    const [dialog] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })]);
    assert.equal(dialog.type(), 'beforeunload');
    await dialog.dismiss();
    await form.publish.click();
    await within(form.uploader).toHaveJSProperty('validationMessage', '图片还在上传，请稍候。');
    await page.context().setOffline(false);
    await form.expectDone(9);
    const urls = await form.urls();

    await page.reload();
    await form.expectDone(9);
    assert.deepEqual(await form.urls(), urls);
    await within(form.pictures.locator('img').first()).toHaveJSProperty('naturalWidth', 320);
    const sent = await form.send(page, 4);
    await expectShown(page, sent);
    assert.deepEqual(await photosAt(sent), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(complaints, []);
  });

  for (const [device, asksForHeic] of [
    ['iphone', false],
    ['android', true],
  ] as const) {
    test(`a photo that was taken upright stands upright, and nobody learns where that was (${device})`, async (t) => {
      const { page, form, complaints } = await openReview(t, demo, device);
      const upright = corners(120, 160);
      const [plain] = (await takePhotos(1)) as [Photo];
      // An iPhone that is not asked for HEIC makes it JPEG itself.
      const accept = await form.uploader.locator('input[type=file]').getAttribute('accept');
      assert.equal(accept?.includes('heic'), asksForHeic);
      await form.choose([await photoOf('image.jpg', turned(upright, 6), 6), { ...plain, name: 'image.jpg' }]);
      await form.expectDone(2);
      const sent = await form.send(page);

      await expectShown(page, sent);
      const { data, info } = await sharp(await read(sent[0]!))
        .raw()
        .toBuffer({ resolveWithObject: true });
      const pixels = { width: info.width, height: info.height, channels: 3 as const, data };
      assert.deepEqual([pixels.width, pixels.height], [120, 160]);
      for (const [x, y] of [
        [30, 40],
        [90, 40],
        [30, 120],
        [90, 120],
      ] as const) {
        const [is, should] = [colourAt(pixels, x, y), colourAt(upright, x, y)];
        assert.ok(Math.hypot(...should.map((value, at) => value - is[at]!)) < 20, `${is} at ${x},${y}`);
      }
      assert.ok(plain.buffer.includes(MARK));
      await expectKept(demo, sent);
      assert.deepEqual(complaints, []);
    });
  }

  test('what is on its way while the proxy is killed arrives by itself', async (t) => {
    const world = await startWorld(t);
    const page = await world.open(FORM, { device: 'desktop', path: '/review', head: await sessionMeta(world) });
    const form = new ReviewForm(page);
    const network = await page.context().newCDPSession(page);
    const photos = await Promise.all([1, 2].map((number) => photoOf(`IMG_${number}.JPG`, noisy(number))));
    await within(form.add).toBeVisible();
    await network.send('Network.emulateNetworkConditions', { ...UNLIMITED, uploadThroughput: 50_000 });
    await form.choose(photos);
    await eventually(async () => (await form.images()).every(({ loaded }) => loaded > 0), 'both are on their way');

    await world.stopProxy('SIGKILL');
    await form.expectState(1, 'waiting');
    await form.expectState(2, 'waiting');
    await network.send('Network.emulateNetworkConditions', UNLIMITED);
    await world.startProxy();

    await form.expectDone(2);
    await within(form.uploader).toHaveAttribute('state', 'idle');
    assert.deepEqual(await statuses(await form.urls()), [200, 200]);
  });
});

interface ReviewVisit extends Visit {
  form: ReviewForm;
}

/** The form for a review of a paid order, in Chinese. */
async function openReview(t: TestContext, demo: Demo, device: Device): Promise<ReviewVisit> {
  const order = await placePaidOrder(demo, OOLONG);
  const visit = await visitShop(t, demo, device, '/', 'zh-CN');
  await takeOver(visit.page, demo, order);
  await visit.page.goto(`${demo.shop.url}/orders/${order.id}/review`);
  const form = new ReviewForm(visit.page);
  await within(form.add).toBeVisible();
  await form.text.fill('香气清幽。');
  return { ...visit, form };
}

/** As the proxy does while its storage does not answer, and for longer than the element waits by itself. */
function refuseOnce(demo: Demo) {
  return (route: Route) =>
    route.fulfill({
      status: 503,
      headers: {
        'access-control-allow-origin': demo.shop.url,
        'access-control-expose-headers': 'retry-after',
        'retry-after': '120',
      },
      json: { code: 'image_store_unavailable', status: 503 },
    });
}

/** Drags a file from the desktop onto the element. */
async function drop(t: TestContext, page: Page, form: ReviewForm, { name, buffer }: Photo): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'weixin-widgets-drop-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  await writeFile(file, buffer);
  const point = await middleOf(form.uploader);
  const session = await page.context().newCDPSession(page);
  const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    session.send('Input.dispatchDragEvent', {
      type,
      ...point,
      data: { items: [], files: [file], dragOperationsMask: 1 },
    });
  await drag('dragEnter');
  await drag('dragOver');
  await within(form.uploader.locator('.over')).toBeVisible();
  await drag('drop');
  await within(form.uploader.locator('.over')).toBeHidden();
}

/** Pastes a picture that was copied elsewhere. */
async function paste(page: Page, form: ReviewForm, { buffer }: Photo): Promise<void> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const png = await sharp(buffer).png().toBuffer();
  await page.evaluate(async (base64) => {
    const blob = new Blob([Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))], { type: 'image/png' });
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
  }, png.toString('base64'));
  await form.text.press('ControlOrMeta+v');
}

async function sessionMeta(world: World): Promise<string> {
  const { openid } = world.wechat.control.users[0]!;
  const { token } = await world.merchant<Session>('POST', '/v1/sessions', { openid });
  return `<meta name="weixin-session" content="${token}">`;
}

/** On the page of the order that she has just paid on this phone, who is known therefore. */
async function buyAndReview(demo: Demo, phone: Phone): Promise<void> {
  const { browser } = phone;
  await phone.scanText(`${demo.shop.url}/order_info?product=${OOLONG.product}`);
  await browser.getByRole('button', { name: 'Buy now' }).press('Enter');
  await browser.locator('pay-button').getByRole('button', { name: /Pay/ }).press('Enter');
  await phone.pay();
  await browser.getByRole('link', { name: 'Write a review' }).press('Enter');
  const form = new ReviewForm(browser);
  await form.text.fill('Sweet as the garden in October.');
  await form.add.press('Enter');
}

/** On the page of an order of another day. The shop could get no session for her, so that she signs in by her click. */
async function signInToReview(demo: Demo, phone: Phone): Promise<void> {
  const { browser, page } = phone;
  const order = await placePaidOrder(demo, OOLONG);
  await takeOver(page, demo, order);
  await page.addInitScript(() =>
    new MutationObserver(() => document.querySelector('meta[name=weixin-session]')?.remove()).observe(document, {
      childList: true,
      subtree: true,
    }),
  );
  await phone.scanText(`${demo.shop.url}/pay_callback?order=${order.id}`);
  await browser.getByRole('link', { name: 'Write a review' }).press('Enter');
  const form = new ReviewForm(browser);
  await form.text.fill('Sweet as the garden in October.');
  await browser.locator('#stars-4').press('Space');
  const signIns = () => demo.wechat.calls.filter(({ path }) => path.startsWith('/sns/oauth2/access_token')).length;
  const before = signIns();
  await form.add.press('Enter');
  await within(phone.album).toBeVisible();
  assert.equal(signIns(), before + 1);
  await within(form.text).toHaveValue('Sweet as the garden in October.');
  await within(browser.locator('#stars-4')).toBeChecked();
}

/** Lets a browser be the one that ordered. */
async function takeOver(page: Page, demo: Demo, { cookie }: PlacedOrder): Promise<void> {
  const [name, value] = cookie.split('=') as [string, string];
  await page.context().addCookies([{ name, value, url: demo.shop.url }]);
}

/** The review has these photos, and each of them can be seen. */
async function expectShown(root: Page | FrameLocator, urls: string[]): Promise<void> {
  await within(root.locator('h1')).toHaveText(/Your review|您的评价/);
  const photos = root.locator('.photos img');
  await within(photos).toHaveCount(urls.length);
  for (const [index, url] of urls.entries()) {
    const photo = photos.nth(index);
    await photo.scrollIntoViewIfNeeded();
    await within(photo).toHaveAttribute('src', `${url}?width=320`);
    await within(photo).not.toHaveJSProperty('naturalWidth', 0);
  }
}

/** The shop has kept them, they tell nothing but what can be seen, and go when the shop wants it. */
async function expectKept(demo: Demo, urls: string[]): Promise<void> {
  const now = Date.now();
  for (const url of urls) {
    const { pathname } = new URL(url);
    const { keptAt } = await (await callAsMerchant(demo, `${pathname}/keep`, {})).json();
    assert.ok(Date.parse(keptAt) < now, 'it was kept before');
    assert.deepEqual(await toldBy(await read(url)), []);
  }
  const [gone, ...left] = urls;
  const headers = { authorization: `Bearer ${demo.apiKey}` };
  assert.equal((await fetch(gone!, { method: 'DELETE', headers })).status, 204);
  assert.deepEqual(await statuses([gone!, `${gone}?width=320`, left[0]!]), [404, 404, 200]);
}

/** Some hundred kilobytes, however it is compressed. */
function noisy(seed: number): Pixels {
  const [width, height] = [480, 320];
  return { width, height, channels: 3, data: noise(width * height * 3, seed) };
}

function statuses(urls: string[]): Promise<number[]> {
  return Promise.all(urls.map(async (url) => (await fetch(url)).status));
}
