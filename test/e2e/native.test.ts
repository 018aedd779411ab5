import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Page } from 'playwright';
import { eventually } from '../proxy/harness.ts';
import { closeBrowser, within } from './devices.ts';
import { openPhone } from './phone.ts';
import { checkout, clickPay, seen, seenTypes, startWorld, state, type World } from './world.ts';

after(closeBrowser);

const HOUR = 3600;

/** Opens the order's page on a desktop, clicks, and waits for the code. */
async function showCode(world: World, orderId: string, lang?: string): Promise<Page> {
  const page = await world.open(checkout(orderId, 'lang="en"'), { device: 'desktop', lang });
  await clickPay(page);
  await within(code(page)).toBeVisible();
  return page;
}

const code = (page: Page) => page.locator('#pay').getByRole('img', { name: 'WeChat Pay code' });
const inButton = (page: Page, name: string) => page.locator('#pay').getByRole('button', { name });

/** What WeChat has given out codes for. */
const codesGivenOut = ({ wechat }: World) =>
  wechat.calls.filter(({ path }) => path.endsWith('/pay/transactions/native')).length;

describe('a code on a desktop', { concurrency: 3 }, () => {
  for (const [payApi, notifications] of [
    ['v3', 'send'],
    ['v3', 'drop'],
    ['v2', 'send'],
  ] as const) {
    test(`is paid by a phone that looks at the screen (${payApi}, notifications: ${notifications})`, async (t) => {
      const world = await startWorld(t, { payApi });
      world.wechat.control.set({ notifications });
      const order = await world.order();
      const [page, phone] = await Promise.all([showCode(world, order.id), openPhone(t, world.wechat)]);
      await state(page, 'paying');

      await phone.scan(await page.screenshot());
      await within(phone.sheet).toContainText('¥39.80');
      await phone.pay();

      await state(page, 'paid');
      await within(page.locator('order-card')).toContainText('已支付');
      await within(code(page)).toBeHidden();
      assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
      await eventually(() => world.events.length > 0, 'the event');
      assert.deepEqual(
        world.events.map(({ type, data }) => [type, data.id, data.channel]),
        [['order.paid', order.id, 'native']],
      );
      assert.deepEqual(world.complaints, []);
    });
  }

  test('is paid while nobody looks at the page, which says so as soon as somebody does', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const [page, phone] = await Promise.all([showCode(world, order.id), openPhone(t, world.wechat)]);
    const screen = await page.screenshot();
    const reads: string[] = [];

    await turnAway(page, true);
    page.on('request', (request) => reads.push(request.url()));
    await phone.scan(screen);
    await phone.pay();
    await eventually(() => world.events[0], 'the merchant knows');
    await state(page, 'paying');
    assert.deepEqual(reads, [], 'a page that nobody sees asks nothing');
    await turnAway(page, false);

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
  });

  test('expires, is refreshed, and only the new one can be paid', async (t) => {
    const world = await startWorld(t);
    const expiresAt = new Date(Date.now() + 12 * HOUR * 1000).toISOString();
    const order = await world.order({ expiresAt });
    const [page, phone] = await Promise.all([showCode(world, order.id), openPhone(t, world.wechat)]);
    const oldScreen = await page.screenshot();

    await world.advance(2 * HOUR + 1);
    await within(page.locator('#pay')).toContainText('The code has expired');
    await phone.scan(oldScreen);
    await within(phone.refusal).toContainText('二维码已过期');
    await phone.page.keyboard.press('Escape');
    await phone.page.keyboard.press('Escape');
    await inButton(page, 'Refresh').click();
    await within(inButton(page, 'Refresh')).toBeHidden();
    await within(page.locator('#pay')).toContainText(/Code valid for 1:5\d:\d\d/);
    await phone.scan(await page.screenshot());
    await phone.pay();

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
    assert.equal((await world.readOrder(order.id)).status, 'paid');
  });

  test('is put away by keyboard, which is no payment; the same code is there again after another click', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const page = await world.open(checkout(order.id, 'lang="en"'), { device: 'desktop' });
    await within(page.locator('order-card')).toHaveAttribute('state', 'ready');
    await page.locator('#pay').focus();
    await page.keyboard.press('Enter');
    await within(code(page)).toBeVisible();
    await within(page.locator('#pay').getByRole('status')).toHaveText('Scan with WeChat to pay');

    await page.keyboard.press('Tab');
    await within(inButton(page, 'Cancel')).toBeFocused();
    await page.keyboard.press('Enter');

    await state(page, 'cancelled');
    await within(code(page)).toBeHidden();
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-cancel']);
    assert.equal((await world.readOrder(order.id)).status, 'paying');
    await clickPay(page);
    await within(code(page)).toBeVisible();
    assert.equal(codesGivenOut(world), 1);
  });

  test('that was paid just before it is put away is shown as paid', async (t) => {
    const world = await startWorld(t);
    world.wechat.control.set({ notifications: 'drop' });
    const order = await world.order();
    const page = await showCode(world, order.id);

    world.wechat.control.pay(order.outTradeNo);
    await inButton(page, 'Cancel').click();

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
  });

  test('is still there after the page was loaded anew, as the same attempt', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const [page, phone] = await Promise.all([showCode(world, order.id), openPhone(t, world.wechat)]);

    await page.reload();
    await within(code(page)).toBeVisible();
    await phone.scan(await page.screenshot());
    await phone.pay();

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
    assert.equal(codesGivenOut(world), 1);
  });

  test('is never shown on a phone', async (t) => {
    const world = await startWorld(t);
    for (const device of ['android', 'iphone', 'wechat-ios'] as const) {
      const order = await world.order();
      const page = await world.open(checkout(order.id, 'channel="native" lang="en"'), { device });
      await within(page.locator('order-card')).toHaveAttribute('state', 'ready');

      await clickPay(page, { force: true });

      await within(page.locator('#pay')).toContainText('A device cannot scan a code on its own screen');
      assert.deepEqual(await seen(page), [{ type: 'pay-error', from: 'pay', code: 'native_on_phone' }], device);
      await within(code(page)).toBeHidden();
      assert.equal((await world.readOrder(order.id)).status, 'created');
    }
    assert.equal(codesGivenOut(world), 0);
  });
});

/** Playwright keeps every page in sight: what the browser would tell the page of it is told by hand. */
async function turnAway(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((isHidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}
