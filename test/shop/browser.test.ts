import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { type Demo, startDemo } from '../../demo/start.ts';
import { findBrowser } from '../find-browser.ts';
import { placePaidOrder } from './customer.ts';

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

test('no page is wider than the screen', async () => {
  for (const locale of ['zh-CN', 'en']) {
    for (const width of [320, 375, 1280]) {
      const page = await open({ locale, viewport: { width, height: 800 } });
      await order(page, 'white-tea-cake');
      const id = new URL(page.url()).searchParams.get('order');
      const paths = ['/', '/order_info?product=tasting-box', `/order_pay?order=${id}`, '/my_orders', '/none'];
      paths.push('/office', `/office/orders/${id}`, '/office/codes');
      for (const path of paths) {
        await page.goto(demo.shop.url + path);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(excess <= 0, `${path} in ${locale} is ${excess} px wider than ${width}`);
      }
      await page.goto(`${demo.shop.url}/pay_callback?order=${id}`);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)) <= 0);
      await page.context().close();
    }
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
