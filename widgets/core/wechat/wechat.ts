import type { JsapiParams } from '../../../proxy/api.ts';
import { currentTraces, detectPlatform } from '../environment.ts';
import type { failure } from '../failure.ts';
import type { ProxyClient } from '../proxy-client.ts';
import type { SignInPage, SignInReturn } from '../sign-in.ts';
import { BRIDGE_ANSWER } from '../timing.ts';
import { type BridgeAnswer, bridgeReady, invokeBridge } from './bridge.ts';
import { createChallenge } from './challenge.ts';
import { Jssdk } from './jssdk.ts';
import { loadWeixinJsSdk } from './load-weixin-js-sdk.ts';
import { Session } from './session.ts';
import { WechatProxy } from './wechat-proxy.ts';

/** What the widgets hand to their part for WeChat, so that it need not bring the same things again. */
export interface WechatPage {
  /** The address that the page was entered by. */
  landingUrl: string;
  signInPage: SignInPage;
  /** What the sign-in brought back when the page was loaded. */
  returned: SignInReturn | undefined;
  failure: typeof failure;
  /** Loads the file of `weixin-js-sdk`, where it is one of its own. */
  loadJssdkFile?: () => Promise<unknown>;
}

/** What only a page inside WeChat needs, and only such a page loads. There is one for all copies of the bundle. */
export interface Wechat {
  /** Makes `wx` ready for these interfaces on the page as it now is. */
  configureJssdk(proxy: ProxyClient, apis: readonly string[]): Promise<void>;
  /** The payer's session at a proxy. */
  sessionOf(proxy: ProxyClient): Session;
  /**
   * What the pay sheet said; `undefined` where it has not said anything for a long time.
   *
   * @throws WidgetError `bridge_missing`
   */
  openPaySheet(params: JsapiParams): Promise<BridgeAnswer | undefined>;
}

export function createWechat(page: WechatPage): Wechat {
  const sessions = new Map<string, Session>();
  const bridge = () => bridgeReady(() => page.failure('bridge_missing'));
  const jssdk = new Jssdk({
    platform: detectPlatform(currentTraces()),
    landingUrl: page.landingUrl,
    currentUrl: () => location.href,
    bridge,
    load: () => loadWeixinJsSdk(page.loadJssdkFile),
  });
  return {
    openPaySheet: async (params) => invokeBridge(await bridge(), 'getBrandWCPayRequest', { ...params }, BRIDGE_ANSWER),
    configureJssdk: (proxy, apis) => jssdk.configure(new WechatProxy(proxy), apis),
    sessionOf(proxy) {
      const known = sessions.get(proxy.address);
      if (known) return known;
      const metaToken = () => document.querySelector<HTMLMetaElement>('meta[name="weixin-session"]')?.content.trim();
      const session = new Session(
        {
          proxy: new WechatProxy(proxy),
          page: page.signInPage,
          metaToken,
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

/** A page that comes back from the back-forward cache has waited long enough. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    addEventListener('pageshow', (event) => event.persisted && resolve());
  });
}
