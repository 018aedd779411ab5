import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startDemo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';
import { closeBrowser, launchBrowser, within } from './devices.ts';

after(closeBrowser);

const WORDS = {
  'zh-CN': {
    account: '商城服务号',
    open: '进入商城',
    buy: '立即购买',
    pay: /微信支付/,
    password: '请输入支付密码',
    done: '完成',
    result: '付款成功',
    review: '评价晒单',
    add: '添加图片',
    album: '最近项目',
    chosen: '完成(1/9)',
    uploaded: /已上传/,
  },
  en: {
    account: 'Shop',
    open: 'Open the shop',
    buy: 'Buy now',
    pay: /WeChat Pay|Pay ¥/,
    password: /password/i,
    done: 'Done',
    result: 'Payment received',
    review: 'Write a review',
    add: 'Add pictures',
    album: 'Recents',
    chosen: 'Done (1/9)',
    uploaded: /uploaded/,
  },
};

for (const [locale, { account, open, buy, pay, password, done, result, ...words }] of Object.entries(WORDS)) {
  test(`what “npm start” shows: a tea is bought on the phone by hand, and photographed (${locale})`, async (t) => {
    const demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0 });
    const page = await (await launchBrowser()).newPage({ locale, viewport: { width: 1280, height: 800 } });
    t.after(async () => {
      await page.close();
      await demo.stop();
    });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));

    await page.goto(`${demo.wechat.url}/?open=${demo.shop.url}/`);
    await page.getByText(account).first().click();
    await page.getByText(open).first().click();
    const shop = page.frameLocator('iframe');
    await shop.locator('a[href*="order_info"]').first().click();
    await shop.getByRole('button', { name: buy }).click();
    await shop.locator('pay-button').getByRole('button', { name: pay }).click();
    await within(page.getByText(password).first()).toBeVisible();
    await page.keyboard.type('123456', { delay: 20 });
    await page.getByRole('button', { name: done }).click();

    await within(shop.getByText(result).first()).toBeVisible();
    await eventually(() => demo.shop.events.find(({ type }) => type === 'order.paid'), 'the shop’s event');
    await shop.getByRole('link', { name: words.review }).click();
    await shop.getByRole('button', { name: words.add }).click();
    const newest = page.getByRole('dialog', { name: words.album }).getByRole('checkbox').first();
    await within(newest.locator('img')).not.toHaveJSProperty('naturalWidth', 0);
    await newest.click();
    await page.getByRole('button', { name: words.chosen }).click();
    await within(shop.getByRole('button', { name: words.uploaded })).toBeVisible();
    const refused = demo.wechat.calls.filter(({ verdict }) => verdict === 'refused');
    assert.deepEqual(refused, []);
    assert.deepEqual(errors, []);
  });
}
