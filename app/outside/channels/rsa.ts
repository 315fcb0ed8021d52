/** RSA keys from PEM files, and SHA256withRSA (PKCS #1 v1.5), which all three channels use. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { ConfigError } from '../../config.ts';
import type { KeyFolder } from '../keys.ts';

/** Below, a signature can be forged with means that a state or a company has. */
const FEWEST_BITS = 2_048;

/** Base64. */
export const signRsa = (privateKey: KeyObject, text: string): string =>
  sign('sha256', Buffer.from(text), privateKey).toString('base64');

/** Only in the one spelling that base64 has for the bytes: Node skips other characters and unused bits, so there would be many. */
export const verifyRsa = (publicKey: KeyObject, signed: Uint8Array, signature: string): boolean => {
  const bytes = Buffer.from(signature, 'base64');
  return bytes.toString('base64') === signature && verify('sha256', signed, publicKey, bytes);
};

const parse = <T>({ dir }: KeyFolder, file: string, what: string, of: () => T): T => {
  try {
    return of();
  } catch (cause) {
    // OpenSSL's message may hold a part of the key.
    throw new ConfigError(`${join(dir, file)} is not ${what}`, {
      cause: cause instanceof ConfigError ? cause : undefined,
    });
  }
};

const checked = (folder: KeyFolder, file: string, key: KeyObject): KeyObject => {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < FEWEST_BITS)
    throw new ConfigError(`${join(folder.dir, file)} must be an RSA key of ${FEWEST_BITS} bits or more`);
  return key;
};

/** Alipay's tools write keys without the lines of PEM. */
const asPem = (text: string, label: string): string =>
  text.includes('-----BEGIN') ? text : `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----`;

/** @throws ConfigError that names the file, never its contents */
export const parsePrivateKey = (folder: KeyFolder, file: string, text: string): KeyObject =>
  checked(
    folder,
    file,
    parse(folder, file, 'a private key: write it as PEM (-----BEGIN PRIVATE KEY-----, PKCS 8)', () =>
      createPrivateKey(asPem(text, 'PRIVATE KEY')),
    ),
  );

/** @throws ConfigError that names the file */
export const parsePublicKey = (folder: KeyFolder, file: string, text: string): KeyObject =>
  checked(
    folder,
    file,
    parse(folder, file, 'a public key: write it as PEM (-----BEGIN PUBLIC KEY-----)', () => {
      // createPublicKey would also derive the public key from a private one, which must not be in this file.
      if (text.includes('PRIVATE KEY')) throw new ConfigError('it is a private key');
      return createPublicKey(asPem(text, 'PUBLIC KEY'));
    }),
  );

/**
 * Public keys of the certificates in one file, by serial number in upper case without leading zeros.
 * @throws ConfigError that names the file
 */
export const parseCertificates = (folder: KeyFolder, file: string, text: string): ReadonlyMap<string, KeyObject> => {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const found = parse(folder, file, 'a list of certificates: write them as PEM (-----BEGIN CERTIFICATE-----)', () => {
    if (blocks.length === 0) throw new ConfigError('it contains no certificate');
    return blocks.map((block) => new X509Certificate(block));
  });
  return new Map(found.map((one) => [normalSerial(one.serialNumber), checked(folder, file, one.publicKey)] as const));
};

/** Ids of public keys (PUB_KEY_ID_…) stay as they are. */
export const normalSerial = (serial: string): string =>
  /^[0-9A-Fa-f]+$/.test(serial) ? serial.toUpperCase().replace(/^0+(?=.)/, '') : serial;
