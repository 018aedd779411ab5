import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type NotificationFault, startWechat, type Wechat } from '../../demo/wechat/start.ts';
import {
  createMerchant,
  decrypt,
  isSigned,
  type Json,
  type Merchant,
  type Received,
  receiveNotifications,
} from './merchant.ts';

const DAY = 86_400_000;

describe('refunds, version 3', () => {
  let wechat: Wechat;
  let merchant: Merchant;
  let now = Date.parse('2026-03-01T02:00:00Z');

  before(async () => {
    wechat = await startWechat({ now: () => now, retrySpeed: 1000 });
    merchant = createMerchant(wechat);
  });
  after(() => wechat.stop());
  beforeEach(() => wechat.control.reset());

  const code = ({ status, json }: { status: number; json: Json }) => [status, json.code];
  const money = (refund: number, total = 3980) => ({ amount: { refund, total, currency: 'CNY' } });
  const open = ({ body }: Received) =>
    JSON.parse(decrypt(JSON.parse(body).resource, merchant.env.WECHAT_PAY_V3_KEY!)) as Json;

  it('takes a refund, processes it and shows it, as the order does', async () => {
    const outTradeNo = await merchant.paid();
    const { transactionId } = wechat.control.order(outTradeNo)!;
    const refund = merchant.refund(outTradeNo, { reason: '花谢了' });
    const answer = await merchant.refundNow(refund);
    assert.equal(answer.status, 200);
    assert.ok(isSigned(answer.headers, answer.text, merchant.env.WECHAT_PAY_PUBLIC_KEY!));
    const { refund_id: refundId, ...shown } = answer.json;
    assert.match(refundId, /^50\d{27}$/);
    const expected = {
      out_refund_no: refund.out_refund_no,
      transaction_id: transactionId,
      out_trade_no: outTradeNo,
      channel: 'ORIGINAL',
      user_received_account: '支付用户零钱',
      create_time: '2026-03-01T10:00:00+08:00',
      status: 'PROCESSING',
      funds_account: 'AVAILABLE',
      amount: {
        total: 3980,
        refund: 1000,
        from: [],
        payer_total: 3980,
        payer_refund: 1000,
        settlement_refund: 1000,
        settlement_total: 3980,
        discount_refund: 0,
        currency: 'CNY',
        refund_fee: 0,
      },
      promotion_detail: [],
    };
    assert.deepEqual(shown, expected);
    const queried = await merchant.queryRefund(refund.out_refund_no);
    const success = { status: 'SUCCESS', success_time: '2026-03-01T10:00:00+08:00' };
    assert.deepEqual(queried.json, { ...expected, ...success, refund_id: refundId });
    const order = (await merchant.query(outTradeNo)).json;
    assert.deepEqual([order.trade_state, order.transaction_id], ['REFUND', transactionId]);
  });

  it('gives the same refund where the same is asked for again', async () => {
    const refund = merchant.refund(await merchant.paid());
    const [first, second] = [await merchant.refundNow(refund), await merchant.refundNow(refund)];
    assert.equal(first.json.refund_id, second.json.refund_id);
    assert.deepEqual([first.json.status, second.json.status], ['PROCESSING', 'SUCCESS']);
    const other = await merchant.refundNow({ ...refund, ...money(999) });
    assert.deepEqual(code(other), [400, 'INVALID_REQUEST']);
    assert.match(other.json.message, /与之前请求不一致/);
    const elsewhere = { ...refund, out_trade_no: await merchant.paid() };
    assert.deepEqual(code(await merchant.refundNow(elsewhere)), [400, 'INVALID_REQUEST']);
  });

  it('takes the transaction’s own number as well', async () => {
    const outTradeNo = await merchant.paid();
    const { transactionId } = wechat.control.order(outTradeNo)!;
    const { json } = await merchant.refundNow(merchant.refund(undefined, { transaction_id: transactionId }));
    assert.equal(json.out_trade_no, outTradeNo);
  });

  it('never gives back more than was paid', async () => {
    const outTradeNo = await merchant.paid();
    const ask = async (amount: number) => {
      const { status, json } = await merchant.refundNow(merchant.refund(outTradeNo, money(amount)));
      return [status, json.code, json.message];
    };
    assert.deepEqual((await ask(3981)).slice(0, 2), [400, 'PARAM_ERROR']);
    const answers = await Promise.all([ask(2000), ask(2000), ask(2000)]);
    assert.equal(answers.filter(([status]) => status === 200).length, 1);
    assert.ok(answers.some(([, , message]) => message === '申请退款金额超过订单可退金额'));
    assert.equal((await ask(1980))[0], 200);
    assert.deepEqual(await ask(1), [400, 'INVALID_REQUEST', '订单已全额退款']);
  });

  it('gives back fifty times at most', async () => {
    const outTradeNo = await merchant.paid();
    for (let count = 0; count < 50; count += 1) {
      assert.equal((await merchant.refundNow(merchant.refund(outTradeNo, money(1)))).status, 200);
    }
    const { status, json } = await merchant.refundNow(merchant.refund(outTradeNo, money(1)));
    assert.deepEqual([status, json.message], [400, '订单部分退款次数超过限制']);
  });

  it('gives back within a year', async () => {
    const outTradeNo = await merchant.paid();
    now += 365 * DAY;
    assert.equal((await merchant.refundNow(merchant.refund(outTradeNo, money(1)))).status, 200);
    now += 1000;
    const { status, json } = await merchant.refundNow(merchant.refund(outTradeNo, money(1)));
    assert.deepEqual([status, json.message], [400, '订单已超过可退款的最大期限']);
  });

  it('needs the merchant’s money', async () => {
    wechat.control.set({ merchantBalance: 1500 });
    const outTradeNo = await merchant.paid();
    const refund = merchant.refund(outTradeNo, money(2000));
    assert.deepEqual(code(await merchant.refundNow(refund)), [403, 'NOT_ENOUGH']);
    assert.equal((await merchant.query(outTradeNo)).json.trade_state, 'SUCCESS');
    assert.equal((await merchant.refundNow(merchant.refund(outTradeNo, money(1000)))).status, 200);
    assert.equal(wechat.control.knobs.merchantBalance, 500);
    wechat.control.set({ merchantBalance: null });
    assert.equal((await merchant.refundNow(refund)).status, 200);
  });

  describe('refuses', () => {
    const fields: [string, Record<string, unknown>][] = [
      ['/transaction_id', { out_trade_no: undefined }],
      ['/out_trade_no', { out_trade_no: '1' }],
      ['/out_refund_no', { out_refund_no: undefined }],
      ['/out_refund_no', { out_refund_no: 'x'.repeat(65) }],
      ['/out_refund_no', { out_refund_no: 'refund#1' }],
      ['/reason', { reason: 'x'.repeat(81) }],
      ['/notify_url', { notify_url: 'http://shop.example.com/' }],
      ['/notify_url', { notify_url: 'https://shop.example.com/?a=1' }],
      ['/funds_account', { funds_account: 'BANK' }],
      ['/amount', { amount: undefined }],
      ['/amount/refund', { amount: { total: 3980, currency: 'CNY' } }],
      ['/amount/refund', money(0)],
      ['/amount/refund', money(0.5)],
      ['/amount/total', { amount: { refund: 1, currency: 'CNY' } }],
      ['/amount/currency', { amount: { refund: 1, total: 3980 } }],
      ['/amount/currency', { amount: { refund: 1, total: 3980, currency: 'USD' } }],
      [
        '/goods_detail/0/refund_quantity',
        { goods_detail: [{ merchant_goods_id: 'a', unit_price: 1, refund_amount: 1 }] },
      ],
    ];
    for (const [field, changes] of fields) {
      it(`${field} as in ${JSON.stringify(changes).slice(0, 60)}`, async () => {
        const { status, json } = await merchant.refundNow(merchant.refund('order-unknown', changes));
        assert.deepEqual([status, json.code, json.detail.field], [400, 'PARAM_ERROR', field]);
      });
    }

    it('what is not there, or not paid, or was paid with another amount', async () => {
      const unpaid = merchant.order();
      await merchant.create(unpaid);
      for (const outTradeNo of ['order-unknown', unpaid.out_trade_no]) {
        assert.deepEqual(code(await merchant.refundNow(merchant.refund(outTradeNo))), [404, 'RESOURCE_NOT_EXISTS']);
      }
      const wrong = merchant.refund(await merchant.paid(), money(1, 3979));
      assert.deepEqual(code(await merchant.refundNow(wrong)), [400, 'INVALID_REQUEST']);
      assert.deepEqual(code(await merchant.queryRefund('refund-unknown')), [404, 'RESOURCE_NOT_EXISTS']);
    });
  });

  describe('how they end', () => {
    it('as the knob has it', async () => {
      for (const [refunds, status] of [
        ['succeed', 'SUCCESS'],
        ['abnormal', 'ABNORMAL'],
        ['close', 'CLOSED'],
        ['wait', 'PROCESSING'],
      ] as const) {
        wechat.control.set({ refunds });
        const refund = merchant.refund(await merchant.paid());
        await merchant.refundNow(refund);
        assert.equal((await merchant.queryRefund(refund.out_refund_no)).json.status, status);
      }
    });

    it('by hand, each once; what is closed can be given back again', async () => {
      wechat.control.set({ refunds: 'wait', merchantBalance: 3980 });
      const outTradeNo = await merchant.paid();
      const refund = merchant.refund(outTradeNo, money(3980));
      const outRefundNo = String(refund.out_refund_no);
      await merchant.refundNow(refund);
      assert.equal(wechat.control.knobs.merchantBalance, 0);
      wechat.control.finishRefund(outRefundNo, 'ABNORMAL');
      assert.throws(() => wechat.control.finishRefund(outRefundNo, 'ABNORMAL'), TypeError);
      wechat.control.finishRefund(outRefundNo, 'CLOSED');
      assert.throws(() => wechat.control.finishRefund(outRefundNo, 'SUCCESS'), TypeError);
      assert.throws(() => wechat.control.finishRefund('unknown', 'SUCCESS'), TypeError);
      assert.throws(() => wechat.control.finishRefund(outRefundNo, 'PROCESSING' as never), TypeError);
      assert.equal(wechat.control.knobs.merchantBalance, 3980);
      const another = merchant.refund(outTradeNo, money(3980));
      assert.equal((await merchant.refundNow(another)).status, 200);
      wechat.control.finishRefund(String(another.out_refund_no), 'SUCCESS', { notify: false });
      assert.equal(wechat.control.refund(String(another.out_refund_no))!.succeededAt, now);
    });

    it('the payer hears of the money', async () => {
      const closing = new AbortController();
      const stream = await fetch(`${wechat.url}/client/phones/p1/events`, { signal: closing.signal });
      const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
      const outTradeNo = await merchant.paid();
      const refund = merchant.refund(outTradeNo, { reason: '花谢了' });
      await merchant.refundNow(refund);
      let text = '';
      while (!/"refund"/.test(text)) text += (await reader.read()).value;
      closing.abort();
      const { id: _id, time: _time, ...told } = JSON.parse(text.split('data: ').at(-1)!);
      assert.deepEqual(told, {
        kind: 'refund',
        merchantName: '栖云茶铺',
        description: '山茶花一束',
        amount: { total: 1000, currency: 'CNY' },
        outTradeNo,
        outRefundNo: refund.out_refund_no,
        reason: '花谢了',
      });
    });
  });

  describe('notifications', () => {
    async function refundWith(knobs: object, ...statuses: number[]) {
      wechat.control.set(knobs);
      const shop = await receiveNotifications(...statuses);
      const refund = merchant.refund(await merchant.paid(), { notify_url: shop.url });
      await merchant.refundNow(refund);
      await wechat.control.notificationsSettled();
      shop.stop();
      return { shop, refund };
    }

    for (const [refunds, status, summary] of [
      ['succeed', 'SUCCESS', '退款成功'],
      ['abnormal', 'ABNORMAL', '退款异常'],
      ['close', 'CLOSED', '退款关闭'],
    ]) {
      it(`tell that a refund is ${status}, again until it is taken`, async () => {
        const { shop, refund } = await refundWith({ refunds }, 500, 204);
        assert.equal(shop.received.length, 2);
        const [notification] = shop.received;
        assert.ok(isSigned(notification!.headers, notification!.body, merchant.env.WECHAT_PAY_PUBLIC_KEY!));
        const { id: _id, create_time: _createTime, resource, ...envelope } = JSON.parse(notification!.body);
        assert.deepEqual(envelope, {
          resource_type: 'encrypt-resource',
          event_type: `REFUND.${status}`,
          summary,
        });
        assert.deepEqual([resource.original_type, resource.associated_data], ['refund', 'refund']);
        const kept = wechat.control.refund(String(refund.out_refund_no))!;
        assert.deepEqual(open(notification!), {
          mchid: merchant.env.WECHAT_PAY_MCH_ID,
          out_trade_no: refund.out_trade_no,
          transaction_id: kept.transactionId,
          out_refund_no: refund.out_refund_no,
          refund_id: kept.refundId,
          refund_status: status,
          ...(status === 'SUCCESS' ? { success_time: open(notification!).success_time } : {}),
          user_received_account: '支付用户零钱',
          amount: { total: 3980, refund: 1000, payer_total: 3980, payer_refund: 1000 },
        });
      });
    }

    it('do not come where the merchant said nowhere', async () => {
      wechat.control.set({ refunds: 'wait' });
      const refund = merchant.refund(await merchant.paid());
      await merchant.refundNow(refund);
      const before = wechat.calls.filter(({ direction }) => direction === 'out').length;
      wechat.control.finishRefund(String(refund.out_refund_no), 'SUCCESS');
      await wechat.control.notificationsSettled();
      assert.equal(wechat.calls.filter(({ direction }) => direction === 'out').length, before);
      await assert.rejects(wechat.control.notifyRefund(String(refund.out_refund_no)), TypeError);
    });

    const faults: [NotificationFault, (notification: Received) => boolean][] = [
      ['bad-signature', ({ headers, body }) => !isSigned(headers, body, merchant.env.WECHAT_PAY_PUBLIC_KEY!)],
      ['foreign-appid', ({ headers, body }) => !isSigned(headers, body, merchant.env.WECHAT_PAY_PUBLIC_KEY!)],
      ['tampered-amount', (notification) => open(notification).amount.refund === 1001],
      ['foreign-mchid', (notification) => open(notification).mchid !== merchant.env.WECHAT_PAY_MCH_ID],
      ['stale', ({ headers }) => now / 1000 - Number(headers['wechatpay-timestamp']) > 300],
    ];
    for (const [fault, isFaulty] of faults) {
      it(`are as ${fault} would have it while the knob is set`, async () => {
        const { shop } = await refundWith({ notifications: fault }, 204);
        assert.equal(shop.received.length, 1);
        assert.ok(isFaulty(shop.received[0]!));
      });
    }

    it('can be sent once, changed at will, even in the words of version 2', async () => {
      const shop = await receiveNotifications(401);
      const { refund } = await refundWith({}, 204);
      const outRefundNo = String(refund.out_refund_no);
      const { url } = shop;
      const answer = await wechat.control.notifyRefund(outRefundNo, { url, transaction: { refund_status: 'CLOSED' } });
      assert.equal(answer.status, 401);
      assert.equal(open(shop.received[0]!).refund_status, 'CLOSED');
      await wechat.control.notifyRefund(outRefundNo, { url, payVersion: 'v2' });
      assert.match(shop.received[1]!.body, /^<xml>[\s\S]*<req_info>/);
      shop.stop();
    });

    it('that come late do not change what is told of the payment', async () => {
      wechat.control.set({ notifications: 'hold' });
      const shop = await receiveNotifications(204);
      const order = merchant.order({ notify_url: shop.url });
      await merchant.create(order);
      wechat.control.pay(String(order.out_trade_no));
      await merchant.refundNow(merchant.refund(order.out_trade_no));
      wechat.control.releaseNotifications();
      await wechat.control.notificationsSettled();
      shop.stop();
      assert.equal(open(shop.received[0]!).trade_state, 'SUCCESS');
    });
  });
});
