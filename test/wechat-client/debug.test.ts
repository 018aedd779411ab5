import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';
import type { Merchant } from './merchant.ts';
import { type MessageMerchant, startMessageMerchant } from './message-merchant.ts';
import { openPhone } from './open-phone.ts';
import { useClient } from './use-client.ts';

let wechat: Wechat;
let merchant: Merchant;
let browser: Browser;
let messages: MessageMerchant | undefined;

describe('the debugging page', () => {
  useClient((client) => {
    ({ wechat, merchant, browser } = client);
  });

  beforeEach(async () => {
    messages?.stop();
    messages = await startMessageMerchant(wechat, { '什么时候发货？': { MsgType: 'text', Content: 'Tomorrow.' } });
  });

  after(() => messages?.stop());

  async function openTool(name: string): Promise<{ page: Page; panel: Locator }> {
    const page = await openPhone(browser, wechat);
    await page.getByRole('tab', { name: 'Debug' }).click();
    const panel = page.getByRole('tabpanel', { name: 'Debug' });
    await panel.getByText(name, { exact: true }).first().click();
    return { page, panel };
  }

  test('a JS-SDK signature is checked from what the page got; the mistake in a wrong one is named', async () => {
    const { panel } = await openTool('Signatures');
    const url = 'http://127.0.0.1:8788/pay?order=1';
    const check = async (config: object) => {
      await panel.getByLabel('Paste the JSON that the page got').fill(JSON.stringify(config));
      await panel.getByRole('button', { name: 'Check the signature' }).click();
    };
    await panel.getByLabel('Address of the page').fill(`${url}#top`);
    await check(await merchant.jssdkConfig(url));
    await panel.getByText('The signature is right').waitFor();
    await check(await merchant.jssdkConfig('http://127.0.0.1:8788/pay'));
    await panel.getByText('the query belongs to it').waitFor();
    await panel.getByText(`&url=${url}`).waitFor();
    assert.ok((await panel.locator('mark').count()) > 10);
  });

  test('v2, v3 and message signatures are read out of what was sent', async () => {
    const { panel } = await openTool('Signatures');
    await panel.getByRole('combobox').selectOption('WeChat Pay v2');
    await panel.getByLabel('The request as XML').fill('<xml><body><![CDATA[test]]></body><sign>0AB</sign></xml>');
    await panel.getByRole('button', { name: 'Check the signature' }).click();
    await panel.getByText(/^body=test&key=/).waitFor();

    await panel.getByRole('combobox').selectOption('WeChat Pay v3: a merchant’s request');
    await panel
      .getByLabel('Paste the Authorization header')
      .fill('WECHATPAY2-SHA256-RSA2048 nonce_str="n0nce",timestamp="1714036504",signature="AAAA"');
    await panel.getByLabel('Method').fill('GET');
    await panel.getByLabel('Path and query').fill('/v3/certificates');
    await panel.getByRole('button', { name: 'Check the signature' }).click();
    await panel.getByText(/^GET⏎\s\/v3\/certificates⏎\s\d+⏎\sn0nce⏎\s⏎/).waitFor();

    await panel.getByRole('combobox').selectOption('Message push');
    const query = 'signature=wrong&timestamp=1714036504&nonce=1514711492';
    await panel
      .getByLabel('Paste the address that WeChat called')
      .fill(`https://shop.example/wechat/messages?${query}`);
    await panel.getByRole('button', { name: 'Check the signature' }).click();
    await panel.getByText('The signature is wrong').waitFor();
  });

  test('an API is called with a token, and ids keep all their digits; a refusal is explained', async () => {
    const { page, panel } = await openTool('APIs');
    const api = panel.getByRole('combobox', { name: 'API', exact: true });
    await api.selectOption('Send a template message');
    await panel.getByRole('button', { name: 'Call', exact: true }).click();
    await page.getByRole('button', { name: /^栖云茶铺 购买成功通知/ }).waitFor();
    await panel.getByText('"msgid"').waitFor();
    const sent = wechat.calls.findLast(({ path }) => path.startsWith('/cgi-bin/message/template/send'));
    const [id = ''] = sent!.responseBody.match(/\d{15,}/) ?? [];
    assert.match((await panel.locator('pre').innerText()) ?? '', new RegExp(`"msgid": ${id}`));

    wechat.control.unfollow(wechat.control.users[0]!.openid);
    await panel.getByRole('button', { name: 'Call', exact: true }).click();
    await panel.getByText('The user does not follow the account').waitFor();
  });

  test('a message is pushed as it is written; the reply and each try are shown', async () => {
    const { page, panel } = await openTool('Push');
    await panel.getByText('plain mode').waitFor();
    await panel.getByRole('button', { name: 'Check the address' }).click();
    await panel.getByText('The address is good').waitFor();
    await panel.getByRole('button', { name: 'Push', exact: true }).click();
    await panel.getByText('The merchant took it').waitFor();
    await panel.getByText('"content": "Tomorrow."').first().waitFor();
    await page.getByRole('button', { name: '栖云茶铺 Tomorrow.', exact: true }).waitFor();

    await panel.getByLabel('Content, by WeChat’s field names').fill('{oops');
    await panel.getByRole('button', { name: 'Push', exact: true }).click();
    await panel.getByText('This is no JSON').waitFor();

    messages!.stop();
    await panel.getByRole('combobox', { name: 'Kind' }).selectOption('Event: menu item');
    await panel.getByRole('button', { name: 'Push', exact: true }).click();
    await panel.getByText('The merchant did not take it').waitFor();
    await panel.getByText(/^Try 3/).waitFor();

    wechat.control.set({ messagePush: null });
    await panel.getByText('APIs', { exact: true }).click();
    await panel.getByText('Push', { exact: true }).first().click();
    await panel.getByText('No server address yet').waitFor();
  });

  test('the phone is handed to a stranger, who scans a code by its ticket and sees the page to follow', async () => {
    const { ticket } = await merchant.call('qrcode/create', {
      action_name: 'QR_LIMIT_STR_SCENE',
      action_info: { scene: { scene_str: 'table-12' } },
    });
    const { page, panel } = await openTool('Codes and users');
    await panel.getByRole('button', { name: 'Hand it to 阿明' }).click();
    await panel.getByRole('button', { name: 'Hand it to 小满' }).waitFor();
    await panel.getByLabel('The code’s address, or its ticket').fill(encodeURIComponent(ticket!));
    await panel.getByRole('button', { name: 'Scan', exact: true }).click();
    await panel.getByText('Opened on the phone').waitFor();
    await page.getByRole('button', { name: 'Follow', exact: true }).waitFor();
    await panel.getByLabel('The code’s address, or its ticket').fill('table 12');
    await panel.getByRole('button', { name: 'Scan', exact: true }).click();
    await panel.getByText('There is no code of an account in this').waitFor();
  });
});
