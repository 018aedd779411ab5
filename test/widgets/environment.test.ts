import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectHost, detectPlatform, type Traces } from '../../widgets/core/environment.ts';
import { channelObstacle } from '../../widgets/pay-button/channel.ts';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148';
const ANDROID =
  'Mozilla/5.0 (Linux; Android 14; V2312A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.6723.103 Mobile Safari/537.36';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36';
const WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36';

const CASES: [name: string, traces: Traces, host: string, platform: string][] = [
  [
    'WeChat on iOS',
    { userAgent: `${IPHONE} MicroMessenger/8.0.54(0x18003632) NetType/WIFI Language/zh_CN`, isWkWebView: true },
    'wechat',
    'ios',
  ],
  [
    'WeChat on Android',
    { userAgent: `${ANDROID} XWEB/1300259 MMWEBSDK/20241202 MicroMessenger/8.0.56.2800(0x28003855) WeChat/arm64` },
    'wechat',
    'android',
  ],
  [
    'WeChat on an iPad that calls itself a Mac',
    { userAgent: `${MAC} MicroMessenger/8.0.54`, isWkWebView: true },
    'wechat',
    'ios',
  ],
  [
    'WeChat on Windows',
    { userAgent: `${WINDOWS} NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090c33)` },
    'wechat',
    'windows',
  ],
  [
    'WeChat on a Mac',
    { userAgent: `${MAC} MicroMessenger/6.8.0(0x16080000) MacWechat/3.8.10(0x13080a11) XWEB/1227`, isWkWebView: true },
    'wechat',
    'mac',
  ],
  [
    'a mini program by its flag',
    { userAgent: `${ANDROID} MicroMessenger/8.0.56`, wxjsEnvironment: 'miniprogram' },
    'mini-program',
    'android',
  ],
  [
    'a mini program by its user agent',
    { userAgent: `${IPHONE} MicroMessenger/8.0.54 miniProgram/wx1234` },
    'mini-program',
    'ios',
  ],
  [
    'Enterprise WeChat',
    { userAgent: `${IPHONE} wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh` },
    'enterprise-wechat',
    'ios',
  ],
  [
    'a mini program in Enterprise WeChat',
    { userAgent: `${IPHONE} wxwork/4.1.30 MicroMessenger/7.0.1 miniProgram/wx1`, wxjsEnvironment: 'miniprogram' },
    'enterprise-wechat',
    'ios',
  ],
  ['the simulator', { userAgent: `${IPHONE} wechatdevtools/1.06.2412050 MicroMessenger/8.0.5` }, 'wechat', 'ios'],
  ['Safari', { userAgent: `${IPHONE} Version/18.1 Safari/604.1` }, 'browser', 'ios'],
  ['Chrome on Android', { userAgent: ANDROID }, 'browser', 'android'],
  ['Chrome on a Mac', { userAgent: MAC }, 'browser', 'mac'],
];

describe('the environment', () => {
  for (const [name, traces, host, platform] of CASES) {
    it(`knows ${name}`, () => {
      assert.deepEqual([detectHost(traces), detectPlatform(traces)], [host, platform]);
    });
  }
});

describe('the channel', () => {
  it('is jsapi inside WeChat', () => {
    assert.equal(channelObstacle('auto', 'wechat'), undefined);
    assert.equal(channelObstacle('jsapi', 'wechat'), undefined);
  });

  it('says what is in the way everywhere else', () => {
    assert.equal(channelObstacle('auto', 'browser'), 'not_in_wechat');
    assert.equal(channelObstacle('jsapi', 'mini-program'), 'in_mini_program');
    assert.equal(channelObstacle('auto', 'enterprise-wechat'), 'in_enterprise_wechat');
    assert.equal(channelObstacle('h5', 'wechat'), 'channel_not_supported');
  });
});
