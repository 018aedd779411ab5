import type { WeixinJsSdk } from './weixin-js-sdk.ts';

interface WxPage {
  wx?: unknown;
  jWeixin?: WeixinJsSdk;
}

/**
 * Gives the page its `wx`, which `weixin-js-sdk` uses inside but does not set. Where the page has loaded WeChat's own
 * script, that one stays and is used.
 */
export function pageWx(sdk: WeixinJsSdk): WeixinJsSdk {
  const page = window as WxPage;
  page.jWeixin ??= sdk;
  page.wx ??= page.jWeixin;
  return page.jWeixin;
}
