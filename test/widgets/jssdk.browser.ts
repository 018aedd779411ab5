import { expect } from '@open-wc/testing';
import sdk from 'weixin-js-sdk';
import type { BridgeAnswer } from '../../widgets/core/wechat/bridge.ts';
import { Jssdk, type JssdkWorld } from '../../widgets/core/wechat/jssdk.ts';
import { openTags } from '../../widgets/core/wechat/open-tags.ts';
import { pageWx } from '../../widgets/core/wechat/page-wx.ts';
import type { WeixinJsSdk } from '../../widgets/core/wechat/weixin-js-sdk.ts';
import type { WidgetError } from '../../widgets/core/widget-error.ts';

interface Invoked {
  name: string;
  args: Record<string, unknown>;
}

/** All that the elements use, by the bridge's names. */
const ALL_ON_THE_BRIDGE = [
  'checkJsApi',
  'getBrandWCPayRequest',
  'chooseImage',
  'getLocalImgData',
  'imagePreview',
  'uploadImage',
  'updateAppMessageShareData',
  'updateTimelineShareData',
];

describe('the JS-SDK adapter, around the real weixin-js-sdk', () => {
  const landingUrl = 'https://shop.test/entry?a=1#top';
  let currentUrl: string;
  let invoked: Invoked[];
  let answers: Record<string, (args: Record<string, unknown>, turn: number) => BridgeAnswer | undefined>;
  let signed: string[];
  let openTagsNamed: string[];

  const signer = {
    jssdkConfig: async (url: string) => {
      signed.push(url);
      return { appId: 'wx0', timestamp: 1770000000, nonceStr: 'nonce', signature: `signature of ${url}` };
    },
  };

  const bridge = {
    invoke(name: string, args: Record<string, unknown>, callback: (answer: BridgeAnswer) => void) {
      const turn = invoked.filter((each) => each.name === name).length;
      invoked.push({ name, args });
      const answer = answers[name]?.(args, turn);
      if (answer) setTimeout(() => callback(answer));
    },
    on() {},
  };

  beforeEach(() => {
    currentUrl = 'https://shop.test/checkout#pay';
    invoked = [];
    signed = [];
    openTagsNamed = [];
    answers = { preVerifyJSAPI: () => ({ err_msg: 'config:ok' }) };
    Object.assign(window, { WeixinJSBridge: bridge });
  });

  afterEach(() => {
    Reflect.deleteProperty(window, 'WeixinJSBridge');
  });

  function adapter(changes: Partial<JssdkWorld> = {}): Jssdk {
    return new Jssdk({
      platform: 'android',
      landingUrl,
      currentUrl: () => currentUrl,
      bridge: async () => bridge,
      load: async () => pageWx(sdk as unknown as WeixinJsSdk),
      openTags: () => openTagsNamed,
      ...changes,
    });
  }

  async function failureOf(promise: Promise<unknown>): Promise<WidgetError> {
    try {
      await promise;
    } catch (error) {
      return error as WidgetError;
    }
    throw new Error('it did not fail');
  }

  it('gives the page its wx', async () => {
    await adapter().configure(signer);
    expect((window as { wx?: unknown }).wx).to.equal(sdk);
  });

  it('signs the current address on Android and the landing address on iOS, without the hash', async () => {
    await adapter().configure(signer);
    await adapter({ platform: 'ios' }).configure(signer);
    expect(signed).to.deep.equal(['https://shop.test/checkout', 'https://shop.test/entry?a=1']);
  });

  it('verifies under the names that the bridge knows', async () => {
    await adapter().configure(signer);
    expect(invoked[0]!.args).to.deep.include({
      appId: 'wx0',
      verifyAppId: 'wx0',
      verifySignType: 'sha1',
      verifyTimestamp: '1770000000',
      verifyNonceStr: 'nonce',
      verifySignature: 'signature of https://shop.test/checkout',
      verifyJsApiList: ALL_ON_THE_BRIDGE,
    });
  });

  it('configures once an address, for all elements', async () => {
    const jssdk = adapter();
    await Promise.all([jssdk.configure(signer), jssdk.configure(signer)]);
    await jssdk.configure(signer);
    expect(invoked).to.have.length(1);
    expect(invoked[0]!.args.verifyJsApiList).to.deep.equal(ALL_ON_THE_BRIDGE);
    currentUrl = 'https://shop.test/other';
    await jssdk.configure(signer);
    expect(signed).to.deep.equal(['https://shop.test/checkout', 'https://shop.test/other']);
    currentUrl = 'https://shop.test/checkout';
    await jssdk.configure(signer);
    expect(invoked).to.have.length(2);
  });

  it('does not configure again after a route change on iOS, which signs the landing address', async () => {
    const jssdk = adapter({ platform: 'ios' });
    await jssdk.configure(signer);
    currentUrl = 'https://shop.test/other';
    await jssdk.configure(signer);
    expect(invoked).to.have.length(1);
  });

  const INVALID = { err_msg: 'config:fail, Error: 系统错误,错误码:63002,invalid signature [20260301 08:00:00][]' };

  it('heals an invalid signature once with the other address, and remembers which one was right', async () => {
    answers.preVerifyJSAPI = (args) =>
      String(args.verifySignature).includes('entry') ? INVALID : { err_msg: 'config:ok' };
    const jssdk = adapter({ platform: 'ios' });
    await jssdk.configure(signer);
    expect(signed).to.deep.equal(['https://shop.test/entry?a=1', 'https://shop.test/checkout']);
    currentUrl = 'https://shop.test/next';
    await jssdk.configure(signer);
    expect(signed[2]).to.equal('https://shop.test/next');
  });

  it('prefers the address that the client names', async () => {
    const realAuthUrl = ['https://shop.test/real?x=1#y'];
    answers.preVerifyJSAPI = (_args, turn) => (turn === 0 ? { ...INVALID, realAuthUrl } : { err_msg: 'config:ok' });
    await adapter().configure(signer);
    expect(signed[1]).to.equal('https://shop.test/real?x=1');
  });

  it('gives up after the second try, and tries again when asked again', async () => {
    answers.preVerifyJSAPI = () => INVALID;
    const jssdk = adapter();
    const error = await failureOf(jssdk.configure(signer));
    expect(error.code).to.equal('jssdk_invalid_signature');
    expect(error.cause['zh-CN']).to.include('63002');
    expect(invoked).to.have.length(2);
    answers.preVerifyJSAPI = () => ({ err_msg: 'config:ok' });
    await jssdk.configure(signer);
  });

  for (const [message, code] of [
    ['config:invalid url domain', 'jssdk_invalid_url_domain'],
    ['config:fail:the permission value is offline verifying', 'jssdk_offline_verifying'],
    ['config:permission denied', 'jssdk_permission_denied'],
    ['config:require subscribe', 'jssdk_require_subscribe'],
    ['config:fail', 'jssdk_failed'],
  ] as const) {
    it(`explains ${message}`, async () => {
      answers.preVerifyJSAPI = () => ({ err_msg: message });
      const error = await failureOf(adapter().configure(signer));
      expect(error.code).to.equal(code);
      expect(error.cause['zh-CN']).to.match(/\p{Script=Han}/u);
      expect(error.remedy['zh-CN']).to.match(/\p{Script=Han}/u);
      expect(error.message).to.include(message);
    });
  }

  it('reports a refusal in WeChat 10 too, where wx.error never fires', async () => {
    answers.preVerifyJSAPI = () => ({ err_msg: 'config:fail' });
    Object.defineProperty(navigator, 'userAgent', { value: 'MicroMessenger/10.0.0', configurable: true });
    const error = await failureOf(adapter().configure(signer));
    Reflect.deleteProperty(navigator, 'userAgent');
    expect(error.code).to.equal('jssdk_failed');
  });

  it('calls an interface, and leaves what it is given as it is', async () => {
    answers.previewImage = () => undefined;
    answers.imagePreview = () => ({ err_msg: 'imagePreview:ok' });
    const urls = Object.freeze(['https://shop.test/a.png']);
    const parameters = Object.freeze({ current: urls[0], urls });
    const jssdk = adapter();
    await jssdk.configure(signer);
    const result = await jssdk.call('previewImage', parameters);
    expect(result.errMsg).to.equal('previewImage:ok');
    expect(parameters).to.have.keys('current', 'urls');
  });

  it('fetches two pictures asked for at once, one after the other', async () => {
    answers.getLocalImgData = (args) => ({ err_msg: 'getLocalImgData:ok', localData: `data of ${args.localId}` });
    const jssdk = adapter();
    const results = await Promise.all(['a', 'b'].map((localId) => jssdk.call('getLocalImgData', { localId })));
    expect(results.map(({ localData }) => localData)).to.deep.equal(['data of a', 'data of b']);
  });

  it('says that the user cancelled, that there is no such interface, and that nothing came', async () => {
    answers.scanQRCode = () => ({ err_msg: 'scanQRCode:cancel' });
    const jssdk = adapter();
    expect((await failureOf(jssdk.call('scanQRCode'))).code).to.equal('jssdk_cancelled');
    expect((await failureOf(jssdk.call('noSuchThing'))).code).to.equal('jssdk_function_not_exist');
    expect((await failureOf(jssdk.call('hideOptionMenu', {}, 50))).code).to.equal('jssdk_timeout');
  });

  it('names the open tags of the page with everything else, and none where there are none', async () => {
    const jssdk = adapter();
    await jssdk.configure(signer);
    expect(invoked[0]!.args).not.to.have.property('verifyOpenTagList');
    openTagsNamed = ['wx-open-subscribe'];
    const configured: Record<string, unknown>[] = [];
    const config = (options: Record<string, unknown>) => void configured.push(options);
    const load = async () => ({ ...(sdk as unknown as WeixinJsSdk), config });
    await adapter({ load }).configure(signer);
    expect(invoked[1]!.args).to.deep.include({
      verifyJsApiList: ALL_ON_THE_BRIDGE,
      verifyOpenTagList: ['wx-open-subscribe'],
    });
    expect(configured[0]).to.deep.include({ openTagList: ['wx-open-subscribe'] });
    expect(configured[0]!.jsApiList).to.include('chooseWXPay');
    await jssdk.configure(signer);
    expect(invoked).to.have.length(3);
  });

  it('reads the open tags that the page names, and says once which names are none', () => {
    const { warn } = console;
    const said: unknown[] = [];
    console.warn = (text: unknown) => said.push(text);
    const meta = document.createElement('meta');
    Object.assign(meta, {
      name: 'weixin-open-tags',
      content: ' wx-open-launch-weapp, wx-open-new-thing\nwx-open-launch-weapp wx_open ',
    });
    expect(openTags()).to.deep.equal([]);
    document.head.append(meta);
    const read = [openTags(), openTags()];
    meta.remove();
    console.warn = warn;
    for (const names of read) expect(names).to.deep.equal(['wx-open-launch-weapp', 'wx-open-new-thing']);
    expect(said).to.have.length(1);
    expect(said[0]).to.include('wx_open');
  });

  it('sends no report of the verification to open.weixin.qq.com', async () => {
    await adapter().configure(signer);
    expect(invoked.map(({ name }) => name)).to.deep.equal(['preVerifyJSAPI']);
  });
});
