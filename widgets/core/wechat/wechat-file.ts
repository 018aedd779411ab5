/** The file of its own that the builds for script tags load inside WeChat. */
import { bringPart } from '../part.ts';
import { createWechat } from './wechat.ts';

bringPart('wechat', { createWechat });
