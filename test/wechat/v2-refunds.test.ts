import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { getCACertificates } from 'node:tls';
import { type NotificationFault, startWechat, trustStandIn, type Wechat } from '../../demo/wechat/start.ts';
import { receiveNotifications } from './merchant.ts';
import { createV2Merchant, type Fields, fromXml, type V2Merchant } from './v2-merchant.ts';

const TAKEN = '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>';
const REFUSED = '<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[no]]></return_msg></xml>';

describe('refunds and notifications, version 2', () => {
  let wechat: Wechat;
  let merchant: V2Merchant;
  const now = Date.parse('2026-03-01T02:00:00Z');

  before(async () => {
    wechat = await startWechat({ now: () => now, retrySpeed: 1000 });
    merchant = createV2Merchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());

  let count = 0;
  const refundOf = (outTradeNo: string, changes: Fields = {}): Fields => {
    count += 1;
    return {
      out_trade_no: outTradeNo,
      out_refund_no: `refund-${count}`,
      total_fee: 3980,
      refund_fee: 1000,
      ...changes,
    };
  };

  describe('the merchant’s certificate', () => {
    it('is demanded before anything is looked at', async () => {
      const { status, type, body } = await merchant.refund({}, {});
      assert.equal(status, 400);
      assert.match(type, /html/);
      assert.match(body.toString(), /<title>400 No required SSL certificate was sent<\/title>/);
      assert.match(body.toString(), /<hr><center>nginx<\/center>/);
    });

    it('cannot be shown over plain http, nor be another authority’s', async () => {
      const plain = await fetch(`${wechat.url}/secapi/pay/refund`, { method: 'POST', body: '<xml></xml>' });
      assert.equal(plain.status, 400);
      assert.match(await plain.text(), /No required SSL certificate was sent/);
      const other = await startWechat();
      const { status, body } = await merchant.refund({}, createV2Merchant(other).certificate);
      await other.stop();
      assert.equal(status, 400);
      assert.match(body.toString(), /The SSL certificate error/);
    });

    it('opens with the merchant number only', async () => {
      const closed = { ...merchant.certificate, passphrase: '1900000109' };
      await assert.rejects(merchant.refund({}, closed), /mac verify failure/);
    });

    it('is not needed for other calls, whose server has to be trusted all the same', async () => {
      assert.equal((await merchant.create(merchant.order())).fields.result_code, 'SUCCESS');
      await assert.rejects(merchant.post('/pay/unifiedorder', '', { ca: undefined }), {
        code: 'SELF_SIGNED_CERT_IN_CHAIN',
      });
    });

    it('’s authority is trusted by this process from when it is told to until the stand-in stops', async () => {
      const standIn = await startWechat();
      const count = () =>
        getCACertificates('default').filter((known) => known.trim() === standIn.caCertificate.trim()).length;
      try {
        trustStandIn(standIn);
        trustStandIn(standIn);
        assert.equal(count(), 1);
        assert.equal((await fetch(`${standIn.tlsUrl}/control`)).status, 200);
        assert.equal((await fetch(`${standIn.tlsUrl.replace('127.0.0.1', 'localhost')}/control`)).status, 200);
      } finally {
        await standIn.stop();
      }
      assert.equal(count(), 0);
    });
  });

  it('are taken, shown by queries, and by the order', async () => {
    const outTradeNo = await merchant.paid({ sign_type: 'HMAC-SHA256' });
    const asked = refundOf(outTradeNo, { sign_type: 'HMAC-SHA256', refund_desc: '花谢了' });
    const { fields } = await merchant.refund(asked);
    assert.equal(fields.sign, merchant.sign(fields, 'HMAC-SHA256'));
    const { refundId, transactionId } = wechat.control.refund(String(asked.out_refund_no))!;
    const { nonce_str: _nonce, sign: _sign, ...answered } = fields;
    assert.deepEqual(answered, {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: merchant.env.WECHAT_APP_ID,
      mch_id: merchant.env.WECHAT_PAY_MCH_ID,
      result_code: 'SUCCESS',
      transaction_id: transactionId,
      out_trade_no: outTradeNo,
      out_refund_no: asked.out_refund_no,
      refund_id: refundId,
      refund_channel: '',
      refund_fee: '1000',
      coupon_refund_fee: '0',
      total_fee: '3980',
      cash_fee: '3980',
      coupon_refund_count: '0',
      cash_refund_fee: '1000',
    });
    assert.equal((await merchant.query({ out_trade_no: outTradeNo })).fields.trade_state, 'REFUND');
    for (const by of [{ out_refund_no: asked.out_refund_no }, { refund_id: refundId }, { out_trade_no: outTradeNo }]) {
      const { fields: shown } = await merchant.call('/pay/refundquery', by);
      assert.equal(shown.sign, merchant.sign(shown));
      assert.deepEqual(
        [
          shown.refund_count,
          shown.out_refund_no_0,
          shown.refund_fee_0,
          shown.refund_status_0,
          shown.refund_success_time_0,
        ],
        ['1', asked.out_refund_no, '1000', 'SUCCESS', '2026-03-01 10:00:00'],
      );
    }
    assert.equal((await merchant.refund(asked)).fields.refund_id, refundId);
  });

  it('are shown ten at a time', async () => {
    const outTradeNo = await merchant.paid();
    for (let left = 12; left > 0; left -= 1) await merchant.refund(refundOf(outTradeNo, { refund_fee: left }));
    const page = async (offset?: number) =>
      (await merchant.call('/pay/refundquery', { out_trade_no: outTradeNo, offset })).fields;
    const [first, second] = [await page(), await page(10)];
    assert.deepEqual([first.refund_count, first.total_refund_count, first.refund_fee_9], ['10', '12', '3']);
    assert.deepEqual([second.refund_count, second.refund_fee_0, second.refund_fee_1], ['2', '2', '1']);
  });

  it('states are named as version 2 does', async () => {
    for (const [refunds, status] of [
      ['wait', 'PROCESSING'],
      ['close', 'REFUNDCLOSE'],
      ['abnormal', 'CHANGE'],
    ] as const) {
      wechat.control.set({ refunds });
      const asked = refundOf(await merchant.paid());
      await merchant.refund(asked);
      const { fields } = await merchant.call('/pay/refundquery', { out_refund_no: asked.out_refund_no });
      assert.equal(fields.refund_status_0, status);
    }
  });

  describe('refusals', () => {
    const results: [string, (paid: string) => Promise<Fields>, string, RegExp][] = [
      ['an unknown order', async () => refundOf('unknown-1'), 'ORDERNOTEXIST', /订单不存在/],
      [
        'another total',
        async (paid) => refundOf(paid, { total_fee: 1, refund_fee: 1 }),
        'REFUND_FEE_MISMATCH',
        /不一致/,
      ],
      [
        'another amount under the same number',
        async (paid) => {
          const asked = refundOf(paid);
          await merchant.refund(asked);
          return { ...asked, refund_fee: 999 };
        },
        'REFUND_FEE_MISMATCH',
        /不一致/,
      ],
      [
        'more than is left',
        async (paid) => {
          await merchant.refund(refundOf(paid));
          return refundOf(paid, { refund_fee: 2981 });
        },
        'INVALID_REQUEST',
        /^refund_fee大于可退金额$/,
      ],
      [
        'what is given back already',
        async (paid) => {
          await merchant.refund(refundOf(paid, { refund_fee: 3980 }));
          return refundOf(paid);
        },
        'ERROR',
        /^订单已全额退款$/,
      ],
      [
        'what the merchant cannot pay',
        async (paid) => {
          wechat.control.set({ merchantBalance: 999 });
          return refundOf(paid);
        },
        'NOTENOUGH',
        /余额不足/,
      ],
    ];
    for (const [name, asked, code, message] of results) {
      it(`${name}: ${code}`, async () => {
        const { fields } = await merchant.refund(await asked(await merchant.paid()));
        assert.deepEqual([fields.return_code, fields.result_code, fields.err_code], ['SUCCESS', 'FAIL', code]);
        assert.match(fields.err_code_des!, message);
        assert.equal(fields.sign, undefined);
      });
    }

    const calls: [Fields, RegExp][] = [
      [{ refund_fee: 3981 }, /^invalid refund_fee$/],
      [{ refund_fee: 0 }, /^invalid refund_fee$/],
      [{ out_refund_no: undefined }, /^缺少参数out_refund_no$/],
      [{ out_refund_no: 'a b' }, /^invalid out_refund_no$/],
      [{ out_trade_no: undefined }, /^缺少参数out_trade_no$/],
      [{ refund_desc: '花'.repeat(27) }, /^refund_desc参数长度有误$/],
      [{ notify_url: 'http://shop.example.com/' }, /^invalid notify_url$/],
    ];
    for (const [changes, message] of calls) {
      it(JSON.stringify(changes).slice(0, 60), async () => {
        const { fields } = await merchant.refund(refundOf(await merchant.paid(), changes));
        assert.deepEqual(Object.keys(fields), ['return_code', 'return_msg']);
        assert.match(fields.return_msg!, message);
      });
    }

    it('a query of none', async () => {
      const { fields } = await merchant.call('/pay/refundquery', { out_refund_no: 'unknown-1' });
      assert.deepEqual([fields.result_code, fields.err_code], ['FAIL', 'REFUNDNOTEXIST']);
    });
  });

  describe('notifications', () => {
    async function payWith(answers: (string | number)[], changes: Fields = {}) {
      const shop = await receiveNotifications(...answers);
      const order = merchant.order({ notify_url: shop.url, attach: '门店 7', ...changes });
      await merchant.create(order);
      wechat.control.pay(String(order.out_trade_no));
      await wechat.control.notificationsSettled();
      shop.stop();
      return { order, received: shop.received.map(({ body, headers }) => ({ fields: fromXml(body), headers })) };
    }

    for (const signType of ['MD5', 'HMAC-SHA256']) {
      it(`tell that an order is paid, signed by ${signType} as the order was`, async () => {
        const { order, received } = await payWith([TAKEN], { sign_type: signType });
        assert.equal(received.length, 1);
        const { fields, headers } = received[0]!;
        assert.match(String(headers['content-type']), /xml/);
        const { sign, nonce_str: _nonce, ...told } = fields;
        assert.equal(sign, merchant.sign(fields, signType));
        assert.deepEqual(told, {
          appid: merchant.env.WECHAT_APP_ID,
          mch_id: merchant.env.WECHAT_PAY_MCH_ID,
          out_trade_no: order.out_trade_no,
          result_code: 'SUCCESS',
          return_code: 'SUCCESS',
          total_fee: '3980',
          openid: order.openid,
          is_subscribe: 'Y',
          trade_type: 'JSAPI',
          bank_type: 'OTHERS',
          fee_type: 'CNY',
          cash_fee: '3980',
          cash_fee_type: 'CNY',
          transaction_id: wechat.control.order(String(order.out_trade_no))!.transactionId,
          attach: '门店 7',
          time_end: '20260301100000',
        });
      });
    }

    it('come again until they are taken by SUCCESS', async () => {
      const { received } = await payWith([500, 204, REFUSED, 'ok', TAKEN]);
      assert.equal(received.length, 5);
      assert.equal(new Set(received.map(({ fields }) => fields.transaction_id)).size, 1);
    });

    type Told = Record<string, string>;
    const isForged = (fields: Told) => fields.sign !== merchant.sign(fields);
    const genuine = (fields: Told, differs: boolean) => !isForged(fields) && differs;
    const faults: [NotificationFault, (fields: Told) => boolean][] = [
      ['bad-signature', isForged],
      ['unknown-serial', isForged],
      ['sign-test', isForged],
      ['stale', isForged],
      ['future', isForged],
      ['tampered-amount', (fields) => genuine(fields, fields.total_fee === '3981')],
      ['foreign-appid', (fields) => genuine(fields, fields.appid !== merchant.env.WECHAT_APP_ID)],
      ['foreign-mchid', (fields) => genuine(fields, fields.mch_id !== merchant.env.WECHAT_PAY_MCH_ID)],
    ];
    for (const [fault, isFaulty] of faults) {
      it(`are as ${fault} would have it while the knob is set`, async () => {
        wechat.control.set({ notifications: fault });
        const { received } = await payWith([TAKEN]);
        assert.equal(received.length, 1);
        assert.ok(isFaulty(received[0]!.fields));
      });
    }

    it('of refunds are encrypted with the key’s MD5', async () => {
      const shop = await receiveNotifications(REFUSED, TAKEN);
      const asked = refundOf(await merchant.paid(), { notify_url: shop.url });
      await merchant.refund(asked);
      await wechat.control.notificationsSettled();
      assert.equal(shop.received.length, 2);
      const { req_info: reqInfo, nonce_str: _nonce, ...fields } = fromXml(shop.received[1]!.body);
      assert.deepEqual(fields, {
        return_code: 'SUCCESS',
        appid: merchant.env.WECHAT_APP_ID,
        mch_id: merchant.env.WECHAT_PAY_MCH_ID,
      });
      const { refundId, transactionId } = wechat.control.refund(String(asked.out_refund_no))!;
      assert.deepEqual(merchant.decrypt(reqInfo!), {
        out_refund_no: asked.out_refund_no,
        out_trade_no: asked.out_trade_no,
        refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
        refund_fee: '1000',
        refund_id: refundId,
        refund_recv_accout: '支付用户零钱',
        refund_request_source: 'API',
        refund_status: 'SUCCESS',
        settlement_refund_fee: '1000',
        settlement_total_fee: '3980',
        success_time: '2026-03-01 10:00:00',
        total_fee: '3980',
        transaction_id: transactionId,
      });
      const send = async (overrides: object) => {
        await wechat.control.notifyRefund(String(asked.out_refund_no), overrides);
        return fromXml(shop.received.at(-1)!.body);
      };
      assert.equal(merchant.decrypt((await send({ fault: 'tampered-amount' })).req_info!).refund_fee, '1001');
      assert.notEqual((await send({ fault: 'foreign-mchid' })).mch_id, merchant.env.WECHAT_PAY_MCH_ID);
      assert.notEqual((await send({ fault: 'foreign-appid' })).appid, merchant.env.WECHAT_APP_ID);
      const forged = (await send({ fault: 'bad-signature' })).req_info!;
      assert.throws(() => assert.equal(merchant.decrypt(forged).refund_id, refundId));
      shop.stop();
    });

    it('can be changed before or after they are signed', async () => {
      const { order } = await payWith([TAKEN]);
      const shop = await receiveNotifications(TAKEN);
      const send = async (overrides: object) => {
        await wechat.control.notify(String(order.out_trade_no), { url: shop.url, ...overrides });
        return fromXml(shop.received.at(-1)!.body);
      };
      const before = await send({ transaction: { total_fee: 1, new_field: 'x' } });
      assert.deepEqual([before.total_fee, before.new_field, isForged(before)], ['1', 'x', false]);
      const after = await send({ envelope: { total_fee: 1 } });
      assert.deepEqual([after.total_fee, isForged(after)], ['1', true]);
      shop.stop();
    });
  });
});
