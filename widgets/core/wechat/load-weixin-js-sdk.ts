import { jssdkError } from './jssdk-errors.ts';
import { pageWx } from './page-wx.ts';
import type { WeixinJsSdk } from './weixin-js-sdk.ts';

/**
 * The builds for script tags put `load-weixin-js-sdk.script.ts` in its place.
 *
 * @throws WidgetError `jssdk_unavailable`
 */
export async function loadWeixinJsSdk(_loadFile?: () => Promise<unknown>): Promise<WeixinJsSdk> {
  try {
    const loaded: { default?: unknown } = await import('weixin-js-sdk');
    return pageWx(loaded.default as WeixinJsSdk);
  } catch (reason) {
    throw jssdkError('jssdk_unavailable', String(reason));
  }
}
