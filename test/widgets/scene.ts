import type { PageOrder, Payment, Problem } from '../../proxy/api.ts';
import type { BridgeAnswer } from '../../widgets/core/wechat/bridge.ts';
import { anOrder } from './an-order.ts';
import type { RecordedCall, Script, ScriptedAnswer } from './scripted-proxy.ts';

export const WECHAT_ANDROID =
  'Mozilla/5.0 (Linux; Android 14; V2312A) AppleWebKit/537.36 Chrome/130.0.6723.103 Mobile Safari/537.36 XWEB/1300259 MicroMessenger/8.0.56.2800(0x28003855) WeChat/arm64';
export const WECHAT_IOS =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.54(0x18003632)';
export const ENTERPRISE_WECHAT = `${WECHAT_IOS} wxwork/4.1.30`;
export const MINI_PROGRAM = `${WECHAT_IOS} miniProgram/wx0000`;

export const PHONE =
  'Mozilla/5.0 (Linux; Android 14; V2312A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.6723.103 Mobile Safari/537.36';
export const IPAD =
  'Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
export const DESKTOP =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36';
export const CODE_URL = 'weixin://wxpay/bizpayurl?pr=NwY5Mz9&sub=1';

let scenes = 0;

/** One test's proxy, bridge and order. */
export class Scene {
  readonly orderId = `ord_${Date.now().toString(36)}${++scenes}`;
  readonly proxy: string;
  /** Calls of the bridge, oldest first. */
  readonly invoked: { name: string; args: Record<string, unknown>; answer: (answer: BridgeAnswer) => void }[] = [];
  /** What `preVerifyJSAPI` is answered; undefined: nothing. */
  preVerify: BridgeAnswer | ((args: Record<string, unknown>) => BridgeAnswer) | undefined = { err_msg: 'config:ok' };

  constructor() {
    const url = document.querySelector<HTMLMetaElement>('meta[name="scripted-proxy"]')!.content;
    this.proxy = `${url}/${this.orderId}`;
  }

  get orderRoute(): string {
    return `GET /v1/orders/${this.orderId}`;
  }

  get paymentRoute(): string {
    return `POST /v1/orders/${this.orderId}/payments`;
  }

  order(changes: Partial<PageOrder> = {}): PageOrder {
    const now = Date.now();
    return anOrder({
      id: this.orderId,
      createdAt: new Date(now - 60_000).toISOString(),
      expiresAt: new Date(now + 600_000).toISOString(),
      serverTime: new Date(now).toISOString(),
      ...changes,
    });
  }

  async script(script: Script): Promise<void> {
    const response = await fetch(`${this.proxy}/script`, { method: 'PUT', body: JSON.stringify(script) });
    if (!response.ok) throw new Error(await response.text());
  }

  /** The order as the proxy shows it from now on; other routes as they are usually answered. */
  async ready(changes: Partial<PageOrder> = {}, script: Script = {}): Promise<void> {
    const params = {
      appId: 'wx0000',
      timeStamp: '1770000000',
      nonceStr: 'nonce',
      package: 'prepay_id=wx1',
      signType: 'RSA',
      paySign: 'sign',
    };
    await this.script({
      [this.orderRoute]: [{ body: this.order(changes) }],
      [this.paymentRoute]: [{ body: { channel: 'jsapi', params } }],
      'GET /v1/jssdk/config': [{ body: { appId: 'wx0000', timestamp: 1770000000, nonceStr: 'n', signature: 'x' } }],
      ...script,
    });
  }

  setStatus(status: PageOrder['status']): Promise<void> {
    return this.script({ [this.orderRoute]: [{ body: this.order({ status }) }] });
  }

  /** A code that lives for so many milliseconds. */
  code(codeUrl = CODE_URL, lives = 300_000): ScriptedAnswer {
    const body: Payment = { channel: 'native', codeUrl, expiresAt: new Date(Date.now() + lives).toISOString() };
    return { body };
  }

  /** WeChat's page for H5 payments, which this proxy serves too. */
  h5(): ScriptedAnswer {
    const body: Payment = { channel: 'h5', url: `${this.proxy}/h5?prepay_id=wx1` };
    return { body };
  }

  problem(code: string, status: number): ScriptedAnswer {
    const body: Problem = {
      type: 'about:blank',
      title: code,
      status,
      detail: code,
      code,
      remedy: code,
      zh: { title: code, remedy: code },
      requestId: 'r',
    };
    return { status, body };
  }

  async calls(route: string): Promise<RecordedCall[]> {
    const response = await fetch(`${this.proxy}/calls`);
    return ((await response.json()) as RecordedCall[]).filter((call) => call.route === route);
  }

  /** Makes the page one inside WeChat, with a bridge that records and answers when it is told. */
  enterWechat(userAgent = WECHAT_ANDROID, { bridge = true } = {}): void {
    setUserAgent(userAgent);
    if (bridge) this.installBridge();
  }

  installBridge(): void {
    const invoke = (name: string, args: Record<string, unknown>, answer: (answer: BridgeAnswer) => void) => {
      this.invoked.push({ name, args, answer });
      if (name !== 'preVerifyJSAPI' || !this.preVerify) return;
      const verdict = typeof this.preVerify === 'function' ? this.preVerify(args) : this.preVerify;
      setTimeout(() => answer({ ...verdict }));
    };
    (window as { WeixinJSBridge?: unknown }).WeixinJSBridge = { invoke, on() {} };
    document.dispatchEvent(new Event('WeixinJSBridgeReady'));
  }

  /** Answers the pay sheet that is open. */
  answerPaySheet(message: string, more: BridgeAnswer = {}): void {
    const sheets = this.invoked.filter(({ name }) => name === 'getBrandWCPayRequest');
    sheets.at(-1)!.answer({ err_msg: `get_brand_wcpay_request:${message}`, ...more });
  }

  /** Puts a session of the site's own into the page. */
  signIn(token = 'site-session'): void {
    const meta = document.createElement('meta');
    meta.name = 'weixin-session';
    meta.content = token;
    document.head.append(meta);
  }

  leave(): void {
    setUserAgent(undefined);
    document.querySelector('meta[name="weixin-session"]')?.remove();
    delete (window as { WeixinJSBridge?: unknown }).WeixinJSBridge;
    delete (window as { __wxjs_environment?: string }).__wxjs_environment;
    sessionStorage.clear();
  }
}

export function setUserAgent(userAgent: string | undefined): void {
  delete (navigator as { userAgent?: string }).userAgent;
  if (userAgent) Object.defineProperty(navigator, 'userAgent', { value: userAgent, configurable: true });
}

/** The types of the events, in their order, that bubble up to the document. */
export function recordEvents<T extends Event>(...types: string[]): T[] {
  const events: T[] = [];
  for (const type of types) document.addEventListener(type, (event) => events.push(event as T));
  return events;
}
