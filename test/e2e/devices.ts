/** What payers hold or sit at, and Chromium as each of them. */
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright';
import { expect } from 'playwright/test';
import { findBrowser } from '../find-browser.ts';

const BRIDGE = readFileSync(new URL('../../demo/wechat/client/bridge.js', import.meta.url), 'utf8');
const PHONE = { viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true };
const WECHAT_IOS =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN';

export type Device = 'wechat-ios' | 'wechat-android' | 'mini-program' | 'iphone' | 'android' | 'desktop';

interface Description {
  context: BrowserContextOptions;
  /** It is WeChat's browser: its bridge is in every page. */
  bridge?: 'ios' | 'android';
  /** `window.__wxjs_environment` */
  environment?: 'miniprogram';
}

const DEVICES: Record<Device, Description> = {
  'wechat-ios': { context: { ...PHONE, userAgent: WECHAT_IOS }, bridge: 'ios' },
  'wechat-android': {
    context: {
      ...PHONE,
      userAgent:
        'Mozilla/5.0 (Linux; Android 14; 23127PN0CC; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.103 Mobile Safari/537.36 MMWEBID/4217 MicroMessenger/8.0.50.2701(0x2800325B) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN',
    },
    bridge: 'android',
  },
  'mini-program': {
    context: { ...PHONE, userAgent: `${WECHAT_IOS} miniProgram/wx1234567890abcdef` },
    bridge: 'ios',
    environment: 'miniprogram',
  },
  iphone: {
    context: {
      ...PHONE,
      userAgent:
        'Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1',
    },
  },
  android: {
    context: {
      ...PHONE,
      userAgent:
        'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.6723.103 Mobile Safari/537.36',
    },
  },
  desktop: {
    context: {
      userAgent:
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
      viewport: { width: 1280, height: 800 },
    },
  },
};

/** Expects it of a page within a time that a slow machine keeps. */
export const within = expect.configure({ timeout: 15_000 });

/** Where a mouse or a finger goes to meet it. */
export async function middleOf(element: Locator): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = (await element.boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}

let browser: Promise<Browser> | undefined;

/** One browser a test file. It keeps pages that are left for a while, as browsers do; Playwright would switch that off. */
export function launchBrowser(): Promise<Browser> {
  browser ??= findBrowser().then((found) =>
    chromium.launch({ ...found, ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  );
  return browser;
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

const contexts = new WeakMap<TestContext, BrowserContext[]>();

/** Puts a test's devices away before its servers stop, which would wait for what browsers keep open. */
export async function putDevicesAway(t: TestContext): Promise<void> {
  await Promise.all((contexts.get(t) ?? []).map((context) => context.close()));
}

export interface PageOptions {
  lang?: string;
  /** Where the client's bridge asks; needed in WeChat. */
  wechatUrl?: string;
  /** Answers calls of the bridge before the stand-in would; `undefined` leaves them to it. */
  client?: (name: string, args: Record<string, unknown>) => object | undefined;
  /** Takes what the console calls an error, and exceptions. */
  onComplaint?: (text: string) => void;
}

/** An empty page on this device, which is put away with the test. */
export async function openDevice(t: TestContext, device: Device, options: PageOptions = {}): Promise<Page> {
  const { lang = 'zh-CN', wechatUrl, onComplaint = () => {} } = options;
  const description = DEVICES[device];
  const context = await (await launchBrowser()).newContext({ ...description.context, locale: lang });
  t.after(() => context.close());
  contexts.set(t, [...(contexts.get(t) ?? []), context]);
  context.on('console', (message) => message.type() === 'error' && onComplaint(message.text()));
  context.on('weberror', (error) => onComplaint(String(error.error())));
  if (wechatUrl) await putInWechat(context, wechatUrl, description, options.client);
  return context.newPage();
}

/** What WeChat's app does to every page that it shows. */
async function putInWechat(
  context: BrowserContext,
  wechatUrl: string,
  { bridge, environment }: Description,
  client: PageOptions['client'],
): Promise<void> {
  if (!bridge) return;
  await context.exposeFunction('__weixinInvoke', async (payload: { name: string; args: Record<string, unknown> }) => {
    const answer = client?.(payload.name, payload.args);
    if (answer) return answer;
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(payload);
    return (await fetch(`${wechatUrl}/client/invoke`, { method: 'POST', headers, body })).json();
  });
  const set = { __weixinClient: { platform: bridge, phone: 'test' }, __wxjs_environment: environment };
  await context.addInitScript(
    `if (location.origin !== 'null') { Object.assign(window, ${JSON.stringify(set)});\n${BRIDGE}\n}`,
  );
}
