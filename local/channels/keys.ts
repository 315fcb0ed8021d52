/**
 * Keys of the local channels, new in each run. Three folders, because three parties hold them:
 *
 * | folder  | who holds it                                                     |
 * |---------|------------------------------------------------------------------|
 * | product | the issuance tier: the Secret `spec.issuance.secretName`         |
 * | login   | the login tier: app secrets of the channels' logins              |
 * | server  | the local channels: their private keys, and the product's public |
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CHANNEL_KEYS } from '../../contract/outside/issuance.ts';
import { newAuthority } from '../../operator/setup/certificates.ts';

export const LOGIN_KEYS = { wechat: { appSecret: 'wechat.app-secret' } } as const;

const SERVER_FILES = {
  wechat: {
    merchantCertificate: 'wechat.merchant-certificate.pem',
    apiV3Key: 'wechat.api-v3-key',
    key: 'wechat.key.pem',
    publicKeyId: 'wechat.public-key-id',
    certificate: 'wechat.certificate.pem',
    certificateKey: 'wechat.certificate-key.pem',
    appSecret: 'wechat.app-secret',
  },
  alipay: { appPublicKey: 'alipay.app-public-key.pem', key: 'alipay.key.pem' },
  unionpay: { appPublicKey: 'unionpay.app-public-key.pem', secret: 'unionpay.secret' },
} as const;

export interface ChannelKeys {
  readonly productDir: string;
  readonly loginDir: string;
  readonly serverDir: string;
  /** `data` of the Secret, by file. */
  readonly product: Readonly<Record<string, string>>;
  readonly login: Readonly<Record<string, string>>;
}

/** A signer, by its name in Wechatpay-Serial. */
export interface NamedKey {
  readonly serial: string;
  readonly key: KeyObject;
}

export interface WechatKeys {
  readonly merchantSerial: string;
  readonly merchantKey: KeyObject;
  readonly apiV3Key: string;
  readonly publicKey: NamedKey;
  readonly certificate: NamedKey;
  readonly certificatePem: string;
  readonly appSecret: string;
}

export interface ServerKeys {
  readonly wechat: WechatKeys;
  readonly alipay: { readonly appKey: KeyObject; readonly key: KeyObject };
  readonly unionpay: { readonly appKey: KeyObject; readonly secret: string };
}

const pair = () =>
  promisify(generateKeyPair)('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
export const serialOf = (certificate: string): string => new X509Certificate(certificate).serialNumber;

const writeAll = async (dir: string, files: Readonly<Record<string, string>>): Promise<string> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text, { mode: 0o600 });
  return dir;
};

/** @param dir gets the three folders */
export const createChannelKeys = async (dir: string): Promise<ChannelKeys> => {
  const issuing = { random: randomBytes, nowMs: Date.now() };
  const merchant = newAuthority('local merchant', issuing);
  const platform = newAuthority('local WeChat Pay', issuing);
  const [wechat, alipayApp, alipay, unionpayApp] = await Promise.all([pair(), pair(), pair(), pair()]);
  const [apiV3Key, publicKeyId, appSecret, secret] = [hex(16), `PUB_KEY_ID_${hex(16)}`, hex(16), hex(16)];
  const product = {
    [CHANNEL_KEYS.wechat.privateKey]: merchant.key,
    [CHANNEL_KEYS.wechat.serial]: serialOf(merchant.certificate),
    [CHANNEL_KEYS.wechat.apiV3Key]: apiV3Key,
    [CHANNEL_KEYS.wechat.publicKey]: wechat.publicKey,
    [CHANNEL_KEYS.wechat.publicKeyId]: publicKeyId,
    [CHANNEL_KEYS.wechat.certificates]: platform.certificate,
    [CHANNEL_KEYS.alipay.privateKey]: alipayApp.privateKey,
    [CHANNEL_KEYS.alipay.publicKey]: alipay.publicKey,
    [CHANNEL_KEYS.unionpay.privateKey]: unionpayApp.privateKey,
    [CHANNEL_KEYS.unionpay.secret]: secret,
  };
  const login = { [LOGIN_KEYS.wechat.appSecret]: appSecret };
  const server = {
    [SERVER_FILES.wechat.merchantCertificate]: merchant.certificate,
    [SERVER_FILES.wechat.apiV3Key]: apiV3Key,
    [SERVER_FILES.wechat.key]: wechat.privateKey,
    [SERVER_FILES.wechat.publicKeyId]: publicKeyId,
    [SERVER_FILES.wechat.certificate]: platform.certificate,
    [SERVER_FILES.wechat.certificateKey]: platform.key,
    [SERVER_FILES.wechat.appSecret]: appSecret,
    [SERVER_FILES.alipay.appPublicKey]: alipayApp.publicKey,
    [SERVER_FILES.alipay.key]: alipay.privateKey,
    [SERVER_FILES.unionpay.appPublicKey]: unionpayApp.publicKey,
    [SERVER_FILES.unionpay.secret]: secret,
  };
  return {
    productDir: await writeAll(join(dir, 'product'), product),
    loginDir: await writeAll(join(dir, 'login'), login),
    serverDir: await writeAll(join(dir, 'server'), server),
    product,
    login,
  };
};

/** @param dir the folder `server` */
export const readServerKeys = async (dir: string): Promise<ServerKeys> => {
  const text = (name: string): Promise<string> => readFile(join(dir, name), 'utf8');
  const files = SERVER_FILES;
  const merchantCertificate = await text(files.wechat.merchantCertificate);
  const certificatePem = await text(files.wechat.certificate);
  return {
    wechat: {
      merchantSerial: serialOf(merchantCertificate),
      merchantKey: createPublicKey(merchantCertificate),
      apiV3Key: await text(files.wechat.apiV3Key),
      publicKey: {
        serial: await text(files.wechat.publicKeyId),
        key: createPrivateKey(await text(files.wechat.key)),
      },
      certificate: {
        serial: serialOf(certificatePem),
        key: createPrivateKey(await text(files.wechat.certificateKey)),
      },
      certificatePem,
      appSecret: await text(files.wechat.appSecret),
    },
    alipay: {
      appKey: createPublicKey(await text(files.alipay.appPublicKey)),
      key: createPrivateKey(await text(files.alipay.key)),
    },
    unionpay: {
      appKey: createPublicKey(await text(files.unionpay.appPublicKey)),
      secret: await text(files.unionpay.secret),
    },
  };
};
