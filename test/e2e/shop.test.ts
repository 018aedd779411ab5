import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Demo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';
import { placePaidOrder } from '../shop/customer.ts';
import { closeBrowser, within } from './devices.ts';
import { openPhone } from './phone.ts';
import { placeOrder, startShopFor, visitShop } from './shop-visit.ts';

after(closeBrowser);

/** A paid order is read every 30 s. */
const NEXT_READ = 31_000;

const ofType = ({ shop }: Demo, wanted: string) => shop.events.filter(({ type }) => type === wanted);

describe('the shop', { concurrency: 2 }, () => {
  for (const payApi of ['v3', 'v2'] as const) {
    test(`gives money back in its office, which the customer’s open page shows (${payApi})`, async (t) => {
      const demo = await startShopFor(t, payApi);
      const phone = await openPhone(t, demo.wechat);
      const { id } = await placePaidOrder(demo, { product: 'longjing', quantity: '1' });
      const customer = await visitShop(t, demo, 'android');
      await customer.page.clock.install();
      await customer.page.goto(`${demo.shop.url}/order_pay?order=${id}`);
      await within(customer.card).toContainText('Paid');
      const office = await visitShop(t, demo, 'desktop', '/office');
      const refund = office.page.getByRole('button', { name: 'Refund', exact: true });

      await office.page.locator(`a[href="/office/orders/${id}"]`).click();
      await office.page.locator('input[name=amount]').fill('28');
      await office.page.locator('input[name=reason]').fill('The tin was dented');
      await refund.click();
      await within(office.page.getByText('Refunded to the customer · ¥28.00')).toBeVisible();
      await within(phone.banner).toContainText('¥28.00');
      await customer.page.clock.fastForward(NEXT_READ);
      await within(customer.card).toContainText('Partly refunded');
      await within(customer.card).toContainText('Partly refunded to your original payment method');
      await within(office.page.locator('input[name=amount]')).toHaveValue('100.00');
      await refund.click();
      await within(office.page.getByText('Refunded to the customer · ¥100.00')).toBeVisible();
      await within(phone.banner.filter({ hasText: '¥100.00' })).toBeVisible();
      await customer.page.clock.fastForward(NEXT_READ);

      await within(customer.card.getByRole('status')).toHaveText('Refunded');
      await within(customer.button).toHaveText('Refunded');
      await within(office.page.getByText('All of it has been refunded.')).toBeVisible();
      await eventually(() => ofType(demo, 'refund.succeeded').length === 2, 'the shop’s events');
      const amounts = ofType(demo, 'refund.succeeded').map(({ data }) => data.amount);
      assert.deepEqual(
        amounts,
        [28_00, 100_00].map((total) => ({ total, currency: 'CNY' })),
      );
      // Of version 2, over the address that wants a client certificate.
      const path = payApi === 'v2' ? '/secapi/pay/refund' : '/v3/refund/domestic/refunds';
      const asked = demo.wechat.calls.filter((call) => call.path === path);
      assert.deepEqual(
        asked.map(({ verdict }) => verdict),
        ['ok', 'ok'],
      );
      assert.deepEqual([...customer.complaints, ...office.complaints], []);
    });
  }

  test('a code is shown on the desktop, and the same order is paid in WeChat instead', async (t) => {
    const demo = await startShopFor(t);
    const [desktop, phone] = await Promise.all([visitShop(t, demo, 'desktop'), openPhone(t, demo.wechat)]);
    const { control } = demo.wechat;
    const orderId = await placeOrder(desktop, 'guihua-oolong');
    await desktop.button.click();
    await within(desktop.code).toBeVisible();
    const [shown] = await (await fetch(`${demo.wechat.url}/client/codes`)).json();

    await phone.scanText(desktop.page.url());
    // By keyboard: the in-app browser is still sliding in, and a click would land beside the button.
    await phone.browser.locator('pay-button').getByRole('button', { name: /Pay/ }).press('Enter');
    await within(phone.sheet).toContainText('¥68.00');

    const numbers = numbersAtWechat(demo);
    assert.equal(numbers.size, 2, 'a number at WeChat is of one channel');
    const payable = [...numbers].map((number) => control.order(number)!).filter(({ state }) => state === 'NOTPAY');
    assert.deepEqual(
      payable.map(({ tradeType }) => tradeType),
      ['JSAPI'],
    );
    assert.throws(() => control.payByCode(shown.codeUrl), /关闭/);
    await phone.pay();
    await within(phone.browser.locator('h1')).toHaveText('Payment received');
    await within(desktop.page.locator('h1')).toHaveText('Payment received');
    await eventually(() => ofType(demo, 'order.paid').length > 0, 'the shop’s event');
    assert.deepEqual(
      ofType(demo, 'order.paid').map(({ data }) => [data.id, data.channel]),
      [[orderId, 'jsapi']],
    );
    assert.deepEqual(desktop.complaints, []);
  });
});

/** The numbers that WeChat has taken orders under. */
function numbersAtWechat({ wechat }: Demo): Set<string> {
  const created = wechat.calls.filter(
    ({ path, verdict }) => /^\/v3\/pay\/transactions\/(native|jsapi)$/.test(path) && verdict === 'ok',
  );
  return new Set(created.map(({ requestBody }) => JSON.parse(requestBody).out_trade_no));
}
