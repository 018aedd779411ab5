/** The shop of the demo, as its customers and its staff see it. */
import type { TestContext } from 'node:test';
import type { Locator, Page } from 'playwright';
import { type Demo, startDemo } from '../../demo/start.ts';
import { type Device, openDevice, putDevicesAway, within } from './devices.ts';

/** On any free ports. */
export function startShop(payApi: 'v3' | 'v2' = 'v3'): Promise<Demo> {
  return startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0, payApi });
}

/** Until the test ends. */
export async function startShopFor(t: TestContext, payApi?: 'v3' | 'v2'): Promise<Demo> {
  const demo = await startShop(payApi);
  t.after(async () => {
    await putDevicesAway(t);
    await demo.stop();
  });
  return demo;
}

export interface Visit {
  page: Page;
  card: Locator;
  button: Locator;
  code: Locator;
  /** What the console calls an error, and exceptions. */
  complaints: string[];
}

/** In English, unless another language is named. */
export async function visitShop(t: TestContext, demo: Demo, device: Device, path = '/', lang = 'en'): Promise<Visit> {
  const complaints: string[] = [];
  const page = await openDevice(t, device, { lang, onComplaint: (text) => complaints.push(text) });
  await page.goto(demo.shop.url + path);
  const button = page.locator('pay-button');
  return {
    page,
    card: page.locator('order-card'),
    button: button.getByRole('button').first(),
    code: button.getByRole('img', { name: 'WeChat Pay code' }),
    complaints,
  };
}

/** Buys one; the page to pay on is there then, with its order. Gives the order's id. */
export async function placeOrder({ page, card }: Visit, product: string): Promise<string> {
  await page.locator(`a[href="/order_info?product=${product}"]`).first().click();
  await page.getByRole('button', { name: 'Buy now' }).click();
  await within(card).toHaveAttribute('state', 'ready');
  return new URL(page.url()).searchParams.get('order')!;
}
