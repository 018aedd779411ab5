import { type ErrorText, WidgetError } from '../widget-error.ts';

/** For whoever builds the page: payers never see these. */
const TEXTS = {
  jssdk_unavailable: [
    'JS-SDK 加载失败。',
    'The JS-SDK could not be loaded.',
    '请检查网络，以及 Content-Security-Policy 是否允许来自付款服务的脚本。',
    'Check the network, and that the Content-Security-Policy allows scripts from the proxy.',
  ],
  jssdk_timeout: [
    '微信没有回应 JS-SDK 的调用。',
    'WeChat did not answer the JS-SDK.',
    '请重新打开页面后再试。',
    'Reopen the page and try again.',
  ],
  jssdk_invalid_signature: [
    'JS-SDK 签名无效。',
    'The JS-SDK signature is invalid.',
    '请确认签名用的网址与当前页面一致，且 AppID 与 AppSecret 属于同一公众号。',
    'The signed url must be the page’s own; AppID and AppSecret must be of one account.',
  ],
  jssdk_invalid_url_domain: [
    '当前域名未绑定到公众号。',
    'This domain is not bound to the official account.',
    '请在公众平台“公众号设置 → 功能设置 → JS接口安全域名”中添加本页域名。',
    'Add it under “JS接口安全域名” in the account’s function settings at mp.weixin.qq.com.',
  ],
  jssdk_permission_denied: [
    '公众号没有此接口的权限。',
    'The official account may not use this interface.',
    '请确认公众号已认证，且接口已列入 jsApiList。',
    'The account must be verified and the interface be in jsApiList.',
  ],
  jssdk_offline_verifying: [
    '微信未能验证接口权限。',
    'WeChat could not verify the permission.',
    '请确认已用正确的签名完成 wx.config，再重新打开页面。',
    'Make sure that wx.config succeeded with a right signature, then reopen the page.',
  ],
  jssdk_function_not_exist: [
    '当前微信版本不支持此接口。',
    'This version of WeChat lacks the interface.',
    '请升级微信。',
    'Update WeChat.',
  ],
  jssdk_require_subscribe: [
    '需先关注公众号。',
    'The user must follow the official account.',
    '请关注后再试；测试号只对关注者开放。',
    'Follow it and try again; sandbox accounts serve followers only.',
  ],
  jssdk_cancelled: ['操作已取消。', 'Cancelled.', '可以再试一次。', 'You can try again.'],
  jssdk_failed: [
    'JS-SDK 调用失败。',
    'The JS-SDK call failed.',
    '请检查公众号的 AppID、域名与接口权限。',
    'Check the account’s AppID, domains and permissions.',
  ],
} as const satisfies Record<string, ErrorText>;

export type JssdkErrorCode = keyof typeof TEXTS;

/**
 * WeChat's answers that mean something to whoever builds the page, as
 * https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html lists them in appendix 5.
 */
const MEANINGS: [RegExp, JssdkErrorCode][] = [
  [/invalid signature/, 'jssdk_invalid_signature'],
  [/invalid url domain/, 'jssdk_invalid_url_domain'],
  [/offline verifying/, 'jssdk_offline_verifying'],
  [/permission denied|access.denied|no.permission/, 'jssdk_permission_denied'],
  [/function.not.exist/, 'jssdk_function_not_exist'],
  [/require.subscribe/, 'jssdk_require_subscribe'],
  [/:cancel/, 'jssdk_cancelled'],
];

export function jssdkError(code: JssdkErrorCode, detail = ''): WidgetError {
  return new WidgetError(code, TEXTS[code], { detail });
}

/** The error that an `errMsg` of the JS-SDK, or an `err_msg` of the bridge, stands for. */
export function explainAnswer(message: string): WidgetError {
  const meaning = MEANINGS.find(([pattern]) => pattern.test(message.toLowerCase()));
  return jssdkError(meaning?.[1] ?? 'jssdk_failed', message);
}
