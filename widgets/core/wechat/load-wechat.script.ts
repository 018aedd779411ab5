import { scriptUrl } from '../script-url.ts';
import { shared } from '../shared.ts';
import { loadScript } from './load-script.ts';
import type { createWechat, Wechat, WechatPage } from './wechat.ts';

/** The names of the built files, with their hashes; set by the build. */
declare const WECHAT_FILE: string;
declare const JSSDK_FILE: string;

/** Where the file leaves what it brings. */
export interface WechatScript {
  loaded?: Promise<unknown> | undefined;
  createWechat?: typeof createWechat;
}

/**
 * Loads the file from beside the widgets' own. Where a new version has taken its place since the widgets were cached,
 * that one does as well.
 */
export async function loadWechat(page: WechatPage): Promise<Wechat> {
  const script = shared<WechatScript>('wechat-script@1', () => ({}));
  script.loaded ??= loadBeside(WECHAT_FILE).catch(() => loadBeside('wechat.js'));
  try {
    await script.loaded;
  } catch (error) {
    // It may pass: the next one who asks tries again.
    script.loaded = undefined;
    throw error;
  }
  const loadJssdkFile = () => loadBeside(JSSDK_FILE);
  return shared('wechat@1', () => script.createWechat!({ ...page, loadJssdkFile }));
}

/** The proxy serves `/widgets.js` from the folder that it serves at `/widgets/`. */
function loadBeside(file: string): Promise<unknown> {
  const folder = new URL('.', scriptUrl);
  return loadScript(new URL(folder.pathname.endsWith('/widgets/') ? file : `widgets/${file}`, folder).href);
}
