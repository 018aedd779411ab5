import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectHost, detectPlatform, isMobile, type Traces } from '../../widgets/core/environment.ts';
import { chooseChannel, type Place } from '../../widgets/pay-button/channel.ts';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148';
const ANDROID =
  'Mozilla/5.0 (Linux; Android 14; V2312A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.6723.103 Mobile Safari/537.36';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36';
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36';
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

const MOBILE: [name: string, traces: Traces, mobile: boolean][] = [
  ['an iPhone', { userAgent: `${IPHONE} Version/18.1 Safari/604.1` }, true],
  ['an Android phone', { userAgent: ANDROID }, true],
  ['an Android tablet', { userAgent: ANDROID.replace(' Mobile', '') }, true],
  ['an iPad that calls itself a Mac', { userAgent: MAC, touchPoints: 5 }, true],
  [
    'a HarmonyOS phone',
    {
      userAgent:
        'Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1',
    },
    true,
  ],
  [
    'a HarmonyOS computer',
    {
      userAgent:
        'Mozilla/5.0 (PC; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1',
    },
    false,
  ],
  ['Firefox on a phone', { userAgent: 'Mozilla/5.0 (Mobile; rv:130.0) Gecko/130.0 Firefox/130.0' }, true],
  [
    'an Android phone that asks for the desktop site',
    { userAgent: LINUX, touchPoints: 5, platform: 'Linux armv81', isCoarse: true },
    true,
  ],
  ['another such phone', { userAgent: LINUX, touchPoints: 10, platform: 'Linux aarch64', isCoarse: true }, true],
  ['a small computer with a mouse', { userAgent: LINUX, platform: 'Linux aarch64', touchPoints: 0 }, false],
  [
    'a small computer with a touch screen and a mouse',
    { userAgent: LINUX, platform: 'Linux aarch64', touchPoints: 10, isCoarse: false },
    false,
  ],
  ['a laptop that is touched', { userAgent: LINUX, platform: 'Linux x86_64', touchPoints: 10, isCoarse: true }, false],
  [
    'a Chromebook that is touched',
    {
      userAgent: LINUX.replace('Linux x86_64', 'CrOS aarch64 14541.0.0'),
      platform: 'Linux aarch64',
      touchPoints: 10,
      isCoarse: true,
    },
    false,
  ],
  ['a Mac', { userAgent: MAC, touchPoints: 0 }, false],
  ['Windows with a touch screen', { userAgent: WINDOWS, touchPoints: 10 }, false],
  ['WeChat on Windows', { userAgent: `${WINDOWS} MicroMessenger/7.0.20 WindowsWechat(0x63090c33)` }, false],
  ['WeChat on a Mac', { userAgent: `${MAC} MicroMessenger/6.8.0 MacWechat/3.8.10`, isWkWebView: true }, false],
  ['Enterprise WeChat on Windows', { userAgent: `${WINDOWS} wxwork/4.1.30 MicroMessenger/7.0.1` }, false],
];

describe('what pays by itself', () => {
  for (const [name, traces, mobile] of MOBILE) {
    it(`${mobile ? 'is' : 'is not'} ${name}`, () => assert.equal(isMobile(traces), mobile));
  }
});

describe('the channel', () => {
  const phone = { mobile: true, hasMiniProgramPath: false };
  const desktop = { mobile: false, hasMiniProgramPath: false };
  const CHANNELS: [wanted: 'auto' | 'jsapi' | 'native' | 'h5', place: Place, channel: string][] = [
    ['auto', { host: 'wechat', ...phone }, 'jsapi'],
    ['auto', { host: 'wechat', ...desktop }, 'jsapi'],
    ['auto', { host: 'browser', ...phone }, 'h5'],
    ['auto', { host: 'browser', ...desktop }, 'native'],
    ['auto', { host: 'enterprise-wechat', ...phone }, 'in_enterprise_wechat'],
    ['auto', { host: 'enterprise-wechat', ...desktop }, 'native'],
    ['auto', { host: 'mini-program', ...phone }, 'in_mini_program'],
    ['auto', { host: 'mini-program', ...phone, hasMiniProgramPath: true }, 'mini-program'],
    ['auto', { host: 'wechat', ...phone, hasMiniProgramPath: true }, 'jsapi'],
    ['jsapi', { host: 'wechat', ...desktop }, 'jsapi'],
    ['jsapi', { host: 'browser', ...phone }, 'not_in_wechat'],
    ['jsapi', { host: 'browser', ...desktop }, 'not_in_wechat'],
    ['jsapi', { host: 'mini-program', ...phone }, 'in_mini_program'],
    ['jsapi', { host: 'mini-program', ...phone, hasMiniProgramPath: true }, 'mini-program'],
    ['jsapi', { host: 'enterprise-wechat', ...desktop }, 'in_enterprise_wechat'],
    ['native', { host: 'browser', ...desktop }, 'native'],
    ['native', { host: 'wechat', ...desktop }, 'native'],
    ['native', { host: 'browser', ...phone }, 'native_on_phone'],
    ['native', { host: 'wechat', ...phone }, 'native_on_phone'],
    ['native', { host: 'enterprise-wechat', ...phone }, 'native_on_phone'],
    ['native', { host: 'mini-program', ...phone, hasMiniProgramPath: true }, 'native_on_phone'],
    ['h5', { host: 'browser', ...phone }, 'h5'],
    ['h5', { host: 'wechat', ...phone }, 'h5_in_wechat'],
    ['h5', { host: 'wechat', ...desktop }, 'h5_in_wechat'],
    ['h5', { host: 'enterprise-wechat', ...phone }, 'h5_in_wechat'],
    ['h5', { host: 'mini-program', ...phone, hasMiniProgramPath: true }, 'h5_in_wechat'],
  ];
  for (const [wanted, place, chosen] of CHANNELS) {
    const { host, mobile, hasMiniProgramPath } = place;
    const where = `${host} on a ${mobile ? 'phone' : 'desktop'}${hasMiniProgramPath ? ' with a mini program’s page' : ''}`;
    it(`${wanted} in ${where}: ${chosen}`, () => {
      const { channel, obstacle } = chooseChannel(wanted, place);
      assert.equal(channel ?? obstacle, chosen);
    });
  }
});
