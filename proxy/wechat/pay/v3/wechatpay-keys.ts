/**
 * The keys with which WeChat Pay signs: its public key, configured, or its platform certificates, downloaded. While a
 * merchant is being switched from one to the other, both occur, and the serial number tells which.
 * https://pay.weixin.qq.com/doc/v3/merchant/4012154180
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ProxyError } from '../../../errors.ts';
import { upstreamCode } from '../../account/api-client.ts';
import { Credential, type CredentialOptions } from '../../account/credential.ts';
import type { HttpResponse } from '../../http-client.ts';
import { parseJson } from '../../parse-json.ts';
import type { PayClient } from './client.ts';
import { decryptResource, Resource } from './resource.ts';
import { verify } from './signature.ts';

const CERTIFICATES_PATH = '/v3/certificates';
const NO_CERTIFICATES = 'RESOURCE_NOT_EXISTS';
const PUBLIC_KEY_PREFIX = 'PUB_KEY_ID_';
/** WeChat probes with signatures that start so and must be refused. https://pay.weixin.qq.com/doc/v3/merchant/4012365342 */
const PROBE_PREFIX = 'WECHATPAY/SIGNTEST/';
const MAX_CLOCK_DIFFERENCE = 300;
/** WeChat asks for a refresh at least every 12 hours. */
const REFRESH_SECONDS = 11 * 3_600;
const CERTIFICATES_LIFE_SECONDS = 5 * 86_400;
/** How long whoever needs a certificate waits for the download, in milliseconds: WeChat wants an answer within 5 s. */
const PATIENCE = 3_000;
/** How seldom unknown serial numbers cause a download, in milliseconds: the same one, and any. */
const SAME_SERIAL_PAUSE = 60_000;
const ANY_SERIAL_PAUSE = 5_000;

const CertificatesAnswer = z.object({
  data: z.array(z.object({ serial_no: z.string(), encrypt_certificate: Resource })).min(1),
});
const StoredCertificates = z.array(z.object({ serial: z.string(), pem: z.string() }));

export interface WechatpayKeysOptions extends Omit<CredentialOptions, 'name' | 'fetch'> {
  client: PayClient;
  mchId: string;
  apiV3Key: string;
  publicKey: { id: string; key: KeyObject } | undefined;
}

export interface SignatureHeaders {
  timestamp: string | undefined;
  nonce: string | undefined;
  signature: string | undefined;
  serial: string | undefined;
}

export class WechatpayKeys {
  readonly #options: WechatpayKeysOptions;
  readonly #certificates: Credential;
  /** Parsed from the stored text, once a text. */
  #parsed: { text: string; keys: Map<string, KeyObject> } = { text: '', keys: new Map() };
  #lastRefresh = { serial: '', at: 0 };
  #refreshing: Promise<unknown> | undefined;

  constructor(options: WechatpayKeysOptions) {
    this.#options = options;
    this.#certificates = new Credential({
      ...options,
      name: `platform_certificates ${options.mchId}`,
      fetch: () => this.#download(),
    });
  }

  /** Keeps the certificates fresh; where no public key is configured, has them at hand before they are needed. */
  async keepFresh(): Promise<void> {
    if (!this.#options.publicKey || (await this.#certificates.peek())) await this.#certificates.get();
  }

  /**
   * Proves that WeChat has signed these bytes, now.
   * @throws {ProxyError} `invalid_signature`, `notification_expired`, `unknown_serial`
   */
  prove(headers: SignatureHeaders, body: Buffer): Promise<void> {
    return prove(headers, body, this.#options.now(), (serial) => this.#find(serial));
  }

  async #find(serial: string): Promise<KeyObject> {
    const { publicKey } = this.#options;
    if (publicKey?.id === serial) return publicKey.key;
    if (serial.startsWith(PUBLIC_KEY_PREFIX)) throw new ProxyError('unknown_serial');

    const held = await this.#certificates.peek();
    const key = held && this.#keys(held.value).get(serial);
    if (key) return key;
    await this.#refreshFor(serial, held?.value);
    const renewed = await this.#certificates.peek();
    const found = renewed && this.#keys(renewed.value).get(serial);
    if (!found) throw new ProxyError('unknown_serial');
    return found;
  }

  /** One download for all who wait for it, and seldom: a forged serial number costs its sender nothing. */
  async #refreshFor(serial: string, held: string | undefined): Promise<void> {
    if (!this.#refreshing) {
      const since = this.#options.now() - this.#lastRefresh.at;
      const pause = serial === this.#lastRefresh.serial ? SAME_SERIAL_PAUSE : ANY_SERIAL_PAUSE;
      if (since < pause) throw new ProxyError('unknown_serial');
      this.#lastRefresh = { serial, at: this.#options.now() };
      this.#refreshing = (held === undefined ? this.#certificates.get() : this.#certificates.renew(held)).finally(
        () => {
          this.#refreshing = undefined;
        },
      );
    }
    try {
      // The download goes on, for WeChat's next try; this one must have its answer in time.
      const inTime = await Promise.race([this.#refreshing.then(() => true), sleep(PATIENCE, false, { ref: false })]);
      if (!inTime) throw new ProxyError('wechat_unavailable');
    } catch (error) {
      // Where WeChat did not answer, that may have passed at its next try.
      if (upstreamCode(error) === undefined) this.#lastRefresh = { serial: '', at: this.#lastRefresh.at };
      throw new ProxyError('unknown_serial', undefined, { cause: error });
    }
  }

  #keys(text: string): Map<string, KeyObject> {
    if (this.#parsed.text !== text) {
      const certificates = StoredCertificates.parse(JSON.parse(text));
      this.#parsed = { text, keys: publicKeys(certificates) };
    }
    return this.#parsed.keys;
  }

  /** The first download proves itself by being encrypted with our key; a later one is signed by a key that it or we have. */
  async #download() {
    const { client, apiV3Key, publicKey, now } = this.#options;
    const held = await this.#certificates.peek();
    const known = held ? this.#keys(held.value) : new Map<string, KeyObject>();
    const response = await client.send({ method: 'GET', path: CERTIFICATES_PATH }).catch((error: unknown) => {
      // No error where a forged serial number has had us ask: a merchant that began with the public key has none.
      if (publicKey && known.size === 0 && upstreamCode(error) === NO_CERTIFICATES) return undefined;
      throw error;
    });
    const certificates = response ? decryptCertificates(apiV3Key, response) : [];
    if (response && known.size > 0) {
      const keys = new Map([...known, ...publicKeys(certificates)]);
      if (publicKey) keys.set(publicKey.id, publicKey.key);
      await proveDownload(response, keys, now());
    }
    return {
      value: JSON.stringify(certificates),
      expiresIn: CERTIFICATES_LIFE_SECONDS,
      refreshIn: REFRESH_SECONDS,
    };
  }
}

async function prove(
  { timestamp, nonce, signature, serial }: SignatureHeaders,
  body: Buffer,
  now: number,
  find: (serial: string) => Promise<KeyObject>,
): Promise<void> {
  if (!timestamp || !nonce || !signature || !serial) {
    throw new ProxyError('invalid_signature', 'The Wechatpay-* headers are not all there.');
  }
  if (signature.startsWith(PROBE_PREFIX)) throw new ProxyError('signature_probe');
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(now / 1_000 - seconds) <= MAX_CLOCK_DIFFERENCE)) throw new ProxyError('notification_expired');
  if (!verify(await find(serial), { timestamp, nonce, body, signature })) throw new ProxyError('invalid_signature');
}

export function signatureHeaders(headers: Record<string, string | string[] | undefined>): SignatureHeaders {
  const read = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    timestamp: read('wechatpay-timestamp'),
    nonce: read('wechatpay-nonce'),
    signature: read('wechatpay-signature'),
    serial: read('wechatpay-serial'),
  };
}

function decryptCertificates(apiV3Key: string, response: HttpResponse): z.infer<typeof StoredCertificates> {
  const answer = CertificatesAnswer.safeParse(parseJson(response.body));
  if (!answer.success) throw new ProxyError('wechat_untrusted', 'The list of certificates is not of WeChat’s form.');
  return answer.data.data.map(({ serial_no, encrypt_certificate }) => ({
    serial: serial_no,
    pem: decryptResource(apiV3Key, encrypt_certificate),
  }));
}

function publicKeys(certificates: z.infer<typeof StoredCertificates>): Map<string, KeyObject> {
  return new Map(certificates.map(({ serial, pem }) => [serial, new X509Certificate(pem).publicKey]));
}

async function proveDownload(response: HttpResponse, keys: Map<string, KeyObject>, now: number): Promise<void> {
  const find = async (serial: string) => {
    const key = keys.get(serial);
    if (!key) throw new ProxyError('unknown_serial');
    return key;
  };
  await prove(signatureHeaders(response.headers), response.body, now, find).catch((cause) => {
    throw new ProxyError('wechat_untrusted', 'The list of certificates is not signed by WeChat.', { cause });
  });
}
