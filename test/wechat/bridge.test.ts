import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, beforeEach, describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { createMerchant, type Json, type Merchant } from './merchant.ts';

const LANDING = 'http://127.0.0.1:8788/';
const PAGE = 'http://127.0.0.1:8788/order_pay?order=ord_1';

describe('the in-app bridge', () => {
  let wechat: Wechat;
  let merchant: Merchant;
  let ticket: string;
  let now = Date.parse('2026-03-01T02:00:00Z');

  before(async () => {
    wechat = await startWechat({ now: () => now, merchantName: '山茶花店' });
    merchant = createMerchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(async () => {
    wechat.control.reset();
    ticket = await newTicket();
  });

  async function newTicket(): Promise<string> {
    const { WECHAT_APP_ID: appid, WECHAT_APP_SECRET: secret } = merchant.env;
    const token = await fetch(`${wechat.url}/cgi-bin/stable_token`, {
      method: 'POST',
      body: JSON.stringify({ grant_type: 'client_credential', appid, secret }),
    });
    const { access_token: accessToken } = (await token.json()) as { access_token: string };
    const answer = await fetch(`${wechat.url}/cgi-bin/ticket/getticket?access_token=${accessToken}&type=jsapi`);
    return ((await answer.json()) as { ticket: string }).ticket;
  }

  async function invoke(name: string, args: object, changes: object = {}): Promise<Record<string, Json>> {
    const answer = await fetch(`${wechat.url}/client/invoke`, {
      method: 'POST',
      body: JSON.stringify({ phone: 'p1', platform: 'ios', name, args, url: PAGE, landingUrl: LANDING, ...changes }),
    });
    assert.equal(answer.status, 200);
    return answer.json() as Promise<Record<string, Json>>;
  }

  function config(url: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
    const timestamp = String(changes.verifyTimestamp ?? Math.floor(now / 1000));
    const text = `jsapi_ticket=${ticket}&noncestr=abc&timestamp=${timestamp}&url=${url}`;
    return {
      verifyJsApiList: ['chooseImage'],
      appId: merchant.env.WECHAT_APP_ID,
      verifyAppId: merchant.env.WECHAT_APP_ID,
      verifySignType: 'sha1',
      verifyTimestamp: timestamp,
      verifyNonceStr: 'abc',
      verifySignature: createHash('sha1').update(text).digest('hex'),
      ...changes,
    };
  }

  describe('preVerifyJSAPI', () => {
    it('checks the landing address on iOS and the present one on Android, without the hash', async () => {
      assert.equal((await invoke('preVerifyJSAPI', config(LANDING))).err_msg, 'preVerifyJSAPI:ok');
      const android = { platform: 'android', url: `${PAGE}#pay` };
      assert.equal((await invoke('preVerifyJSAPI', config(PAGE), android)).err_msg, 'preVerifyJSAPI:ok');
      assert.match((await invoke('preVerifyJSAPI', config(PAGE))).err_msg, /invalid signature/);
      assert.match((await invoke('preVerifyJSAPI', config(LANDING), android)).err_msg, /invalid signature/);
    });

    it('tells which address it checked', async () => {
      assert.deepEqual((await invoke('preVerifyJSAPI', config(PAGE))).realAuthUrl, [LANDING]);
      const listed = wechat.calls.at(-1)!;
      assert.deepEqual([listed.method, listed.path, listed.verdict], ['BRIDGE', 'preVerifyJSAPI', 'refused']);
      assert.match(listed.stringToSign!, /url=http:\/\/127\.0\.0\.1:8788\/$/);
      assert.ok(!listed.stringToSign!.includes(ticket));
    });

    const refusals: [string, () => Record<string, unknown>, string][] = [
      ['another appid', () => config(LANDING, { verifyAppId: 'wx0' }), 'invalid appid'],
      ['a stale timestamp', () => config(LANDING, { verifyTimestamp: now / 1000 - 7201 }), 'invalid timestamp'],
      ['a timestamp that is no number', () => config(LANDING, { verifyTimestamp: 'undefined' }), 'invalid timestamp'],
      ['no nonce', () => config(LANDING, { verifyNonceStr: '' }), 'invalid noncestr'],
      ['another kind of signature', () => config(LANDING, { verifySignType: 'md5' }), 'invalid signature'],
      ['no signature', () => config(LANDING, { verifySignature: undefined }), 'invalid signature'],
    ];
    for (const [name, args, reason] of refusals) {
      it(`refuses ${name}: ${reason}`, async () => {
        assert.equal((await invoke('preVerifyJSAPI', args())).err_msg, `preVerifyJSAPI:fail_${reason}`);
      });
    }

    it('refuses a domain that is not bound', async () => {
      wechat.control.set({ jsSafeDomains: ['shop.example.com'] });
      assert.match((await invoke('preVerifyJSAPI', config(LANDING))).err_msg, /invalid url domain/);
      const url = 'https://shop.example.com/a';
      assert.match((await invoke('preVerifyJSAPI', config(url), { landingUrl: url })).err_msg, /:ok$/);
    });

    it('refuses a dead ticket', async () => {
      const args = config(LANDING);
      wechat.control.killTicket();
      assert.match((await invoke('preVerifyJSAPI', args)).err_msg, /invalid signature/);
      await newTicket();
      assert.match((await invoke('preVerifyJSAPI', args)).err_msg, /invalid signature/);
    });

    it('satisfies the real weixin-js-sdk, and refuses it', async () => {
      assert.deepEqual(await configureSdk(config(LANDING).verifySignature), ['config:ok']);
      assert.deepEqual(await configureSdk('0'.repeat(40)), ['config:invalid signature']);
    });

    /** Runs `wx.config` of the real SDK in a window of its own; `errMsg` of what it called back with. */
    function configureSdk(signature: unknown): Promise<string[]> {
      const listeners = { addEventListener: () => undefined, title: '' };
      const window: Record<string, unknown> = {
        document: listeners,
        navigator: { userAgent: 'iPhone MicroMessenger/8.0.50', platform: 'iPhone' },
        location: { href: LANDING },
        WeixinJSBridge: {
          on: () => undefined,
          invoke: async (name: string, args: object, done: (answer: object) => void) => done(await invoke(name, args)),
        },
      };
      window.window = window;
      const path = createRequire(import.meta.url).resolve('weixin-js-sdk');
      const module = { exports: {} as Json };
      const told: string[] = [];
      runInNewContext(readFileSync(path, 'utf8'), { ...window, module, console, encodeURIComponent, Image: class {} });
      return new Promise((resolve) => {
        const end = (errMsg: string) => {
          told.push(errMsg);
          setTimeout(() => resolve(told), 20);
        };
        module.exports.error((answer: { errMsg: string }) => end(answer.errMsg));
        module.exports.config({
          appId: merchant.env.WECHAT_APP_ID,
          timestamp: Math.floor(now / 1000),
          nonceStr: 'abc',
          signature,
          jsApiList: ['chooseImage'],
        });
        module.exports.ready(() => {
          if (told.length === 0 && signature === config(LANDING).verifySignature) end('config:ok');
        });
      });
    }
  });

  describe('getBrandWCPayRequest', () => {
    let outTradeNo: string;
    let params: Record<string, string>;

    beforeEach(async () => {
      const order = merchant.order();
      const { json } = await merchant.create(order);
      outTradeNo = String(order.out_trade_no);
      params = merchant.payParams(json.prepay_id);
    });

    const pay = (args: object = params, changes: object = {}) => invoke('getBrandWCPayRequest', args, changes);
    const stateOf = () => wechat.control.order(outTradeNo)!.state;

    it('pays', async () => {
      assert.deepEqual(await pay(), { err_msg: 'get_brand_wcpay_request:ok' });
      assert.equal(stateOf(), 'SUCCESS');
      assert.match(
        wechat.calls.findLast(({ path }) => path === 'getBrandWCPayRequest')!.stringToSign!,
        /^wx.*\n\d{10}\n/,
      );
    });

    it('takes what chooseWXPay of the SDK sends besides', async () => {
      assert.match((await pay({ ...params, verifyAppId: params.appId, verifySignType: 'sha1' })).err_msg, /:ok$/);
    });

    it('pays no order twice', async () => {
      await pay();
      assert.deepEqual(await pay(), { err_msg: 'get_brand_wcpay_request:fail', err_desc: '该订单已支付' });
    });

    it('is cancelled', async () => {
      wechat.control.set({ paySheet: 'cancel' });
      assert.deepEqual(await pay(), { err_msg: 'get_brand_wcpay_request:cancel' });
      assert.equal(stateOf(), 'NOTPAY');
    });

    const refusals: [string, () => object, RegExp][] = [
      ...['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign'].map(
        (name): [string, () => object, RegExp] => [
          `no ${name}`,
          () => ({ ...params, [name]: undefined }),
          new RegExp(`缺少参数：${name}`),
        ],
      ),
      [
        'a timeStamp that is a number',
        () => ({ ...params, timeStamp: Number(params.timeStamp) }),
        /缺少参数：timeStamp/,
      ],
      ['a timeStamp in milliseconds', () => ({ ...params, timeStamp: String(now) }), /timeStamp格式错误/],
      ['a nonce that is too long', () => ({ ...params, nonceStr: 'x'.repeat(33) }), /nonceStr格式错误/],
      ['another appId', () => ({ ...params, appId: 'wx0123456789abcdef' }), /appid不正确/],
      ['another signType', () => ({ ...params, signType: 'MD5' }), /支付验证签名失败/],
      ['a signature of something else', () => ({ ...params, nonceStr: 'other' }), /支付验证签名失败/],
      ['a prepay id of nobody', () => merchant.payParams('wx00000000000000000000000000000000'), /已过期/],
      [
        'a bare prepay id',
        () => ({ ...params, package: params.package!.slice('prepay_id='.length) }),
        /支付验证签名失败/,
      ],
    ];
    for (const [name, args, reason] of refusals) {
      it(`fails with ${name}`, async () => {
        const answer = await pay(args());
        assert.equal(answer.err_msg, 'get_brand_wcpay_request:fail');
        assert.match(answer.err_desc, reason);
        assert.equal(stateOf(), 'NOTPAY');
      });
    }

    it('fails where the prepay id is older than two hours', async () => {
      now += 7_200_000;
      assert.match((await pay()).err_desc, /已过期/);
    });

    it('fails for another payer than the order’s', async () => {
      wechat.control.signIn('p2', wechat.control.users[1]!.openid);
      assert.match((await pay(params, { phone: 'p2' })).err_desc, /下单账号与支付账号不一致/);
    });

    it('fails outside the pay directories: iOS counts the landing path, Android the present one', async () => {
      wechat.control.set({ payDirectories: ['http://127.0.0.1:8788/order_pay'] });
      assert.match((await pay()).err_desc, /当前页面的URL未注册/);
      assert.equal((await pay(params, { platform: 'android' })).err_msg, 'get_brand_wcpay_request:ok');
    });

    it('fails for a page that is not on this machine, unless its directory is registered', async () => {
      const landingUrl = 'https://shop.example.com/Pay/1';
      assert.match((await pay(params, { landingUrl })).err_desc, /未注册/);
      wechat.control.set({ payDirectories: ['https://shop.example.com/pay/'] });
      assert.match((await pay(params, { landingUrl })).err_desc, /未注册/);
      wechat.control.set({ payDirectories: ['https://shop.example.com/Pay/'] });
      assert.match((await pay(params, { landingUrl })).err_msg, /:ok$/);
    });

    const lies: ['ok' | 'cancel' | 'fail', string][] = [
      ['ok', 'NOTPAY'],
      ['cancel', 'SUCCESS'],
      ['fail', 'NOTPAY'],
    ];
    for (const [bridgeAnswer, state] of lies) {
      it(`says ${bridgeAnswer} while the order is ${state}, where the knob says so`, async () => {
        wechat.control.set({ bridgeAnswer });
        assert.equal((await pay()).err_msg, `get_brand_wcpay_request:${bridgeAnswer}`);
        assert.equal(stateOf(), state);
      });
    }

    describe('with the phone open', () => {
      it('waits for the payer, tells the phone and sends the receipt', async () => {
        await using phone = await openPhone('p9');
        const answer = pay(params, { phone: 'p9' });
        const { id, ...sheet } = await phone.next('sheet');
        assert.deepEqual(sheet, {
          description: '山茶花一束',
          merchantName: '山茶花店',
          amount: { total: 3980, currency: 'CNY' },
          outTradeNo,
        });
        assert.equal(stateOf(), 'NOTPAY');
        assert.deepEqual(await answerSheet(id, 'pay'), [200, { result: 'ok' }]);
        assert.deepEqual(await phone.next('sheet-closed'), { id });
        assert.deepEqual(await answer, { err_msg: 'get_brand_wcpay_request:ok' });
        const { id: _id, time, ...receipt } = await phone.next('message');
        assert.equal(Date.parse(time), now);
        assert.deepEqual(receipt, { kind: 'payment', ...sheet });
        assert.equal((await answerSheet(id, 'pay'))[0], 404);
      });

      it('is cancelled by the payer, or when the phone goes away', async () => {
        const phone = await openPhone('p8');
        const cancelled = pay(params, { phone: 'p8' });
        await answerSheet((await phone.next('sheet')).id, 'cancel');
        assert.match((await cancelled).err_msg, /:cancel$/);
        const left = pay(params, { phone: 'p8' });
        await phone.next('sheet');
        await phone[Symbol.asyncDispose]();
        assert.match((await left).err_msg, /:cancel$/);
      });

      it('fails where the order was closed meanwhile', async () => {
        await using phone = await openPhone('p7');
        const answer = pay(params, { phone: 'p7' });
        const { id } = await phone.next('sheet');
        await merchant.call('POST', `/v3/pay/transactions/out-trade-no/${outTradeNo}/close`, {
          mchid: merchant.env.WECHAT_PAY_MCH_ID,
        });
        await answerSheet(id, 'pay');
        assert.match((await answer).err_desc, /已关闭/);
      });

      it('closes the sheet when the page goes away', async () => {
        await using phone = await openPhone('p6');
        const page = new AbortController();
        const body = JSON.stringify({
          phone: 'p6',
          platform: 'ios',
          name: 'getBrandWCPayRequest',
          args: params,
          url: PAGE,
          landingUrl: PAGE,
        });
        const asked = fetch(`${wechat.url}/client/invoke`, { method: 'POST', body, signal: page.signal });
        const { id } = await phone.next('sheet');
        page.abort();
        await assert.rejects(asked, { name: 'AbortError' });
        assert.deepEqual(await phone.next('sheet-closed'), { id });
        assert.equal(stateOf(), 'NOTPAY');
      });
    });
  });

  async function answerSheet(id: string, action: string): Promise<[number, unknown]> {
    const answer = await fetch(`${wechat.url}/client/sheets/${id}`, {
      method: 'POST',
      body: JSON.stringify({ action }),
    });
    return [answer.status, answer.status === 200 ? await answer.json() : undefined];
  }

  /** A phone page: hands out the server-sent events, each once. */
  async function openPhone(phone: string) {
    const closing = new AbortController();
    const answer = await fetch(`${wechat.url}/client/phones/${phone}/events`, { signal: closing.signal });
    assert.match(answer.headers.get('content-type')!, /^text\/event-stream/);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    return {
      async next(event: string): Promise<Json> {
        for (;;) {
          const [whole, data] = new RegExp(`event: ${event}\ndata: (.*)\n\n`).exec(text) ?? [];
          if (whole && data) {
            text = text.replace(whole, '');
            return JSON.parse(data);
          }
          text += (await reader.read()).value ?? '';
        }
      },
      async [Symbol.asyncDispose]() {
        closing.abort();
      },
    };
  }

  it('answers what it has no function for as old clients do', async () => {
    assert.deepEqual(await invoke('scanQRCode', {}), { err_msg: 'scanQRCode:fail function not exist' });
    assert.deepEqual(await invoke('getNetworkType', {}), { err_msg: 'network_type:wifi' });
  });

  it('tells which functions it has, as text on Android', async () => {
    const args = { jsApiList: ['getBrandWCPayRequest', 'chooseImage', 'scanQRCode'] };
    const expected = { getBrandWCPayRequest: true, chooseImage: true, scanQRCode: false };
    assert.deepEqual((await invoke('checkJsApi', args)).checkResult, expected);
    const { checkResult } = await invoke('checkJsApi', args, { platform: 'android' });
    assert.deepEqual(JSON.parse(checkResult), expected);
  });
});
