/** What is believed of what WeChat Pay posts by version 2 of the API. */
import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RefundState, Transaction } from '../../proxy/wechat/pay/gateway.ts';
import {
  answerScan,
  isRefundNoticeOf,
  readRefundNotice,
  readScan,
  readTransactionNotice,
} from '../../proxy/wechat/pay/v2/notifications.ts';
import type { SignType } from '../../proxy/wechat/pay/v2/signature.ts';

type Fields = Record<string, string>;

const require = createRequire(import.meta.url);
// Their own types do not resolve under NodeNext.
const { Aes, Hash, Transformer } = require('wechatpay-axios-plugin');
const Tenpay = require('tenpay');

const keys = { appId: 'wx2421b1c4370ec43b', mchId: '10000100', key: '192006250b4c09247ec02edce69f6a2d' };
const tenpay = new Tenpay({ appid: keys.appId, mchid: keys.mchId, partnerKey: keys.key });
const secret = createHash('md5').update(keys.key).digest('hex');
const SIGN_TYPES: SignType[] = ['MD5', 'HMAC-SHA256'];

/** As the second implementation writes and signs it. */
function signed(fields: Fields, type: SignType = 'MD5'): Buffer {
  return Buffer.from(Transformer.toXml({ ...fields, sign: Hash.sign(type, fields, keys.key) }));
}

describe('a payment notice', () => {
  // The example of https://pay.weixin.qq.com/doc/v2/merchant/4011937248
  const notice: Fields = {
    appid: keys.appId,
    attach: '支付测试',
    bank_type: 'CFT',
    fee_type: 'CNY',
    is_subscribe: 'Y',
    mch_id: keys.mchId,
    nonce_str: '5d2b6c2a8db53831f7eda20af46e531c',
    openid: 'oUpF8uMEb4qRXf22hE3X68TekukE',
    out_trade_no: '1409811653',
    result_code: 'SUCCESS',
    return_code: 'SUCCESS',
    time_end: '20140903131540',
    total_fee: '1',
    coupon_fee: '10',
    coupon_count: '1',
    coupon_type: 'CASH',
    coupon_id: '10000',
    trade_type: 'JSAPI',
    transaction_id: '1004400740201409030005092168',
  };
  const transaction: Transaction = {
    appId: keys.appId,
    mchId: keys.mchId,
    tradeNo: '1409811653',
    state: 'SUCCESS',
    transactionId: '1004400740201409030005092168',
    total: 1,
    currency: 'CNY',
    openid: 'oUpF8uMEb4qRXf22hE3X68TekukE',
    paidAt: Date.parse('2014-09-03T13:15:40+08:00'),
    channel: 'jsapi',
  };
  const without = (name: string): Fields => Object.fromEntries(Object.entries(notice).filter(([key]) => key !== name));

  for (const type of SIGN_TYPES) {
    it(`is read where it is signed by ${type}`, () => {
      assert.deepEqual(readTransactionNotice(keys, signed(notice, type)), transaction);
      assert.deepEqual(readTransactionNotice(keys, signed({ ...notice, sign_type: type }, type)), transaction);
    });
  }

  it('may have fields that nobody has heard of, which are signed too', () => {
    const more = { ...notice, coupon_fee_0: '10', brand_new: '新' };
    assert.deepEqual(readTransactionNotice(keys, signed(more)), transaction);
    const forged = signed(notice).toString().replace('</xml>', '<brand_new>x</brand_new></xml>');
    assert.throws(() => readTransactionNotice(keys, Buffer.from(forged)), { code: 'invalid_signature' });
  });

  for (const [tradeType, channel] of Object.entries({ NATIVE: 'native', MWEB: 'h5', APP: undefined })) {
    it(`tells the channel: ${tradeType}`, () => {
      const { channel: _, ...rest } = transaction;
      const expected = channel ? { ...rest, channel } : rest;
      assert.deepEqual(readTransactionNotice(keys, signed({ ...notice, trade_type: tradeType })), expected);
    });
  }

  it('is in yuan where it names no currency', () => {
    for (const fields of [without('fee_type'), { ...notice, fee_type: '' }])
      assert.equal(readTransactionNotice(keys, signed(fields)).currency, 'CNY');
    assert.equal(readTransactionNotice(keys, signed({ ...notice, fee_type: 'HKD' })).currency, 'HKD');
  });

  it('says whose it is; the caller decides', () => {
    const read = readTransactionNotice(keys, signed({ ...notice, appid: 'wxother', mch_id: '1' }));
    assert.deepEqual([read.appId, read.mchId], ['wxother', '1']);
  });

  it('is refused with any value changed, whichever it is', () => {
    for (const name of Object.keys(notice)) {
      const genuine = { ...notice, sign: Hash.sign('MD5', notice, keys.key) };
      const body = Buffer.from(Transformer.toXml({ ...genuine, [name]: `${notice[name]}1` }));
      assert.throws(() => readTransactionNotice(keys, body), { code: 'invalid_signature' }, name);
    }
  });

  it('is refused without a sign, before anything else is looked at', () => {
    const failed: Fields = { return_code: 'FAIL', return_msg: '签名失败' };
    for (const fields of [notice, failed]) {
      const body = Buffer.from(Transformer.toXml(fields));
      assert.throws(() => readTransactionNotice(keys, body), { code: 'invalid_signature' });
    }
    assert.throws(() => readTransactionNotice({ ...keys, key: 'x'.repeat(32) }, signed(notice)), {
      code: 'invalid_signature',
    });
  });

  const unusable: Record<string, Fields> = {
    'a payment that failed': { ...notice, result_code: 'FAIL', err_code: 'SYSTEMERROR' },
    'a return_code that is not SUCCESS': { ...notice, return_code: 'FAIL' },
    'no number': without('out_trade_no'),
    'no transaction': without('transaction_id'),
    'no amount': without('total_fee'),
    'no time': without('time_end'),
    'an empty amount': { ...notice, total_fee: '' },
    'a fraction': { ...notice, total_fee: '1.0' },
    'a negative amount': { ...notice, total_fee: '-1' },
    'an exponent': { ...notice, total_fee: '1e2' },
    'a leading zero': { ...notice, total_fee: '01' },
    'an amount with space': { ...notice, total_fee: ' 1' },
    'an amount past all bounds': { ...notice, total_fee: '99999999999' },
    'a month that there is not': { ...notice, time_end: '20141303131540' },
    'a time of another form': { ...notice, time_end: '2014-09-03T13:15:40+08:00' },
  };
  for (const [kind, fields] of Object.entries(unusable)) {
    it(`is refused, though signed, with ${kind}`, () => {
      assert.throws(() => readTransactionNotice(keys, signed(fields)), { code: 'malformed_notification' });
    });
  }

  it('is refused where it is no XML of WeChat’s', () => {
    for (const body of ['', '{}', '<xml><a>&x;</a></xml>'])
      assert.throws(() => readTransactionNotice(keys, Buffer.from(body)), { code: 'malformed_notification' }, body);
  });
});

describe('a refund notice', () => {
  // The example of https://pay.weixin.qq.com/doc/v2/partner/4011989265
  const info: Fields = {
    out_refund_no: '131811191610442717309',
    out_trade_no: '71106718111915575302817',
    refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
    refund_fee: '3960',
    refund_id: '50000408942018111907145868882',
    refund_recv_accout: '支付用户零钱',
    refund_request_source: 'API',
    refund_status: 'SUCCESS',
    settlement_refund_fee: '3960',
    settlement_total_fee: '3960',
    success_time: '2018-11-19 16:24:13',
    total_fee: '3980',
    transaction_id: '4200000215201811190261405420',
  };
  const refund: RefundState = {
    mchId: keys.mchId,
    outRefundNo: '131811191610442717309',
    refundId: '50000408942018111907145868882',
    tradeNo: '71106718111915575302817',
    state: 'SUCCESS',
    amount: 3960,
    total: 3980,
    succeededAt: Date.parse('2018-11-19T16:24:13+08:00'),
  };

  function inside(fields: Fields): string {
    const elements = Object.entries(fields).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`);
    return `<root>\n${elements.join('\n')}\n</root>`;
  }

  function encrypt(plain: string | Buffer, key = secret): string {
    const cipher = createCipheriv('aes-256-ecb', key, null);
    return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64');
  }

  function notice(reqInfo: string, changes: Fields = {}): Buffer {
    const fields = { return_code: 'SUCCESS', appid: keys.appId, mch_id: keys.mchId, nonce_str: 'TeqClE3i0mvn3DrK' };
    return Buffer.from(Transformer.toXml({ ...fields, req_info: reqInfo, ...changes }));
  }

  it('is read', () => {
    assert.deepEqual(readRefundNotice(keys, notice(encrypt(inside(info)))), refund);
  });

  it('is read where the second implementation has encrypted it, and read alike by the third', async () => {
    // It leaves the padding out where nothing is to be padded, which PKCS#7 does not.
    const text = inside(info);
    const odd = Buffer.byteLength(text) % 16 === 0 ? text.replace('</root>', '\n</root>') : text;
    const body = notice(Aes.AesEcb.encrypt(odd, secret));
    assert.deepEqual(readRefundNotice(keys, body), refund);
    const { req_info } = await tenpay._parse(body.toString(), 'middleware_refund');
    assert.deepEqual(req_info, info);
  });

  for (const [status, state] of Object.entries({ CHANGE: 'ABNORMAL', REFUNDCLOSE: 'CLOSED' })) {
    it(`tells what has become of it: ${status}`, () => {
      const { succeededAt, ...rest } = refund;
      for (const success_time of ['', undefined]) {
        const { success_time: _, ...untimed } = info;
        const fields = { ...untimed, ...(success_time !== undefined && { success_time }), refund_status: status };
        assert.deepEqual(readRefundNotice(keys, notice(encrypt(inside(fields)))), { ...rest, state });
      }
    });
  }

  it('must be ours', () => {
    for (const changes of [{ appid: 'wxother' }, { mch_id: '10000101' }] as Fields[]) {
      const body = notice(encrypt(inside(info)), changes);
      assert.throws(() => readRefundNotice(keys, body), { code: 'merchant_mismatch' });
      assert.equal(isRefundNoticeOf(keys, body), false);
    }
    const { key: _, ...account } = keys;
    assert.equal(isRefundNoticeOf(account, notice(encrypt(inside(info)))), true);
    assert.equal(isRefundNoticeOf(account, signed({ appid: keys.appId, mch_id: keys.mchId })), false);
  });

  const undecipherable: Record<string, string> = {
    'another key': encrypt(inside(info), createHash('md5').update('another').digest('hex')),
    'the key in capitals': encrypt(inside(info), secret.toUpperCase()),
    'a block missing': Buffer.from(encrypt(inside(info)), 'base64')
      .subarray(0, -16)
      .toString('base64'),
    'half a block': Buffer.from(encrypt(inside(info)), 'base64')
      .subarray(0, -8)
      .toString('base64'),
    'its blocks turned round': Buffer.from(
      Uint8Array.from(Buffer.from(encrypt(inside(info)), 'base64')).reverse(),
    ).toString('base64'),
    'no XML inside': encrypt('SUCCESS'),
    'another root inside': encrypt(inside(info).replaceAll('root>', 'xml>')),
    'a document type inside': encrypt(`<!DOCTYPE root>${inside(info)}`),
    'an element twice inside': encrypt(inside(info).replace('</root>', '<refund_fee>1</refund_fee></root>')),
    'bytes inside that are no UTF-8': encrypt(Buffer.from([0xff, 0xfe, 0xfd])),
  };
  for (const [kind, reqInfo] of Object.entries(undecipherable)) {
    it(`is refused with ${kind}`, () => {
      assert.throws(() => readRefundNotice(keys, notice(reqInfo)), { code: 'decryption_failed' });
    });
  }

  it('is refused with anything but what it should hold', () => {
    const bodies = [
      notice(''),
      notice('not base64!'),
      notice(encrypt(inside(info)), { return_code: 'FAIL' }),
      notice(encrypt(inside({ ...info, refund_status: 'DONE' }))),
      notice(encrypt(inside({ ...info, refund_fee: '39.60' }))),
      notice(encrypt(inside({ ...info, out_refund_no: '' }))),
      notice(encrypt(inside({ ...info, success_time: '2018-11-19' }))),
      Buffer.from('<xml>'),
    ];
    for (const body of bodies)
      assert.throws(() => readRefundNotice(keys, body), { code: 'malformed_notification' }, body.toString());
  });
});

describe('a scan of a printed code', () => {
  // The fields of https://pay.weixin.qq.com/wiki/doc/api/native.php?chapter=6_4
  const fields: Fields = {
    appid: keys.appId,
    openid: 'oUpF8uMEb4qRXf22hE3X68TekukE',
    mch_id: keys.mchId,
    is_subscribe: 'Y',
    nonce_str: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
    product_id: '山茶花/1 & co',
  };

  for (const type of SIGN_TYPES) {
    it(`is read where it is signed by ${type}`, () => {
      assert.deepEqual(readScan(keys, signed(fields, type)), {
        productId: '山茶花/1 & co',
        openid: 'oUpF8uMEb4qRXf22hE3X68TekukE',
        nonceStr: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
        signType: type,
      });
    });

    it(`is answered so that another implementation believes it, by ${type}`, async () => {
      const xml = answerScan(keys, { signType: type }, { prepayId: 'wx201411101639507cbf6ffd8b0779950874' }, 'fresh');
      const { sign, ...answer } = await tenpay._parse(xml, 'answer', type);
      assert.equal(sign, Hash.sign(type, answer, keys.key));
      assert.deepEqual(answer, {
        return_code: 'SUCCESS',
        appid: keys.appId,
        mch_id: keys.mchId,
        nonce_str: 'fresh',
        prepay_id: 'wx201411101639507cbf6ffd8b0779950874',
        result_code: 'SUCCESS',
      });
    });
  }

  it('is answered with why there is nothing to pay, in no more bytes than WeChat takes', () => {
    const error = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }).filter((text) => text.trim() === text);
    fc.assert(
      fc.property(error, (error) => {
        const { sign, ...answer } = Transformer.toObject(
          answerScan(keys, { signType: 'MD5' }, { error: `没有：${error}` }, 'fresh'),
        );
        assert.equal(sign, Hash.sign('MD5', answer, keys.key));
        assert.equal(answer.result_code, 'FAIL');
        assert.equal(answer.prepay_id, '');
        assert.ok(`没有：${error}`.startsWith(answer.err_code_des));
        assert.ok(Buffer.byteLength(answer.err_code_des) <= 128);
      }),
    );
  });

  it('is refused where it is forged, not ours, or not whole', () => {
    const forged = Transformer.toXml({ ...fields, sign: Hash.sign('MD5', { ...fields, product_id: '2' }, keys.key) });
    const refused: [string, Buffer][] = [
      ['invalid_signature', Buffer.from(forged)],
      ['invalid_signature', Buffer.from(Transformer.toXml(fields))],
      ['merchant_mismatch', signed({ ...fields, appid: 'wxother' })],
      ['merchant_mismatch', signed({ ...fields, mch_id: '10000101' })],
      ['malformed_notification', signed({ ...fields, product_id: '' })],
      ['malformed_notification', signed({ ...fields, openid: '' })],
      ['malformed_notification', signed({ ...fields, openid: 'not an openid' })],
      ['malformed_notification', Buffer.from('scan')],
    ];
    for (const [code, body] of refused) assert.throws(() => readScan(keys, body), { code }, body.toString());
  });
});
