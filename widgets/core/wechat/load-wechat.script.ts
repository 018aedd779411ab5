import { loadBeside, loadPart } from '../load-part.ts';
import { shared } from '../shared.ts';
import type { createWechat, Wechat, WechatPage } from './wechat.ts';

/** The names of the built files, with their hashes; set by the build. */
declare const WECHAT_FILE: string;
declare const JSSDK_FILE: string;

export interface WechatFile {
  createWechat: typeof createWechat;
}

export async function loadWechat(page: WechatPage): Promise<Wechat> {
  const { createWechat } = await loadPart<WechatFile>('wechat', WECHAT_FILE);
  const loadJssdkFile = () => loadBeside(JSSDK_FILE);
  return shared('wechat@3', () => createWechat({ ...page, loadJssdkFile }));
}
