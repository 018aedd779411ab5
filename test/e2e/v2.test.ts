import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Demo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';
import { closeBrowser, within } from './devices.ts';
import { openPhone } from './phone.ts';
import { placeOrder, startShop, visitShop } from './shop-visit.ts';

describe('the shop by version 2 of the API', () => {
  let demo: Demo;
  before(async () => {
    demo = await startShop('v2');
  });
  after(async () => {
    await closeBrowser();
    await demo?.stop();
  });

  /** The channel of the order, once the shop's server knows that it is paid. */
  async function paidBy(orderId: string): Promise<unknown> {
    const events = () => demo.shop.events.filter(({ type, data }) => type === 'order.paid' && data.id === orderId);
    await eventually(() => events().length > 0, 'the shop’s event');
    assert.equal(events().length, 1);
    return events()[0]!.data.channel;
  }

  function assertNothingRefused(): void {
    assert.deepEqual(
      demo.wechat.calls.filter(({ verdict }) => verdict === 'refused'),
      [],
    );
    assert.ok(!demo.wechat.calls.some(({ path }) => path.startsWith('/v3/')), 'version 2 only');
  }

  test('inside WeChat, by the pay sheet', async (t) => {
    const phone = await openPhone(t, demo.wechat);
    await phone.scanText(`${demo.shop.url}/order_info?product=longjing`);
    const { browser } = phone;

    // By keyboard: the in-app browser is still sliding in, and a click would land beside the button.
    await browser.getByRole('button', { name: 'Buy now' }).press('Enter');
    await browser.locator('pay-button').getByRole('button', { name: /Pay/ }).click();
    await within(phone.sheet).toContainText('¥128.00');
    await phone.pay();

    await within(browser.locator('h1')).toHaveText('Payment received');
    const [order] = demo.shop.events;
    assert.equal(await paidBy(order!.data.id as string), 'jsapi');
    assertNothingRefused();
  });

  test('on a desktop, by a code', async (t) => {
    const [visit, phone] = await Promise.all([visitShop(t, demo, 'desktop'), openPhone(t, demo.wechat)]);
    const orderId = await placeOrder(visit, 'guihua-oolong');

    await visit.button.click();
    await within(visit.code).toBeVisible();
    await phone.scan(await visit.page.screenshot());
    await within(phone.sheet).toContainText('¥68.00');
    await phone.pay();

    await within(visit.page.locator('h1')).toHaveText('Payment received');
    assert.equal(await paidBy(orderId), 'native');
    assert.deepEqual(visit.complaints, []);
    assertNothingRefused();
  });

  test('in a phone’s browser, by WeChat’s page', async (t) => {
    const visit = await visitShop(t, demo, 'iphone');
    const { page } = visit;
    const orderId = await placeOrder(visit, 'tasting-box');

    await Promise.all([page.waitForURL(/\/checkmweb\?/), visit.button.click()]);
    await page.getByRole('dialog').getByRole('button', { name: 'Pay', exact: true }).click();
    await page.getByRole('button', { name: 'Back to the shop' }).click();

    await within(page.locator('h1')).toHaveText('Payment received');
    assert.equal(await paidBy(orderId), 'h5');
    assert.deepEqual(visit.complaints, []);
    assertNothingRefused();
  });

  test('a printed code is scanned twice: two orders, both paid, both in the office', async (t) => {
    const [office, phone] = await Promise.all([
      visitShop(t, demo, 'desktop', '/office/codes'),
      openPhone(t, demo.wechat),
    ]);
    const card = await office.page.locator('.tent', { hasText: 'Orange Cold Brew' }).screenshot();
    const paid = () => demo.shop.events.filter(({ type, data }) => type === 'order.paid' && data.productId);

    for (const count of [1, 2]) {
      await phone.scan(card);
      await within(phone.sheet).toBeVisible();
      await phone.pay();
      await eventually(() => paid().length === count, `the shop’s event ${count}`);
    }

    const ids = paid().map(({ data }) => data.id);
    assert.equal(new Set(ids).size, 2);
    assert.deepEqual(
      paid().map(({ data }) => [data.productId, data.status, data.channel]),
      Array(2).fill(['citrus-cold-brew', 'paid', 'native']),
    );
    await office.page.getByRole('link', { name: 'Orders', exact: true }).click();
    for (const id of ids) {
      const row = office.page.locator(`a[href="/office/orders/${id}"]`);
      for (const text of ['Orange Cold Brew × 1', 'Printed code', 'Paid']) await within(row).toContainText(text);
    }
    assert.deepEqual(office.complaints, []);
    assertNothingRefused();
  });
});
