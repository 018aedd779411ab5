import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Browser, Frame, Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';
import type { Merchant } from './merchant.ts';
import { openPhone } from './open-phone.ts';
import type { ShopPage } from './shop-page.ts';
import { useClient } from './use-client.ts';

/** The JS-SDK's `wx`: options in, callbacks out. */
type JsSdk = Record<string, (options: object | (() => void)) => void>;

let wechat: Wechat;
let merchant: Merchant;
let shop: ShopPage;
let browser: Browser;

describe('sharing a page', () => {
  useClient((client) => {
    ({ wechat, merchant, shop, browser } = client);
  });

  async function openShop(page: Page): Promise<Frame> {
    await page.getByRole('button', { name: /^栖云茶铺/ }).click();
    await page.locator('.card').click();
    const frame = await (await page.waitForSelector('iframe')).contentFrame();
    await frame!.waitForFunction(() => 'WeixinJSBridge' in window);
    return frame!;
  }

  /** As a page does it: `wx.config`, and then the calls that are its own. */
  async function configure(frame: Frame, calls: Record<string, object>, openTagList: string[] = []): Promise<void> {
    const config = { ...(await merchant.jssdkConfig(shop.url)), jsApiList: Object.keys(calls), openTagList };
    await frame.evaluate(
      async ([config, calls]) => {
        const { wx } = window as unknown as { wx: JsSdk };
        await new Promise<void>((resolve, reject) => {
          wx.error!(reject);
          wx.ready!(resolve);
          wx.config!(config);
        });
        for (const [name, options] of Object.entries(calls)) {
          await new Promise((success, fail) => wx[name]!({ ...options, success, fail }));
        }
      },
      [config, calls] as const,
    );
  }

  async function sendTo(page: Page, friend: string): Promise<void> {
    await page.getByRole('button', { name: 'Page options' }).click();
    await page.getByRole('button', { name: 'Send to a friend' }).click();
    await page.getByRole('dialog').getByRole('button', { name: friend }).click();
    await page.getByRole('dialog', { name: 'Send to' }).getByRole('button', { name: 'Send' }).click();
    await page.getByRole('status').getByText('Sent').waitFor();
  }

  function openPhoneWithShop(query = ''): Promise<Page> {
    return openPhone(browser, wechat, `?open=${encodeURIComponent(shop.url)}${query}`);
  }

  test('the card that a page has set lies in the chat with the friend, on both phones, and opens its link', async () => {
    const [, alex] = wechat.control.users;
    wechat.control.signIn('alex', alex!.openid);
    const other = await openPhoneWithShop('&phone=alex');
    const page = await openPhoneWithShop();
    await other.getByRole('button', { name: /^栖云茶铺/ }).waitFor();
    const link = `${shop.url}oranges`;
    const card = { title: 'Oranges, 5 jin', desc: 'Sweet and cold', link, imgUrl: `${shop.url}icon.png` };
    await configure(await openShop(page), { updateAppMessageShareData: card });
    await sendTo(page, 'Alex');

    await other.getByRole('button', { name: '小满 [Link] Oranges, 5 jin', exact: true }).click();
    const received = other.getByRole('log', { name: '小满' }).getByRole('button');
    assert.equal(await received.innerText(), 'Oranges, 5 jin\nSweet and cold\n栖云茶铺');
    await received.click();
    await other.locator('.browser-title', { hasText: 'Orange shop' }).waitFor();
    assert.equal(other.frames().at(-1)?.url(), link);

    await page.getByRole('button', { name: 'Close page' }).click();
    await page.getByRole('button', { name: 'Back to chats' }).click();
    await page.getByRole('button', { name: /Alex/ }).click();
    await page.getByRole('log', { name: 'Alex' }).getByText('Oranges, 5 jin').waitFor();
  });

  test('a page that has set nothing for its address is a bare link; in Moments words go with it', async () => {
    const page = await openPhoneWithShop();
    const frame = await openShop(page);
    const card = { title: 'Oranges', link: shop.url, imgUrl: '' };
    await configure(frame, { updateTimelineShareData: card });
    await frame.evaluate(() => history.pushState(null, '', '/elsewhere'));
    await page.getByRole('button', { name: 'Page options' }).click();
    await page.getByRole('button', { name: 'Share on Moments' }).click();
    const sheet = page.getByRole('dialog', { name: 'Share on Moments' });
    await sheet.getByText('it goes out as a bare link').waitFor();
    await sheet.getByRole('textbox', { name: 'Say something…' }).fill('Look at these!');
    await sheet.getByRole('button', { name: 'Post' }).click();
    await page.getByRole('status').getByText('Posted').waitFor();

    await page.getByRole('button', { name: 'Close page' }).click();
    await page.getByRole('button', { name: 'Back to chats' }).click();
    await page.getByRole('button', { name: 'Discover' }).click();
    await page.getByRole('button', { name: 'Moments' }).click();
    const moment = page.getByRole('article', { name: '小满' }).first();
    await moment.getByText('Look at these!').waitFor();
    await moment.getByRole('button', { name: 'Orange shop' }).click();
    await page.locator('.browser-title', { hasText: 'Orange shop' }).waitFor();
    assert.equal(page.frames().at(-1)?.url(), `${shop.url}elsewhere`);
  });

  test('the menu copies the link, loads the page again, and is left by keyboard', async () => {
    const page = await openPhoneWithShop();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const frame = await openShop(page);
    const menu = page.getByRole('button', { name: 'Page options' });
    await menu.press('Enter');
    await page.getByRole('button', { name: 'Copy link' }).press('Enter');
    await page.getByRole('status').getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shop.url);

    await frame.evaluate(() => {
      document.title = 'Changed';
    });
    await page.locator('.browser-title', { hasText: 'Changed' }).waitFor();
    await menu.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Refresh' }).press('Enter');
    await page.locator('.browser-title', { hasText: 'Orange shop' }).waitFor();

    await menu.press('Enter');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.equal(await menu.evaluate((button) => button === document.activeElement), true);
  });

  test('an open tag shows its template once wx.config was granted it; a subscription is asked of the user', async () => {
    const page = await openPhoneWithShop();
    const frame = await openShop(page);
    const template = wechat.subscriptionTemplateId;
    await frame.evaluate((template) => {
      document.body.insertAdjacentHTML(
        'beforeend',
        `<wx-open-subscribe template="${template}"><template><button>Tell me</button></template></wx-open-subscribe>
        <wx-open-launch-weapp><template><button>Mini Program</button></template></wx-open-launch-weapp>`,
      );
      document.querySelector('wx-open-subscribe')!.addEventListener('success', (event) => {
        document.title = (event as CustomEvent<{ subscribeDetails: string }>).detail.subscribeDetails;
      });
    }, template);
    assert.equal(await frame.getByRole('button', { name: 'Tell me' }).isVisible(), false);
    await configure(frame, {}, ['wx-open-subscribe']);
    await frame.getByRole('button', { name: 'Tell me' }).click();
    assert.equal(await frame.getByRole('button', { name: 'Mini Program' }).isVisible(), false);
    const question = page.getByRole('dialog', { name: /would like to send you/ });
    await question.getByText('订单发货通知').waitFor();
    await question.getByRole('button', { name: 'Allow' }).click();
    await frame.waitForFunction(() => document.title.includes('accept'));

    await merchant.call('message/subscribe/bizsend', {
      touser: wechat.control.users[0]!.openid,
      template_id: template,
      data: { thing1: { value: 'Oranges' }, character_string2: { value: 'SF1' }, time3: { value: '2026-11-22 10:00' } },
    });
    await page.getByRole('button', { name: '栖云茶铺 订单发货通知', exact: true }).waitFor();
  });
});
