import assert from 'node:assert/strict';
import { createDecipheriv, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { it } from 'node:test';
import { encryptResource } from '../../demo/wechat/aead.ts';
import { makeCertificate } from '../../demo/wechat/certificate.ts';
import { jssdkSignature } from '../../demo/wechat/jssdk-signature.ts';
import { answerToSign, requestToSign } from '../../demo/wechat/pay-signature.ts';
import { v2Sign } from '../../demo/wechat/v2-signature.ts';
import { readXml, writeXml } from '../../demo/wechat/xml.ts';

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
    const pem = makeCertificate({
      serialNo,
      subject: { organization: 'Tenpay.com', commonName: 'Tenpay.com sign' },
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

// https://pay.weixin.qq.com/doc/v2/merchant/4011985891
it('signs version 2 as WeChat’s example does', () => {
  const fields = {
    appid: 'wxd930ea5d5a258f4f',
    mch_id: '10000100',
    device_info: '1000',
    body: 'test',
    nonce_str: 'ibuaiVcKdpRxkhJA',
    attach: '',
    detail: undefined,
    sign: 'not signed',
  };
  const key = '192006250b4c09247ec02edce69f6a2d';
  assert.equal(v2Sign(fields, key, 'MD5'), '9A0A8659F005D6984697E2CA0A9CF3B7');
  assert.equal(v2Sign(fields, key, 'HMAC-SHA256'), '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6');
});

it('writes XML that it reads back, whatever is in it', () => {
  const fields = { body: 'a ]]> b & <c> "d"', attach: '', detail: '  花  ' };
  assert.deepEqual(readXml(Buffer.from(writeXml(fields))), fields);
  assert.deepEqual(readXml(Buffer.from(writeXml(fields, 'root')), 'root'), fields);
});

it('makes certificates that an authority vouches for', () => {
  const [authority, merchant] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const common = { notBefore: new Date('2026-01-02T03:04:05Z'), notAfter: new Date('2031-01-02T03:04:05Z') };
  const name = { organization: 'Tenpay.com', commonName: 'Tenpay.com Root CA' };
  const root = makeCertificate({
    serialNo: '40'.repeat(20),
    subject: name,
    use: 'authority',
    ...common,
    ...authority!,
  });
  const leaf = makeCertificate({
    serialNo: '41'.repeat(20),
    subject: { organization: 'Tenpay.com', commonName: '127.0.0.1' },
    issuer: name,
    use: 'loopback-server',
    ...common,
    publicKey: merchant!.publicKey,
    privateKey: authority!.privateKey,
  });
  const [rootCertificate, leafCertificate] = [root, leaf].map((pem) => new X509Certificate(pem));
  assert.ok(rootCertificate!.ca);
  assert.ok(!leafCertificate!.ca);
  assert.ok(leafCertificate!.checkIssued(rootCertificate!));
  assert.ok(leafCertificate!.verify(authority!.publicKey));
  assert.equal(leafCertificate!.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(leafCertificate!.checkHost('localhost'), 'localhost');
});
