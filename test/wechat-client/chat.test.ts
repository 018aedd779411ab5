import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';
import type { Merchant } from './merchant.ts';
import { type MessageMerchant, startMessageMerchant } from './message-merchant.ts';
import { openPhone } from './open-phone.ts';
import type { ShopPage } from './shop-page.ts';
import { useClient } from './use-client.ts';

const REPLIES = {
  'When do you open?': { MsgType: 'text', Content: 'At nine, <a href="http://127.0.0.1:1/">every day</a>.' },
  'What is new?': {
    MsgType: 'news',
    ArticleCount: 1,
    Articles: [{ Title: 'Oranges are in', Description: 'Sweet and cold', PicUrl: '', Url: 'http://127.0.0.1:1/' }],
  },
  'Are you there?': 'out of order',
  subscribe: { MsgType: 'text', Content: 'Welcome to the orange shop!' },
} as const;

let wechat: Wechat;
let merchant: Merchant;
let messages: MessageMerchant | undefined;
let shop: ShopPage;
let browser: Browser;

describe('the chat with the official account', () => {
  useClient((client) => {
    ({ wechat, merchant, shop, browser } = client);
  });

  beforeEach(async () => {
    messages?.stop();
    messages = await startMessageMerchant(wechat, REPLIES);
  });

  after(() => messages?.stop());

  async function openChat(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await openPhone(browser, wechat, `?open=${encodeURIComponent(shop.url)}`, options);
    await page.getByRole('button', { name: /^栖云茶铺/ }).click();
    return page;
  }

  /** The phone of someone who does not follow the account. */
  async function openStrangersPhone(): Promise<Page> {
    const { openid } = wechat.control.users[1]!;
    wechat.control.unfollow(openid);
    wechat.control.signIn('strange', openid);
    return openPhone(browser, wechat, '?phone=strange');
  }

  async function scan(page: Page, url: string): Promise<void> {
    await page.getByRole('button', { name: 'More' }).press('Enter');
    await page.getByRole('menuitem', { name: 'Scan' }).press('Enter');
    await page.getByRole('button', { name: 'Type what it says' }).click();
    await page.getByRole('textbox', { name: 'What the code says' }).fill(url);
    await page.keyboard.press('Enter');
  }

  async function newCode(scene: string, seconds = 600): Promise<string> {
    const { url } = await merchant.call('qrcode/create', {
      expire_seconds: seconds,
      action_name: 'QR_STR_SCENE',
      action_info: { scene: { scene_str: scene } },
    });
    return url!;
  }

  test('Enter sends what was written and the reply comes; an Enter that ends a word of an input method does not', async () => {
    const page = await openChat();
    const field = page.getByRole('textbox', { name: 'Message' });
    await field.fill('When do you open?');
    await field.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
    assert.equal(await field.inputValue(), 'When do you open?');
    await field.press('Enter');
    const log = page.getByRole('log', { name: '栖云茶铺' });
    await log.getByText('At nine, every day.').waitFor();
    assert.equal(await log.getByRole('link', { name: 'every day' }).getAttribute('href'), 'http://127.0.0.1:1/');
    assert.equal(await log.locator('.mine .bubble').last().textContent(), 'When do you open?');
    assert.equal(await field.inputValue(), '');
    assert.equal(await field.evaluate((element) => element === document.activeElement), true);
  });

  test('articles are cards that open; an account that is out of order is said to be so, with the reason for developers', async () => {
    const page = await openChat();
    const field = page.getByRole('textbox', { name: 'Message' });
    await field.fill('Are you there?');
    await page.getByRole('button', { name: 'Send' }).click();
    const log = page.getByRole('log');
    await log.getByText('The service of this account is out of order').waitFor();
    await log.getByText(/500/).waitFor();
    await field.fill('What is new?');
    await field.press('Enter');
    await page.getByRole('article', { name: 'Oranges are in' }).getByRole('button').click();
    await page.locator('.browser-host', { hasText: '127.0.0.1:1' }).waitFor();
  });

  test('a picture of the album goes out, and opens large', async () => {
    const page = await openChat();
    await page.getByRole('button', { name: 'Album' }).click();
    await page.getByRole('checkbox').first().click();
    await page.getByRole('button', { name: 'Done (1/9)' }).click();
    await page.getByRole('log').getByRole('button', { name: 'View the picture' }).last().click();
    await page.getByRole('dialog', { name: 'Pictures' }).waitFor();
  });

  test('a template message is a card; what is to be seen of it opens in the in-app browser', async () => {
    const page = await openPhone(browser, wechat, '');
    await page.getByRole('button', { name: /^栖云茶铺/ }).waitFor();
    const row = (value: string) => ({ value, color: '#173177' });
    await merchant.call('message/template/send', {
      touser: wechat.control.users[0]!.openid,
      template_id: wechat.orderPaidTemplateId,
      url: `${shop.url}order`,
      data: {
        first: row('Your order is paid.'),
        product: row('Oranges, 5 jin'),
        price: row('¥39.80'),
        time: row('today'),
        remark: row('Thank you!'),
      },
    });
    const announced = page.getByRole('button', { name: '栖云茶铺 购买成功通知', exact: true });
    await announced.click();
    const card = page.getByRole('article', { name: '购买成功通知' }).last();
    assert.match(
      (await card.innerText()).replaceAll('\n', ' '),
      /购买成功通知 .*Your order is paid\. +商品 +Oranges, 5 jin +价格 +¥39\.80 +时间 +today +Thank you! +View details/,
    );
    await card.getByRole('button', { name: 'View details' }).click();
    await page.locator('.browser .bar').getByText('Orange shop').waitFor();
  });

  test('who no longer follows has the page to follow instead of the chat; following brings the welcome', async () => {
    const page = await openChat();
    await page.getByRole('button', { name: 'Account options' }).click();
    await page.getByRole('alertdialog', { name: 'Unfollow' }).getByRole('button', { name: 'Unfollow' }).click();
    const follow = page.getByRole('button', { name: 'Follow', exact: true });
    await follow.waitFor();
    assert.equal(wechat.control.isFollowing(wechat.control.users[0]!.openid), false);
    assert.equal(await page.getByRole('textbox', { name: 'Message' }).isVisible(), false);
    await follow.click();
    await page.getByRole('log').getByText('Welcome to the orange shop!').last().waitFor();
  });

  test('a code leads strangers to the page to follow, followers to the chat, and nobody once it has expired', async () => {
    const code = await newCode('table-12');
    const page = await openStrangersPhone();
    await scan(page, code);
    await page.getByRole('button', { name: 'Follow', exact: true }).click();
    await page.getByRole('log').getByText('Welcome to the orange shop!').last().waitFor();
    await page.getByRole('button', { name: 'Back to chats' }).click();
    await scan(page, code);
    await page.getByRole('log').getByText('You scanned a code').waitFor();

    await page.getByRole('button', { name: 'Back to chats' }).click();
    const short = await newCode('soon-over', 60);
    wechat.control.advance(61);
    await scan(page, short);
    await page.getByRole('alertdialog').getByText('二维码已过期').waitFor();
  });

  test('all of it is in Chinese, too, and fits on a real phone', async () => {
    const page = await openChat({ locale: 'zh-CN', viewport: { width: 375, height: 812 } });
    await page.getByRole('textbox', { name: '发消息' }).fill('Are you there?');
    await page.getByRole('button', { name: '发送' }).click();
    await page.getByText('该公众号提供的服务出现故障，请稍后再试').last().waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
    await page.getByRole('button', { name: '公众号选项' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: '不再关注' }).click();
    await page.getByRole('button', { name: '关注公众号' }).click();
    await page.getByText('Welcome to the orange shop!').last().waitFor();
  });
});
