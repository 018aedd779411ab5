import type { ErrorText } from '../core/widget-error.ts';

/** What can be wrong with a card, by stable codes; what WeChat or the proxy refuses has its own words. */
export const SHARE_ERROR_TEXTS = {
  // The card
  share_title_missing: [
    '分享卡片没有标题。',
    'The card has no title.',
    '请设置 share-title，或为页面设置 <title>。',
    'Set share-title, or give the page a <title>.',
  ],
  share_link_not_allowed: [
    '分享链接不是本站的网址，微信可能拒绝。',
    'The shared link is not an address of this site. WeChat may refuse it.',
    '请使用以 http 或 https 开头、域名已加入“JS接口安全域名”的网址。',
    'Use an http or https address whose domain is among the account’s “JS接口安全域名” at mp.weixin.qq.com.',
  ],
  share_icon_missing: [
    '分享卡片没有图标。',
    'The card has no icon.',
    '请将 share-icon 设为一张正方形图片的 https 网址。',
    'Set share-icon to the https address of a square picture.',
  ],
  share_icon_not_https: [
    '图标的网址不是 https，微信不会显示。',
    'The icon’s address is not https. WeChat does not show it.',
    '请改用以 https 开头的完整网址。',
    'Use a whole address that begins with https.',
  ],
  share_icon_data_url: [
    '微信不支持 data: 或 blob: 形式的图标。',
    'WeChat does not show icons from data: or blob: addresses.',
    '请将图片上传到服务器，再填写它的 https 网址。',
    'Put the picture on a server and name its https address.',
  ],
  share_icon_unloadable: [
    '图标加载失败。',
    'The icon could not be loaded.',
    '请确认网址能直接打开一张图片，且没有防盗链限制。',
    'Make sure that the address opens a picture by itself, from any site.',
  ],
  share_icon_not_square: [
    '图标不是正方形，显示时会被裁切。',
    'The icon is not square. It will be cropped.',
    '请换成正方形图片，建议 300×300 像素。',
    'Use a square picture, 300×300 pixels or more.',
  ],
  share_icon_too_small: [
    '图标太小，显示时会模糊。',
    'The icon is too small. It will look blurred.',
    '请换成边长至少 300 像素的图片。',
    'Use a picture of at least 300×300 pixels.',
  ],
  share_icon_too_large: [
    '图标文件太大，分享时可能来不及显示。',
    'The icon’s file is too large. It may not show in time.',
    '请压缩到 32 KB 以内。',
    'Compress it to 32 KB or less.',
  ],

  // Setting it
  bridge_missing: [
    '微信没有响应，未能设置分享卡片。',
    'WeChat did not respond. The card could not be set.',
    '请重新打开页面。',
    'Reopen the page.',
  ],
  proxy_unknown: [
    '不知道服务的地址，未能设置分享卡片。',
    'The proxy’s address is not known. The card could not be set.',
    '请检查 proxy 属性或 <meta name="weixin-proxy">。',
    'Check the attribute proxy, or <meta name="weixin-proxy">.',
  ],
} as const satisfies Record<string, ErrorText>;

export type ShareErrorCode = keyof typeof SHARE_ERROR_TEXTS;
