/** What the proxy sends by version 3, judged by another implementation; and what that one writes, understood by the proxy. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { createCredentialStore } from '../../proxy/store/credential-store.ts';
import { Store } from '../../proxy/store/store.ts';
import { createHttpClient } from '../../proxy/wechat/http-client.ts';
import type { NewOrder } from '../../proxy/wechat/pay/gateway.ts';
import { V3Gateway } from '../../proxy/wechat/pay/v3/gateway.ts';

// Its own types do not resolve under NodeNext.
const { Aes, Formatter, Rsa } = createRequire(import.meta.url)('wechatpay-axios-plugin');

type Json = Record<string, unknown>;

const merchant = generateKeyPairSync('rsa', { modulusLength: 2048 });
const wechat = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PUBLIC_KEY_ID = 'PUB_KEY_ID_0114232134912410000000000000';
const apiV3Key = 'a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb';
const signer = {
  mchId: '1900009191',
  serialNo: '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C',
  privateKey: merchant.privateKey,
};
const NOW = Date.parse('2026-11-22T10:00:00+08:00');
const appId = 'wxd678efh567hg6787';

/** Any Unicode that can be bytes. */
const text = (maxLength: number, minLength = 0) => fc.string({ unit: 'grapheme', minLength, maxLength });
const tradeNo = fc.stringMatching(/^[0-9A-Za-z_\-|*]{6,32}$/);
const refundNo = fc.stringMatching(/^[0-9A-Za-z_\-|*@]{1,64}$/);
const total = fc.integer({ min: 1, max: 1_000_000_000 });
const openid = fc.stringMatching(/^[0-9A-Za-z_-]{1,128}$/);
const wechatNo = fc.stringMatching(/^[0-9A-Za-z]{1,32}$/);
/** To the second, as WeChat writes it. */
const time = fc.integer({ min: 1_400_000_000, max: 2_100_000_000 }).map((seconds) => seconds * 1_000);
const inChina = (milliseconds: number) => `${new Date(milliseconds + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
const someRuns = { numRuns: 40 };

/** The headers with which WeChat signs a body, written by the second implementation. */
function signedByWechat(body: string): Record<string, string> {
  const timestamp = String(NOW / 1_000);
  const nonce = Formatter.nonce();
  return {
    'wechatpay-timestamp': timestamp,
    'wechatpay-nonce': nonce,
    'wechatpay-serial': PUBLIC_KEY_ID,
    'wechatpay-signature': Rsa.sign(Formatter.response(timestamp, nonce, body), wechat.privateKey),
  };
}

describe('by version 3', () => {
  interface Received {
    method: string;
    path: string;
    body: string;
    verified: boolean;
    fields: Record<string, string>;
  }
  let gateway: V3Gateway;
  let store: Store;
  let received: Received[] = [];
  let answer: Json | undefined;

  /** WeChat, as the second implementation would have it. */
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const [scheme, rest = ''] = request.headers.authorization?.split(' ') ?? [];
    const fields = Object.fromEntries([...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    const { method = '', url: path = '' } = request;
    const signedText = Formatter.request(method, path, fields.timestamp, fields.nonce_str, body);
    const verified =
      scheme === 'WECHATPAY2-SHA256-RSA2048' && Rsa.verify(signedText, fields.signature, merchant.publicKey);
    received.push({ method, path, body, verified, fields });
    const said = answer === undefined ? '' : JSON.stringify(answer);
    response.writeHead(said ? 200 : 204, signedByWechat(said)).end(said);
  });

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    store = await Store.open('file::memory:');
    const now = () => NOW;
    gateway = new V3Gateway({
      http: createHttpClient(),
      baseUrls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
      ...{ appId, apiV3Key, signer, now },
      store: createCredentialStore(store, now),
      onError: (error) => assert.fail(error as Error),
      publicKey: { id: PUBLIC_KEY_ID, key: wechat.publicKey },
      notifyUrl: 'https://pay.example.com/wechat/pay/v3/notify',
    });
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await store.close();
  });
  beforeEach(() => {
    received = [];
    answer = undefined;
  });

  /** The one request that was sent meanwhile, whose signature the second implementation has verified. */
  async function sent<T>(work: () => Promise<T>): Promise<{ request: Received; result: T }> {
    received = [];
    const result = await work();
    const [request, ...others] = received;
    assert.deepEqual(others, []);
    assert.equal(request!.verified, true, `${request!.path}\n${request!.body}`);
    const { mchid, serial_no, timestamp } = request!.fields;
    assert.deepEqual([mchid, serial_no, timestamp], [signer.mchId, signer.serialNo, String(NOW / 1_000)]);
    return { request: request!, result };
  }

  const order = fc.record({
    channel: fc.constantFrom('jsapi', 'native', 'h5'),
    tradeNo,
    description: text(127, 1),
    total,
    attach: fc.option(text(128, 1), { nil: undefined }),
    expiresAt: time.filter((milliseconds) => milliseconds > NOW + 120_000),
    openid,
    payerAddress: fc.oneof(fc.ipV4(), fc.ipV6()),
  });
  const PREPAID = {
    jsapi: [
      { prepay_id: 'wx201410272009395522657a690389285100' },
      { prepayId: 'wx201410272009395522657a690389285100' },
    ],
    native: [
      { code_url: 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz' },
      { codeUrl: 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz' },
    ],
    h5: [
      { h5_url: 'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=1' },
      { h5Url: 'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=1' },
    ],
  } as const;

  it('an order of any text is signed over the bytes that are sent, and says what was meant', async () => {
    await fc.assert(
      fc.asyncProperty(order, async (asked) => {
        const [told, understood] = PREPAID[asked.channel];
        answer = told;

        const { request, result } = await sent(() => gateway.createOrder(asked as NewOrder));

        assert.deepEqual(result, understood);
        assert.deepEqual([request.method, request.path], ['POST', `/v3/pay/transactions/${asked.channel}`]);
        assert.deepEqual(JSON.parse(request.body), {
          appid: appId,
          mchid: signer.mchId,
          description: asked.description,
          out_trade_no: asked.tradeNo,
          time_expire: inChina(asked.expiresAt),
          ...(asked.attach !== undefined && { attach: asked.attach }),
          notify_url: 'https://pay.example.com/wechat/pay/v3/notify',
          amount: { total: asked.total, currency: 'CNY' },
          ...(asked.channel === 'jsapi' && { payer: { openid: asked.openid } }),
          ...(asked.channel === 'h5' && {
            scene_info: { payer_client_ip: asked.payerAddress, h5_info: { type: 'Wap' } },
          }),
        });
      }),
      someRuns,
    );
  });

  it('numbers with | and * are signed in the address as it is sent', async () => {
    await fc.assert(
      fc.asyncProperty(tradeNo, refundNo, async (number, outRefundNo) => {
        answer = { appid: appId, mchid: signer.mchId, out_trade_no: number, trade_state: 'NOTPAY' };
        const asked = await sent(() => gateway.queryOrder(number));
        assert.equal(asked.result?.tradeNo, number);

        answer = undefined;
        const closed = await sent(() => gateway.closeOrder(number));
        assert.deepEqual(JSON.parse(closed.request.body), { mchid: signer.mchId });

        answer = {
          ...{ out_refund_no: outRefundNo, refund_id: '50', out_trade_no: number, status: 'PROCESSING' },
          amount: { refund: 1, total: 1 },
        };
        const refund = await sent(() => gateway.queryRefund(outRefundNo));
        assert.equal(refund.result?.outRefundNo, outRefundNo);

        const path = (segment: string) => decodeURIComponent(segment);
        const [byNumber, toClose, byRefund] = [asked, closed, refund].map(({ request }) => path(request.path));
        assert.equal(byNumber, `/v3/pay/transactions/out-trade-no/${number}?mchid=${signer.mchId}`);
        assert.equal(toClose, `/v3/pay/transactions/out-trade-no/${number}/close`);
        assert.equal(byRefund, `/v3/refund/domestic/refunds/${outRefundNo}`);
      }),
      someRuns,
    );
  });

  it('a refund for any reason is signed over the bytes that are sent', async () => {
    const refund = fc.record({ tradeNo, outRefundNo: refundNo, amount: total, total, reason: text(80, 1) });
    await fc.assert(
      fc.asyncProperty(refund, wechatNo, async (asked, refundId) => {
        answer = {
          out_refund_no: asked.outRefundNo,
          refund_id: refundId,
          out_trade_no: asked.tradeNo,
          status: 'PROCESSING',
          amount: { refund: asked.amount, total: asked.total, currency: 'CNY' },
        };

        const { request, result } = await sent(() => gateway.refund(asked));

        assert.deepEqual(JSON.parse(request.body), {
          out_trade_no: asked.tradeNo,
          out_refund_no: asked.outRefundNo,
          reason: asked.reason,
          notify_url: 'https://pay.example.com/wechat/pay/v3/notify',
          amount: { refund: asked.amount, total: asked.total, currency: 'CNY' },
        });
        const { reason: _, ...meant } = asked;
        assert.deepEqual(result, { mchId: signer.mchId, ...meant, refundId, state: 'PROCESSING' });
      }),
      someRuns,
    );
  });

  /** A notification, written, encrypted and signed by the second implementation. */
  function notification(
    eventType: string,
    told: Json,
    { about = 'transaction', summary = '支付成功', key = apiV3Key },
  ) {
    const nonce = Formatter.nonce(12);
    const body = JSON.stringify({
      id: 'EV-2018022511223320873',
      create_time: inChina(NOW),
      resource_type: 'encrypt-resource',
      event_type: eventType,
      summary,
      resource: {
        original_type: about,
        algorithm: 'AEAD_AES_256_GCM',
        ciphertext: Aes.AesGcm.encrypt(JSON.stringify(told), key, nonce, about),
        associated_data: about,
        nonce,
      },
    });
    return { headers: signedByWechat(body), body: Buffer.from(body) };
  }

  const transaction = fc.record({
    tradeNo,
    transactionId: wechatNo,
    total,
    openid,
    paidAt: time,
    currency: fc.constantFrom('CNY', 'HKD'),
    attach: text(128),
    summary: text(64),
  });

  it('a payment’s notification is read, whatever else stands in it', async () => {
    await fc.assert(
      fc.asyncProperty(transaction, async ({ attach, summary, ...meant }) => {
        const told = {
          ...{ appid: appId, mchid: signer.mchId, out_trade_no: meant.tradeNo, transaction_id: meant.transactionId },
          ...{ trade_type: 'JSAPI', trade_state: 'SUCCESS', trade_state_desc: attach, bank_type: 'CMC', attach },
          ...{ success_time: inChina(meant.paidAt), payer: { openid: meant.openid } },
          amount: { total: meant.total, payer_total: 1, currency: meant.currency, payer_currency: 'CNY' },
        };
        const { headers, body } = notification('TRANSACTION.SUCCESS', told, { summary });

        assert.deepEqual(await gateway.readNotification(headers, body), {
          type: 'transaction',
          transaction: { appId, mchId: signer.mchId, state: 'SUCCESS', channel: 'jsapi', ...meant },
        });
      }),
      someRuns,
    );
  });

  it('a refund’s notification is read, whatever else stands in it', async () => {
    const refund = fc.record({ tradeNo, outRefundNo: refundNo, refundId: wechatNo, amount: total, total });
    const end = fc.constantFrom('SUCCESS', 'CLOSED', 'ABNORMAL');
    await fc.assert(
      fc.asyncProperty(refund, end, time, text(64), async (meant, state, succeededAt, account) => {
        const told = {
          ...{ mchid: signer.mchId, out_trade_no: meant.tradeNo, transaction_id: '4200', refund_status: state },
          ...{ out_refund_no: meant.outRefundNo, refund_id: meant.refundId, user_received_account: account },
          ...(state === 'SUCCESS' && { success_time: inChina(succeededAt) }),
          amount: { total: meant.total, refund: meant.amount, payer_total: 1, payer_refund: 1 },
        };
        const { headers, body } = notification(`REFUND.${state}`, told, { about: 'refund', summary: account });

        assert.deepEqual(await gateway.readNotification(headers, body), {
          type: 'refund',
          refund: { mchId: signer.mchId, state, ...meant, ...(state === 'SUCCESS' && { succeededAt }) },
        });
      }),
      someRuns,
    );
  });

  it('a notification is not believed with any byte of it changed, nor with another key inside', async () => {
    const told = { appid: appId, mchid: signer.mchId, out_trade_no: 'T-1', trade_state: 'SUCCESS', attach: '茶😀' };
    const genuine = notification('TRANSACTION.SUCCESS', told, { summary: '支付成功😀' });
    await gateway.readNotification(genuine.headers, genuine.body);
    const position = fc.nat({ max: genuine.body.length - 1 });
    await fc.assert(
      fc.asyncProperty(position, fc.integer({ min: 1, max: 255 }), async (index, bits) => {
        const body = Buffer.from(genuine.body);
        body[index]! ^= bits;
        await assert.rejects(gateway.readNotification(genuine.headers, body), { code: 'invalid_signature' });
      }),
      someRuns,
    );
    const foreign = notification('TRANSACTION.SUCCESS', told, { key: 'another-key-of-exactly-32-bytes!' });
    await assert.rejects(gateway.readNotification(foreign.headers, foreign.body), { code: 'decryption_failed' });
  });

  it('the parameters of a page are those that the second implementation verifies', () => {
    fc.assert(
      fc.property(wechatNo, (prepayId) => {
        const { paySign, signType, ...params } = gateway.signJsapi(prepayId);
        const { appId: id, timeStamp, nonceStr, package: packageText } = params;
        const signedText = Formatter.joinedByLineFeed(id, timeStamp, nonceStr, packageText);
        assert.equal(Rsa.verify(signedText, paySign, merchant.publicKey), true);
        assert.deepEqual(
          [id, timeStamp, packageText, signType],
          [appId, String(NOW / 1_000), `prepay_id=${prepayId}`, 'RSA'],
        );
      }),
      someRuns,
    );
  });
});
