import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import sharp from 'sharp';
import { type Demo, startDemo } from '../../demo/start.ts';
import { findBrowser } from '../find-browser.ts';
import { callAsMerchant, placePaidOrder, uploadPhoto } from './customer.ts';

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

const STUDIO = '/office/share';
const CAKE = '/order_info?product=white-tea-cake';
const studioOf = (link: string) => `${STUDIO}?${new URLSearchParams({ link })}`;

async function read(path: string, language = 'en', headers: Record<string, string> = {}) {
  const response = await fetch(demo.shop.url + path, { headers: { 'accept-language': language, ...headers } });
  return { status: response.status, page: await response.text() };
}

async function send(path: string, fields: Record<string, string>, language = 'en') {
  const response = await fetch(demo.shop.url + path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
    headers: { 'accept-language': language },
  });
  return { status: response.status, location: response.headers.get('location'), page: await response.text() };
}

/** What a page of the shop says of itself when it is shared. */
async function cardOn(path: string, language?: string) {
  const { page } = await read(path, language);
  const [, ...values] =
    /<share-meta share-title="(.*)" share-description="(.*)" share-link="(.*)" share-icon="(.*)">/.exec(page) ?? [];
  const [title, description, link, icon] = values;
  return { title, description, link, icon };
}

describe('the pages of the shop', () => {
  test('are shared with their own title, description, picture and address', async () => {
    const home = await cardOn('/', 'zh-CN');
    const product = await cardOn('/order_info?product=longjing&from=singlemessage&isappinstalled=0');

    assert.deepEqual(home, {
      title: '栖云茶铺 · 一年四季，好好喝茶',
      description: '茶山直送的六样好东西，次日发货，全国包邮。',
      link: '/',
      icon: '/pictures/shop.jpg',
    });
    assert.deepEqual(product, {
      title: 'First-Flush Longjing · Qiyun Tea',
      description: 'Hand-picked before Qingming; chestnut with a hint of orchid. ¥128.00 · 50 g tin',
      link: '/order_info?product=longjing',
      icon: '/pictures/longjing.jpg',
    });
    for (const id of ['shop', 'longjing', 'citrus-cold-brew']) {
      const response = await fetch(`${demo.shop.url}/pictures/${id}.jpg`);
      const bytes = Buffer.from(await response.arrayBuffer());
      const { format, width, height } = await sharp(bytes).metadata();
      assert.equal(response.headers.get('content-type'), 'image/jpeg');
      assert.ok(bytes.length <= 32_768, `${id}: ${bytes.length} bytes`);
      assert.deepEqual([format, width! >= 300, width === height], ['jpeg', true, true]);
    }
  });

  test('are not shared at all where they show an order or a payment', async () => {
    const { id, cookie } = await placePaidOrder(demo, { product: 'tasting-box', quantity: '1' });
    for (const path of [`/order_pay?order=${id}`, `/pay_callback?order=${id}`, '/my_orders', `/orders/${id}/review`]) {
      const { status, page } = await read(path, 'en', { cookie });
      assert.equal(status, 200);
      assert.doesNotMatch(page, /<share-meta|og:title|rel="canonical"/, path);
    }
  });
});

describe('the share studio, without a script', () => {
  test('has nothing to show at first but what the pages say of themselves', async () => {
    const { status, page } = await read(studioOf(CAKE), 'zh-CN');
    assert.equal(status, 200);
    assert.match(page, /placeholder="陈年白茶饼 · 栖云茶铺"/);
    assert.match(page, /还没有。现在各页面用的是自己的标题、描述和图片。/);
    assert.match(page, /2017 年起在微信里就不起作用了/);
    assert.match(page, /<meta name="weixin-session" content="[^"]+">/);
  });

  test('puts a card on its page, in its language, with an icon that the proxy keeps, until it is taken back', async () => {
    const icon = await uploadPhoto(demo, 100);
    const own = await cardOn(CAKE);
    const card = {
      title: ' Six years\nin  the dark ',
      description: '',
      link: `${demo.shop.url}${CAKE}&lang=en#top`,
      icon,
    };

    const saved = await send(STUDIO, card);
    const sentAt = Date.now();
    const studio = await read(saved.location!);

    assert.deepEqual([saved.status, saved.location], [303, `${studioOf(CAKE)}&done=saved`]);
    assert.deepEqual(await cardOn(CAKE), { ...own, title: 'Six years in the dark', icon });
    assert.deepEqual(await cardOn(`${CAKE}&from=timeline`), { ...own, title: 'Six years in the dark', icon });
    assert.equal((await cardOn(CAKE, 'zh-CN')).title, '陈年白茶饼 · 栖云茶铺');
    assert.match(studio.page, /Saved\. The page has this card now/);
    assert.ok(studio.page.includes(`name="title" value="Six years in the dark"`));
    assert.ok(
      studio.page.includes(`<input type="hidden" name="icon" value="${icon}">`),
      'it stays without the element',
    );
    const kept = await (await callAsMerchant(demo, `${new URL(icon).pathname}/keep`, {})).json();
    assert.ok(Date.parse(kept.keptAt) <= sentAt, 'it was kept when the card was saved');

    const removed = await send(`${STUDIO}/remove`, { link: CAKE });
    assert.equal(removed.location, `${studioOf(CAKE)}&done=removed`);
    assert.deepEqual(await cardOn(CAKE), own);
  });

  test('makes cards for addresses of campaigns, which do not touch the page’s other visitors', async () => {
    const link = '/order_info?product=celadon-gaiwan&from=teahouse';
    await send(STUDIO, { title: 'For the tea house', description: 'Ten off', link });
    assert.deepEqual(await cardOn(link), {
      title: 'For the tea house',
      description: 'Ten off',
      link: '/order_info?product=celadon-gaiwan&amp;from=teahouse',
      icon: '/pictures/celadon-gaiwan.jpg',
    });
    assert.match((await cardOn('/order_info?product=celadon-gaiwan')).title!, /^Celadon Gaiwan/);
  });

  test('says what cannot be shared, and why, with what was written', async () => {
    const foreign = `${demo.proxy.url}/v1/images/../orders/ord_1`;
    const gone = `${demo.proxy.url}/v1/images/img_${'a'.repeat(22)}`;
    const mistakes: [change: Record<string, string>, told: RegExp][] = [
      [{ link: 'https://evil.example/' }, /not an address of this shop/],
      [{ link: '//evil.example/' }, /not an address of this shop/],
      [{ link: 'javascript:alert(1)' }, /not an address of this shop/],
      [{ link: '/order_info?product=gold' }, /no such page/],
      [{ link: 'http://[' }, /no such page/],
      [{ link: '/order_pay?order=ord_1' }, /somebody’s order or payment/],
      [{ link: '/orders/ord_1/review' }, /somebody’s order or payment/],
      [{ link: '/office' }, /somebody’s order or payment/],
      [{ title: '茶'.repeat(65) }, /That is too long/],
      [{ description: 'x'.repeat(121) }, /That is too long/],
      [{ icon: foreign }, /This icon cannot be used/],
      [{ icon: gone }, /The icon is gone/],
    ];
    for (const [change, told] of mistakes) {
      const answer = await send(STUDIO, { title: 'Mine', description: '', link: '/', icon: '', ...change });
      assert.equal(answer.status, 422, JSON.stringify(change));
      assert.ok(told.test(answer.page), JSON.stringify(change));
      assert.match(answer.page, /aria-invalid="true" aria-describedby="problem"/);
      assert.ok(change.title || answer.page.includes('name="title" value="Mine"'));
    }
    assert.equal((await cardOn('/')).title, 'Qiyun Tea · Good tea, all year round');
  });

  test('never becomes markup', async () => {
    const nasty = `"><script>alert(1)</script>'&`;
    const escaped = '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;';
    const link = `/?x=${nasty}`;
    const saved = await send(STUDIO, { title: nasty, description: nasty, link });
    for (const path of [saved.location!, STUDIO, link]) {
      const { page } = await read(path);
      assert.ok(page.includes(escaped), path);
      assert.ok(!page.includes('<script>alert'), path);
    }
    await send(`${STUDIO}/remove`, { link });
  });
});

describe('the share studio', () => {
  async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ locale: 'zh-CN', viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    return { page, complaints };
  }

  test('shows the card as it is written, with a square icon of at most 32 KB, and gives the code', async () => {
    const { page, complaints } = await open();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(demo.shop.url + studioOf('/order_info?product=longjing'));
    const preview = page.locator('#preview [part=chat]');
    await preview.getByText('明前龙井 · 栖云茶铺').waitFor();

    // What is sent at first is small enough; what the proxy, which draws it anew, makes of it is not.
    const noise = { type: 'gaussian', mean: 128, sigma: 34 } as const;
    const photo = sharp({ create: { width: 400, height: 300, channels: 3, background: '#808080', noise } });
    const buffer = await photo.jpeg({ quality: 95 }).toBuffer();
    let uploads = 0;
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/v1/images')) uploads++;
    });
    await page.locator('image-uploader input').setInputFiles({ name: 'leaf.jpg', mimeType: 'image/jpeg', buffer });
    await page.locator('#preview[share-icon^=http]').waitFor();
    await page.fill('[name=title]', '今年的“第一杯” & <春>');
    await preview.getByText('今年的“第一杯” & <春>').waitFor();
    const icon = (await page.locator('#preview').getAttribute('share-icon'))!;
    const bytes = Buffer.from(await (await fetch(icon)).arrayBuffer());
    const { width, height } = await sharp(bytes).metadata();
    assert.deepEqual([width, height], [300, 300]);
    assert.ok(bytes.length <= 32_768, `${bytes.length} bytes`);
    assert.equal(uploads, 2);
    await page.getByText('图标和链接都符合要求').waitFor();

    await page.fill('[name=link]', 'https://elsewhere.example/');
    await page.locator('#checks').getByText('分享链接不是本站的网址').waitFor();
    await page.fill('[name=link]', '/order_info?product=longjing');
    await page.getByText('图标和链接都符合要求').waitFor();

    await page.focus('#snippet');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('已复制').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(
      copied,
      `<script type="module" src="${demo.proxy.url}/widgets.js"></script>
<share-meta
  share-title="今年的“第一杯” &amp; &lt;春&gt;"
  share-description="清明前手采，豆香里有一丝兰花气。¥128.00 · 50 克 / 罐"
  share-link="${demo.shop.url}/order_info?product=longjing"
  share-icon="${icon}"
></share-meta>`,
    );

    await page.getByRole('button', { name: '保存并用到页面上' }).click();
    await page.getByText('已保存，页面已经换上这张卡片').waitFor();
    assert.equal(await page.inputValue('#snippet'), copied, 'the server writes the same code');
    await page.getByText('图标和链接都符合要求').waitFor();
    await page.goto(`${demo.shop.url}/order_info?product=longjing`);
    await page.locator('share-meta[state=ready]').waitFor({ state: 'attached' });
    const title = page.locator('meta[property="og:title"]');
    assert.equal(await title.getAttribute('content'), '今年的“第一杯” & <春>');
    assert.equal(await page.locator('meta[property="og:image"]').getAttribute('content'), icon);
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  test('saves without JavaScript what needs none', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    await page.goto(demo.shop.url + STUDIO);
    await page.getByRole('link', { name: '四季茶样' }).click();
    await page.fill('[name=title]', '先尝四泡');
    await page.getByRole('button', { name: '保存并用到页面上' }).click();
    assert.match(await page.inputValue('#snippet'), /share-title="先尝四泡"/);
    assert.match((await page.textContent('main'))!, /上传图标需要启用 JavaScript/);
    assert.equal((await cardOn('/order_info?product=tasting-box', 'zh-CN')).title, '先尝四泡');
    await page.context().close();
  });
});
