import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { eventually } from '../proxy/harness.ts';
import { closeBrowser, within } from './devices.ts';
import { checkout, clickPay, seen, seenTypes, startWorld, state, type World } from './world.ts';

after(closeBrowser);

const sheets = ({ wechat }: World) => wechat.calls.filter(({ path }) => path === 'getBrandWCPayRequest');

describe('in WeChat', { concurrency: 3 }, () => {
  for (const device of ['wechat-ios', 'wechat-android'] as const) {
    test(`a payer pays (${device})`, async (t) => {
      const world = await startWorld(t);
      const order = await world.order();
      const page = await world.open(checkout(order.id), { device, path: '/order_pay?order=1#/pay' });
      await within(page.locator('order-card')).toHaveAttribute('state', 'ready');

      await clickPay(page);

      await state(page, 'paid');
      assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
      assert.equal(
        page.url(),
        `${world.siteUrl}/order_pay?order=1#/pay`,
        'sign-in brings back to the same page and fragment',
      );
      assert.equal((await world.readOrder(order.id)).status, 'paid');
      const event = await eventually(() => world.events[0], 'the event');
      assert.equal(event.type, 'order.paid');
      assert.equal(sheets(world).length, 1);
    });
  }

  test('a payer cancels, and pays then', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    world.wechat.control.set({ paySheet: 'cancel' });
    const page = await world.open(checkout(order.id));
    await clickPay(page);
    await state(page, 'cancelled');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-cancel']);

    world.wechat.control.set({ paySheet: 'pay' });
    await clickPay(page);

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-cancel', 'pay-start', 'pay-success']);
  });

  test('the bridge says ok but WeChat has no money: it is never shown as paid', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    world.wechat.control.set({ bridgeAnswer: 'ok' });
    const page = await world.open(checkout(order.id));

    await clickPay(page);
    await state(page, 'confirming');
    const queries = () => world.wechat.calls.filter(({ path }) => path.includes('/out-trade-no/')).length;
    await eventually(() => queries() >= 3, 'WeChat is asked again and again', 20_000);

    await state(page, 'confirming');
    assert.deepEqual(await seenTypes(page), ['pay-start']);
    assert.equal((await world.readOrder(order.id)).status, 'paying');
    assert.equal(world.events.length, 0);
  });

  test('the bridge says cancel but WeChat has the money: it is shown as paid', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    world.wechat.control.set({ bridgeAnswer: 'cancel', notifications: 'drop' });
    const page = await world.open(checkout(order.id));

    await clickPay(page);

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
    await eventually(() => world.events[0], 'the event, though no notification came');
  });

  test('a double click pays once', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const page = await world.open(checkout(order.id));

    await page.locator('#pay').getByRole('button').first().dblclick();

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
    assert.equal(sheets(world).length, 1);
  });

  test('two buttons for one order are one payment', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const page = await world.open(
      `<pay-button id="pay" order-id="${order.id}"></pay-button><pay-button id="second" order-id="${order.id}"></pay-button>`,
    );

    await clickPay(page);
    await state(page, 'paid', 'second');

    await state(page, 'paid');
    assert.deepEqual(await seen(page), [
      { type: 'pay-start', from: 'pay' },
      { type: 'pay-success', from: 'pay' },
    ]);
    assert.equal(sheets(world).length, 1);
  });

  test('the proxy is gone while the page confirms, and comes back', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    world.wechat.control.set({ bridgeAnswer: 'ok' });
    const page = await world.open(checkout(order.id));
    await clickPay(page);
    await state(page, 'confirming');

    await world.stopProxy('SIGKILL');
    world.wechat.control.pay(order.outTradeNo, { notify: false });
    await page.waitForTimeout(3_000);
    await state(page, 'confirming');
    await world.startProxy();

    await state(page, 'paid');
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
  });

  test('the merchant’s server is down while a payer pays: the event comes later', async (t) => {
    const world = await startWorld(t);
    world.merchantIsUp = false;
    const order = await world.order();
    const page = await world.open(checkout(order.id));

    await clickPay(page);
    await state(page, 'paid');
    assert.equal(world.events.length, 0);
    world.merchantIsUp = true;

    const event = await eventually(() => world.events[0], 'the event', 20_000);
    assert.equal(event.data.id, order.id);
  });

  test('an expired order cannot be paid', async (t) => {
    const world = await startWorld(t);
    const order = await world.order({ expiresAt: new Date(Date.now() + 3_000).toISOString() });
    const page = await world.open(checkout(order.id));
    await within(page.locator('order-card')).toHaveAttribute('state', 'ready');

    await state(page, 'closed');

    await within(page.locator('order-card')).toContainText('已过期');
    assert.equal(sheets(world).length, 0);
    await eventually(() => world.events.find(({ type }) => type === 'order.expired'), 'the event');
  });

  test('the proxy is killed right after it has acknowledged a notification', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    world.wechat.control.set({ notifications: 'hold' });
    const page = await world.open(checkout(order.id));
    await clickPay(page);
    await eventually(() => world.wechat.control.order(order.outTradeNo)?.transactionId, 'the money');
    await page.close();
    world.merchantIsUp = false;
    const { status } = await world.wechat.control.notify(order.outTradeNo);
    await world.stopProxy('SIGKILL');
    assert.equal(status, 204);

    world.merchantIsUp = true;
    await world.startProxy();

    assert.equal((await world.readOrder(order.id)).status, 'paid');
    await eventually(() => world.events.find(({ type }) => type === 'order.paid'), 'the event', 20_000);
  });

  for (const [device, signed] of [
    ['wechat-ios', '/landing?a=1'],
    ['wechat-android', '/deeper?b=2'],
  ] as const) {
    test(`after pushState the JS-SDK is configured for ${signed} (${device})`, async (t) => {
      const world = await startWorld(t);
      const order = await world.order();
      const page = await world.open('<main></main>', { device, path: '/landing?a=1' });
      await page.evaluate((id) => {
        history.pushState(null, '', '/deeper?b=2#/x');
        const button = document.createElement('pay-button');
        button.id = 'pay';
        button.setAttribute('order-id', id);
        document.querySelector('main')!.append(button);
      }, order.id);

      const call = await eventually(
        () => world.wechat.calls.find(({ path }) => path === 'preVerifyJSAPI'),
        'wx.config',
      );

      assert.equal(call.verdict, 'ok', call.message);
      assert.ok(call.stringToSign?.includes(`url=${world.siteUrl}${signed}`), call.stringToSign);
      await page.waitForFunction(
        () => typeof (window as { wx?: { chooseWXPay?: unknown } }).wx?.chooseWXPay === 'function',
      );
    });
  }

  test('the sign-in comes back to a page whose router has run already and whose content comes late', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const script = `
    const render = () => {
      if (location.hash && !location.hash.startsWith('#/')) history.replaceState(null, '', '#/' + location.hash.slice(1));
      const main = document.querySelector('main');
      const button = document.createElement('pay-button');
      button.id = 'pay';
      button.setAttribute('order-id', '${order.id}');
      main.replaceChildren(location.hash === '#/pay/1?tab=2' ? button : 'page not found');
      setTimeout(() => { main.style.paddingTop = '3000px'; }, 300);
    };
    addEventListener('popstate', render);
    render();`;
    const page = await world.open('<main></main>', { device: 'wechat-ios', path: '/shop?q=1#/pay/1?tab=2', script });
    await page.waitForFunction(() => document.documentElement.scrollHeight > 3000);
    await page.evaluate(() => scrollTo(0, 1500));

    await page.locator('#pay').evaluate((button: HTMLElement) => button.click());

    await state(page, 'paid');
    assert.equal(page.url(), `${world.siteUrl}/shop?q=1#/pay/1?tab=2`);
    await page.waitForFunction(() => scrollY === 1500);
    assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
  });

  test('outside WeChat a button for WeChat only says what to do', async (t) => {
    const world = await startWorld(t);
    const order = await world.order();
    const page = await world.open(checkout(order.id, 'channel="jsapi"'), { device: 'desktop', lang: 'en' });

    // By keyboard: the button that cannot pay here still says why.
    await page.locator('#pay').focus();
    await page.keyboard.press('Enter');

    await within(page.locator('#pay')).toContainText('WeChat');
    assert.deepEqual(await seen(page), [{ type: 'pay-error', from: 'pay', code: 'not_in_wechat' }]);
  });
});
