import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Page } from 'playwright';
import { eventually } from '../proxy/harness.ts';
import { closeBrowser, within } from './devices.ts';
import { checkout, clickPay, type OpenOptions, seen, seenTypes, startWorld, state, type World } from './world.ts';

after(closeBrowser);

const H5_PAGE = /\/checkmweb\?/;
const SHOP_PATH = '/order_pay?order=1&from=cart#/pay';

/** Opens the order's page in a phone's browser, clicks, and waits for WeChat's page. */
async function goToWechat(world: World, orderId: string, options: OpenOptions = {}): Promise<Page> {
  const page = await world.open(checkout(orderId), { device: 'android', path: SHOP_PATH, ...options });
  await within(page.locator('order-card')).toHaveAttribute('state', 'ready');
  await leave(page, () => clickPay(page));
  return page;
}

async function leave(page: Page, click: () => Promise<void>): Promise<void> {
  await Promise.all([page.waitForURL(H5_PAGE), click()]);
}

const sheet = (page: Page) => page.getByRole('dialog');

async function payThere(page: Page): Promise<void> {
  await sheet(page).getByRole('button', { name: '支付', exact: true }).click();
  await within(sheet(page)).toContainText('支付成功');
}

async function returnToShop(page: Page, name: '返回商家' | '取消'): Promise<void> {
  await Promise.all([page.waitForURL(`**${SHOP_PATH}`), page.getByRole('button', { name, exact: true }).click()]);
}

const asks = async (page: Page) => {
  await state(page, 'paying');
  await within(page.locator('#pay')).toContainText('付款完成了吗？我们会向微信核实。');
};
const sayPaid = (page: Page) => page.locator('#pay').getByRole('button', { name: '我已付款' }).click();
const payAgain = (page: Page) => page.locator('#pay').getByRole('button', { name: '没有完成付款？重新支付' });

describe('in a phone’s browser', { concurrency: 3 }, () => {
  for (const [what, options, payApi] of [
    ['android', { device: 'android' }, 'v3'],
    ['iphone', { device: 'iphone' }, 'v3'],
    ['v2', { device: 'android' }, 'v2'],
    ['<meta name=referrer>', { device: 'iphone', head: '<meta name="referrer" content="no-referrer">' }, 'v3'],
    ['Referrer-Policy', { device: 'android', headers: { 'referrer-policy': 'no-referrer' } }, 'v3'],
  ] as const) {
    test(`a payer goes to WeChat, pays and comes back (${what})`, async (t) => {
      const world = await startWorld(t, { payApi });
      const order = await world.order();
      const page = await goToWechat(world, order.id, options);

      const visit = await eventually(
        () => world.wechat.calls.find(({ path }) => path.includes('checkmweb')),
        'the visit',
      );
      assert.equal(visit.verdict, 'ok', visit.message);
      // Of a page that says more than its origin, only the origin.
      assert.equal(visit.requestHeaders.referer, `${world.siteUrl}/`);
      assert.equal(new URL(page.url()).searchParams.get('redirect_url'), world.siteUrl + SHOP_PATH);
      await payThere(page);
      await returnToShop(page, '返回商家');

      await state(page, 'paid');
      assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
      await eventually(() => world.events.length > 0, 'the event');
      assert.deepEqual(
        world.events.map(({ type, data }) => [type, data.id, data.channel]),
        [['order.paid', order.id, 'h5']],
      );
      assert.deepEqual(world.complaints, []);
    });
  }

  test('a payer who comes back without having paid is asked, not told, and may pay again', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const page = await goToWechat(world, order.id);
    await returnToShop(page, '取消');

    await asks(page);
    await leave(page, () => payAgain(page).click());
    await payThere(page);
    await returnToShop(page, '返回商家');

    await state(page, 'paid');
    assert.deepEqual(await seen(page), [
      { type: 'pay-start', from: 'pay' },
      { type: 'pay-error', from: 'pay', code: 'payment_unconfirmed' },
      { type: 'pay-start', from: 'pay' },
      { type: 'pay-success', from: 'pay' },
    ]);
  });

  test('“I have paid” is not believed; the payment that comes then is', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const page = await goToWechat(world, order.id);
    await returnToShop(page, '取消');
    await asks(page);

    await sayPaid(page);
    await state(page, 'confirming');
    const asked = queries(world);
    await eventually(() => queries(world) >= asked + 2, 'WeChat is asked again');
    await state(page, 'confirming');
    await within(payAgain(page)).toBeVisible();
    assert.deepEqual(await seenTypes(page), ['pay-start']);
    assert.equal((await world.readOrder(order.id)).status, 'paying');

    world.wechat.control.pay(order.outTradeNo, { notify: false });
    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
  });

  test('“I have paid” is true, though WeChat has not said so yet', async (t) => {
    const world = await startWorld(t);
    world.wechat.control.set({ notifications: 'drop' });
    world.wechat.control.fail({ path: '/v3/pay/transactions/out-trade-no/*', kind: 'status', count: 1000 });
    const order = await world.order();
    const page = await goToWechat(world, order.id);
    await payThere(page);
    await returnToShop(page, '返回商家');
    await asks(page);

    await sayPaid(page);
    await state(page, 'confirming');
    assert.deepEqual(await seenTypes(page), ['pay-start']);
    world.wechat.control.reset();
    world.wechat.control.set({ notifications: 'drop' });

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
  });

  for (const [how, headers, isKept] of [
    ['which the browser has kept', {}, true],
    ['which is loaded anew', { 'cache-control': 'no-store' }, false],
  ] as const) {
    test(`a payer goes back in the history to the page, ${how}, and has paid`, async (t) => {
      const world = await startWorld(t);
      const order = await world.order();
      const page = await goToWechat(world, order.id, {
        headers,
        script: MARK_RETURN,
      });
      await within(sheet(page)).toBeVisible();

      await goBack(page);
      assert.equal(await wasKept(page), isKept && (await keepsPages(world)));
      await asks(page);
      assert.deepEqual(await seenTypes(page), ['pay-start']);
      world.wechat.control.pay(order.outTradeNo);

      await state(page, 'paid');
      assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
    });
  }

  test('the page before and the page after are one attempt: whichever is seen last does not end it again', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const page = await goToWechat(world, order.id);
    await payThere(page);
    await returnToShop(page, '返回商家');
    await state(page, 'paid');

    await page.evaluate(() => {
      document.documentElement.dataset.page = 'after';
    });
    await goBack(page);
    await within(page.locator('html')).not.toHaveAttribute('data-page');

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
    assert.equal(world.events.length, 1);
  });

  test('an order that was closed meanwhile ends the attempt, once', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const page = await goToWechat(world, order.id);
    await within(sheet(page)).toBeVisible();

    await world.merchant('POST', `/v1/orders/${order.id}/close`);
    await sheet(page).getByRole('button', { name: '支付', exact: true }).click();
    await within(page.getByRole('alert')).toContainText('已关闭');
    await returnToShop(page, '返回商家');

    await state(page, 'closed');
    assert.deepEqual(await seen(page), [
      { type: 'pay-start', from: 'pay' },
      { type: 'pay-error', from: 'pay', code: 'order_closed' },
    ]);
    assert.equal(world.wechat.control.order(order.outTradeNo)?.state, 'CLOSED');
  });
});

const queries = ({ wechat }: World) => wechat.calls.filter(({ path }) => path.includes('/out-trade-no/')).length;

/** Writes into the page how the browser has come back to it. */
const MARK_RETURN = `addEventListener('pageshow', ({ persisted }) => {
  const { type } = performance.getEntriesByType('navigation')[0];
  if (persisted || type === 'back_forward') document.documentElement.dataset.kept = persisted;
});`;

async function wasKept(page: Page): Promise<boolean> {
  return (await page.locator('html[data-kept]').getAttribute('data-kept')) === 'true';
}

/** Whether this browser keeps pages at all: not every one without a window does. */
async function keepsPages(world: World): Promise<boolean> {
  const page = await world.open('<p>茶</p>', { device: 'android', path: '/kept', script: MARK_RETURN });
  await page.goto(`${world.siteUrl}/elsewhere`);
  await goBack(page);
  return wasKept(page);
}

/** A page that the browser has kept is not loaded again: that it is there is all that can be waited for. */
async function goBack(page: Page): Promise<void> {
  await page.goBack({ waitUntil: 'commit' });
}
