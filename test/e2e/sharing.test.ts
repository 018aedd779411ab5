import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Locator } from 'playwright';
import sharp from 'sharp';
import { type Demo, startDemo } from '../../demo/start.ts';
import { eventually, freePort } from '../proxy/harness.ts';
import { noise, type Pixels } from '../proxy/pictures.ts';
import { ACCOUNT, Chats } from './chats.ts';
import { closeBrowser, within } from './devices.ts';
import { openPhone } from './phone.ts';
import { photoOf, read } from './photos.ts';
import { visitShop } from './shop-visit.ts';

const RED = [200, 30, 30];

const productPath = (product: string) => `/order_info?product=${product}`;
const linkTo = (product: string) => `a[href="${productPath(product)}"]`;

describe('sharing', () => {
  let demo: Demo;
  let other: OtherSite;

  before(async () => {
    other = await startOtherSite();
    const shopPort = await freePort();
    const allowed = { ALLOWED_ORIGINS: `http://127.0.0.1:${shopPort},${other.url}` };
    demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort, proxyEnvironment: allowed });
  });
  after(async () => {
    await closeBrowser();
    await demo?.stop();
    other?.server.close();
  });

  for (const { platform, friend, product, title, description, words } of [
    {
      platform: 'iOS',
      friend: 'Alex',
      product: 'longjing',
      title: 'First-Flush Longjing · Qiyun Tea',
      description: 'Hand-picked before Qingming; chestnut with a hint of orchid. ¥128.00 · 50 g tin',
      words: 'Spring is here',
    },
    {
      platform: 'Android',
      friend: '阿明',
      product: 'celadon-gaiwan',
      title: 'Celadon Gaiwan · Qiyun Tea',
      description: 'Flared rim and thick glaze; kind to the fingers. ¥188.00 · 150 ml set',
      words: 'For my desk',
    },
  ] as const) {
    test(`a product is sent to a friend and posted on Moments, and so is the route after it (${platform})`, async (t) => {
      const chats = new Chats(await openPhone(t, demo.wechat, { platform }));
      const { browser } = chats.phone;
      await chats.openShop();
      await browser.locator(linkTo(product)).first().press('Enter');
      await cardIsSet(demo, title);

      await chats.sendPage(friend);
      await chats.postPage(words);
      // What a single-page site does: it changes address, title and description, and the element goes by those.
      const route = `Aged for six years (${platform})`;
      await browser.locator('share-meta').evaluate((share, title) => {
        for (const name of ['share-title', 'share-description', 'share-link']) share.removeAttribute(name);
        document.querySelector('link[rel=canonical]')!.remove();
        history.pushState(null, '', '/order_info?product=white-tea-cake&utm_source=mail#story');
        document.title = title;
        document.querySelector<HTMLMetaElement>('meta[name=description]')!.content = 'In the dark';
      }, route);
      await cardIsSet(demo, route);
      await chats.sendPage(friend);
      await chats.goHome();

      await chats.openFriend(friend);
      const cards = chats.friend(friend).getByRole('button');
      await expectCard(cards.filter({ hasText: title }), { title, description, icon: `/pictures/${product}.jpg` });
      const second = { title: route, description: 'In the dark', icon: `/pictures/${product}.jpg` };
      await expectCard(cards.filter({ hasText: route }), second);
      await cards.filter({ hasText: route }).press('Enter');
      await within(browser.locator('h1')).toHaveText('Aged White Tea Cake');
      assert.equal(chats.page.frames().at(-1)!.url(), demo.shop.url + productPath('white-tea-cake'));
      await chats.goHome();

      await chats.openMoments();
      const moment = chats.page.getByRole('article', { name: '小满' }).filter({ hasText: words });
      const posted = moment.getByRole('button', { name: title });
      await expectIcon(posted, `/pictures/${product}.jpg`);
      await posted.press('Enter');
      await within(browser.locator('h1')).toHaveText(title.split(' · ')[0]!);
      const refused = demo.wechat.calls.filter(({ method, verdict }) => method === 'BRIDGE' && verdict === 'refused');
      assert.deepEqual(refused, []);
    });
  }

  test('a card made in the studio is what the phone sends, of the shop’s page and of another site’s', async (t) => {
    const card = { title: 'Four seasons, one box', description: 'Taste before you choose' };
    const path = `/office/share?link=${encodeURIComponent(productPath('tasting-box'))}`;
    const { page: studio, complaints } = await visitShop(t, demo, 'desktop', path);
    const [chat, moments] = ['chat', 'moments'].map((part) => studio.locator(`#preview [part~=${part}]`));
    const photo = await photoOf('IMG_1.JPG', betweenRedEdges(1600, 800));
    assert.ok(photo.buffer.length > 500_000);

    await studio.locator('image-uploader input[type=file]').setInputFiles(photo);
    await within(studio.locator('#preview')).toHaveAttribute('share-icon', /\/v1\/images\/img_/);
    await studio.getByRole('textbox', { name: 'Title' }).fill(card.title);
    await studio.getByRole('textbox', { name: 'Description' }).fill(card.description);
    await within(chat!).toContainText(card.description);
    for (const preview of [chat!, moments!]) {
      await within(preview).toContainText(card.title);
      await within(preview.locator('img')).toHaveJSProperty('naturalWidth', 300);
    }
    await studio.getByRole('button', { name: 'Save and use on the page' }).press('Enter');
    await within(studio.getByText('Saved. The page has this card now')).toBeVisible();
    const icon = (await studio.locator('#preview').getAttribute('share-icon'))!;
    await expectGoodIcon(icon);

    const chats = new Chats(await openPhone(t, demo.wechat));
    await chats.openShop();
    await chats.phone.browser.locator(linkTo('tasting-box')).first().press('Enter');
    await cardIsSet(demo, card.title);
    await chats.sendPage('Alex');
    await chats.goHome();
    other.page = inWechat(demo, await studio.locator('#snippet').inputValue());
    await chats.phone.scanText(other.url);
    await within(chats.phone.browser.locator('share-meta')).toHaveAttribute('state', 'ready');
    await chats.sendPage('Alex');
    await chats.closePage();

    await chats.openFriend('Alex');
    const cards = chats.friend('Alex').getByRole('button').filter({ hasText: card.title });
    await within(cards).toHaveCount(2);
    for (const sent of await cards.all()) await expectCard(sent, { ...card, icon });
    await cards.last().press('Enter');
    await within(chats.phone.browser.locator('h1')).toHaveText('Four Seasons Tasting Box');
    assert.deepEqual(complaints, []);
  });
});

interface ExpectedCard {
  title: string;
  description: string;
  /** What its address ends in. */
  icon: string;
}

async function expectCard(card: Locator, { title, description, icon }: ExpectedCard): Promise<void> {
  await within(card.locator('.share-title')).toHaveText(title);
  await within(card.locator('.share-description')).toHaveText(description);
  await within(card.locator('.share-source')).toHaveText(ACCOUNT);
  await expectIcon(card, icon);
}

async function expectIcon(card: Locator, icon: string): Promise<void> {
  const picture = card.locator('img');
  await within(picture).not.toHaveJSProperty('naturalWidth', 0);
  const address = await picture.getAttribute('src');
  assert.ok(address?.endsWith(icon), `${address}`);
}

/** Square, large and small enough for WeChat, and of the photo only the middle. */
async function expectGoodIcon(url: string): Promise<void> {
  const bytes = await read(url);
  assert.ok(bytes.length <= 32_768, `${bytes.length} bytes`);
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  assert.ok(info.width === info.height && info.width >= 300, `${info.width} × ${info.height}`);
  const row = (info.height / 2) * info.width;
  for (const pixel of [row, row + info.width - 1]) {
    const at = pixel * info.channels;
    const distance = Math.hypot(...RED.map((value, channel) => value - data[at + channel]!));
    assert.ok(distance > 60, `pixel ${pixel} is red`);
  }
}

/** Both of WeChat's calls have been told a card with this title. */
async function cardIsSet({ wechat }: Demo, title: string): Promise<void> {
  const isSet = (name: string) =>
    wechat.calls.some(({ path, verdict, requestBody }) => {
      return path === name && verdict === 'ok' && JSON.parse(requestBody).title === title;
    });
  const names = ['updateAppMessageShareData', 'updateTimelineShareData'];
  await eventually(() => names.every(isSet), `the card “${title}”`, 30_000);
}

/** Noise, which compresses badly; a quarter of it at either side is red. */
function betweenRedEdges(width: number, height: number): Pixels {
  const data = noise(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (const x of [0, width * 0.75]) {
      const start = (y * width + x) * 3;
      data.subarray(start, start + width * 0.75).fill(Buffer.from(RED));
    }
  }
  return { width, height, channels: 3, data };
}

/** A page of a site that knows nothing of the shop; WeChat's app puts its bridge in. */
function inWechat({ wechat }: Demo, body: string): string {
  return `<!doctype html><html lang="en"><head><script src="${wechat.url}/client/bridge.js"></script>
<title>A tea lover’s diary</title></head><body>${body}</body></html>`;
}

interface OtherSite {
  url: string;
  server: Server;
  page: string;
}

async function startOtherSite(): Promise<OtherSite> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(site.page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const site = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, page: '' };
  return site;
}
