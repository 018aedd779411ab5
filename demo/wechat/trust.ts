import { getCACertificates, setDefaultCACertificates } from 'node:tls';

const trusted = new Set<string>();

/** This process believes what the authority (PEM) vouches for, beside what it believes already. */
export function trust(certificate: string): void {
  if (trusted.has(certificate)) return;
  trusted.add(certificate);
  setDefaultCACertificates([...getCACertificates('default'), certificate]);
}

/** As it was before `trust`. */
export function distrust(certificate: string): void {
  if (!trusted.delete(certificate)) return;
  const others = getCACertificates('default').filter((known) => known.trim() !== certificate.trim());
  setDefaultCACertificates(others);
}
