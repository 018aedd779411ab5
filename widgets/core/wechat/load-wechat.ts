import { shared } from '../shared.ts';
import type { Wechat, WechatPage } from './wechat.ts';

/** The builds for script tags put `load-wechat.script.ts` in its place. */
export async function loadWechat(page: WechatPage): Promise<Wechat> {
  const { createWechat } = await import('./wechat.ts');
  return shared('wechat@3', () => createWechat(page));
}
