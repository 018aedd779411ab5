/** What WeChat has published, and what another implementation of it says. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { jssdkSignature } from '../../proxy/wechat/account/jsapi-ticket.ts';
import { decryptResource } from '../../proxy/wechat/pay/v3/resource.ts';
import { authorization, jsapiParams, verify } from '../../proxy/wechat/pay/v3/signature.ts';
import { SHOP, startHarness } from './harness.ts';

// Its own types do not resolve under NodeNext.
const { Rsa, Aes, Formatter } = createRequire(import.meta.url)('wechatpay-axios-plugin');

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signer = { mchId: '1900009191', serialNo: '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C', privateKey };

/** Any Unicode, lone surrogates included. */
const unicode = fc.string({ unit: 'binary', maxLength: 200 });
/** Any Unicode that can be bytes. */
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const seconds = fc.integer({ min: 0, max: 9_999_999_999 });
const someRuns = { numRuns: 50 };

describe('the JS-SDK’s signature', () => {
  // https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html, appendix 1
  const example = {
    jsapiTicket: 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg',
    nonceStr: 'Wm3WZYTPz0wzccnW',
    timestamp: 1414587457,
    url: 'http://mp.weixin.qq.com?params=value',
  };

  it('is the one of WeChat’s example', () => {
    assert.equal(jssdkSignature(example), '0f9de62fce790f9a083d5c99e95740ceb90c27ed');
  });

  it('leaves the hash out, whatever stands in it', () => {
    fc.assert(
      fc.property(unicode, (hash) => {
        assert.equal(jssdkSignature({ ...example, url: `${example.url}#${hash}` }), jssdkSignature(example));
      }),
    );
  });

  it('takes the other values as they are', () => {
    fc.assert(
      fc.property(text, text, seconds, text, (jsapiTicket, nonceStr, timestamp, path) => {
        const url = `https://shop.example.com/${path.replaceAll('#', '')}`;
        const string = `jsapi_ticket=${jsapiTicket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`;
        const expected = createHash('sha1').update(string).digest('hex');
        assert.equal(jssdkSignature({ jsapiTicket, nonceStr, timestamp, url }), expected);
      }),
    );
  });

  test('is taken by the client for addresses of every kind', async (t) => {
    const proxy = await startHarness(t);
    proxy.wechat.control.set({ jsSafeDomains: [new URL(SHOP).host] });
    for (const url of [
      SHOP,
      `${SHOP}/`,
      `${SHOP}?from=singlemessage&isappinstalled=0`,
      `${SHOP}/a/../b//c?`,
      `${SHOP}/order_pay?order=ord_1&x=1+2&y=%2B&z=%e4%b8%ad`,
      `${SHOP}/山茶花?q=中文 空格&emoji=😀`,
      `${SHOP}/?redirect=${encodeURIComponent('https://a.example/?b=c&d=e#f')}`,
      `${SHOP}/'"<>\\^\`{|}`,
    ]) {
      const { status, json } = await proxy.page('GET', `/v1/jssdk/config?url=${encodeURIComponent(`${url}#top`)}`);
      assert.equal(status, 200, url);
      assert.deepEqual(Object.keys(json).sort(), ['appId', 'nonceStr', 'signature', 'timestamp']);
      const args = {
        verifyAppId: json.appId,
        appId: json.appId,
        verifyTimestamp: String(json.timestamp),
        verifyNonceStr: json.nonceStr,
        verifySignature: json.signature,
        verifySignType: 'sha1',
      };
      const answer = await fetch(`${proxy.wechat.url}/client/invoke`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          phone: 'p1',
          platform: 'android',
          name: 'preVerifyJSAPI',
          args,
          url: `${url}#elsewhere`,
          landingUrl: SHOP,
        }),
      });
      assert.equal(((await answer.json()) as { err_msg: string }).err_msg, 'preVerifyJSAPI:ok', url);
    }
  });
});

describe('an encrypted resource', () => {
  // https://pay.weixin.qq.com/doc/v3/merchant/4012071382 ; the values are those of AeadAesCipherTest in WeChat’s own
  // https://github.com/wechatpay-apiv3/wechatpay-java
  const key = 'a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb';
  const resource = {
    algorithm: 'AEAD_AES_256_GCM' as const,
    ciphertext: 'ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=',
    nonce: 'uluk4a9R25RW',
    associated_data: 'associatedData',
  };

  it('is decrypted as in WeChat’s example', () => {
    assert.equal(decryptResource(key, resource), 'message');
  });

  it('is decrypted whatever the second implementation has encrypted', () => {
    const nonce = fc.string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(text, nonce, text, (plain, iv, associatedData) => {
        const ciphertext = Aes.AesGcm.encrypt(plain, key, iv, associatedData);
        const sealed = { ...resource, ciphertext, nonce: iv, associated_data: associatedData };
        assert.equal(decryptResource(key, sealed), plain);
      }),
    );
  });

  for (const [name, associated] of Object.entries({ empty: '', absent: undefined, null: null })) {
    it(`may come with associated data that is ${name}`, () => {
      const ciphertext = Aes.AesGcm.encrypt('消息', key, resource.nonce, '');
      assert.equal(decryptResource(key, { ...resource, ciphertext, associated_data: associated }), '消息');
    });
  }

  it('is refused with any of its parts changed, and with another key', () => {
    const flipped = Buffer.from(resource.ciphertext, 'base64');
    flipped[0]! ^= 1;
    const cut = Buffer.from(resource.ciphertext, 'base64').subarray(0, -1);
    for (const [name, change] of Object.entries({
      ciphertext: { ciphertext: flipped.toString('base64') },
      length: { ciphertext: cut.toString('base64') },
      'no tag': { ciphertext: 'ulwSiIajGA==' },
      nothing: { ciphertext: '' },
      nonce: { nonce: 'uluk4a9R25RX' },
      'no nonce': { nonce: '' },
      'associated data': { associated_data: 'associateddata' },
      'no associated data': { associated_data: undefined },
    })) {
      const changed = { ...resource, ...change };
      assert.throws(() => decryptResource(key, changed), { code: 'decryption_failed' }, name);
    }
    assert.throws(() => decryptResource('b7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb', resource), { code: 'decryption_failed' });
  });
});

describe('the signature of a request', () => {
  // https://pay.weixin.qq.com/doc/v3/merchant/4012365336
  it('is one that the second implementation verifies, whatever is sent', () => {
    const path = text.map((part) => `/v3/${part.replaceAll('\n', '')}?mchid=1900009191`);
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'POST'),
        path,
        seconds,
        text,
        text,
        (method, path, timestamp, nonceStr, body) => {
          const header = authorization(signer, { method, path, timestamp, nonceStr, body });
          const signature = /signature="([^"]+)"/.exec(header)![1];
          const signed = Formatter.request(method, path, String(timestamp), nonceStr, body);
          assert.equal(Rsa.verify(signed, signature, publicKey), true);
        },
      ),
      someRuns,
    );
  });

  it('stands in a header that has all five fields, once', () => {
    const request = { method: 'GET', path: '/v3/certificates', timestamp: 1554208460, nonceStr: '593BEC0C', body: '' };
    const [scheme, fields, ...rest] = authorization(signer, request).split(' ');
    assert.equal(scheme, 'WECHATPAY2-SHA256-RSA2048');
    assert.deepEqual(rest, []);
    const signature = Rsa.sign('GET\n/v3/certificates\n1554208460\n593BEC0C\n\n', privateKey);
    assert.deepEqual(
      fields!.split(',').sort(),
      [
        `mchid="${signer.mchId}"`,
        'nonce_str="593BEC0C"',
        `serial_no="${signer.serialNo}"`,
        `signature="${signature}"`,
        'timestamp="1554208460"',
      ].sort(),
    );
  });
});

// https://pay.weixin.qq.com/doc/v3/merchant/4012365341
describe('paySign', () => {
  it('is one that the second implementation verifies, under the names that the page hands on', () => {
    fc.assert(
      fc.property(seconds, text, text, (timestamp, nonceStr, prepayId) => {
        const params = jsapiParams(privateKey, { appId: 'wx8888888888888888', prepayId, timestamp, nonceStr });
        const { paySign, signType, timeStamp, package: packageText, ...rest } = params;
        const signed = Formatter.joinedByLineFeed('wx8888888888888888', String(timestamp), nonceStr, packageText);
        assert.equal(Rsa.verify(signed, paySign, publicKey), true);
        assert.deepEqual(rest, { appId: 'wx8888888888888888', nonceStr });
        assert.deepEqual([signType, timeStamp, packageText], ['RSA', String(timestamp), `prepay_id=${prepayId}`]);
      }),
      someRuns,
    );
  });
});

describe('an answer’s signature', () => {
  const timestamp = '1722850421';
  const nonce = 'd824f2e086d3c1df967785d13fcd22ef';

  it('is believed where the second implementation has made it, whatever the body', () => {
    fc.assert(
      fc.property(text, text, (nonce, body) => {
        const signature = Rsa.sign(Formatter.response(timestamp, nonce, body), privateKey);
        assert.equal(verify(publicKey, { timestamp, nonce, body: Buffer.from(body), signature }), true);
      }),
      someRuns,
    );
  });

  it('is not believed where one bit of the body is another', () => {
    const body = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(body, fc.nat(), fc.integer({ min: 0, max: 7 }), (bytes, position, bit) => {
        const sent = Buffer.from(bytes);
        const message = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), sent, Buffer.from('\n')]);
        const signature = Rsa.sign(message, privateKey);
        assert.equal(verify(publicKey, { timestamp, nonce, body: sent, signature }), true);
        sent[position % sent.length]! ^= 1 << bit;
        assert.equal(verify(publicKey, { timestamp, nonce, body: sent, signature }), false);
      }),
      someRuns,
    );
  });

  it('is not believed, and nothing is thrown, where it is none', () => {
    for (const signature of ['', '=', 'AAAA', 'not base64 at all', '签名', 'A'.repeat(10_000)]) {
      assert.equal(verify(publicKey, { timestamp, nonce, body: Buffer.from('{}'), signature }), false, signature);
    }
  });
});
