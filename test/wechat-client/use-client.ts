import { after, afterEach, before } from 'node:test';
import { type Browser, chromium } from 'playwright';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { findBrowser } from '../find-browser.ts';
import { Merchant } from './merchant.ts';
import { type ShopPage, serveShopPage } from './shop-page.ts';

export interface Client {
  wechat: Wechat;
  merchant: Merchant;
  shop: ShopPage;
  browser: Browser;
}

/** WeChat, a shop and a browser for all tests of a suite; each of them finds WeChat as it was and no page open. */
export function useClient(use: (client: Client) => void): void {
  let client: Partial<Client> = {};

  before(async () => {
    const wechat = await startWechat();
    client = { wechat, merchant: new Merchant(wechat) };
    client.shop = await serveShopPage(wechat.url);
    client.browser = await chromium.launch(await findBrowser());
    use(client as Client);
  });

  afterEach(async () => {
    client.wechat!.control.reset();
    for (const context of client.browser!.contexts()) await context.close();
  });

  after(async () => {
    await client.browser?.close();
    client.shop?.stop();
    await client.wechat?.stop();
  });
}
