import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { findBrowser } from '../find-browser.ts';
import { type JssdkConfig, Merchant } from './merchant.ts';
import { type ShopPage, serveShopPage } from './shop-page.ts';

let wechat: Wechat;
let merchant: Merchant;
let shop: ShopPage;
let browser: Browser;

describe('the in-app browser’s bridge', () => {
  before(async () => {
    wechat = await startWechat();
    merchant = new Merchant(wechat);
    shop = await serveShopPage(wechat.url);
    browser = await chromium.launch(await findBrowser());
  });

  after(async () => {
    await browser?.close();
    shop?.stop();
    await wechat?.stop();
  });

  /** A page as an in-app browser shows it: its window bears the name that the phone gives to its iframe. */
  async function openPage(name: string, url = shop.url): Promise<Page> {
    const page = await browser.newPage();
    await page.addInitScript((value) => {
      window.name = value;
    }, name);
    await page.goto(url);
    return page;
  }

  /** Runs `wx.config` of the real JS-SDK and tells which of its callbacks came. */
  function configure(page: Page, config: JssdkConfig): Promise<{ outcome: string; errMsg?: string }> {
    return page.evaluate(
      (options) =>
        new Promise((resolve) => {
          const { wx } = window as unknown as { wx: Record<string, (argument: unknown) => void> };
          let failed = false;
          wx.error!(({ errMsg }: { errMsg: string }) => {
            failed = true;
            resolve({ outcome: 'error', errMsg });
          });
          // The SDK calls `ready` after a failed config too, before or after `error`.
          wx.ready!(() => setTimeout(() => failed || resolve({ outcome: 'ready' }), 50));
          wx.config!({ ...options, jsApiList: ['chooseWXPay'] });
        }),
      config,
    );
  }

  function invoke(page: Page, name: string, args: object): Promise<Record<string, unknown>> {
    return page.evaluate(
      async ([name, args]) => {
        const bridgeWindow = window as unknown as {
          WeixinJSBridge?: { invoke(name: string, args: object, callback: (result: never) => void): void };
        };
        if (!bridgeWindow.WeixinJSBridge) {
          await new Promise((resolve) => document.addEventListener('WeixinJSBridgeReady', resolve, { once: true }));
        }
        return new Promise((resolve) => bridgeWindow.WeixinJSBridge!.invoke(name, args, resolve));
      },
      [name, args] as const,
    );
  }

  for (const platform of ['ios', 'android'] as const) {
    test(`${platform}: the real JS-SDK is configured with a right signature`, async () => {
      const page = await openPage(`wechat|${platform}|p-config`);
      const result = await configure(page, await merchant.jssdkConfig(`${shop.url}#top`));
      assert.deepEqual(result, { outcome: 'ready' });
      await page.close();
    });

    test(`${platform}: the real JS-SDK learns of a wrong signature`, async () => {
      const page = await openPage(`wechat|${platform}|p-config`);
      const config = await merchant.jssdkConfig(`${shop.url}elsewhere`);
      assert.deepEqual(await configure(page, config), { outcome: 'error', errMsg: 'config:invalid signature' });
      await page.close();
    });

    test(`${platform}: wx.chooseWXPay pays, and its success callback comes`, async () => {
      const phone = `p-pay-${platform}`;
      const page = await openPage(`wechat|${platform}|${phone}`);
      await configure(page, await merchant.jssdkConfig(shop.url));
      const { openid } = await (await fetch(`${wechat.url}/client/user?phone=${phone}`)).json();
      const { timeStamp, ...params } = await merchant.jsapiParams(openid, `sdk-${platform}-1`);
      const outcome = await page.evaluate(
        (options) =>
          new Promise((resolve) => {
            const { wx } = window as unknown as { wx: Record<string, (options: object) => void> };
            const tell =
              (callback: string) =>
              ({ errMsg }: { errMsg: string }) =>
                resolve({ callback, errMsg });
            wx.chooseWXPay!({ ...options, success: tell('success'), cancel: tell('cancel'), fail: tell('fail') });
          }),
        { ...params, timestamp: timeStamp },
      );
      assert.deepEqual(outcome, { callback: 'success', errMsg: 'chooseWXPay:ok' });
      assert.equal(wechat.control.order(`sdk-${platform}-1`)?.state, 'SUCCESS');
      await page.close();
    });
  }

  test('after pushState, iOS is checked against the landing url and Android against the current one', async () => {
    const accepted = [];
    for (const platform of ['ios', 'android']) {
      for (const signed of ['', 'deep/page?order=1']) {
        const page = await openPage(`wechat|${platform}|p-spa`);
        await page.evaluate(() => history.pushState(null, '', '/deep/page?order=1#part'));
        const { outcome } = await configure(page, await merchant.jssdkConfig(shop.url + signed));
        if (outcome === 'ready') accepted.push(`${platform}: ${signed || 'landing'}`);
        await page.close();
      }
    }
    assert.deepEqual(accepted, ['ios: landing', 'android: deep/page?order=1']);
  });

  test('the user agent is that of the client', async () => {
    const look = () => ({
      userAgent: navigator.userAgent,
      platform: navigator.platform,
      wkwebview: (window as { __wxjs_is_wkwebview?: boolean }).__wxjs_is_wkwebview,
    });
    const ios = await openPage('wechat|ios|p-ua');
    const android = await openPage('wechat|android|p-ua');
    const onIos = await ios.evaluate(look);
    const onAndroid = await android.evaluate(look);
    assert.match(onIos.userAgent, /iPhone.* MicroMessenger\/8\.0\.50\(0x1800323d\) NetType\/WIFI Language\/en$/);
    assert.equal(onIos.platform, 'iPhone');
    assert.equal(onIos.wkwebview, true);
    assert.match(onAndroid.userAgent, /Android.*Chrome\/130.*MMWEBID\/\d+ MicroMessenger\/8\.0\.50\.\d+\(0x2800325B\)/);
    assert.equal(onAndroid.wkwebview, undefined);
    await Promise.all([ios.close(), android.close()]);
  });

  test('the bridge is there from the start on iOS, and comes later, with an event, on Android', async () => {
    const atStart = () => (window as unknown as { bridgeAtStart: boolean }).bridgeAtStart;
    const ios = await openPage('wechat|ios|p-late');
    const android = await openPage('wechat|android|p-late');
    assert.equal(await ios.evaluate(atStart), true);
    assert.equal(await android.evaluate(atStart), false);
    await android.waitForFunction(() => 'WeixinJSBridge' in window);
    await Promise.all([ios.close(), android.close()]);
  });

  test('a callback comes after invoke has returned, and owns its result', async () => {
    const page = await openPage('wechat|ios|p-async');
    const seen = await page.evaluate(async () => {
      const { WeixinJSBridge } = window as unknown as {
        WeixinJSBridge: { invoke(name: string, args: object, callback: (result: { err_msg?: string }) => void): void };
      };
      let returned = false;
      const ask = () =>
        new Promise<{ late: boolean; result: { err_msg?: string } }>((resolve) => {
          WeixinJSBridge.invoke('getNetworkType', {}, (result) => resolve({ late: returned, result }));
        });
      const first = ask();
      returned = true;
      const { late, result } = await first;
      delete result.err_msg;
      return { late, second: (await ask()).result };
    });
    assert.deepEqual(seen, { late: true, second: { err_msg: 'network_type:wifi' } });
    await page.close();
  });

  test('what the page changes after invoke does not reach WeChat', async () => {
    const page = await openPage('wechat|ios|p-copy');
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          const { WeixinJSBridge } = window as unknown as {
            WeixinJSBridge: { invoke(name: string, args: object, callback: (result: unknown) => void): void };
          };
          const list = ['chooseImage'];
          WeixinJSBridge.invoke('checkJsApi', { jsApiList: list }, resolve);
          list[0] = 'changed';
        }),
    );
    const call = wechat.calls.findLast(({ path }) => path === 'checkJsApi');
    assert.deepEqual(JSON.parse(call!.requestBody), { jsApiList: ['chooseImage'] });
    await page.close();
  });

  test('a function that the client does not have is refused', async () => {
    const page = await openPage('wechat|android|p-unknown');
    const result = await invoke(page, 'noSuchFunction', {});
    assert.equal(result.err_msg, 'noSuchFunction:fail function not exist');
    await page.close();
  });

  test('a stand-in that is gone is a failure, not silence', async () => {
    const page = await openPage('wechat|ios|p-gone');
    await page.route('**/client/invoke', (route) => route.abort());
    assert.deepEqual(await invoke(page, 'getBrandWCPayRequest', {}), {
      err_msg: 'get_brand_wcpay_request:fail',
      err_desc: 'network',
    });
    await page.close();
  });

  test('a window that is no in-app browser is left alone', async () => {
    const page = await openPage('an ordinary window');
    await page.waitForTimeout(100);
    const found = await page.evaluate(() => ({
      bridge: 'WeixinJSBridge' in window,
      userAgent: navigator.userAgent.includes('MicroMessenger'),
    }));
    assert.deepEqual(found, { bridge: false, userAgent: false });
    await page.close();
  });

  test('a test can be the client: its own user agent stays, and calls go to its own function', async () => {
    const context = await browser.newContext({ userAgent: 'Mozilla/5.0 (iPhone) MicroMessenger/8.0.40' });
    const page = await context.newPage();
    const payloads: Record<string, unknown>[] = [];
    await page.exposeFunction('__weixinInvoke', ({ page: load, ...payload }: Record<string, unknown>) => {
      assert.match(String(load), /^\w+$/);
      payloads.push(payload);
      return { err_msg: 'chooseImage:ok', localIds: ['wxLocalResource://1'] };
    });
    await page.addInitScript(() => {
      Object.assign(window, { __weixinClient: { platform: 'ios', phone: 'tester' } });
    });
    await page.goto(shop.url);
    const result = await invoke(page, 'chooseImage', { count: 1 });
    assert.deepEqual(result, { err_msg: 'chooseImage:ok', localIds: ['wxLocalResource://1'] });
    assert.deepEqual(payloads, [
      {
        phone: 'tester',
        platform: 'ios',
        name: 'chooseImage',
        args: { count: 1 },
        url: shop.url,
        landingUrl: shop.url,
      },
    ]);
    assert.equal(await page.evaluate(() => navigator.userAgent), 'Mozilla/5.0 (iPhone) MicroMessenger/8.0.40');
    await context.close();
  });

  test('the JS-SDK’s reports do not leave the computer', async () => {
    const page = await openPage('wechat|android|p-beacon');
    const outside: string[] = [];
    page.on('request', (request) => {
      if (new URL(request.url()).hostname !== '127.0.0.1') outside.push(request.url());
    });
    await configure(page, await merchant.jssdkConfig(shop.url));
    await page.waitForTimeout(100);
    assert.deepEqual(outside, []);
    await page.close();
  });
});
