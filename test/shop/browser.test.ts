import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { type Demo, startDemo } from '../../demo/start.ts';
import { findBrowser } from '../find-browser.ts';
import { makePhoto, type PlacedOrder, placePaidOrder, sendReview, uploadPhoto } from './customer.ts';

const LONGJING = { product: 'longjing', quantity: '1' };

let demo: Demo;
let browser: Browser;
before(async () => {
  demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0 });
  browser = await chromium.launch(await findBrowser());
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

async function open(options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext(options);
  return context.newPage();
}

async function order(page: Page, product: string): Promise<void> {
  await page.goto(`${demo.shop.url}/order_info?product=${product}`);
  await page.selectOption('select', '2');
  await page.click('form button');
  await page.waitForURL(/\/order_pay\?order=ord_/);
}

for (const platform of ['ios', 'android']) {
  test(`inside WeChat on ${platform} an order is paid, and nothing runs into the shop’s policy`, async () => {
    const page = await open({ locale: 'en', viewport: { width: 375, height: 812 } });
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.addInitScript((client) => Object.assign(window, { __weixinClient: client }), {
      platform,
      phone: platform,
    });

    await order(page, 'celadon-gaiwan');
    await page.locator('order-card', { hasText: '¥376.00' }).waitFor();
    await page.locator('pay-button').click();
    await page.waitForURL(/\/pay_callback\?order=ord_/);

    assert.equal(await page.textContent('h1'), 'Payment received');
    assert.deepEqual(complaints, []);
    await page.context().close();
  });
}

test('without JavaScript everything works up to the payment, which says what it needs', async () => {
  const page = await open({ locale: 'en', javaScriptEnabled: false });

  await page.goto(demo.shop.url);
  await page.click('text=Osmanthus Oolong');
  await page.click('form button');

  assert.match(page.url(), /\/order_pay\?order=ord_/);
  assert.match((await page.textContent('main')) ?? '', /Paying needs JavaScript/);
  await page.context().close();
});

/** Lets the page be the browser that ordered. */
async function takeOver(page: Page, { cookie }: PlacedOrder): Promise<void> {
  const [name, value] = cookie.split('=') as [string, string];
  await page.context().addCookies([{ name, value, url: demo.shop.url }]);
}

test('no page is wider than the screen', async () => {
  const [written, unwritten] = [await placePaidOrder(demo, LONGJING), await placePaidOrder(demo, LONGJING)];
  const photos = await Promise.all([1, 2, 3, 4].map((shade) => uploadPhoto(demo, shade)));
  const fields = photos.map((url): [string, string] => ['photos', url]);
  await sendReview(demo.shop.url, written, [['stars', '5'], ['text', 'wide'.repeat(40)], ...fields]);
  for (const locale of ['zh-CN', 'en']) {
    const page = await open({ locale });
    await order(page, 'white-tea-cake');
    const id = new URL(page.url()).searchParams.get('order');
    const paths = ['/', '/order_info?product=longjing', `/order_pay?order=${id}`, `/pay_callback?order=${id}`];
    paths.push('/none', '/office', `/office/orders/${id}`, '/office/codes', '/office/reviews', '/office/share');
    paths.push('/my_orders', `/pay_callback?order=${unwritten.id}`);
    paths.push(`/orders/${written.id}/review`, `/orders/${unwritten.id}/review`);
    await takeOver(page, unwritten);
    for (const path of paths) {
      await page.goto(demo.shop.url + path);
      for (const width of [320, 375, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(excess <= 0, `${path} in ${locale} is ${excess} px wider than ${width}`);
      }
    }
    await page.context().close();
  }
});

test('on a desktop the pay page shows a code beside the order, which a phone pays', async () => {
  const page = await open({ locale: 'en', viewport: { width: 1280, height: 800 } });
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const codeUrl = page.waitForResponse((response) => response.url().endsWith('/payments') && response.ok());

  await order(page, 'citrus-cold-brew');
  const [card, code] = [page.locator('order-card'), page.locator('pay-button')];
  await card.filter({ hasText: '¥79.60' }).waitFor();
  await code.click();
  const payment = await (await codeUrl).json();
  await code.getByText('Scan with WeChat').waitFor();
  const [left, right] = [(await card.boundingBox())!, (await code.boundingBox())!];
  demo.wechat.control.payByCode(payment.codeUrl);
  await page.waitForURL(/\/pay_callback\?/);

  assert.equal(payment.channel, 'native');
  assert.ok(left.x + left.width <= right.x, 'side by side');
  assert.ok(right.y + right.height <= 800, 'the code can be seen without scrolling');
  assert.equal(await page.textContent('h1'), 'Payment received');
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('in the office money is given back without JavaScript, and the order card is there with it', async () => {
  const plain = await open({ locale: 'en', javaScriptEnabled: false, viewport: { width: 375, height: 812 } });
  const { id } = await placePaidOrder(demo, { product: 'longjing', quantity: '1' });

  await plain.goto(`${demo.shop.url}/office`);
  await plain.click(`a[href="/office/orders/${id}"]`);
  await plain.fill('input[name=amount]', '28,00');
  await plain.click('button:has-text("Refund")');
  await plain.getByText('Refunded to the customer · ¥28.00').waitFor();
  await plain.context().close();

  const page = await open({ locale: 'en', viewport: { width: 1280, height: 800 } });
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`${demo.shop.url}/office/orders/${id}`);
  await page.locator('order-card', { hasText: 'Partly refunded' }).waitFor();
  assert.equal(await page.inputValue('input[name=amount]'), '100.00');
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('on a desktop a review is written by keyboard, with photos, under the shop’s policy', async () => {
  const order = await placePaidOrder(demo, LONGJING);
  const page = await open({ locale: 'en', viewport: { width: 1280, height: 800 } });
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await takeOver(page, order);
  await page.goto(`${demo.shop.url}/pay_callback?order=${order.id}`);
  await page.click('text=Write a review');

  const uploader = page.locator('image-uploader');
  const chooser = page.waitForEvent('filechooser');
  await uploader.locator('.add:not([aria-busy])').press('Enter');
  const files = [20, 200].map(async (shade) => ({
    name: 'image.jpg',
    mimeType: 'image/jpeg',
    buffer: await makePhoto(shade, 'jpeg'),
  }));
  await (await chooser).setFiles(await Promise.all(files));
  const hasPhotos = () => new FormData(document.querySelector('form')!).getAll('photos').length === 2;
  await page.waitForFunction(hasPhotos);
  // Past the browser's own check, which would stop a form without stars here.
  await page.evaluate(() => document.querySelector('form')!.setAttribute('novalidate', ''));
  await page.locator('form > button').press('Enter');
  await page.getByRole('alert').filter({ hasText: 'No stars yet' }).waitFor();
  await page.waitForFunction(hasPhotos);
  await page.focus('#stars-1');
  for (const key of ['Space', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Tab']) await page.keyboard.press(key);
  await page.keyboard.type('Fresh, and quick.');
  await page.locator('form > button').press('Enter');
  await page.getByRole('heading', { name: 'Your review' }).waitFor();

  assert.equal(await page.getByRole('img', { name: '4 stars out of 5' }).count(), 1);
  assert.equal(await page.textContent('.review-text'), 'Fresh, and quick.');
  const photos = page.locator('.photo img');
  await photos.evaluateAll((all) => Promise.all(all.map((photo) => (photo as HTMLImageElement).decode())));
  assert.equal(await photos.count(), 2);
  // Chromium says so of the page that asked for stars.
  assert.deepEqual(complaints, [
    'Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)',
  ]);
  await photos.first().click();
  assert.match(page.url(), /\/v1\/images\/img_[\w-]{22}$/);
  await page.context().close();
});

test('without JavaScript a review has stars and words, and says what photos need', async () => {
  const order = await placePaidOrder(demo, LONGJING);
  const page = await open({ locale: 'en', javaScriptEnabled: false, viewport: { width: 375, height: 812 } });
  await takeOver(page, order);

  await page.goto(`${demo.shop.url}/orders/${order.id}/review`);
  assert.match((await page.textContent('form')) ?? '', /Uploading photos needs JavaScript/);
  await page.click('label[for=stars-5]');
  await page.fill('textarea', 'No script, good tea.');
  await page.click('text=Publish review');

  assert.equal(await page.textContent('h1'), 'Your review');
  assert.equal(await page.textContent('.review-text'), 'No script, good tea.');
  await page.context().close();
});
