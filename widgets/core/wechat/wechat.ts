import type { JsapiParams } from '../../../proxy/api.ts';
import { currentTraces, detectHost, detectPlatform } from '../environment.ts';
import type { failure } from '../failure.ts';
import { metaSession } from '../meta-session.ts';
import type { ProxyClient } from '../proxy-client.ts';
import type { SignInPage, SignInReturn } from '../sign-in.ts';
import { BRIDGE_ANSWER, SCROLL_PATIENCE, SCROLL_PAUSE } from '../timing.ts';
import { type BridgeAnswer, bridgeReady, invokeBridge } from './bridge.ts';
import { createChallenge } from './challenge.ts';
import { Jssdk } from './jssdk.ts';
import { loadWeixinJsSdk } from './load-weixin-js-sdk.ts';
import { openTags } from './open-tags.ts';
import { Session } from './session.ts';
import { WechatProxy } from './wechat-proxy.ts';
import type { JssdkResult } from './weixin-js-sdk.ts';

/** What the widgets hand to their part for WeChat, so that it need not bring the same things again. */
export interface WechatPage {
  /** The address that the page was entered by. */
  landingUrl: string;
  signInPage: SignInPage;
  /** What the sign-in brought back when the page was loaded. */
  returned: SignInReturn | undefined;
  failure: typeof failure;
  /**
   * What a page that names open tags is configured through where no element asks; widgets of earlier versions have none.
   *
   * @throws WidgetError `proxy_unknown`
   */
  createProxy?: () => ProxyClient;
  /** Loads the file of `weixin-js-sdk`, where it is one of its own. */
  loadJssdkFile?: () => Promise<unknown>;
}

/** What only a page inside WeChat needs, and only such a page loads. There is one for all copies of the bundle. */
export interface Wechat {
  /** Makes `wx` ready for all elements on the page as it now is. */
  configureJssdk(proxy: ProxyClient): Promise<void>;
  /**
   * One call of a configured interface.
   *
   * @param limit milliseconds; calls that wait for the user, or for the network, need a long one.
   * @throws WidgetError `jssdk_cancelled`, `jssdk_timeout`, `jssdk_…`
   */
  callJssdk(name: string, parameters?: Record<string, unknown>, limit?: number): Promise<JssdkResult>;
  /** The payer's session at a proxy. */
  sessionOf(proxy: ProxyClient): Session;
  /**
   * What the pay sheet said; `undefined` where it has not said anything for a long time.
   *
   * @throws WidgetError `bridge_missing`
   */
  openPaySheet(params: JsapiParams): Promise<BridgeAnswer | undefined>;
  /**
   * Opens a page of the mini program that this web-view is in. Resolves as soon as the client says that it does, which
   * some never do.
   *
   * @throws WidgetError `bridge_missing`, `mini_program_refused`, `jssdk_unavailable`
   */
  openMiniProgramPage(path: string): Promise<void>;
}

export function createWechat(page: WechatPage): Wechat {
  if (page.returned) scrollBack(...page.returned.scroll);
  const sessions = new Map<string, Session>();
  const bridge = () => bridgeReady(() => page.failure('bridge_missing'));
  const jssdk = new Jssdk({
    platform: detectPlatform(currentTraces()),
    landingUrl: page.landingUrl,
    currentUrl: () => location.href,
    bridge,
    load: () => loadWeixinJsSdk(page.loadJssdkFile),
    openTags,
  });
  const { createProxy } = page;
  // They come alive once the JS-SDK is configured, be it for nothing else.
  if (createProxy && openTags().length && detectHost(currentTraces()) === 'wechat')
    jssdk.configure(new WechatProxy(createProxy())).catch(console.warn);
  return {
    openPaySheet: async (params) => invokeBridge(await bridge(), 'getBrandWCPayRequest', { ...params }, BRIDGE_ANSWER),
    async openMiniProgramPage(url) {
      await bridge();
      const { miniProgram } = await loadWeixinJsSdk(page.loadJssdkFile);
      await new Promise<void>((resolve, reject) => {
        const fail = ({ errMsg }: JssdkResult) => reject(page.failure('mini_program_refused', { detail: errMsg }));
        miniProgram.navigateTo({ url, success: () => resolve(), fail });
      });
    },
    configureJssdk: (proxy) => jssdk.configure(new WechatProxy(proxy)),
    callJssdk: (...call) => jssdk.call(...call),
    sessionOf(proxy) {
      const known = sessions.get(proxy.address);
      if (known) return known;
      const session = new Session(
        {
          proxy: new WechatProxy(proxy),
          page: page.signInPage,
          metaToken: metaSession,
          now: Date.now,
          createChallenge,
          wait,
          failure: page.failure,
        },
        page.returned,
      );
      sessions.set(proxy.address, session);
      return session;
    },
  };
}

/** To where the payer left for the sign-in. Pages that render by script grow for a while. */
function scrollBack(x: number, y: number): void {
  const timer = setInterval(() => {
    scrollTo(x, y);
    if (scrollY >= y) clearInterval(timer);
  }, SCROLL_PAUSE);
  setTimeout(clearInterval, SCROLL_PATIENCE, timer);
}

/** A page that comes back from the back-forward cache has waited long enough. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    addEventListener('pageshow', (event) => event.persisted && resolve());
  });
}
