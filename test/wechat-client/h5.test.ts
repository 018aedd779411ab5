import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Browser, devices, type Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';
import type { Merchant } from './merchant.ts';
import type { ShopPage } from './shop-page.ts';
import { useClient } from './use-client.ts';

let wechat: Wechat;
let merchant: Merchant;
let shop: ShopPage;
let browser: Browser;
let orders = 0;

describe('the H5 page between a mobile site and WeChat', () => {
  useClient((client) => {
    ({ wechat, merchant, shop, browser } = client);
  });

  async function openShopOnPhone(options: { locale?: string; userAgent?: string } = {}): Promise<Page> {
    const { defaultBrowserType: _, ...phone } = devices['Pixel 7'];
    const context = await browser.newContext({ ...phone, locale: 'en-US', reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    await page.goto(`${shop.url}cart`);
    return page;
  }

  async function newOrder(payerAddress?: string): Promise<{ outTradeNo: string; url: string }> {
    orders += 1;
    const outTradeNo = `mobile-${orders}`;
    return { outTradeNo, url: await merchant.h5Url(outTradeNo, payerAddress) };
  }

  /** As a page does it: a Referer goes along. */
  async function goTo(page: Page, url: string): Promise<void> {
    await Promise.all([
      page.waitForURL((reached) => reached.pathname.endsWith('/checkmweb')),
      page.evaluate((url) => {
        location.href = url;
      }, url),
    ]);
  }

  test('it opens WeChat, takes the payment and goes on to the redirect_url', async () => {
    const page = await openShopOnPhone();
    const { outTradeNo, url } = await newOrder();
    await goTo(page, `${url}&redirect_url=${encodeURIComponent(`${shop.url}done?order=1&paid=maybe`)}`);
    const sheet = page.getByRole('dialog');
    await sheet.waitFor();
    assert.match((await sheet.textContent()) ?? '', /¥39\.80.*Oranges, 5 jin/);
    await page.keyboard.press('Enter');
    await sheet.getByText('Payment successful').waitFor();
    assert.equal(wechat.control.order(outTradeNo)?.state, 'SUCCESS');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${shop.url}done?order=1&paid=maybe`);
  });

  test('without a redirect_url a payer who cancels is back on the page where it began', async () => {
    const page = await openShopOnPhone();
    const { outTradeNo, url } = await newOrder();
    await goTo(page, url);
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.waitForURL(`${shop.url}cart`);
    assert.equal(wechat.control.order(outTradeNo)?.state, 'NOTPAY');
  });

  test('a payer whose browser has no page to go back to is told so', async () => {
    const page = await openShopOnPhone();
    const { url } = await newOrder();
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate((url) => {
        window.open(url);
      }, url),
    ]);
    await opened.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await opened.getByRole('dialog').getByText('There is no page to go back to').waitFor();
  });

  test('Escape cancels too, and leads to the redirect_url', async () => {
    const page = await openShopOnPhone();
    const { url } = await newOrder();
    await goTo(page, `${url}&redirect_url=${encodeURIComponent(`${shop.url}done`)}`);
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL(`${shop.url}done`);
  });

  test('an order that expires on the sheet is refused there', async () => {
    const page = await openShopOnPhone();
    const { outTradeNo, url } = await newOrder();
    await goTo(page, url);
    await page.getByRole('dialog').waitFor();
    wechat.control.advance(8 * 86_400);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    assert.equal(wechat.control.order(outTradeNo)?.state, 'NOTPAY');
    await page.getByRole('button', { name: 'Back to the shop' }).click();
    await page.waitForURL(`${shop.url}cart`);
  });

  test('a stand-in that does not answer is said to be so, and can be asked again', async () => {
    const page = await openShopOnPhone();
    const { outTradeNo, url } = await newOrder();
    await goTo(page, url);
    await page.getByRole('dialog').waitFor();
    await page.route('**/client/h5/*', (route) => route.abort(), { times: 1 });
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('did not answer').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Payment successful').waitFor();
    assert.equal(wechat.control.order(outTradeNo)?.state, 'SUCCESS');
  });

  for (const { words, english, advice, arrive } of [
    {
      words: '商家参数格式有误，请联系商家解决',
      english: 'The merchant’s parameters are malformed',
      advice: /Referer/,
      arrive: async (page: Page) => {
        const { url } = await newOrder();
        await page.goto(url, { referer: '' });
      },
    },
    {
      words: '支付请求已失效，请重新发起支付',
      english: 'This payment request has expired',
      advice: /five minutes/,
      arrive: async (page: Page) => {
        const { url } = await newOrder();
        wechat.control.advance(301);
        await goTo(page, url);
      },
    },
    {
      words: '网络环境未能通过安全验证，请稍后再试',
      english: 'did not pass the security check',
      advice: /payer_client_ip/,
      arrive: async (page: Page) => {
        wechat.control.set({ checkPayerAddress: true });
        const { url } = await newOrder('203.0.113.9');
        await goTo(page, url);
      },
    },
    {
      words: '商家存在未配置的参数，请联系商家解决',
      english: 'The merchant’s settings are not complete',
      advice: /registered/,
      arrive: async (page: Page) => {
        wechat.control.set({ h5Domains: [] });
        const { url } = await newOrder();
        await goTo(page, url);
      },
    },
  ]) {
    test(`${words}: said in both languages, with what to do`, async () => {
      const page = await openShopOnPhone();
      await arrive(page);
      await page.getByRole('alert').getByText(english).waitFor();
      await page.locator('.original').getByText(words).waitFor();
      assert.match((await page.locator('.advice').textContent()) ?? '', advice);
      await page.getByRole('button', { name: '切换到中文' }).click();
      await page.getByRole('heading', { name: words }).waitFor();
      await page.getByRole('heading', { name: '怎么办' }).waitFor();
      assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    });
  }

  test('请在微信外打开订单，进行支付: what a browser inside WeChat is told', async () => {
    const page = await openShopOnPhone({
      locale: 'zh-CN',
      userAgent: 'Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50(0x1800323d)',
    });
    const { url } = await newOrder();
    await goTo(page, url);
    await page.getByRole('heading', { name: '请在微信外打开订单，进行支付' }).waitFor();
    await page.getByText('JSAPI').waitFor();
  });
});
