import { createHash, createSign, randomBytes } from 'node:crypto';
import type { Wechat } from '../../demo/wechat/start.ts';

/** What `wx.config` needs of the merchant's server. */
export interface JssdkConfig {
  appId: string;
  timestamp: number;
  nonceStr: string;
  signature: string;
}

/** What `getBrandWCPayRequest` needs of the merchant's server. */
export type JsapiParams = Record<'appId' | 'timeStamp' | 'nonceStr' | 'package' | 'signType' | 'paySign', string>;

/** A merchant's server, reduced to what a page in WeChat asks it for: signatures made with WeChat's own HTTP interface. */
export class Merchant {
  readonly #wechat: Wechat;
  #ticket: Promise<string> | undefined;

  constructor(wechat: Wechat) {
    this.#wechat = wechat;
  }

  /** Signs `url` for the JS-SDK. */
  async jssdkConfig(url: string): Promise<JssdkConfig> {
    this.#ticket ??= this.#fetchTicket();
    const timestamp = this.#seconds();
    const nonceStr = randomBytes(8).toString('hex');
    const text = `jsapi_ticket=${await this.#ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url.split('#')[0]}`;
    return { appId: this.#setting('WECHAT_APP_ID'), timestamp, nonceStr, signature: sha1(text) };
  }

  /** Creates an order of 39.80 yuan for `openid` and signs what the page needs to pay it. */
  async jsapiParams(openid: string, outTradeNo: string): Promise<JsapiParams> {
    const appId = this.#setting('WECHAT_APP_ID');
    const { prepay_id } = await this.#order('jsapi', outTradeNo, { payer: { openid } });
    const timeStamp = String(this.#seconds());
    const nonceStr = randomBytes(8).toString('hex');
    const paySign = this.#sign(`${appId}\n${timeStamp}\n${nonceStr}\nprepay_id=${prepay_id}\n`);
    return { appId, timeStamp, nonceStr, package: `prepay_id=${prepay_id}`, signType: 'RSA', paySign };
  }

  /** Creates such an order and returns the code that whoever scans it pays. */
  async codeUrl(outTradeNo: string): Promise<string> {
    const { code_url } = await this.#order('native', outTradeNo);
    return code_url!;
  }

  /** Creates such an order and returns the address that a mobile browser is sent to. */
  async h5Url(outTradeNo: string, payerAddress = '127.0.0.1'): Promise<string> {
    const sceneInfo = { payer_client_ip: payerAddress, h5_info: { type: 'Wap' } };
    const { h5_url } = await this.#order('h5', outTradeNo, { scene_info: sceneInfo });
    return h5_url!;
  }

  /** Gives some of such an order back. */
  async refund(outTradeNo: string, outRefundNo: string, fen: number): Promise<void> {
    await this.#post('/v3/refund/domestic/refunds', {
      out_trade_no: outTradeNo,
      out_refund_no: outRefundNo,
      reason: 'One was bruised',
      amount: { refund: fen, total: 3980, currency: 'CNY' },
    });
  }

  async close(outTradeNo: string): Promise<void> {
    await this.#post(`/v3/pay/transactions/out-trade-no/${outTradeNo}/close`, {
      mchid: this.#setting('WECHAT_PAY_MCH_ID'),
    });
  }

  /** Calls one of the account's APIs under `/cgi-bin`, with a token. */
  async call(path: string, content: object): Promise<Record<string, string>> {
    const query = new URLSearchParams({ access_token: await this.#fetchToken() });
    return json(`${this.#wechat.url}/cgi-bin/${path}?${query}`, { method: 'POST', body: JSON.stringify(content) });
  }

  async #fetchToken(): Promise<string> {
    const { access_token } = await json(`${this.#wechat.url}/cgi-bin/stable_token`, {
      method: 'POST',
      body: JSON.stringify({
        grant_type: 'client_credential',
        appid: this.#setting('WECHAT_APP_ID'),
        secret: this.#setting('WECHAT_APP_SECRET'),
      }),
    });
    return access_token!;
  }

  async #fetchTicket(): Promise<string> {
    const query = new URLSearchParams({ access_token: await this.#fetchToken(), type: 'jsapi' });
    const { ticket } = await json(`${this.#wechat.url}/cgi-bin/ticket/getticket?${query}`);
    return ticket!;
  }

  #order(channel: 'jsapi' | 'native' | 'h5', outTradeNo: string, more: object = {}): Promise<Record<string, string>> {
    return this.#post(`/v3/pay/transactions/${channel}`, {
      appid: this.#setting('WECHAT_APP_ID'),
      mchid: this.#setting('WECHAT_PAY_MCH_ID'),
      description: 'Oranges, 5 jin',
      out_trade_no: outTradeNo,
      notify_url: 'https://merchant.invalid/notify',
      amount: { total: 3980, currency: 'CNY' },
      ...more,
    });
  }

  #post(path: string, content: object): Promise<Record<string, string>> {
    const body = JSON.stringify(content);
    const timestamp = String(this.#seconds());
    const nonce = randomBytes(16).toString('hex');
    const fields = {
      mchid: this.#setting('WECHAT_PAY_MCH_ID'),
      nonce_str: nonce,
      signature: this.#sign(`POST\n${path}\n${timestamp}\n${nonce}\n${body}\n`),
      timestamp,
      serial_no: this.#setting('WECHAT_PAY_SERIAL_NO'),
    };
    const credentials = Object.entries(fields).map(([name, value]) => `${name}="${value}"`);
    return json(`${this.#wechat.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': 'merchant/1.0',
        authorization: `WECHATPAY2-SHA256-RSA2048 ${credentials.join(',')}`,
      },
      body,
    });
  }

  #sign(text: string): string {
    return createSign('RSA-SHA256').update(text).sign(this.#setting('WECHAT_PAY_PRIVATE_KEY'), 'base64');
  }

  /** The merchant's clock goes as WeChat's does, which tests put ahead. */
  #seconds(): number {
    return Math.floor(this.#wechat.control.now() / 1000);
  }

  #setting(name: string): string {
    const value = this.#wechat.environment[name];
    if (!value) throw new Error(`The stand-in does not tell ${name}.`);
    return value;
  }
}

async function json(url: string, init?: RequestInit): Promise<Record<string, string>> {
  const response = await fetch(url, init);
  const body = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${body}`);
  return body ? JSON.parse(body) : {};
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
