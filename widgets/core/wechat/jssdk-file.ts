/** The file that holds `weixin-js-sdk`, of the builds for script tags: sets `window.jWeixin` and `window.wx`. */
import sdk from 'weixin-js-sdk';
import { pageWx } from './page-wx.ts';
import type { WeixinJsSdk } from './weixin-js-sdk.ts';

pageWx(sdk as unknown as WeixinJsSdk);
