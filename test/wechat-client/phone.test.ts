import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Browser, BrowserContextOptions, Frame, Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';
import type { Merchant } from './merchant.ts';
import { openPhone } from './open-phone.ts';
import type { ShopPage } from './shop-page.ts';
import { useClient } from './use-client.ts';

let wechat: Wechat;
let merchant: Merchant;
let shop: ShopPage;
let browser: Browser;
let orders = 0;

describe('the phone page', () => {
  useClient((client) => {
    ({ wechat, merchant, shop, browser } = client);
  });

  async function openShop(page: Page): Promise<Frame> {
    await page.getByRole('button', { name: /The shop/ }).click();
    await page.locator('.card').click();
    const frame = await (await page.waitForSelector('iframe')).contentFrame();
    await frame!.waitForFunction(() => 'WeixinJSBridge' in window);
    return frame!;
  }

  function openPhoneWithShop(options: BrowserContextOptions = {}): Promise<Page> {
    return openPhone(browser, wechat, `?open=${encodeURIComponent(shop.url)}`, options);
  }

  /** The page asks to pay a new order; what the bridge answers is kept in `window.paid`. */
  async function askToPay(frame: Frame): Promise<string> {
    orders += 1;
    const outTradeNo = `phone-${orders}`;
    const { openid } = await (await fetch(`${wechat.url}/client/user`)).json();
    const params = await merchant.jsapiParams(openid, outTradeNo);
    await frame.focus('#focused');
    await frame.evaluate((params) => {
      const page = window as unknown as {
        paid?: Promise<string>;
        WeixinJSBridge: { invoke(name: string, args: object, callback: (result: { err_msg: string }) => void): void };
      };
      page.paid = new Promise((resolve) => {
        page.WeixinJSBridge.invoke('getBrandWCPayRequest', params, ({ err_msg }) => resolve(err_msg));
      });
    }, params);
    return outTradeNo;
  }

  function answerOf(frame: Frame): Promise<string> {
    return frame.evaluate(() => (window as unknown as { paid: Promise<string> }).paid);
  }

  for (const platform of ['iOS', 'Android']) {
    test(`${platform}: six digits on the pay sheet pay, and the receipt lands in the chat`, async () => {
      const page = await openPhoneWithShop();
      await page.getByText(platform, { exact: true }).click();
      const frame = await openShop(page);
      const outTradeNo = await askToPay(frame);

      const sheet = page.getByRole('dialog');
      await sheet.waitFor();
      assert.match((await sheet.textContent()) ?? '', /¥39\.80.*Oranges, 5 jin/);
      await page.keyboard.type('123456');
      await sheet.getByText('Payment successful').waitFor();
      await page.keyboard.press('Enter');
      await sheet.waitFor({ state: 'hidden' });

      assert.equal(await answerOf(frame), 'get_brand_wcpay_request:ok');
      assert.equal(wechat.control.order(outTradeNo)?.state, 'SUCCESS');
      assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'IFRAME');
      await page.locator('.banner').click();
      assert.match((await page.locator('.receipt').textContent()) ?? '', /¥39\.80.*Oranges, 5 jin/);
    });
  }

  test('a refund arrives in the chat, and receipts are in the language of the page', async () => {
    const page = await openPhoneWithShop();
    const outTradeNo = await askToPay(await openShop(page));
    await page.getByRole('button', { name: 'Fill it in for me' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await merchant.refund(outTradeNo, `${outTradeNo}-back`, 980);
    await page.locator('.banner', { hasText: 'Refund received ¥9.80' }).click();

    const paid = page.getByRole('article', { name: 'Payment receipt' });
    assert.match((await paid.textContent()) ?? '', new RegExp(`Paid¥39\\.80.*Order number${outTradeNo}`));
    const back = page.getByRole('article', { name: 'Refund received' });
    assert.match((await back.textContent()) ?? '', new RegExp(`Refunded¥9\\.80.*Refund number${outTradeNo}-back`));

    await page.getByRole('button', { name: '切换到中文' }).click();
    assert.match((await page.getByRole('article', { name: '微信支付凭证' }).textContent()) ?? '', /付款金额¥39\.80/);
    assert.match((await page.getByRole('article', { name: '退款到账通知' }).textContent()) ?? '', /退款金额¥9\.80/);
  });

  test('the keypad and “fill it in for me” work without a keyboard', async () => {
    const page = await openPhoneWithShop();
    const frame = await openShop(page);
    await askToPay(frame);
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('button', { name: '7' }).click();
    await sheet.getByRole('button', { name: '8' }).click();
    await sheet.getByRole('button', { name: 'Delete' }).click();
    await sheet.getByRole('img', { name: '1 of 6 digits entered' }).waitFor();
    await sheet.getByRole('button', { name: 'Fill it in for me' }).click();
    await sheet.getByRole('button', { name: 'Done' }).click();
    assert.equal(await answerOf(frame), 'get_brand_wcpay_request:ok');
  });

  for (const [how, cancel] of [
    ['Escape', (page: Page) => page.keyboard.press('Escape')],
    ['the cross', (page: Page) => page.getByRole('button', { name: 'Cancel payment' }).click()],
  ] as const) {
    test(`${how} cancels, and nothing is paid`, async () => {
      const page = await openPhoneWithShop();
      const frame = await openShop(page);
      const outTradeNo = await askToPay(frame);
      await page.getByRole('dialog').waitFor();
      await cancel(page);
      assert.equal(await answerOf(frame), 'get_brand_wcpay_request:cancel');
      assert.equal(wechat.control.order(outTradeNo)?.state, 'NOTPAY');
      assert.equal(await page.getByRole('dialog').count(), 0);
      await page.locator('.call', { hasText: 'Page asks to pay' }).first().getByText('Cancelled').waitFor();
    });
  }

  test('the keyboard cannot leave the pay sheet', async () => {
    const page = await openPhoneWithShop();
    await askToPay(await openShop(page));
    await page.getByRole('dialog').waitFor();
    const outside = [];
    for (let step = 0; step < 32; step++) {
      await page.keyboard.press(step < 16 ? 'Tab' : 'Shift+Tab');
      const where = await page.evaluate(() => document.activeElement?.closest('.pay-sheet') !== null);
      if (!where) outside.push(step);
    }
    assert.deepEqual(outside, []);
  });

  test('the sheet goes away with the page that asked for it', async () => {
    const page = await openPhoneWithShop();
    const frame = await openShop(page);
    await askToPay(frame);
    await page.getByRole('dialog').waitFor();
    await frame.goto(`${shop.url}other`);
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  test('the navigation bar shows the page’s title and host, and leads back and out', async () => {
    const page = await openPhoneWithShop();
    const frame = await openShop(page);
    const bar = page.locator('.browser .bar');
    await bar.getByText('Orange shop').waitFor();
    await bar.getByText(new URL(shop.url).host).waitFor();
    assert.equal(await bar.getByRole('button', { name: 'Back' }).isVisible(), false);

    await frame.evaluate(() => {
      history.pushState(null, '', '/second');
      document.title = 'Second page';
    });
    await bar.getByText('Second page').waitFor();
    await bar.getByRole('button', { name: 'Back' }).click();
    await frame.waitForFunction(() => location.pathname === '/');
    await bar.getByRole('button', { name: 'Refresh' }).click();
    await frame.waitForFunction(() => document.title === 'Orange shop');
    await bar.getByRole('button', { name: 'Close page' }).click();
    await page.waitForFunction(() => document.querySelector('iframe') === null);
    assert.equal(await page.locator('.view.chat').evaluate((chat) => (chat as HTMLElement).inert), false);
  });

  test('changing the phone system loads the same page again as the other client', async () => {
    const page = await openPhoneWithShop();
    await openShop(page);
    await page.getByText('Android', { exact: true }).click();
    const frame = await (await page.waitForSelector('iframe[name^="wechat|android|"]')).contentFrame();
    await frame!.waitForFunction(() => navigator.userAgent.includes('Android'));
    assert.equal(frame!.url(), shop.url);
  });

  test('without a shop address the chat says so and takes one', async () => {
    const page = await openPhone(browser, wechat);
    await page.getByRole('button', { name: /The shop/ }).click();
    await page.getByText('No shop address yet').waitFor();
    await page.getByRole('textbox', { name: 'Shop address' }).fill(shop.url);
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await page.locator('.browser .bar').getByText('Orange shop').waitFor();
  });

  test('an address that is not of the web is not opened', async () => {
    const page = await openPhone(browser, wechat, '?open=javascript:alert(1)');
    await page.getByRole('button', { name: /The shop/ }).click();
    await page.getByText('No shop address yet').waitFor();
  });

  test('a shop that is down is explained, and can be tried again', async () => {
    const page = await openPhone(browser, wechat, '?open=http://127.0.0.1:1/');
    await page.getByRole('button', { name: /The shop/ }).click();
    await page.locator('.card').click();
    await page.getByRole('alert').getByText('http://127.0.0.1:1/ does not answer').waitFor();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
  });

  test('a shop that forbids requests from other origins is not taken for one that is down', async () => {
    const page = await openPhoneWithShop();
    await page.clock.install();
    const refused = page.waitForEvent('requestfailed', (request) => request.method() === 'HEAD');
    await openShop(page);
    await refused;
    await page.clock.runFor(5000);
    assert.equal(await page.locator('.browser [role=alert]').isVisible(), false);
    assert.equal(await page.locator('iframe').count(), 1);
  });

  test('calls are listed live; a refused one says why and opens to its string to sign', async () => {
    const page = await openPhoneWithShop();
    const frame = await openShop(page);
    const config = await merchant.jssdkConfig(`${shop.url}wrong`);
    await frame.evaluate((config) => {
      (window as unknown as { wx: { config(options: object): void } }).wx.config({ ...config, jsApiList: [] });
    }, config);
    const call = page.locator('.call.refused', { hasText: /usually the signed url is not the one that is open/ });
    await call.getByRole('button').click();
    await call.getByText(/jsapi_ticket=/).waitFor();

    await page.getByText('Notifications', { exact: true }).click();
    assert.equal(await page.locator('.call:not(.out)').count(), 0);
    await page.getByText('All', { exact: true }).click();
    await page.getByRole('searchbox').fill('getticket');
    assert.equal(await page.locator('.call-purpose').textContent(), 'Get a JS-SDK ticket');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('Nobody has called WeChat yet').waitFor();
  });

  test('the faults drawer turns knobs, acts at once and sets everything right again', async () => {
    const page = await openPhone(browser, wechat);
    await page.getByRole('tab', { name: 'Faults' }).click();
    await page.getByRole('combobox', { name: 'Notifications of payments and refunds' }).selectOption('Lost');
    await page.getByRole('tab', { name: 'Faults 1' }).waitFor();
    assert.equal(wechat.control.knobs.notifications, 'drop');

    await page.getByRole('button', { name: 'System error 500' }).click();
    await page.getByRole('status').getByText('Set: System error 500').waitFor();
    const answer = await fetch(`${wechat.url}/cgi-bin/ticket/getticket`);
    assert.equal(answer.status, 500);

    await page.getByRole('button', { name: 'Back to normal' }).click();
    await page.getByRole('status').getByText('Everything is back to normal').waitFor();
    assert.equal(wechat.control.knobs.notifications, 'send');
  });

  test('a client that lies can be had: the page hears “cancel” though it is paid', async () => {
    const page = await openPhoneWithShop();
    await page.getByRole('tab', { name: 'Faults' }).click();
    await page.getByRole('combobox', { name: 'After paying' }).selectOption('“cancel”, though it is paid');
    const frame = await openShop(page);
    const outTradeNo = await askToPay(frame);
    await page.getByRole('button', { name: 'Fill it in for me' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    assert.equal(await answerOf(frame), 'get_brand_wcpay_request:cancel');
    assert.equal(wechat.control.order(outTradeNo)?.state, 'SUCCESS');
  });

  test('a client that lies does not lie to the payer: nothing is paid, though the page hears “ok”', async () => {
    const page = await openPhoneWithShop();
    await page.getByRole('tab', { name: 'Faults' }).click();
    await page.getByRole('combobox', { name: 'After paying' }).selectOption('“ok”, though nothing is paid');
    const frame = await openShop(page);
    const outTradeNo = await askToPay(frame);
    await page.getByRole('button', { name: 'Fill it in for me' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('Payment not completed').waitFor();
    await sheet.getByText('Nothing was charged').waitFor();
    await sheet.getByText('The page heard “ok”').waitFor();
    assert.equal(await answerOf(frame), 'get_brand_wcpay_request:ok');
    assert.equal(wechat.control.order(outTradeNo)?.state, 'NOTPAY');
  });

  test('XML is listed with one field a line, and a refusal with status 200 is not shown as a success', async () => {
    const page = await openPhone(browser, wechat);
    await fetch(`${wechat.url}/pay/orderquery`, {
      method: 'POST',
      body: '<xml><appid>wx1</appid><mch_id><![CDATA[1]]></mch_id></xml>',
    });
    const call = page.locator('.call', { hasText: 'Query the order (v2)' }).first();
    await call.getByText('Refused', { exact: true }).waitFor();
    await call.getByRole('button').click();
    const request = call.locator('pre.xml').first();
    assert.equal(await request.textContent(), '<xml>\n  <appid>wx1</appid>\n  <mch_id><![CDATA[1]]></mch_id>\n</xml>');
  });

  test('the faults drawer turns refunds, balance and keys', async () => {
    const page = await openPhone(browser, wechat);
    await page.getByRole('tab', { name: 'Faults' }).click();
    await page.getByRole('combobox', { name: 'Refunds', exact: true }).selectOption('Stay in processing');
    await page.getByRole('combobox', { name: 'What the merchant can refund from' }).selectOption('Nothing left');
    await page.getByRole('combobox', { name: 'H5 payment domains' }).selectOption('None registered');
    await page.getByRole('tab', { name: 'Faults 3' }).waitFor();
    const { refunds, merchantBalance, h5Domains } = wechat.control.knobs;
    assert.deepEqual({ refunds, merchantBalance, h5Domains }, { refunds: 'wait', merchantBalance: 0, h5Domains: [] });

    await page.getByRole('button', { name: 'Start the week of changing keys' }).click();
    await page.getByRole('status').getByText('Set: Start the week').waitFor();
    const mode = page.getByRole('combobox', { name: 'What WeChat signs with' });
    assert.equal(await mode.locator('option:checked').textContent(), 'Both, while changing');
  });

  test('a refund that waits is ended by hand, and arrives', async () => {
    const page = await openPhoneWithShop();
    const outTradeNo = await askToPay(await openShop(page));
    await page.getByRole('button', { name: 'Fill it in for me' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    wechat.control.set({ refunds: 'wait' });
    await page.getByRole('tab', { name: 'Faults' }).click();
    await merchant.refund(outTradeNo, `${outTradeNo}-wait`, 3980);
    const refund = page.getByRole('group', { name: `Refund ${outTradeNo}-wait` });
    await refund.getByRole('button', { name: 'Received' }).click();
    await refund.waitFor({ state: 'hidden' });
    assert.equal(wechat.control.refund(`${outTradeNo}-wait`)?.state, 'SUCCESS');
    await page.locator('.banner', { hasText: 'Refund received ¥39.80' }).waitFor();
  });

  test('the page speaks the browser’s language, and the other on request', async () => {
    const page = await openPhone(browser, wechat, '', { locale: 'zh-CN' });
    await page.getByRole('button', { name: /商城服务号/ }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    await page.getByRole('button', { name: 'Switch to English' }).click();
    await page.getByRole('button', { name: /The shop/ }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: /The shop/ }).waitFor();
  });

  test('on a real phone the drawn one fills the screen, and the calls are behind a tab', async () => {
    const page = await openPhoneWithShop({ viewport: { width: 375, height: 812 } });
    const screen = await page.locator('.screen').boundingBox();
    assert.equal(screen?.x, 0);
    assert.equal(screen?.width, 375);
    assert.equal(await page.locator('.desk').isVisible(), false);
    await page.locator('.bottom-tabs').getByRole('button', { name: 'Calls' }).click();
    assert.equal(await page.locator('.desk').isVisible(), true);
    assert.equal(await page.locator('.stage').isVisible(), false);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 375);
  });
});
