import { generateKeyPairSync, type KeyObject, randomInt } from 'node:crypto';
import { certificateSerialNo, type KeyPair, rsaKeyPair } from './account.ts';
import { makeCertificate } from './certificate.ts';
import type { Clock } from './clock.ts';

const FIVE_YEARS = 5 * 365 * 86_400_000;

/** A key that WeChat Pay signs with, and the serial that names it. */
export interface SigningKey {
  serialNo: string;
  privateKey: KeyObject;
}

export interface PlatformCertificate extends SigningKey {
  /** PEM. */
  certificate: string;
  effectiveAt: number;
  expiresAt: number;
}

/**
 * The keys with which WeChat Pay signs: one public key that never expires, and platform certificates that follow
 * each other.
 */
export class PlatformKeys {
  readonly publicKey: SigningKey;
  /** PEM, SPKI. */
  readonly publicKeyPem: string;
  readonly #clock: Clock;
  #certificates: PlatformCertificate[];

  static async create(clock: Clock): Promise<PlatformKeys> {
    const [publicKey, certificateKey] = await Promise.all([rsaKeyPair(), rsaKeyPair()]);
    return new PlatformKeys(clock, publicKey, certificateKey);
  }

  private constructor(clock: Clock, publicKey: KeyPair, certificateKey: KeyPair) {
    this.#clock = clock;
    this.publicKey = {
      serialNo: `PUB_KEY_ID_01${Array.from({ length: 31 }, () => randomInt(10)).join('')}`,
      privateKey: publicKey.privateKey,
    };
    this.publicKeyPem = publicKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    this.#certificates = [this.#certify(certificateKey)];
  }

  /** The certificate that signs now. */
  get certificate(): PlatformCertificate {
    return this.#certificates[0]!;
  }

  /** The one that signs and its predecessor, newest first. */
  get certificates(): readonly PlatformCertificate[] {
    return this.#certificates;
  }

  /** A new certificate signs from now on; returns its serial. */
  rotate(): string {
    const next = this.#certify(generateKeyPairSync('rsa', { modulusLength: 2048 }));
    this.#certificates = [next, this.certificate];
    return next.serialNo;
  }

  /** The key that a serial names, if it is one of these. */
  find(serialNo: string): SigningKey | undefined {
    return [this.publicKey, ...this.#certificates].find((key) => key.serialNo === serialNo);
  }

  #certify(key: KeyPair): PlatformCertificate {
    const serialNo = certificateSerialNo();
    const effectiveAt = Math.floor(this.#clock.now() / 1000) * 1000 - 60_000;
    const expiresAt = effectiveAt + FIVE_YEARS;
    const certificate = makeCertificate({
      serialNo,
      subject: { organization: 'Tenpay.com', commonName: 'Tenpay.com sign' },
      notBefore: new Date(effectiveAt),
      notAfter: new Date(expiresAt),
      ...key,
    });
    return { serialNo, privateKey: key.privateKey, certificate, effectiveAt, expiresAt };
  }
}
