import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import jsqr from 'jsqr';
import { chromium } from 'playwright';
import { CATALOGUE } from '../../demo/shop/catalogue.ts';
import { type Demo, startDemo } from '../../demo/start.ts';
import { findBrowser } from '../find-browser.ts';
import { eventually } from '../proxy/harness.ts';
import { callAsMerchant } from './customer.ts';

/** Pixels a side: enough for several a module. */
const SIZE = 400;

async function read(demo: Demo, path: string) {
  const response = await fetch(demo.shop.url + path, { headers: { 'accept-language': 'en' } });
  return { status: response.status, headers: response.headers, page: await response.text() };
}

describe('by version 2 of the API', () => {
  let demo: Demo;
  before(async () => {
    demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0, payApi: 'v2' });
  });
  after(() => demo?.stop());

  test('every product has a card with its price and its own code', async () => {
    const { page } = await read(demo, '/office/codes');

    const codes = new Set<string>();
    for (const { id, name, price } of CATALOGUE) {
      assert.ok(page.includes(`${name.en} product code`) && page.includes((price / 100).toFixed(2)), id);
      const code = await read(demo, `/office/codes/${id}.svg`);
      assert.equal(code.headers.get('content-type'), 'image/svg+xml');
      assert.match(code.page, /^<\?xml[^>]*>\s*<svg/);
      codes.add(code.page);
    }
    assert.equal(codes.size, CATALOGUE.length);
    assert.equal((await read(demo, '/office/codes/coffee.svg')).status, 404);
  });

  test('a card’s code can be read off the page, and the phone’s scanner offers it', async (t) => {
    const browser = await chromium.launch(await findBrowser());
    t.after(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`${demo.shop.url}/office/codes`);

    const pixels = await page.evaluate(async (size) => {
      const image = document.querySelector<HTMLImageElement>('img[src$="/longjing.svg"][src*="codes"]')!;
      await image.decode();
      const context = new OffscreenCanvas(size, size).getContext('2d')!;
      context.drawImage(image, 0, 0, size, size);
      return [...context.getImageData(0, 0, size, size).data];
    }, SIZE);

    const text = jsqr.default(Uint8ClampedArray.from(pixels), SIZE, SIZE)?.data;
    assert.match(text ?? '', /^weixin:\/\/wxpay\/bizpayurl\?.*product_id=longjing/);
    const offered: { codeUrl: string }[] = await (await fetch(`${demo.wechat.url}/client/codes`)).json();
    assert.ok(offered.some(({ codeUrl }) => codeUrl === text));
  });

  test('a code is the same however often it is printed', async () => {
    const [one, other] = [
      await read(demo, '/office/codes/longjing.svg'),
      await read(demo, '/office/codes/longjing.svg'),
    ];

    assert.equal(one.page, other.page);
  });

  test('a scan makes an order, which is paid, listed with its product, and refunded', async () => {
    const product = CATALOGUE.find(({ id }) => id === 'tasting-box')!;
    const amount = { total: product.price, currency: 'CNY' };
    const registered = await callAsMerchant(demo, '/v1/products', {
      productId: product.id,
      description: '栖云茶铺-四季茶样 × 1',
      amount,
    });
    const { codeUrl } = await registered.json();

    const { kind } = await demo.wechat.control.scan(codeUrl);
    assert.equal(kind, 'sheet');
    const isPaid = () =>
      demo.shop.events.find(({ type, data }) => type === 'order.paid' && data.productId === product.id);
    await eventually(isPaid, 'the shop knows of the payment');
    const { id } = isPaid()!.data;

    const list = await read(demo, '/office');
    const { page } = await read(demo, `/office/orders/${id}`);
    assert.match(list.page, /Four Seasons Tasting Box × 1/);
    assert.match(list.page, /Printed code/);
    assert.match(page, /QR code \(Native\)/);
    const form = /name="form" value="([^"]+)"/.exec(page)![1]!;
    const body = new URLSearchParams({ form, amount: '19.90', reason: '' });
    await fetch(`${demo.shop.url}/office/orders/${id}/refunds`, { method: 'POST', body, redirect: 'manual' });
    const isRefunded = () =>
      demo.shop.events.some(({ type, data }) => type === 'refund.succeeded' && data.orderId === id);
    await eventually(isRefunded, 'the money has gone back');
  });
});

describe('by version 3 of the API', () => {
  let demo: Demo;
  before(async () => {
    demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0 });
  });
  after(() => demo?.stop());

  test('the page says that there are no such codes, and what there is instead', async () => {
    const { status, page } = await read(demo, '/office/codes');

    assert.equal(status, 200);
    assert.match(page, /Product codes need version 2 of the WeChat Pay API/);
    assert.match(page, /WECHAT_PAY_API=v2/);
    assert.doesNotMatch(page, /<img[^>]+codes/);
    assert.equal((await read(demo, '/office/codes/longjing.svg')).status, 404);
  });
});
