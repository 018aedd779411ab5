import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Demo, startDemo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';
import { callAsMerchant } from '../shop/customer.ts';
import { Chats } from './chats.ts';
import { closeBrowser, putDevicesAway, within } from './devices.ts';
import { openPhone } from './phone.ts';
import { visitShop } from './shop-visit.ts';
import { WebhookGate } from './webhook-gate.ts';

const HELP = /^回复“菜单”看看今天的茶/;
const OUT_OF_ORDER = 'The service of this account is out of order';
/** Milliseconds; longer than the proxy waits before it delivers an event again for the first time. */
const PATIENCE = 30_000;

describe('messages', () => {
  const gate = new WebhookGate();
  let demo: Demo;

  before(async () => {
    const proxyEnvironment = { WEBHOOK_URL: await gate.start() };
    demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0, proxyEnvironment });
    gate.target = `${demo.shop.url}/webhooks/weixin`;
  });
  after(async () => {
    await closeBrowser();
    gate.stop();
    await demo?.stop();
  });

  test('who has paid finds it in the chat with the account, and looks at the order from there', async (t) => {
    const chats = new Chats(await openPhone(t, demo.wechat));
    const { browser } = chats.phone;
    await chats.openShop();
    await browser.locator('a[href="/order_info?product=longjing"]').first().press('Enter');
    await browser.getByRole('button', { name: 'Buy now' }).press('Enter');
    await browser.locator('pay-button').getByRole('button', { name: /Pay/ }).press('Enter');
    await chats.phone.pay();
    await within(browser.locator('h1')).toHaveText('Payment received');
    await chats.closePage();

    const card = chats.account.getByRole('article', { name: '购买成功通知' });
    await within(card).toBeVisible();
    const { data: order } = await eventually(() => eventsOf(demo, 'order.paid')[0], 'the shop’s event', PATIENCE);
    assert.match(
      (await card.innerText()).replace(/\s+/g, ' '),
      new RegExp(
        `您好，您已购买成功。 商品 .*First-Flush Longjing.* 价格 ¥128\\.00 时间 \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d 订单号：${order.outTradeNo}。`,
      ),
    );
    await card.getByRole('button', { name: 'View details' }).press('Enter');
    await within(browser.locator('h1')).toHaveText('Payment received');
    await within(browser.getByText(String(order.outTradeNo))).toBeVisible();
    const delivered = () => eventsOf(demo, 'template.delivered');
    await eventually(() => delivered().length > 0, 'the event of its delivery', PATIENCE);
    assert.deepEqual(
      delivered().map(({ data }) => [data.kind, data.orderId, data.openid]),
      [['template', order.id, order.openid]],
    );
  });

  test('a question is answered by the shop’s server, once, encrypted on its way both times', async (t) => {
    const chats = new Chats(await openPhone(t, demo.wechat));
    await chats.openAccount();

    await chats.say('你们好 <&>');
    const answer = chats.account.locator('.bubble', { hasText: HELP });
    await within(answer).toBeVisible();
    await demo.wechat.control.notificationsSettled();

    await within(answer).toHaveCount(1);
    assert.deepEqual(heard(demo, '你们好 <&>'), [['text', demo.wechat.control.users[0]!.openid]]);
    const { requestBody, responseBody } = lastPush(demo);
    for (const body of [requestBody, responseBody]) assert.match(body, /^<xml>.*<Encrypt>/s);
  });

  test('a shop that hangs costs its customer nothing but the answer, and hears of the question later', async (t) => {
    const chats = new Chats(await openPhone(t, demo.wechat));
    await chats.openAccount();
    const before = demo.wechat.control.chat(demo.wechat.control.users[0]!.openid).length;

    gate.shut();
    await chats.say('有人吗？');
    await eventually(() => gate.hanging > 0, 'the shop is asked', PATIENCE);
    await demo.wechat.control.notificationsSettled();
    assert.deepEqual(heard(demo, '有人吗？'), []);
    gate.open();
    await eventually(() => heard(demo, '有人吗？').length > 0, 'the shop hears of it', PATIENCE);
    await chats.say('菜单');
    await within(chats.account.getByRole('article').last()).toBeVisible();

    await within(chats.account.getByText(OUT_OF_ORDER)).toHaveCount(0);
    const since = demo.wechat.control.chat(demo.wechat.control.users[0]!.openid).slice(before);
    assert.deepEqual(
      since.map(({ from, kind }) => [from, kind]),
      [
        ['user', 'text'],
        ['user', 'text'],
        ['account', 'news'],
      ],
    );
    assert.equal(heard(demo, '有人吗？').length, 1);
  });

  test('the menu comes as an article that opens, where the account has chosen JSON', async (t) => {
    const { control } = demo.wechat;
    const { messagePush } = control.knobs;
    t.after(() => control.set({ messagePush }));
    control.set({ messagePush: { ...messagePush!, format: 'json' } });
    const chats = new Chats(await openPhone(t, demo.wechat));
    await chats.openAccount();

    await chats.say('今天喝什么茶？');
    const article = chats.account.getByRole('article', { name: '今天推荐：明前龙井' }).last();
    await within(article.locator('img')).not.toHaveJSProperty('naturalWidth', 0);
    await article.getByRole('button').press('Enter');

    await within(chats.phone.browser.locator('h1')).toHaveText('First-Flush Longjing');
    assert.deepEqual(heard(demo, '今天喝什么茶？').length, 1);
    const { requestBody, responseBody } = lastPush(demo);
    for (const body of [requestBody, responseBody]) assert.ok(JSON.parse(body).Encrypt);
  });

  test('plain messages are answered where the account has no key for others', async (t) => {
    const proxyEnvironment = { WECHAT_MESSAGE_AES_KEY: '' };
    const plain = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0, proxyEnvironment });
    t.after(async () => {
      await putDevicesAway(t);
      await plain.stop();
    });
    const { messagePush } = plain.wechat.control.knobs;
    plain.wechat.control.set({ messagePush: { ...messagePush!, aesKey: null, mode: 'plain' } });
    const chats = new Chats(await openPhone(t, plain.wechat));
    await chats.openAccount();

    await chats.say('Where are my orders?');
    await chats.account.getByRole('link', { name: `${plain.shop.url}/my_orders` }).press('Enter');

    await within(chats.phone.browser.locator('h1')).toHaveText(/orders/i);
    assert.equal(heard(plain, 'Where are my orders?').length, 1);
    assert.match(lastPush(plain).requestBody, /<Content><!\[CDATA\[Where are my orders\?\]\]><\/Content>/);
  });

  test('the debugging page checks what the proxy has signed, calls an API, and pushes a message', async (t) => {
    const chats = new Chats(await openPhone(t, demo.wechat));
    const { page } = chats;
    const [signed] = await Promise.all([
      page.waitForResponse((response) => response.url().includes('/v1/jssdk/config')),
      chats.openShop(),
    ]);

    const signatures = await chats.openTool('Signatures');
    await signatures.getByLabel('Address of the page').fill(`${demo.shop.url}/`);
    await signatures.getByLabel('Paste the JSON that the page got').fill(await signed.text());
    await signatures.getByRole('button', { name: 'Check the signature' }).click();
    await within(signatures.getByText('The signature is right')).toBeVisible();
    await signatures.getByLabel('Address of the page').fill(`${demo.shop.url}/?from=timeline`);
    await signatures.getByRole('button', { name: 'Check the signature' }).click();
    await within(signatures.getByText('The signature is wrong')).toBeVisible();
    await within(signatures.getByText('the query belongs to it')).toBeVisible();

    const apis = await chats.openTool('APIs');
    await apis.getByRole('combobox', { name: 'API', exact: true }).selectOption('Look a user up');
    await apis.getByRole('button', { name: 'Call', exact: true }).click();
    await within(apis.getByText('"subscribe": 1')).toBeVisible();

    const pushes = await chats.openTool('Push');
    await within(pushes.getByText('safe mode')).toBeVisible();
    await pushes.getByRole('button', { name: 'Check the address' }).click();
    await within(pushes.getByText('The address is good')).toBeVisible();
    const content = pushes.getByRole('textbox', { name: 'Content' });
    await content.fill(JSON.stringify({ MsgType: 'text', Content: '转人工' }));
    await pushes.getByRole('button', { name: 'Push', exact: true }).click();
    await within(pushes.getByText('The merchant took it')).toBeVisible();
    await within(pushes.getByText('"transfer_customer_service"')).toBeVisible();
    await chats.closePage();
    await within(chats.account.getByText('The chat was handed to customer service')).toBeVisible();
    assert.equal(heard(demo, '转人工').length, 1);
  });

  // The last one: it sets WeChat's clock ahead.
  test('a table’s code brings guests to the chat, strangers by following; the office counts them', async (t) => {
    const { control } = demo.wechat;
    const office = await visitShop(t, demo, 'desktop', '/office/tables');
    const table = office.page.locator('.table-code', { hasText: 'Table 2' });
    const welcome = '欢迎入座，您在 2 号桌。';
    const chats = new Chats(await openPhone(t, demo.wechat));
    await within(table.locator('img')).not.toHaveJSProperty('naturalWidth', 0);
    const seen = await table.screenshot();

    await chats.phone.scan(seen);
    await within(chats.account.getByText(welcome)).toBeVisible();
    await chats.leaveChat();
    const people = await chats.openTool('Codes and users');
    await people.getByRole('button', { name: 'Hand it to Alex' }).click();
    await within(people.getByRole('button', { name: 'Hand it to 小满' })).toBeVisible();
    await chats.phone.scan(seen);
    await chats.page.getByRole('button', { name: 'Follow', exact: true }).press('Enter');
    await within(chats.account.getByText(welcome)).toBeVisible();
    assert.ok(control.isFollowing(control.users[1]!.openid));
    const scans = () => eventsOf(demo, 'code.scanned').map(({ data }) => [data.scene, data.subscribed]);
    assert.deepEqual(scans(), [
      ['table-2', false],
      ['table-2', true],
    ]);
    await office.page.reload();
    await within(table).toContainText('Scanned 2 times, 1 new followers');

    const lunch = await (await callAsMerchant(demo, '/v1/qrcodes', { scene: 'lunch', expiresIn: 60 })).json();
    control.advance(61);
    await chats.leaveChat();
    await chats.phone.scanText(lunch.url);
    await within(chats.phone.refusal).toContainText('二维码已过期');
    assert.equal(scans().length, 2);
    assert.deepEqual(office.complaints, []);
  });
});

function eventsOf({ shop }: Demo, wanted: string) {
  return shop.events.filter(({ type }) => type === wanted);
}

/** What the shop has heard of a message that says this: its kind, and from whom. */
function heard(demo: Demo, content: string): unknown[][] {
  const messages = eventsOf(demo, 'message.received').filter(({ data }) => data.content === content);
  return messages.map(({ data }) => [data.type, data.openid]);
}

/** What WeChat has last pushed to the proxy, and what that has answered. */
function lastPush({ wechat }: Demo) {
  return wechat.calls.findLast(({ method, path }) => method === 'POST' && path.includes('/wechat/messages'))!;
}
