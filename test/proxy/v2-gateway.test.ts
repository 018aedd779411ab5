/** WeChat Pay, API version 2, over real HTTP. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { ProxyError } from '../../proxy/errors.ts';
import { createHttpClient } from '../../proxy/wechat/http-client.ts';
import type { NewOrder } from '../../proxy/wechat/pay/gateway.ts';
import { V2Gateway, type V2GatewayOptions } from '../../proxy/wechat/pay/v2/gateway.ts';
import { orderFields } from '../../proxy/wechat/pay/v2/order-fields.ts';
import { selfSigned } from './self-signed.ts';
import { ACCOUNT, type Call, type Fields, failure, signed, startPayServer, success } from './v2-pay-server.ts';

const NOW = Date.parse('2026-11-22T10:00:00+08:00');
const NOTIFY_URL = 'https://pay.example.com/wechat/pay/v2/notify';

const order: NewOrder = {
  channel: 'jsapi',
  tradeNo: 'order-2026-0001',
  description: '山茶花书店-两本书',
  total: 3980,
  attach: '深圳分店',
  expiresAt: Date.parse('2026-11-22T12:00:00+08:00'),
  openid: 'oUpF8uMEb4qRXf22hE3X68TekukE',
  payerAddress: '203.0.113.7',
};
const PREPAY_ID = 'wx201410272009395522657a690389285100';

function createGateway(baseUrls: string[], options: Partial<V2GatewayOptions> = {}): V2Gateway {
  return new V2Gateway({
    http: createHttpClient(),
    baseUrls,
    ...ACCOUNT,
    signType: 'HMAC-SHA256',
    notifyUrl: NOTIFY_URL,
    refundNotifyUrl: 'https://pay.example.com/wechat/pay/v2/refund-notify',
    now: () => NOW,
    ...options,
  });
}

/** A gateway to a server that gives these answers, one after the other, the last one again and again. */
async function start(t: TestContext, ...answers: ReturnType<Parameters<typeof startPayServer>[1]>[]) {
  const { url, calls } = await startPayServer(t, () => answers[Math.min(calls.length, answers.length) - 1]);
  return { gateway: createGateway([url]), url, calls };
}

/** What a request says, without what differs each time. */
function sent({ path, fields: { nonce_str, sign, ...fields } }: Call): object {
  return { path, ...fields };
}

describe('an order', () => {
  const common = {
    path: '/pay/unifiedorder',
    appid: ACCOUNT.appId,
    mch_id: ACCOUNT.mchId,
    sign_type: 'HMAC-SHA256',
    body: '山茶花书店-两本书',
    out_trade_no: 'order-2026-0001',
    total_fee: '3980',
    spbill_create_ip: '203.0.113.7',
    time_expire: '20261122120000',
    notify_url: NOTIFY_URL,
    attach: '深圳分店',
  };

  it('is made for the JSAPI', async (t) => {
    const { gateway, calls } = await start(t, success({ trade_type: 'JSAPI', prepay_id: PREPAY_ID }));
    assert.deepEqual(await gateway.createOrder(order), { prepayId: PREPAY_ID });
    assert.deepEqual(calls.map(sent), [{ ...common, trade_type: 'JSAPI', openid: order.openid }]);
    assert.match(calls[0]!.fields.nonce_str!, /^[0-9a-f]{32}$/);
  });

  it('is made as a code, named after its own number or its product', async (t) => {
    const codeUrl = 'weixin://wxpay/bizpayurl?pr=kD7rNvB00';
    const answer = success({ trade_type: 'NATIVE', prepay_id: PREPAY_ID, code_url: codeUrl });
    const { gateway, calls } = await start(t, answer);
    const native = { ...order, channel: 'native' as const };
    assert.deepEqual(await gateway.createOrder(native), { prepayId: PREPAY_ID, codeUrl });
    await gateway.createOrder({ ...native, openid: undefined, productId: 'tea-1' });
    const named = { ...common, trade_type: 'NATIVE' };
    assert.deepEqual(calls.map(sent), [
      { ...named, product_id: 'order-2026-0001' },
      { ...named, product_id: 'tea-1' },
    ]);
  });

  it('is made for other browsers', async (t) => {
    const h5Url = 'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016&package=1037687096';
    const { gateway, calls } = await start(t, success({ prepay_id: PREPAY_ID, mweb_url: h5Url }));
    assert.deepEqual(await gateway.createOrder({ ...order, channel: 'h5' }), { prepayId: PREPAY_ID, h5Url });
    assert.deepEqual(calls.map(sent), [
      {
        ...common,
        trade_type: 'MWEB',
        scene_info: '{"h5_info":{"type":"Wap","wap_url":"https://pay.example.com","wap_name":"pay.example.com"}}',
      },
    ]);
  });

  it('is signed by MD5 where that is set, and then names no type', async (t) => {
    const { url, calls } = await start(t, success({ prepay_id: PREPAY_ID }, 'MD5'));
    const gateway = createGateway([url], { signType: 'MD5' });
    assert.deepEqual(await gateway.createOrder(order), { prepayId: PREPAY_ID });
    assert.equal(calls[0]!.fields.sign_type, undefined);
    assert.equal(gateway.signJsapi(PREPAY_ID).signType, 'MD5');
  });

  it('ends at least a minute ahead', () => {
    const { time_expire } = orderFields({ ...order, expiresAt: NOW + 1_000 }, NOTIFY_URL, NOW);
    assert.equal(time_expire, '20261122100105');
  });

  it('has no more text than WeChat takes, cut between characters', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 127 });
    fc.assert(
      fc.property(text, text, (description, attach) => {
        const fields = orderFields({ ...order, description, attach }, NOTIFY_URL, NOW);
        const rest = [...description.slice(fields.body!.length)];
        assert.equal(description, fields.body + rest.join(''));
        assert.ok(Buffer.byteLength(fields.body!) <= 127);
        if (rest[0]) assert.ok(Buffer.byteLength(fields.body! + rest[0]) > 127);
        assert.equal(fields.attach, Buffer.byteLength(attach) <= 127 ? attach : undefined);
      }),
    );
  });

  it('arrives without characters that XML has no place for', async (t) => {
    const { gateway, calls } = await start(t, success({ prepay_id: PREPAY_ID }));
    await gateway.createOrder({ ...order, description: '山\u0008茶\u001f花]]>&<\ud83d' });
    assert.equal(calls[0]!.fields.body, '山茶花]]>&<');
  });

  it('is tried again without emoji where WeChat cannot read them', async (t) => {
    for (const refusal of [failure('PARAM_ERROR'), { return_code: 'FAIL', return_msg: 'body参数格式错误' }]) {
      const { gateway, calls } = await start(t, refusal, success({ prepay_id: PREPAY_ID }));
      await gateway.createOrder({ ...order, description: '山茶花🌺👨‍👩‍👧', attach: '🌺' });
      assert.deepEqual(
        calls.map(({ fields }) => [fields.body, fields.attach]),
        [
          ['山茶花🌺👨‍👩‍👧', '🌺'],
          ['山茶花', undefined],
        ],
      );
    }
  });

  it('is not tried again where there are none', async (t) => {
    const { gateway, calls } = await start(t, failure('PARAM_ERROR', '参数错误'));
    const upstream = { code: 'PARAM_ERROR', message: '参数错误' };
    await assert.rejects(gateway.createOrder(order), { code: 'wechat_refused', upstream });
    assert.equal(calls.length, 1);
  });

  it('needs an answer that names what was asked for', async (t) => {
    for (const channel of ['jsapi', 'native', 'h5'] as const) {
      const { gateway } = await start(t, success({ code_url: 'https://evil.example/', mweb_url: 'weixin://' }));
      await assert.rejects(gateway.createOrder({ ...order, channel }), { code: 'wechat_unavailable' });
    }
  });
});

describe('asking about an order', () => {
  // The example of https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_2
  const paid: Fields = {
    openid: 'oUpF8uN95-Ptaags6E_roPHg7AG0',
    is_subscribe: 'Y',
    trade_type: 'NATIVE',
    bank_type: 'CCB_DEBIT',
    total_fee: '3980',
    fee_type: 'CNY',
    transaction_id: '1008450740201411110005820873',
    out_trade_no: 'order-2026-0001',
    attach: '订单额外描述',
    time_end: '20141111170043',
    trade_state: 'SUCCESS',
  };
  const transaction = {
    appId: ACCOUNT.appId,
    mchId: ACCOUNT.mchId,
    tradeNo: 'order-2026-0001',
    state: 'SUCCESS',
    transactionId: '1008450740201411110005820873',
    total: 3980,
    currency: 'CNY',
    openid: 'oUpF8uN95-Ptaags6E_roPHg7AG0',
    paidAt: Date.parse('2014-11-11T17:00:43+08:00'),
    channel: 'native',
  };

  it('tells that it is paid', async (t) => {
    const { gateway, calls } = await start(t, success(paid));
    assert.deepEqual(await gateway.queryOrder('order-2026-0001'), transaction);
    assert.deepEqual(calls.map(sent), [
      {
        path: '/pay/orderquery',
        appid: ACCOUNT.appId,
        mch_id: ACCOUNT.mchId,
        sign_type: 'HMAC-SHA256',
        out_trade_no: 'order-2026-0001',
      },
    ]);
  });

  it('tells that it is given back', async (t) => {
    const { gateway } = await start(t, success({ ...paid, trade_state: 'REFUND', fee_type: '' }));
    assert.deepEqual(await gateway.queryOrder('order-2026-0001'), { ...transaction, state: 'REFUND' });
  });

  it('tells of the other states, of which there is little to say', async (t) => {
    for (const state of ['NOTPAY', 'CLOSED', 'REVOKED', 'USERPAYING', 'PAYERROR', 'ACCEPT', 'REFUND']) {
      const fields = { out_trade_no: 'order-2026-0001', trade_state: state, trade_state_desc: '…', attach: '' };
      const { gateway } = await start(t, success({ ...fields, transaction_id: '', total_fee: '' }));
      const { appId, mchId, tradeNo } = transaction;
      assert.deepEqual(await gateway.queryOrder('order-2026-0001'), { appId, mchId, tradeNo, state });
    }
  });

  it('tells that there is none', async (t) => {
    const { gateway } = await start(t, failure('ORDERNOTEXIST', 'order not exist'));
    assert.equal(await gateway.queryOrder('order-2026-0001'), undefined);
  });

  it('believes no amount, state or time that is none', async (t) => {
    const changes: Fields[] = [
      { total_fee: '39.80' },
      { total_fee: '' },
      { trade_state: 'PAID' },
      { time_end: '2014' },
    ];
    for (const change of changes) {
      const { gateway } = await start(t, success({ ...paid, ...change }));
      await assert.rejects(gateway.queryOrder('order-2026-0001'), { code: 'wechat_unavailable' });
    }
  });
});

describe('closing an order', () => {
  for (const answer of [success({}), failure('ORDERNOTEXIST'), failure('ORDERCLOSED')]) {
    it(`is done where WeChat says ${answer.err_code || 'SUCCESS'}`, async (t) => {
      const { gateway, calls } = await start(t, answer);
      await gateway.closeOrder('order-2026-0001');
      assert.equal(calls[0]!.path, '/pay/closeorder');
      assert.equal(calls[0]!.fields.out_trade_no, 'order-2026-0001');
    });
  }

  it('is not done where it is paid', async (t) => {
    const { gateway } = await start(t, failure('ORDERPAID', '订单已支付'));
    const upstream = { code: 'ORDERPAID', message: '订单已支付' };
    await assert.rejects(gateway.closeOrder('order-2026-0001'), { code: 'wechat_refused', upstream });
  });
});

describe('a refund', () => {
  const refund = { tradeNo: 'order-2026-0001', outRefundNo: 'refund-1', amount: 100, total: 3980, reason: '缺货' };
  const state = {
    mchId: ACCOUNT.mchId,
    outRefundNo: 'refund-1',
    refundId: '2008450740201411110000174436',
    tradeNo: 'order-2026-0001',
    amount: 100,
    total: 3980,
  };

  it('is not asked for without the merchant’s certificate', async (t) => {
    const { gateway, calls } = await start(t, success({}));
    await assert.rejects(gateway.refund(refund), { code: 'refund_certificate_missing' });
    assert.deepEqual(calls, []);
  });

  it('is asked for with it', async (t) => {
    const server = selfSigned('127.0.0.1');
    const before = tls.getCACertificates('default');
    tls.setDefaultCACertificates([...before, server.cert]);
    t.after(() => tls.setDefaultCACertificates(before));
    const answer = success({
      transaction_id: '1008450740201411110005820873',
      out_trade_no: 'order-2026-0001',
      out_refund_no: 'refund-1',
      refund_id: '2008450740201411110000174436',
      refund_fee: '100',
      total_fee: '3980',
    });
    const { url, calls } = await startPayServer(t, () => answer, server);
    const gateway = createGateway([url], { certificate: selfSigned('merchant') });
    assert.deepEqual(await gateway.refund(refund), { ...state, state: 'PROCESSING' });
    await gateway.refund({ ...refund, reason: '退'.repeat(80) });
    assert.deepEqual(
      calls.map(({ client }) => client),
      ['merchant', 'merchant'],
    );
    assert.deepEqual(sent(calls[0]!), {
      path: '/secapi/pay/refund',
      appid: ACCOUNT.appId,
      mch_id: ACCOUNT.mchId,
      sign_type: 'HMAC-SHA256',
      out_trade_no: 'order-2026-0001',
      out_refund_no: 'refund-1',
      total_fee: '3980',
      refund_fee: '100',
      refund_desc: '缺货',
      notify_url: 'https://pay.example.com/wechat/pay/v2/refund-notify',
    });
    assert.equal(calls[1]!.fields.refund_desc, '退'.repeat(26));
  });

  // The example of https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_5
  const queried: Fields = {
    transaction_id: '1008450740201411110005820873',
    out_trade_no: 'order-2026-0001',
    total_fee: '3980',
    cash_fee: '3980',
    refund_count: '1',
    refund_fee: '100',
    out_refund_no_0: 'refund-1',
    refund_id_0: '2008450740201411110000174436',
    refund_channel_0: 'ORIGINAL',
    refund_fee_0: '100',
    refund_status_0: 'PROCESSING',
    refund_recv_accout_0: '支付用户的零钱',
  };

  for (const [status, expected] of Object.entries({
    PROCESSING: 'PROCESSING',
    REFUNDCLOSE: 'CLOSED',
    CHANGE: 'ABNORMAL',
  })) {
    it(`can be asked about: ${status}`, async (t) => {
      const { gateway, calls } = await start(t, success({ ...queried, refund_status_0: status }));
      assert.deepEqual(await gateway.queryRefund('refund-1'), { ...state, state: expected });
      assert.equal(calls[0]!.path, '/pay/refundquery');
      assert.equal(calls[0]!.fields.out_refund_no, 'refund-1');
    });
  }

  it('can be asked about among others', async (t) => {
    const { gateway } = await start(
      t,
      success({
        ...queried,
        refund_count: '2',
        refund_fee: '300',
        out_refund_no_0: 'refund-0',
        refund_fee_0: '200',
        out_refund_no_1: 'refund-1',
        refund_id_1: '2008450740201411110000174436',
        refund_fee_1: '100',
        refund_status_1: 'SUCCESS',
        refund_success_time_1: '2016-07-25 15:26:26',
      }),
    );
    const succeededAt = Date.parse('2016-07-25T15:26:26+08:00');
    assert.deepEqual(await gateway.queryRefund('refund-1'), { ...state, state: 'SUCCESS', succeededAt });
  });

  it('may be unknown', async (t) => {
    const { gateway } = await start(t, failure('REFUNDNOTEXIST', '退款订单查询失败'));
    assert.equal(await gateway.queryRefund('refund-1'), undefined);
  });

  it('is not taken for another one', async (t) => {
    const changes: Fields[] = [{ out_refund_no_0: 'refund-2' }, { refund_status_0: 'DONE' }, { refund_fee_0: '' }];
    for (const change of changes) {
      const { gateway } = await start(t, success({ ...queried, ...change }));
      await assert.rejects(gateway.queryRefund('refund-1'), { code: 'wechat_unavailable' });
    }
  });
});

// https://pay.weixin.qq.com/doc/v2/merchant/4011985040
describe('a bill', () => {
  const bill = '\ufeff交易时间,公众账号ID,商户号\r\n`2014-11-10 16：33：45,`wx2421b1c4370ec43b,`10000100\r\n';

  for (const [kind, file] of Object.entries({ packed: gzipSync(bill), plain: Buffer.from(bill) })) {
    it(`comes as WeChat has written it, ${kind}`, async (t) => {
      const { gateway, calls } = await start(t, file);
      assert.equal(await gateway.downloadBill('2014-11-10'), bill);
      assert.deepEqual(calls.map(sent), [
        {
          path: '/pay/downloadbill',
          appid: ACCOUNT.appId,
          mch_id: ACCOUNT.mchId,
          sign_type: 'HMAC-SHA256',
          bill_date: '20141110',
          bill_type: 'ALL',
          tar_type: 'GZIP',
        },
      ]);
    });
  }

  const notReady: Fields[] = [
    { return_code: 'FAIL', return_msg: 'No Bill Exist', error_code: '20002' },
    { return_code: 'FAIL', return_msg: 'NO Bill Exist' },
    { return_code: 'FAIL', return_msg: 'Bill Creating', error_code: '20003' },
    failure('NO_STATEMENT_EXIST', '请求的账单文件不存在'),
    failure('STATEMENT_CREATING', '账单生成中'),
  ];
  for (const answer of notReady) {
    it(`may not be there yet: ${answer.return_code === 'FAIL' ? answer.return_msg : answer.err_code}`, async (t) => {
      const { gateway, calls } = await start(t, answer);
      await assert.rejects(gateway.downloadBill('2014-11-10'), { code: 'bill_not_ready' });
      assert.equal(calls.length, 1);
    });
  }

  it('may be refused', async (t) => {
    const { gateway } = await start(t, { return_code: 'FAIL', return_msg: 'invalid bill_type', error_code: '20001' });
    const upstream = { code: '20001', message: 'invalid bill_type' };
    await assert.rejects(gateway.downloadBill('2014-11-10'), { code: 'wechat_refused', upstream });
  });

  it('may be damaged', async (t) => {
    const packed = gzipSync(bill);
    const broken = Buffer.from(packed);
    broken[packed.length - 6]! ^= 1;
    for (const file of [packed.subarray(0, -9), broken, Buffer.from([0xbd, 0xf0, 0x2c])]) {
      const { gateway } = await start(t, file);
      await assert.rejects(gateway.downloadBill('2014-11-10'), { code: 'bill_corrupt' });
    }
  });

  it('is no page of some gateway’s, nor an XML that says SUCCESS', async (t) => {
    const check = async (body: string | number | Fields) => {
      const { gateway } = await start(t, body);
      await assert.rejects(gateway.downloadBill('2014-11-10'), { code: 'wechat_unavailable' });
    };
    await Promise.all(['<html><body>busy</body></html>', 502, success({})].map(check));
  });
});

describe('an answer', { concurrency: true }, () => {
  const notPaid = { out_trade_no: 'order-2026-0001', trade_state: 'NOTPAY' };

  for (const type of ['MD5', 'HMAC-SHA256'] as const) {
    it(`is believed where it is signed by ${type}`, async (t) => {
      const { gateway } = await start(t, success(notPaid, type));
      assert.equal((await gateway.queryOrder('order-2026-0001'))?.state, 'NOTPAY');
    });
  }

  const { sign: _, ...unsigned } = success(notPaid);
  const { sign, ...own } = success(notPaid);
  const untrusted: Record<string, Fields> = {
    'no sign': unsigned,
    'another sign': { ...own, sign: sign!.replace(/^./, (first) => (first === '0' ? '1' : '0')) },
    'a changed value': { ...success(notPaid), trade_state: 'CLOSED' },
    'a field too many': { ...success(notPaid), total_fee: '1' },
    'another app’s': signed({ ...own, appid: 'wxother' }),
    'another merchant’s': signed({ ...own, mch_id: '10000101' }),
  };
  for (const [kind, answer] of Object.entries(untrusted)) {
    it(`is not believed, nor asked for again, with ${kind}`, async (t) => {
      const { gateway, calls } = await start(t, answer);
      await assert.rejects(gateway.queryOrder('order-2026-0001'), { code: 'wechat_untrusted' });
      assert.equal(calls.length, 1);
    });
  }

  const refusals: [answer: Fields, code: string, message: string][] = [
    [failure('NOAUTH', '商户无此接口权限'), 'NOAUTH', '商户无此接口权限'],
    [failure('FREQUENCY_LIMITED'), 'FREQUENCY_LIMITED', ''],
    [{ return_code: 'FAIL', return_msg: '签名错误' }, 'SIGNERROR', '签名错误'],
    [{ return_code: 'FAIL', return_msg: '错误的签名，验签失败' }, 'SIGNERROR', '错误的签名，验签失败'],
    [
      { return_code: 'FAIL', return_msg: '商户号mch_id与appid不匹配' },
      'APPID_MCHID_NOT_MATCH',
      '商户号mch_id与appid不匹配',
    ],
    [{ return_code: 'FAIL', return_msg: '缺少参数' }, '缺少参数', '缺少参数'],
    [{ return_code: 'FAIL' }, 'FAIL', ''],
  ];
  for (const [answer, code, message] of refusals) {
    it(`that refuses needs no sign, and gives its code: ${code}`, async (t) => {
      const { gateway, calls } = await start(t, answer);
      const upstream = { code, message };
      await assert.rejects(gateway.queryOrder('order-2026-0001'), { code: 'wechat_refused', upstream });
      assert.equal(calls.length, 1);
    });
  }

  it('says that the key is wrong, and not what it is', async (t) => {
    const { url } = await start(t, success(notPaid));
    const gateway = createGateway([url], { key: 'x'.repeat(32) });
    await assert.rejects(gateway.queryOrder('order-2026-0001'), (error: ProxyError) => {
      assert.deepEqual(error.upstream, { code: 'SIGNERROR', message: '签名错误' });
      assert.doesNotMatch(inspect(error), /xxxx/);
      return true;
    });
  });

  const trouble: Record<string, Fields | string | number | undefined> = {
    'no answer': undefined,
    'status 502': 502,
    'status 400': 400,
    'a page': '<html><body>502 Bad Gateway</body></html>',
    nothing: '',
    'XML that says nothing': { a: '1' },
    SYSTEMERROR: failure('SYSTEMERROR', '系统错误'),
    BIZERR_NEED_RETRY: failure('BIZERR_NEED_RETRY'),
    'SYSTEMERROR in words': { return_code: 'FAIL', return_msg: 'SYSTEMERROR' },
  };
  for (const [kind, answer] of Object.entries(trouble)) {
    it(`is asked for once more, at the next address, after ${kind}`, async (t) => {
      const first = await start(t, answer);
      const second = await start(t, success(notPaid));
      const gateway = createGateway([first.url, second.url]);
      assert.equal((await gateway.queryOrder('order-2026-0001'))?.state, 'NOTPAY');
      const [one, other] = [...first.calls, ...second.calls];
      assert.deepEqual(sent(one!), sent(other!));
      assert.notEqual(one!.fields.nonce_str, other!.fields.nonce_str);
      assert.deepEqual([first.calls.length, second.calls.length], [1, 1]);
    });
  }

  it('is asked for twice at the only address, and then no more', async (t) => {
    for (const answer of [undefined, failure('SYSTEMERROR', '系统错误')]) {
      const { gateway, calls } = await start(t, answer);
      const code = answer ? 'wechat_refused' : 'wechat_unavailable';
      await assert.rejects(gateway.queryOrder('order-2026-0001'), { code });
      assert.equal(calls.length, 2);
    }
  });
});
