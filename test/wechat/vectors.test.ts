import assert from 'node:assert/strict';
import { createDecipheriv, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { it } from 'node:test';
import { encryptResource } from '../../demo/wechat/aead.ts';
import { jssdkSignature } from '../../demo/wechat/jssdk-signature.ts';
import { answerToSign, requestToSign } from '../../demo/wechat/pay-signature.ts';
import { selfSignedCertificate } from '../../demo/wechat/self-signed-certificate.ts';

// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html, appendix 1
it('signs for the JS-SDK as WeChat’s example does, without the hash', () => {
  const signed = {
    ticket: 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg',
    nonceStr: 'Wm3WZYTPz0wzccnW',
    timestamp: '1414587457',
    url: 'http://mp.weixin.qq.com?params=value',
  };
  assert.equal(jssdkSignature(signed), '0f9de62fce790f9a083d5c99e95740ceb90c27ed');
  assert.equal(jssdkSignature({ ...signed, url: `${signed.url}#top` }), '0f9de62fce790f9a083d5c99e95740ceb90c27ed');
});

it('encrypts a resource to the published ciphertext', () => {
  const key = 'a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb';
  const resource = encryptResource('message', key, 'associatedData', 'uluk4a9R25RW');
  assert.equal(resource.ciphertext, 'ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=');
});

it('encrypts with an empty associated data too', () => {
  const key = 'a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb';
  const resource = encryptResource('消息', key, '');
  const sealed = Buffer.from(resource.ciphertext, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, resource.nonce).setAuthTag(sealed.subarray(-16));
  assert.equal(decipher.update(sealed.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8'), '消息');
});

it('ends every line of the strings to sign, an empty body’s too', () => {
  const request = { method: 'GET', url: '/v3/certificates', body: Buffer.alloc(0), authorization: undefined };
  assert.equal(
    requestToSign(request, '1554208460', '593BEC0C930BF1AFEB40B4A08C8FB242').toString(),
    'GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n',
  );
  assert.equal(answerToSign('1722850421', 'abc', '').toString(), '1722850421\nabc\n\n');
});

it('makes certificates that X509Certificate reads and verifies', () => {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const serialNo of ['5157F09EFDC096DE15EBE81A47057A7232F1B8E1', 'F157F09EFDC096DE15EBE81A47057A7232F1B8E1']) {
    const pem = selfSignedCertificate({
      serialNo,
      commonName: 'Tenpay.com sign',
      organization: 'Tenpay.com',
      notBefore: new Date('2026-01-02T03:04:05Z'),
      notAfter: new Date('2031-01-02T03:04:05Z'),
      ...key,
    });
    const certificate = new X509Certificate(pem);
    assert.ok(certificate.verify(key.publicKey));
    assert.ok(certificate.checkIssued(certificate));
    assert.equal(certificate.serialNumber, serialNo);
    assert.equal(certificate.subject, 'O=Tenpay.com\nCN=Tenpay.com sign');
    assert.equal(certificate.validFromDate.toISOString(), '2026-01-02T03:04:05.000Z');
    assert.equal(certificate.validToDate.toISOString(), '2031-01-02T03:04:05.000Z');
    assert.ok(certificate.publicKey.equals(key.publicKey));
  }
});
