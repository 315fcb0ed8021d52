/** Keys of WeChat Pay, from the Secret of the campaign. */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CHANNEL_KEYS } from '../../../contract/outside/issuance.ts';
import { ConfigError } from '../../config.ts';
import { type KeyFolder, readKey, readOptionalText, readText } from '../keys.ts';
import { parseCertificates, parsePrivateKey, parsePublicKey } from './rsa.ts';

export interface WechatKeys {
  readonly privateKey: KeyObject;
  /** Of the merchant's certificate. */
  readonly serial: string;
  /** 32 bytes. */
  readonly apiV3Key: Buffer;
  /** What answers are verified with: public keys of WeChat Pay by PUB_KEY_ID_… or by serial of the certificate. */
  readonly verifiers: ReadonlyMap<string, KeyObject>;
}

const FILES = CHANNEL_KEYS.wechat;
const API_V3_KEY_BYTES = 32;

const readVerifiers = async (folder: KeyFolder): Promise<ReadonlyMap<string, KeyObject>> => {
  const [publicKey, certificates] = await Promise.all([
    readOptionalText(folder, FILES.publicKey),
    readOptionalText(folder, FILES.certificates),
  ]);
  if (publicKey === undefined && certificates === undefined)
    throw new ConfigError(
      `${folder.dir} contains neither ${FILES.publicKey} nor ${FILES.certificates}, so no answer can be verified; ` +
        `add ${FILES.publicKey} and ${FILES.publicKeyId} to the Secret that ${folder.field} names`,
    );
  const byId = new Map(certificates === undefined ? [] : parseCertificates(folder, FILES.certificates, certificates));
  if (publicKey !== undefined)
    byId.set(await readKey(folder, FILES.publicKeyId), parsePublicKey(folder, FILES.publicKey, publicKey));
  return byId;
};

/** @throws ConfigError that names the file and the remedy, never its contents */
export const readWechatKeys = async (folder: KeyFolder): Promise<WechatKeys> => {
  const [privateKey, serial, apiV3Key, verifiers] = await Promise.all([
    readText(folder, FILES.privateKey),
    readKey(folder, FILES.serial),
    readKey(folder, FILES.apiV3Key),
    readVerifiers(folder),
  ]);
  const secret = Buffer.from(apiV3Key);
  if (secret.length !== API_V3_KEY_BYTES)
    throw new ConfigError(`${join(folder.dir, FILES.apiV3Key)} must have ${API_V3_KEY_BYTES} characters`);
  return { privateKey: parsePrivateKey(folder, FILES.privateKey, privateKey), serial, apiV3Key: secret, verifiers };
};
