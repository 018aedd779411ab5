import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { type Account, certificateSerialNo, type KeyPair, rsaKeyPair } from './account.ts';
import { makeCertificate } from './certificate.ts';

/** Each has a name of its own: whoever trusts two of the same name takes one for the other. */
const authorityName = () => ({
  organization: 'Tenpay.com',
  commonName: `Tenpay.com Root CA ${randomBytes(4).toString('hex')}`,
});
const DAY = 86_400_000;
/** Computers may be set to a time of their own; the certificates are valid long before and after now. */
const VALIDITY = 3650 * DAY;

/**
 * The authority that vouches for this WeChat's https and for the merchant. The times are this machine's, whatever
 * WeChat's clock says: TLS knows no other.
 */
export class Authority {
  /** PEM. */
  readonly certificate: string;
  readonly server: { key: string; cert: string };
  readonly #key: KeyPair;
  readonly #name = authorityName();

  static async create(): Promise<Authority> {
    const [key, serverKey] = await Promise.all([
      rsaKeyPair(),
      promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' }),
    ]);
    return new Authority(key, serverKey);
  }

  private constructor(key: KeyPair, serverKey: KeyPair) {
    this.#key = key;
    this.certificate = this.#certify(this.#name.commonName, key.publicKey, { use: 'authority' });
    this.server = {
      key: pem(serverKey.privateKey),
      cert: this.#certify('api.mch.weixin.qq.com', serverKey.publicKey, { use: 'loopback-server' }),
    };
  }

  /**
   * The merchant's API certificate with its key, as the merchant console hands it out: PKCS#12, in 3DES, whose
   * password is the merchant number.
   */
  merchantPkcs12({ mchid, merchantKey, merchantSerialNo: serialNo }: Account): Buffer {
    // Loaded when asked for: it takes longer than all else of a start.
    const forge = createRequire(import.meta.url)('node-forge') as typeof import('node-forge');
    const certificate = this.#certify(mchid, merchantKey.publicKey, { serialNo });
    const file = forge.pkcs12.toPkcs12Asn1(
      forge.pki.privateKeyFromPem(pem(merchantKey.privateKey)),
      [certificate, this.certificate].map((text) => forge.pki.certificateFromPem(text)),
      mchid,
      { algorithm: '3des', friendlyName: 'Tenpay Certificate' },
    );
    return Buffer.from(forge.asn1.toDer(file).getBytes(), 'binary');
  }

  #certify(
    commonName: string,
    publicKey: KeyObject,
    { serialNo = certificateSerialNo(), use }: { serialNo?: string; use?: 'authority' | 'loopback-server' },
  ): string {
    return makeCertificate({
      serialNo,
      subject: { organization: this.#name.organization, commonName },
      issuer: this.#name,
      notBefore: new Date(Date.now() - VALIDITY),
      notAfter: new Date(Date.now() + VALIDITY),
      publicKey,
      privateKey: this.#key.privateKey,
      use,
    });
  }
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
