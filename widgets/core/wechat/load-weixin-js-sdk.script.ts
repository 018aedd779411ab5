import { jssdkError } from './jssdk-errors.ts';
import type { WeixinJsSdk } from './weixin-js-sdk.ts';

/** @throws WidgetError `jssdk_unavailable` */
export async function loadWeixinJsSdk(loadFile?: () => Promise<unknown>): Promise<WeixinJsSdk> {
  const page = window as { jWeixin?: WeixinJsSdk };
  try {
    // A page may have loaded WeChat's own script.
    if (!page.jWeixin) await loadFile?.();
  } catch (reason) {
    throw jssdkError('jssdk_unavailable', String(reason));
  }
  if (!page.jWeixin) throw jssdkError('jssdk_unavailable');
  return page.jWeixin;
}
