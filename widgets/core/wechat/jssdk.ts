import type { JssdkConfig } from '../../../proxy/api.ts';
import type { Platform } from '../environment.ts';
import { JSSDK_CALL } from '../timing.ts';
import type { Bridge, BridgeAnswer } from './bridge.ts';
import { explainAnswer, jssdkError } from './jssdk-errors.ts';
import type { JssdkInterface, JssdkResult, WeixinJsSdk } from './weixin-js-sdk.ts';

/** What the adapter needs of the page. */
export interface JssdkWorld {
  platform: Platform;
  landingUrl: string;
  currentUrl(): string;
  /** WeChat's open tags that the page names. */
  openTags(): string[];
  bridge(): Promise<Bridge>;
  load(): Promise<WeixinJsSdk>;
}

/** Whoever signs: the proxy's client. */
interface Signer {
  jssdkConfig(url: string): Promise<JssdkConfig>;
}

/** What any of our elements may call, so that one configuration serves all that are, or will be, on the page. */
const APIS = [
  'checkJsApi',
  'chooseWXPay',
  'chooseImage',
  'getLocalImgData',
  'previewImage',
  'uploadImage',
  'updateAppMessageShareData',
  'updateTimelineShareData',
];
/** Interfaces that the bridge knows by another name than the JS-SDK. */
const BRIDGE_NAMES: Record<string, string> = { chooseWXPay: 'getBrandWCPayRequest', previewImage: 'imagePreview' };

/**
 * The one place that touches `weixin-js-sdk` and knows how it misbehaves. It verifies through the bridge itself and
 * only then configures the script with `check: false`, because the script
 *
 * - fires `wx.ready` also when the verification failed, and at once on every configuration but the first;
 * - compares versions as strings, so that `wx.error` never fires in WeChat 10;
 * - drops `realAuthUrl` of the answer, and answers nothing at all where there is no bridge;
 * - reports each verification, with the page's address, to open.weixin.qq.com.
 */
export class Jssdk {
  private readonly _world: JssdkWorld;
  /** The configurations under way or done, by what they are for: WeChat wants one for each address. */
  private readonly _configured = new Map<string, Promise<void>>();
  /** iOS signs the address that the page was entered by, everybody else the current one: until one proves wrong. */
  private _signs: 'landing' | 'current';
  private _lastPicture: Promise<unknown> = Promise.resolve();

  constructor(world: JssdkWorld) {
    this._world = world;
    this._signs = world.platform === 'ios' ? 'landing' : 'current';
  }

  /**
   * Makes `wx` ready on the page as it now is. Asked again, it does nothing unless the address to sign or the open tags
   * are new, or it failed before.
   *
   * @throws WidgetError of the proxy, `bridge_missing`, `jssdk_…`
   */
  configure(signer: Signer): Promise<void> {
    const key = [this._urlToSign(), ...this._world.openTags()].join(' ');
    const known = this._configured.get(key);
    if (known) return known;
    const done = this._verify(signer);
    this._configured.set(key, done);
    done.catch(() => this._configured.delete(key));
    return done;
  }

  /**
   * One call of a configured interface.
   *
   * @param limit milliseconds; calls that wait for the user need a long one.
   * @throws WidgetError `jssdk_cancelled`, `jssdk_timeout`, `jssdk_…`
   */
  async call(name: string, parameters: Record<string, unknown> = {}, limit = JSSDK_CALL): Promise<JssdkResult> {
    if (name !== 'getLocalImgData') return this._callNow(name, parameters, limit);
    // The script queues a second one in a way that throws and ends neither: one at a time, then.
    const turn = this._lastPicture.then(() => this._callNow(name, parameters, limit));
    this._lastPicture = turn.catch(() => undefined);
    return turn;
  }

  private async _callNow(name: string, parameters: Record<string, unknown>, limit: number): Promise<JssdkResult> {
    const wx = await this._world.load();
    const api = (wx as unknown as Record<string, JssdkInterface>)[name];
    if (!api) throw jssdkError('jssdk_function_not_exist', name);
    const result = await within<JssdkResult>(limit, name, (resolve) => {
      // A copy, lists included: the script changes what it is given.
      api({ ...copy(parameters), complete: resolve });
    });
    if (!/:ok$/.test(result.errMsg ?? '')) throw explainAnswer(result.errMsg ?? name);
    return result;
  }

  private async _verify(signer: Signer): Promise<void> {
    const [wx, bridge] = await Promise.all([this._world.load(), this._world.bridge()]);
    const url = this._urlToSign();
    const other = { landing: 'current', current: 'landing' } as const;
    let signed = await signer.jssdkConfig(url);
    let answer = await this._preVerify(bridge, signed);
    if (/invalid signature/.test(messageOf(answer))) {
      const candidate = realAuthUrl(answer) ?? this._urlToSign(other[this._signs]);
      if (candidate !== url) {
        signed = await signer.jssdkConfig(candidate);
        answer = await this._preVerify(bridge, signed);
        if (isOk(answer) && candidate === this._urlToSign(other[this._signs])) this._signs = other[this._signs];
      }
    }
    if (!isOk(answer)) throw explainAnswer(messageOf(answer));
    const openTagList = this._world.openTags();
    wx.config({ ...signed, check: false, jsApiList: [...APIS], ...(openTagList.length && { openTagList }) });
  }

  /** What `wx.config` would send. */
  private _preVerify(bridge: Bridge, signed: JssdkConfig): Promise<BridgeAnswer> {
    const verifyOpenTagList = this._world.openTags();
    const args = {
      appId: signed.appId,
      verifyAppId: signed.appId,
      verifySignType: 'sha1',
      verifyTimestamp: String(signed.timestamp),
      verifyNonceStr: signed.nonceStr,
      verifySignature: signed.signature,
      verifyJsApiList: APIS.map((api) => BRIDGE_NAMES[api] ?? api),
      ...(verifyOpenTagList.length && { verifyOpenTagList }),
    };
    return within(JSSDK_CALL, 'config', (resolve) => bridge.invoke('preVerifyJSAPI', args, resolve));
  }

  private _urlToSign(signs = this._signs): string {
    return withoutHash(signs === 'landing' ? this._world.landingUrl : this._world.currentUrl());
  }
}

/** The callback's value, or `jssdk_timeout`: outside WeChat, and in some clients, nothing ever comes. */
function within<T>(limit: number, name: string, begin: (resolve: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(jssdkError('jssdk_timeout', name)), limit);
    const settle = (value: T) => {
      clearTimeout(timer);
      resolve(value);
    };
    try {
      begin(settle);
    } catch (error) {
      clearTimeout(timer);
      reject(jssdkError('jssdk_failed', String(error)));
    }
  });
}

function copy(parameters: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  );
}

function messageOf(answer: BridgeAnswer): string {
  return String(answer.err_msg ?? answer.errMsg ?? '');
}

function isOk(answer: BridgeAnswer): boolean {
  const message = messageOf(answer);
  // Clients that do not know the verification do not ask for it.
  return /:ok$/.test(message) || /function.not.exist/.test(message);
}

/** Some clients name the address that they expected to be signed. */
function realAuthUrl({ realAuthUrl }: BridgeAnswer): string | undefined {
  const url: unknown = Array.isArray(realAuthUrl) ? realAuthUrl[0] : realAuthUrl;
  return typeof url === 'string' && /^https?:/.test(url) ? withoutHash(url) : undefined;
}

function withoutHash(url: string): string {
  return url.split('#')[0]!;
}
