/** Reads the campaign's privacy Secret from its mount, where Kubernetes replaces rotated keys. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVACY_KEYS } from '../../contract/app-contract.ts';
import { type SecretKey, secretKey } from '../core/secret-key.ts';

const KEY_BYTES = 32;

export interface PrivacyKeys {
  readonly citizen: SecretKey;
  readonly canary: SecretKey;
}

export interface WrapKeys {
  /** The greatest id: it wraps new data keys. */
  readonly newestId: string;
  readonly byId: ReadonlyMap<string, SecretKey>;
}

const readKey = async (dir: string, name: string): Promise<SecretKey> => {
  const path = join(dir, name);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`privacy key ${name} can't be read; add it to the Secret of spec.privacy.keySecretName`, { cause });
  });
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== KEY_BYTES) {
    throw new Error(`privacy key ${name} has ${key.length} bytes, not ${KEY_BYTES}: write 32 random bytes in base64`);
  }
  return secretKey(key);
};

/** Read once: this one and that of canaries never change within a campaign, otherwise a person would become another one. */
export const readCitizenKey = (dir: string): Promise<SecretKey> => readKey(dir, PRIVACY_KEYS.citizen);

export const readPrivacyKeys = async (dir: string): Promise<PrivacyKeys> => ({
  citizen: await readCitizenKey(dir),
  canary: await readKey(dir, PRIVACY_KEYS.canary),
});

/**
 * Keys for an intake that starts after all personal data was destroyed: the Secret may be empty, or not emptied yet. They fit no receipt.
 */
export const fittingNothing = (): PrivacyKeys => ({
  citizen: secretKey(randomBytes(KEY_BYTES)),
  canary: secretKey(randomBytes(KEY_BYTES)),
});

/** Keys in the mount; 0 once the Secret is empty. */
export const countPrivacyKeys = async (dir: string): Promise<number> =>
  (await readdir(dir)).filter((name) => name.endsWith('.key')).length;

/** Read each time a data key is created or opened, so that a rotated key needs no restart. */
export const readWrapKeys = async (dir: string): Promise<WrapKeys> => {
  const byId = new Map<string, SecretKey>();
  for (const name of (await readdir(dir)).sort()) {
    const id = PRIVACY_KEYS.wrapPattern.exec(name)?.[1];
    if (id !== undefined) byId.set(id, await readKey(dir, name));
  }
  const newestId = [...byId.keys()].sort().at(-1);
  if (newestId === undefined) {
    throw new Error(
      'the privacy Secret has no wrapping key; add one named wrap-<id>.key with 32 random bytes in base64',
    );
  }
  return { newestId, byId };
};
