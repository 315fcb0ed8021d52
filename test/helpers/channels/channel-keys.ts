/** Keys of both sides of every channel, made once for a test file, and the product's side as files of a Secret. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import forge from 'node-forge';
import { LOGIN_KEYS } from '../../../app/outside/channels/account-login.ts';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';

export interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly privatePem: string;
  readonly publicPem: string;
}

export const newPair = (): Pair => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return {
    privateKey,
    publicKey,
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
};

/** A platform certificate of WeChat Pay. @param serial hexadecimal */
export const certificateOf = (pair: Pair, serial: string): string => {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicPem);
  certificate.serialNumber = serial.toLowerCase();
  certificate.validity.notBefore = new Date(0);
  certificate.validity.notAfter = new Date(4e12);
  const name = [{ name: 'commonName', value: 'Tenpay.com Root CA' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.sign(forge.pki.privateKeyFromPem(pair.privatePem), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
};

export const MERCHANT = '1900000001';
export const MERCHANT_SERIAL = '5157F09EFDC096DE15EBE81A47057A72';
export const PUBLIC_KEY_ID = 'PUB_KEY_ID_0119000000012024120900000000000001';
export const CERTIFICATE_SERIAL = '3E2B8A1C4D5F60718293A4B5C6D7E8F901234567';
export const API_V3_KEY = '0123456789abcdefghijklmnopqrstuv';
export const UNIONPAY_SECRET = 'local-unionpay-secret';

export const newChannelKeys = () => {
  const pairs = {
    merchant: newPair(),
    /** WeChat Pay's, by PUB_KEY_ID. */
    platform: newPair(),
    /** WeChat Pay's, by certificate. */
    oldPlatform: newPair(),
    app: newPair(),
    alipay: newPair(),
    unionpay: newPair(),
  };
  const files: Record<string, string> = {
    [CHANNEL_KEYS.wechat.privateKey]: pairs.merchant.privatePem,
    [CHANNEL_KEYS.wechat.serial]: MERCHANT_SERIAL,
    [CHANNEL_KEYS.wechat.apiV3Key]: API_V3_KEY,
    [CHANNEL_KEYS.wechat.publicKey]: pairs.platform.publicPem,
    [CHANNEL_KEYS.wechat.publicKeyId]: PUBLIC_KEY_ID,
    [CHANNEL_KEYS.wechat.certificates]: certificateOf(pairs.oldPlatform, CERTIFICATE_SERIAL),
    [CHANNEL_KEYS.alipay.privateKey]: pairs.app.privatePem,
    [CHANNEL_KEYS.alipay.publicKey]: pairs.alipay.publicPem,
    [CHANNEL_KEYS.unionpay.privateKey]: pairs.unionpay.privatePem,
    [CHANNEL_KEYS.unionpay.secret]: UNIONPAY_SECRET,
    [LOGIN_KEYS.wechat.secret]: 'local-wechat-app-secret',
  };
  return { ...pairs, files };
};
export type ChannelKeys = ReturnType<typeof newChannelKeys>;

export interface KeysDir {
  readonly path: string;
  write(file: string, text: string): Promise<void>;
  drop(file: string): Promise<void>;
  remove(): Promise<void>;
}

export const keysDirOf = async (files: Readonly<Record<string, string>>): Promise<KeysDir> => {
  const path = await mkdtemp(join(tmpdir(), 'channel-keys-'));
  const write = (file: string, text: string): Promise<void> => writeFile(join(path, file), text);
  for (const [file, text] of Object.entries(files)) await write(file, text);
  return {
    path,
    write,
    drop: (file) => rm(join(path, file)),
    remove: () => rm(path, { recursive: true, force: true }),
  };
};
