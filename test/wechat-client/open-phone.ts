import type { Browser, BrowserContextOptions, Page } from 'playwright';
import type { Wechat } from '../../demo/wechat/start.ts';

/** The phone page in a browser of its own, in English, on a laptop's screen. */
export async function openPhone(
  browser: Browser,
  wechat: Wechat,
  query = '',
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  await page.goto(`${wechat.url}/${query}`);
  return page;
}
