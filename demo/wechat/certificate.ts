import { type KeyObject, sign } from 'node:crypto';

/** Who a certificate is for, or from. */
export interface CertificateName {
  organization: string;
  commonName: string;
}

export interface CertificateRequest {
  /** Upper-case hexadecimal, 40 digits. */
  serialNo: string;
  subject: CertificateName;
  /** Default: the subject itself, whose `privateKey` signs. */
  issuer?: CertificateName;
  notBefore: Date;
  notAfter: Date;
  publicKey: KeyObject;
  /** The issuer's, RSA. */
  privateKey: KeyObject;
  /** What it may be used for, besides signing: being an authority, or a server on this machine. */
  use?: 'authority' | 'loopback-server';
}

const SEQUENCE = 0x30;
const SET = 0x31;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const NULL = 0x05;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

// Object identifiers, encoded: 1.2.840.113549.1.1.11, 2.5.4.3, 2.5.4.10, 2.5.29.19 and 2.5.29.17.
const SHA256_WITH_RSA = Buffer.from('2a864886f70d01010b', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');
const ORGANIZATION = Buffer.from('55040a', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('551d13', 'hex');
const SUBJECT_ALTERNATIVE_NAME = Buffer.from('551d11', 'hex');

/**
 * An X.509 v3 certificate (signed by RSA with SHA-256) as PEM. `node:crypto` reads certificates but makes none.
 * The structure is RFC 5280, section 4.1.
 */
export function makeCertificate(request: CertificateRequest): string {
  const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, SHA256_WITH_RSA), der(NULL));
  const body = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.of(2))),
    der(INTEGER, positive(Buffer.from(request.serialNo, 'hex'))),
    algorithm,
    nameOf(request.issuer ?? request.subject),
    der(SEQUENCE, utcTime(request.notBefore), utcTime(request.notAfter)),
    nameOf(request.subject),
    request.publicKey.export({ type: 'spki', format: 'der' }),
    ...extensionsFor(request.use),
  );
  const signature = sign('sha256', body, request.privateKey);
  const certificate = der(SEQUENCE, body, algorithm, der(BIT_STRING, Buffer.of(0), signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function extensionsFor(use: CertificateRequest['use']): Buffer[] {
  if (use === undefined) return [];
  const yes = der(BOOLEAN, Buffer.of(0xff));
  const extension =
    use === 'authority'
      ? [der(OBJECT_IDENTIFIER, BASIC_CONSTRAINTS), yes, der(OCTET_STRING, der(SEQUENCE, yes))]
      : [der(OBJECT_IDENTIFIER, SUBJECT_ALTERNATIVE_NAME), der(OCTET_STRING, loopbackNames())];
  return [der(EXTENSIONS, der(SEQUENCE, der(SEQUENCE, ...extension)))];
}

function loopbackNames(): Buffer {
  return der(SEQUENCE, der(DNS_NAME, Buffer.from('localhost')), der(IP_ADDRESS, Buffer.of(127, 0, 0, 1)));
}

function nameOf({ organization, commonName }: CertificateName): Buffer {
  return der(SEQUENCE, nameAttribute(ORGANIZATION, organization), nameAttribute(COMMON_NAME, commonName));
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), derLength(content.length), content]);
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

/** An INTEGER whose first bit is set would be negative. */
function positive(bytes: Buffer): Buffer {
  return bytes[0]! & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function nameAttribute(type: Buffer, value: string): Buffer {
  return der(SET, der(SEQUENCE, der(OBJECT_IDENTIFIER, type), der(UTF8_STRING, Buffer.from(value))));
}

/** `YYMMDDHHMMSSZ`; X.509 uses it for years before 2050. */
function utcTime(date: Date): Buffer {
  return der(UTC_TIME, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));
}
