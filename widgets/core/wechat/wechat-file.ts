/** The file of its own that the builds for script tags load inside WeChat. */
import { shared } from '../shared.ts';
import type { WechatScript } from './load-wechat.script.ts';
import { createWechat } from './wechat.ts';

shared<WechatScript>('wechat-script@1', () => ({})).createWechat = createWechat;
