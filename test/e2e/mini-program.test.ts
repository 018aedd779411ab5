import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Session } from '../../proxy/api.ts';
import { eventually } from '../proxy/harness.ts';
import { closeBrowser, within } from './devices.ts';
import { checkout, clickPay, seen, seenTypes, startWorld, state } from './world.ts';

after(closeBrowser);

test('a page in a mini program has the mini program pay, and shows what came of it', async (t) => {
  const world = await startWorld(t);
  const order = await world.order();
  const path = `/pages/pay/index?order=${order.id}&from=web`;
  const navigations: unknown[] = [];
  const page = await world.open(checkout(order.id, `mini-program-path="${path.replace('&', '&amp;')}"`), {
    device: 'mini-program',
    client(name, args) {
      if (name !== 'invokeMiniProgramAPI') return undefined;
      navigations.push(args);
      return { err_msg: 'invokeMiniProgramAPI:ok' };
    },
  });
  await within(page.locator('order-card')).toHaveAttribute('state', 'ready');

  await clickPay(page);
  await eventually(() => navigations.length > 0, 'the mini program is told');
  assert.partialDeepStrictEqual(navigations, [{ name: 'navigateTo', arg: { url: path } }]);
  assert.deepEqual(await seenTypes(page), ['pay-start']);
  // The mini program's own server prepares the payment for its payer; its page brings up the pay sheet.
  const { openid } = world.wechat.control.users[0]!;
  const { token } = await world.merchant<Session>('POST', '/v1/sessions', { openid });
  const prepared = await fetch(`${world.proxyUrl}/v1/orders/${order.id}/payments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', origin: world.siteUrl },
    body: JSON.stringify({ channel: 'jsapi' }),
  });
  assert.equal(prepared.status, 200, await prepared.text());
  world.wechat.control.pay(order.outTradeNo);

  await state(page, 'paid');
  assert.deepEqual(await seenTypes(page), ['pay-start', 'pay-success']);
  assert.equal(navigations.length, 1);
  assert.deepEqual(world.complaints, []);
});

test('without a page that pays, a page in a mini program says what to do', async (t) => {
  const world = await startWorld(t);
  const order = await world.order();
  const page = await world.open(checkout(order.id), { device: 'mini-program', lang: 'en' });
  await within(page.locator('order-card')).toHaveAttribute('state', 'ready');

  await clickPay(page, { force: true });

  await within(page.locator('#pay')).toContainText('Pages in a mini program cannot take payments.');
  assert.deepEqual(await seen(page), [{ type: 'pay-error', from: 'pay', code: 'in_mini_program' }]);
  assert.equal((await world.readOrder(order.id)).status, 'created');
});
