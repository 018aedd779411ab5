import { createPrivateKey, X509Certificate } from 'node:crypto';
import forge from 'node-forge';

const { pkcs8ShroudedKeyBag, keyBag, certBag } = forge.pki.oids as Record<string, string>;

/**
 * Key and certificate of the merchant, as PEM, from `apiclient_cert.p12`. WeChat's files are encrypted with RC2-40 and
 * 3DES, which OpenSSL 3, and with it Node, refuses to read.
 * @throws {Error} where the password is wrong, or the file is not what it should be
 */
export function readMerchantCertificate(pkcs12: Buffer, password: string): { key: string; cert: string } {
  const bags = open(pkcs12, password);
  const keys = bags.filter(({ type }) => type === pkcs8ShroudedKeyBag || type === keyBag);
  const certificates = bags.filter(({ type, cert }) => type === certBag && cert);
  const key = keys[0]?.key && forge.pki.privateKeyToPem(keys[0].key);
  if (!key) throw new Error('The merchant certificate file holds no RSA key.');
  const privateKey = createPrivateKey(key);
  const cert = certificates
    .map((bag) => forge.pki.certificateToPem(bag.cert!))
    .find((pem) => new X509Certificate(pem).checkPrivateKey(privateKey));
  if (!cert) throw new Error('The merchant certificate file holds no certificate for its key.');
  return { key, cert };
}

function open(pkcs12: Buffer, password: string): forge.pkcs12.Bag[] {
  try {
    const asn1 = forge.asn1.fromDer(pkcs12.toString('latin1'));
    return forge.pkcs12.pkcs12FromAsn1(asn1, password).safeContents.flatMap(({ safeBags }) => safeBags);
  } catch (error) {
    // forge's messages are not passed on: some quote what they have read.
    if (/MAC could not be verified/.test(String(error)))
      throw new Error('The password does not open the merchant certificate. By default it is the merchant number.');
    throw new Error('The merchant certificate is not a PKCS#12 file, or a damaged one.');
  }
}
