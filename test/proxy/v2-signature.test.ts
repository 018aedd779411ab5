/** What WeChat has published of version 2’s signatures, and what other implementations say. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { productCodeUrl } from '../../proxy/wechat/pay/v2/product-code.ts';
import { jsapiParams, type SignType, sign, signTypeOf, verify } from '../../proxy/wechat/pay/v2/signature.ts';

const require = createRequire(import.meta.url);
// Their own types do not resolve under NodeNext.
const { Hash } = require('wechatpay-axios-plugin');
const Tenpay = require('tenpay');

const key = '192006250b4c09247ec02edce69f6a2d';
const tenpay = new Tenpay({ appid: 'wxd930ea5d5a258f4f', mchid: '10000100', partnerKey: key });

const signType = fc.constantFrom<SignType>('MD5', 'HMAC-SHA256');
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
/** Numbers as names would change places whatever the order is. */
const name = fc.oneof(
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/),
  text.filter((word) => !/^\d/.test(word)),
);
const fields = fc.dictionary(
  name.filter((word) => !['sign', 'sign_type', '__proto__'].includes(word)),
  text,
  { maxKeys: 12 },
);

// https://pay.weixin.qq.com/doc/v2/merchant/4011985891
describe('the sign', () => {
  const example = {
    appid: 'wxd930ea5d5a258f4f',
    mch_id: '10000100',
    device_info: '1000',
    body: 'test',
    nonce_str: 'ibuaiVcKdpRxkhJA',
  };
  const published: Record<SignType, string> = {
    MD5: '9A0A8659F005D6984697E2CA0A9CF3B7',
    'HMAC-SHA256': '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6',
  };

  for (const [type, expected] of Object.entries(published)) {
    it(`is the one of WeChat’s example, by ${type}`, () => {
      assert.equal(sign(example, key, type as SignType), expected);
      assert.equal(verify({ ...example, sign: expected }, key), true);
    });
  }

  it('is the one that two other implementations make, whatever the fields and their order are', () => {
    fc.assert(
      fc.property(fields, signType, fc.string({ unit: 'grapheme', minLength: 1 }), (given, type, key) => {
        const turned = Object.fromEntries(Object.entries(given).reverse());
        const expected = Hash.sign(type, given, key);
        assert.equal(sign(given, key, type), expected);
        assert.equal(sign(turned, key, type), expected);
        assert.equal(tenpay._getSign.call({ partnerKey: key }, given, type), expected);
      }),
    );
  });

  it('sorts names by their bytes: capitals first, then _, then small letters', () => {
    const given = { b: '1', _: '2', B: '3', a_b: '4', aB: '5', a0: '6', é: '7' };
    const expected = Hash.md5('B=3&_=2&a0=6&aB=5&a_b=4&b=1&é=7', key).toUpperCase();
    assert.equal(sign(given, key, 'MD5'), expected);
  });

  it('leaves out what is empty and itself, but neither 0 nor space', () => {
    const expected = sign(example, key, 'MD5');
    assert.equal(sign({ ...example, attach: '', sign: 'x' }, key, 'MD5'), expected);
    for (const attach of ['0', ' ']) assert.notEqual(sign({ ...example, attach }, key, 'MD5'), expected);
  });
});

describe('verifying', () => {
  const signed = (given: Record<string, string>, type: SignType) => ({ ...given, sign: sign(given, key, type) });

  it('believes what the second implementation has signed, with or without its type', () => {
    fc.assert(
      fc.property(fields, signType, fc.boolean(), (given, type, named) => {
        const sent = named ? { ...given, sign_type: type } : given;
        assert.equal(verify({ ...sent, sign: Hash.sign(type, sent, key) }, key), true);
      }),
    );
  });

  it('believes nothing that is changed, added or taken away, known or not', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    const filled = fc.dictionary(fc.stringMatching(/^[a-r_]{1,10}$/), word, { minKeys: 1, maxKeys: 8 });
    fc.assert(
      fc.property(filled, signType, fc.nat(), word, (given, type, position, added) => {
        const names = Object.keys(given);
        const name = names[position % names.length]!;
        const genuine = signed(given, type);
        assert.equal(verify(genuine, key), true);
        assert.equal(verify({ ...genuine, [name]: given[name] + added }, key), false);
        assert.equal(verify({ ...genuine, [name]: '' }, key), false);
        assert.equal(verify({ ...genuine, zzz_unknown: added }, key), false);
        assert.equal(verify(genuine, `${key}x`), false);
      }),
    );
  });

  const genuine = { appid: 'wx8888888888888888', total_fee: '1' };
  const md5 = sign(genuine, key, 'MD5');
  const hmac = sign(genuine, key, 'HMAC-SHA256');
  const forged: Record<string, Record<string, string>> = {
    'no sign': genuine,
    'an empty sign': { ...genuine, sign: '' },
    'a sign in small letters': { ...genuine, sign: md5.toLowerCase() },
    'an HMAC in small letters': { ...genuine, sign: hmac.toLowerCase() },
    'half a sign': { ...genuine, sign: md5.slice(0, 16) },
    'a sign and more': { ...genuine, sign: `${md5}0` },
    'a sign among space': { ...genuine, sign: ` ${md5}` },
    'as long a sign of other letters': { ...genuine, sign: '签'.repeat(32) },
    'a plain hash, without the key': {
      ...genuine,
      sign: Hash.md5('appid=wx8888888888888888&total_fee=1').toUpperCase(),
    },
    'MD5 under the name of HMAC': {
      ...genuine,
      sign_type: 'HMAC-SHA256',
      sign: sign({ ...genuine, sign_type: 'HMAC-SHA256' }, key, 'MD5'),
    },
    'HMAC under the name of MD5': {
      ...genuine,
      sign_type: 'MD5',
      sign: sign({ ...genuine, sign_type: 'MD5' }, key, 'HMAC-SHA256'),
    },
    'a type that there is not': {
      ...genuine,
      sign_type: 'SHA1',
      sign: sign({ ...genuine, sign_type: 'SHA1' }, key, 'MD5'),
    },
  };
  for (const [kind, given] of Object.entries(forged)) {
    it(`does not believe ${kind}, and throws nothing`, () => assert.equal(verify(given, key), false));
  }

  it('tells the type by its name, else by the sign’s length', () => {
    assert.equal(signTypeOf({ sign: md5 }), 'MD5');
    assert.equal(signTypeOf({ sign: hmac }), 'HMAC-SHA256');
    assert.equal(signTypeOf({ sign: hmac, sign_type: 'MD5' }), 'MD5');
    assert.equal(signTypeOf({ sign: 'x' }), undefined);
    assert.equal(signTypeOf({ sign_type: 'MD5' }), undefined);
  });
});

describe('paySign', () => {
  // https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=7_7&index=6
  const published: Record<SignType, string> = {
    MD5: '1F2E9533D7D483FBCDBD0B9BCA76F97D',
    'HMAC-SHA256': '4A04CF5B979A4920409A9DEF2322C33C96DE8E9A96830E648719C60EF991700E',
  };
  for (const [type, paySign] of Object.entries(published)) {
    it(`is the one of WeChat’s example, by ${type}, among the names that the page hands on`, () => {
      const params = jsapiParams(
        { key: 'qazwsxedcrfvtgbyhnujmikolp111111', signType: type as SignType },
        {
          appId: 'wx619a931576afe069',
          prepayId: 'wx2611334392677180ea59742b3744840000',
          timestamp: 1774495197,
          nonceStr: 'RIPb5Upk3ku7knU6',
        },
      );
      assert.deepEqual(params, {
        appId: 'wx619a931576afe069',
        timeStamp: '1774495197',
        nonceStr: 'RIPb5Upk3ku7knU6',
        package: 'prepay_id=wx2611334392677180ea59742b3744840000',
        signType: type,
        paySign,
      });
    });

    it(`is the one that another implementation makes, by ${type}`, () => {
      const { timestamp, ...expected } = tenpay.getPayParamsByPrepay({ prepay_id: 'wx26113343' }, type);
      const { appId, nonceStr } = expected;
      const seconds = Number(timestamp);
      const signer = { key, signType: type as SignType };
      assert.deepEqual(jsapiParams(signer, { appId, prepayId: 'wx26113343', timestamp: seconds, nonceStr }), expected);
    });
  }
});

// https://pay.weixin.qq.com/wiki/doc/api/native.php?chapter=6_4
describe('a product’s code', () => {
  const code = {
    appId: 'wxd930ea5d5a258f4f',
    mchId: '10000100',
    key,
    productId: '山茶花/1 & co',
    timestamp: 1415949957,
    nonceStr: 'f6808210402125e30663234f94c87a8c',
  };

  it('holds the parameters in WeChat’s order, encoded, and the sign over the raw ones', () => {
    const fields = {
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      nonce_str: 'f6808210402125e30663234f94c87a8c',
      product_id: '山茶花/1 & co',
      time_stamp: '1415949957',
    };
    assert.equal(
      productCodeUrl(code),
      `weixin://wxpay/bizpayurl?sign=${Hash.sign('MD5', fields, key)}&appid=wxd930ea5d5a258f4f&mch_id=10000100` +
        '&product_id=%E5%B1%B1%E8%8C%B6%E8%8A%B1%2F1%20%26%20co&time_stamp=1415949957' +
        '&nonce_str=f6808210402125e30663234f94c87a8c',
    );
  });

  it('is the one that another implementation makes, whatever the product’s id', () => {
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 });
    fc.assert(
      fc.property(id, (productId) => {
        const expected: string = tenpay.getNativeUrl({ product_id: productId });
        const { searchParams } = new URL(expected);
        const timestamp = Number(searchParams.get('time_stamp'));
        const nonceStr = searchParams.get('nonce_str')!;
        assert.equal(productCodeUrl({ ...code, productId, timestamp, nonceStr }), expected);
      }),
    );
  });
});
