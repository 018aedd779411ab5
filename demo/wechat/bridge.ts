import { verify } from 'node:crypto';
import type { Account } from './account.ts';
import type { BridgeImages } from './bridge-images.ts';
import type { BridgeShares } from './bridge-shares.ts';
import type { Cashier } from './cashier.ts';
import type { Clock } from './clock.ts';
import type { Knobs } from './control.ts';
import { isJsSafe } from './js-safe.ts';
import { jssdkSignature, jssdkStringToSign, withoutHash } from './jssdk-signature.ts';
import { isLoopback } from './loopback.ts';
import type { Pages } from './pages.ts';
import type { PayOrder, PayOrders } from './pay-orders.ts';
import type { Phones } from './phones.ts';
import type { Tokens } from './tokens.ts';
import { isSignType, v2Sign, v2StringToSign } from './v2-signature.ts';

/** Seconds that the timestamp of `wx.config` may be away from now: as long as a ticket lives. */
const CONFIG_TOLERANCE = 7200;
/** What only a page may call that has listed it in a verified `wx.config`, here and below. */
const IMAGE_FUNCTIONS = ['chooseImage', 'getLocalImgData', 'uploadImage', 'downloadImage', 'imagePreview'] as const;
const SHARE_FUNCTIONS = ['updateAppMessageShareData', 'updateTimelineShareData'] as const;
const FUNCTIONS = [
  ...['preVerifyJSAPI', 'getBrandWCPayRequest', 'checkJsApi', 'getNetworkType'],
  ...IMAGE_FUNCTIONS,
  ...SHARE_FUNCTIONS,
];

/** What a page hands to `WeixinJSBridge.invoke`, and what the client knows of the page. */
export interface Invocation {
  phone: string;
  /** Which of its pages asks: another one each time that one is loaded. */
  page: string;
  platform: 'ios' | 'android';
  name: string;
  args: Record<string, unknown>;
  /** Where the page is. */
  url: string;
  /** Where it was first loaded: iOS goes on thinking that it is there. */
  landingUrl: string;
  /** Fires when the page goes away. */
  gone: AbortSignal;
}

/** What the callback of `WeixinJSBridge.invoke` gets, and what a developer would like to know. */
export interface BridgeAnswer {
  answer: { err_msg: string; [field: string]: unknown };
  message?: string;
  stringToSign?: string;
}

interface World {
  account: Account;
  clock: Clock;
  tokens: Tokens;
  orders: PayOrders;
  phones: Phones;
  knobs: () => Knobs;
  cashier: Cashier;
  images: BridgeImages;
  pages: Pages;
  shares: BridgeShares;
}

/** The client's side of `WeixinJSBridge`: every function that a page may call. */
export class Bridge {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async invoke(invocation: Invocation): Promise<BridgeAnswer> {
    const { name, args, platform, page } = invocation;
    const { images, pages, shares } = this.#world;
    if (isOneOf(IMAGE_FUNCTIONS, name)) return pages.mayCall(page, name) ? images[name](invocation) : denied(name);
    if (isOneOf(SHARE_FUNCTIONS, name)) return pages.mayCall(page, name) ? shares[name](invocation) : denied(name);
    switch (name) {
      case 'preVerifyJSAPI':
        return this.#preVerify(invocation);
      case 'getBrandWCPayRequest':
        return this.#pay(invocation);
      case 'checkJsApi':
        return { answer: { err_msg: 'checkJsApi:ok', checkResult: checkResult(args, platform) } };
      case 'getNetworkType':
        return { answer: { err_msg: 'network_type:wifi' } };
      default:
        return { answer: { err_msg: `${name}:fail function not exist` }, message: 'function not exist' };
    }
  }

  #preVerify(invocation: Invocation): BridgeAnswer {
    const { account, clock, knobs, tokens } = this.#world;
    const { args, platform, url, landingUrl } = invocation;
    const signedUrl = withoutHash(platform === 'ios' ? landingUrl : url);
    const failed = (reason: string, more: Partial<BridgeAnswer> = {}, fields = {}): BridgeAnswer => ({
      answer: { err_msg: `preVerifyJSAPI:fail_${reason}`, ...fields },
      message: reason,
      ...more,
    });
    if (args.verifyAppId !== account.appId || args.appId !== account.appId) return failed('invalid appid');
    if (!isJsSafe(signedUrl, knobs().jsSafeDomains)) return failed('invalid url domain');
    const { verifyTimestamp: timestamp, verifyNonceStr: nonceStr, verifySignature: signature } = args;
    if (typeof timestamp !== 'string' || !/^\d{10}$/.test(timestamp)) return failed('invalid timestamp');
    if (Math.abs(Number(timestamp) - clock.seconds()) > CONFIG_TOLERANCE) return failed('invalid timestamp');
    if (typeof nonceStr !== 'string' || !nonceStr) return failed('invalid noncestr');
    if (typeof signature !== 'string' || args.verifySignType !== 'sha1') return failed('invalid signature');

    const candidates = tokens.liveTickets().map((ticket) => ({ ticket, nonceStr, timestamp, url: signedUrl }));
    const stringToSign = candidates[0] && jssdkStringToSign({ ...candidates[0], ticket: '<jsapi_ticket>' });
    if (candidates.length === 0)
      return failed('invalid signature', { message: 'invalid signature: no ticket is alive' });
    if (candidates.some((candidate) => jssdkSignature(candidate) === signature)) {
      const { verifyJsApiList: functions, verifyOpenTagList: openTags = [] } = args;
      if (!isListOfTexts(openTags)) return failed('invalid openTagList', { stringToSign });
      this.#world.pages.change(invocation, { functions: isListOfTexts(functions) ? functions : [], openTags });
      return { answer: { err_msg: 'preVerifyJSAPI:ok' }, stringToSign };
    }
    const expected = jssdkSignature(candidates[0]!);
    const message = `invalid signature: received ${signature}, expected ${expected}`;
    return failed('invalid signature', { message, stringToSign }, { realAuthUrl: [signedUrl] });
  }

  async #pay(invocation: Invocation): Promise<BridgeAnswer> {
    const { account, knobs, orders, phones } = this.#world;
    const failed = (reason: string, stringToSign?: string): BridgeAnswer => ({
      answer: { err_msg: 'get_brand_wcpay_request:fail', err_desc: reason },
      message: reason,
      stringToSign,
    });
    const params = payParams(invocation.args);
    if (typeof params === 'string') return failed(params);
    const pageUrl = withoutHash(invocation.platform === 'ios' ? invocation.landingUrl : invocation.url);
    if (!mayPayFrom(pageUrl, knobs().payDirectories)) return failed(`当前页面的URL未注册：${pageUrl}`);
    if (params.appId !== account.appId) return failed('appid不正确');
    const stringToSign = payStringToSign(params);
    if (!isSigned(params, account)) return failed('支付验证签名失败', stringToSign);
    const order = orders.byPrepayId(/^prepay_id=(\S+)$/.exec(params.package)?.[1] ?? '');
    if (!order) return failed('该订单已过期，请重新下单', stringToSign);
    // The page's signature is made as the order's was: RSA in version 3, else the order's own sign type.
    if (params.signType !== (order.signType ?? 'RSA')) return failed('支付验证签名失败', stringToSign);
    const reason = orders.whyNotPayable(order, phones.user(invocation.phone).openid);
    if (reason) return failed(reason, stringToSign);
    return { ...(await this.#askPayer(order, invocation)), stringToSign };
  }

  async #askPayer(order: PayOrder, { phone, gone }: Invocation): Promise<BridgeAnswer> {
    const { cashier, knobs, phones } = this.#world;
    const answered = (outcome: 'ok' | 'cancel' | 'fail', reason?: string): BridgeAnswer => ({
      answer: { err_msg: `get_brand_wcpay_request:${outcome}`, ...(reason ? { err_desc: reason } : {}) },
      message: reason ?? (outcome === 'ok' ? undefined : outcome),
    });
    const action = await cashier.ask(order, phone, gone);
    const { bridgeAnswer } = knobs();
    if (bridgeAnswer === 'ok') return answered('ok');
    if (bridgeAnswer === 'fail') return answered('fail', '系统繁忙，请稍后再试');
    if (action === 'cancel') return answered('cancel');
    const reason = cashier.take(order, phones.user(phone).openid, { phone });
    if (reason) return answered('fail', reason);
    return answered(bridgeAnswer === 'cancel' ? 'cancel' : 'ok');
  }
}

function isOneOf<Name extends string>(names: readonly Name[], name: string): name is Name {
  return (names as readonly string[]).includes(name);
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** In the clients' words, of which the JS-SDK makes `permission denied`. */
function denied(name: string): BridgeAnswer {
  return { answer: { err_msg: 'system:access_denied' }, message: `permission denied: ${name}` };
}

const PAY_PARAMS = ['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign'] as const;
type PayParams = Record<(typeof PAY_PARAMS)[number], string>;

/** The fields of `getBrandWCPayRequest`, all of them strings, without others; or what is wrong with them. */
function payParams(args: Record<string, unknown>): PayParams | string {
  for (const name of PAY_PARAMS) {
    if (typeof args[name] !== 'string' || !args[name]) return `调用支付JSAPI缺少参数：${name}`;
  }
  const params = Object.fromEntries(PAY_PARAMS.map((name) => [name, args[name]])) as PayParams;
  if (!/^\d{10}$/.test(params.timeStamp)) return '支付参数timeStamp格式错误';
  if (params.nonceStr.length > 32) return '支付参数nonceStr格式错误';
  return params;
}

function payStringToSign({ paySign: _paySign, ...signed }: PayParams): string {
  if (signed.signType !== 'RSA') return v2StringToSign(signed);
  return `${signed.appId}\n${signed.timeStamp}\n${signed.nonceStr}\n${signed.package}\n`;
}

function isSigned(params: PayParams, account: Account): boolean {
  const { paySign, ...signed } = params;
  if (isSignType(params.signType)) return v2Sign(signed, account.apiV2Key, params.signType) === paySign;
  if (params.signType !== 'RSA') return false;
  const message = Buffer.from(payStringToSign(params));
  return verify('sha256', message, account.merchantKey.publicKey, Buffer.from(paySign, 'base64'));
}

/** Case matters, and a directory covers all that is below it. */
function mayPayFrom(url: string, directories: string[] | null): boolean {
  if (!URL.canParse(url)) return false;
  return directories ? directories.some((directory) => url.startsWith(directory)) : isLoopback(new URL(url).hostname);
}

/** Android clients hand the result over as text. */
function checkResult(args: Record<string, unknown>, platform: Invocation['platform']): unknown {
  const asked = Array.isArray(args.jsApiList) ? args.jsApiList.map(String) : [];
  const result = Object.fromEntries(asked.map((name) => [name, FUNCTIONS.includes(name)]));
  return platform === 'android' ? JSON.stringify(result) : result;
}
