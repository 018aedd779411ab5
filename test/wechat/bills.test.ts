import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { startWechat, type Wechat } from '../../demo/wechat/start.ts';
import { createMerchant, type Merchant } from './merchant.ts';
import { createV2Merchant, type Fields, type V2Merchant } from './v2-merchant.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SUMMARY_NAMES = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';

describe('trade bills', () => {
  let wechat: Wechat;
  let merchant: Merchant;
  let v2: V2Merchant;
  // 2026-03-01, 23:59 in China.
  const start = Date.parse('2026-03-01T15:59:00Z');
  let now = start;
  let outTradeNo: string;

  before(async () => {
    wechat = await startWechat({ now: () => now });
    merchant = createMerchant(wechat);
    v2 = createV2Merchant(wechat);
    outTradeNo = await merchant.paid({ description: '茶, 一壶', attach: '门店 7' });
    await merchant.create(merchant.order());
    await merchant.refundNow(merchant.refund(outTradeNo, { out_refund_no: 'refund-1' }));
    now += 120_000;
    await v2.paid();
    await merchant.refundNow(merchant.refund(outTradeNo, { out_refund_no: 'refund-2' }));
  });
  after(() => wechat.stop());
  beforeEach(() => {
    wechat.control.reset();
    now = start + 3 * DAY;
  });

  const ask = (query: string) => merchant.call('GET', `/v3/bill/tradebill?${query}`);
  const pathOf = (downloadUrl: string) => downloadUrl.slice(wechat.url.length);
  async function download(query: string): Promise<Buffer> {
    const { json } = await ask(query);
    const path = pathOf(json.download_url);
    const headers = { authorization: merchant.authorization('GET', path, ''), accept: '*/*', 'user-agent': 'x' };
    const answer = await fetch(wechat.url + path, { headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('wechatpay-signature'), null);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const bill = query.includes('GZIP') ? gunzipSync(bytes) : bytes;
    assert.deepEqual([json.hash_type, json.hash_value], ['SHA1', createHash('sha1').update(bill).digest('hex')]);
    return bill;
  }

  it('hold a day’s payments and refunds, and their sums', async () => {
    const { transactionId, openid } = wechat.control.order(outTradeNo)!;
    const { refundId } = wechat.control.refund('refund-1')!;
    const order = [
      ...['2026-03-01 23:59:00', merchant.env.WECHAT_APP_ID, merchant.env.WECHAT_PAY_MCH_ID, '0', ''],
      ...[transactionId, outTradeNo, openid, 'JSAPI'],
    ];
    const goods = ['茶, 一壶', '门店 7'];
    const row = (values: unknown[]) => values.map((value) => `\`${value}`).join(',');
    const bill = (await download('bill_date=2026-03-01&bill_type=ALL&tar_type=GZIP')).toString();
    assert.equal(
      bill,
      [
        '\ufeff交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注',
        row([
          ...order,
          ...['SUCCESS', 'OTHERS', 'CNY', '39.80', '0.00', '0', '0', '0.00', '0.00', '', '', ...goods],
          ...['0.24000', '0.60%', '39.80', '0.00', ''],
        ]),
        row([
          ...order,
          ...['REFUND', 'OTHERS', 'CNY', '0.00', '0.00', refundId, 'refund-1', '10.00', '0.00', 'ORIGINAL', 'SUCCESS'],
          ...[...goods, '-0.06000', '0.60%', '0.00', '10.00', ''],
        ]),
        SUMMARY_NAMES,
        row(['2', '39.80', '10.00', '0.00', '0.18000', '39.80', '10.00']),
        '',
      ].join('\r\n'),
    );
    assert.equal(wechat.control.billOf('2026-03-01'), bill);
    const next = (await download('bill_date=2026-03-02')).toString().split('\r\n');
    assert.equal(next.length, 6);
    assert.match(next[1]!, /`SUCCESS,/);
    assert.match(next[2]!, /`refund-2,/);
  });

  it('of one kind only have columns of their own', async () => {
    const success = (await download('bill_date=2026-03-01&bill_type=SUCCESS')).toString().split('\r\n');
    assert.match(success[0]!, /代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注$/);
    assert.deepEqual([success.length, success[2]], [5, '总交易单数,应结订单总金额,手续费总金额,订单总金额']);
    const refund = (await download('bill_date=2026-03-01&bill_type=REFUND')).toString().split('\r\n');
    assert.match(refund[0]!, /代金券金额,退款申请时间,退款成功时间,微信退款单号,/);
    assert.match(refund[1]!, /`0.00,`2026-03-01 23:59:00,`2026-03-01 23:59:00,/);
    assert.deepEqual([refund.length, refund[2]], [5, SUMMARY_NAMES]);
  });

  it('lie ready at ten the next morning', async () => {
    const code = async () => (await ask('bill_date=2026-03-01')).json.code;
    now = Date.parse('2026-03-02T01:59:59Z');
    assert.equal(await code(), 'STATEMENT_CREATING');
    now = Date.parse('2026-03-02T02:00:00Z');
    assert.equal(await code(), undefined);
  });

  it('are refused where there are none, or cannot be any', async () => {
    for (const [query, status, code] of [
      ['bill_date=2026-02-28', 400, 'NO_STATEMENT_EXIST'],
      ['bill_date=2026-03-06', 400, 'INVALID_REQUEST'],
      ['bill_date=2025-11-01', 400, 'INVALID_REQUEST'],
      ['bill_date=2026-02-30', 400, 'PARAM_ERROR'],
      ['bill_date=20260301', 400, 'PARAM_ERROR'],
      ['', 400, 'PARAM_ERROR'],
      ['bill_date=2026-03-01&bill_type=NONE', 400, 'PARAM_ERROR'],
      ['bill_date=2026-03-01&tar_type=ZIP', 400, 'PARAM_ERROR'],
    ]) {
      const answer = await ask(String(query));
      assert.deepEqual([answer.status, answer.json.code], [status, code], String(query));
    }
  });

  it('are fetched by the merchant, for five minutes', async () => {
    const path = pathOf((await ask('bill_date=2026-03-01')).json.download_url);
    assert.equal((await fetch(wechat.url + path, { headers: { 'user-agent': 'x' } })).status, 401);
    assert.equal((await merchant.call('GET', path)).status, 200);
    assert.equal((await merchant.call('GET', '/v3/billdownload/file?token=guess')).status, 400);
    now += 300_000;
    assert.equal((await merchant.call('GET', path)).status, 400);
  });

  it('can be made to lie', async () => {
    wechat.control.setBill('2026-02-20', '\ufeff交易时间\r\n');
    assert.equal((await download('bill_date=2026-02-20&tar_type=GZIP')).toString(), '\ufeff交易时间\r\n');
    assert.throws(() => wechat.control.setBill('20260220', ''), TypeError);
  });

  describe('in version 2', () => {
    const bill = (fields: Fields) => v2.call('/pay/downloadbill', fields);

    it('come as they are, or packed', async () => {
      const expected = wechat.control.billOf('2026-03-01');
      assert.equal((await bill({ bill_date: '20260301' })).body.toString(), expected);
      const packed = await bill({ bill_date: '20260301', bill_type: 'ALL', tar_type: 'GZIP' });
      assert.equal(gunzipSync(packed.body).toString(), expected);
    });

    it('are refused in XML, with a number', async () => {
      for (const [fields, message, code] of [
        [{ bill_date: '20260228' }, 'No Bill Exist', '20002'],
        [{ bill_date: '20260304' }, 'Bill Creating', '20003'],
        [{ bill_date: '20260306' }, 'invalid bill_date', '20001'],
        [{ bill_date: '2026-03-01' }, 'bill_date参数长度有误', '20001'],
        [{ bill_date: '20260301', bill_type: 'NONE' }, 'invalid bill_type', '20001'],
      ] as const) {
        const { status, fields: answer } = await bill(fields);
        assert.equal(status, 200);
        assert.deepEqual(answer, { return_code: 'FAIL', return_msg: message, error_code: code });
      }
    });
  });
});
