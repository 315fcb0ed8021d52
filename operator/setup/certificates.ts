/** Certificates of the embedded data plane: an authority, and one per kind of server. Node itself can't build them. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import forge from 'node-forge';

export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Clients have the authority in Secrets that are never rewritten, so it outlives every campaign. */
export const AUTHORITY_DAYS = 3_650;
/** Renewed by people (README); `voucher-operator.io/expires-at` says when. */
export const SERVER_DAYS = 730;
/** For clocks that are behind. */
const BEFORE_MS = 3_600_000;
const RSA_BITS = 2_048;

type Extensions = Parameters<forge.pki.Certificate['setExtensions']>[0];

interface Draft {
  readonly commonName: string;
  readonly days: number;
  readonly extensions: Extensions;
  readonly random: (bytes: number) => Buffer;
  readonly nowMs: number;
}

/** Twenty positive octets at most (RFC 5280, 4.1.2.2): sixteen, the first of them below 0x80. */
const serialNumber = (random: Draft['random']): string => {
  const bytes = random(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
};

const issue = (draft: Draft, by: Certified | undefined): Certified => {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  certificate.serialNumber = serialNumber(draft.random);
  certificate.validity.notBefore = new Date(draft.nowMs - BEFORE_MS);
  certificate.validity.notAfter = new Date(draft.nowMs + draft.days * DAY_MS);
  const subject = [{ name: 'commonName', value: draft.commonName }];
  certificate.setSubject(subject);
  certificate.setIssuer(by === undefined ? subject : forge.pki.certificateFromPem(by.certificate).subject.attributes);
  certificate.setExtensions(draft.extensions);
  certificate.sign(forge.pki.privateKeyFromPem(by?.key ?? pair.privateKey), forge.md.sha256.create());
  return { certificate: pemOf(certificate), key: pair.privateKey };
};

/** With the usual line ends; forge writes CRLF. */
const pemOf = (certificate: forge.pki.Certificate): string =>
  forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');

interface Issuing {
  readonly random: (bytes: number) => Buffer;
  readonly nowMs: number;
}

/** @param commonName at most 64 characters */
export const newAuthority = (commonName: string, issuing: Issuing): Certified =>
  issue(
    {
      ...issuing,
      commonName,
      days: AUTHORITY_DAYS,
      extensions: [
        { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
        { name: 'subjectKeyIdentifier' },
      ],
    },
    undefined,
  );

/** @param names DNS names; a first label may be `*` */
export const newServerCertificate = (authority: Certified, names: readonly string[], issuing: Issuing): Certified =>
  issue(
    {
      ...issuing,
      commonName: 'voucher-operator data plane',
      days: SERVER_DAYS,
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
        // The servers of the journal are each other's clients.
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        { name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) },
        { name: 'subjectKeyIdentifier' },
      ],
    },
    authority,
  );

/** ISO 8601, whole seconds. @param certificate PEM */
export const expiresAt = (certificate: string): string =>
  new Date(new X509Certificate(certificate).validTo).toISOString().replace('.000Z', 'Z');
