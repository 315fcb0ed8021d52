/** The two Secrets of a campaign as folders of files, made fresh for every stack and readable by its owner only. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DATA_PLANE_KEYS, PRIVACY_KEYS } from '../../contract/app-contract.ts';

export interface DataPlaneAccess {
  readonly natsUrls: readonly string[];
  readonly natsUser: string;
  readonly natsPassword: string;
  readonly postgresUrl: string;
}

const writeSecret = async (dir: string, entries: Readonly<Record<string, string>>): Promise<void> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const [key, value] of Object.entries(entries)) await writeFile(join(dir, key), value, { mode: 0o600 });
};

export const newKey = (): string => randomBytes(32).toString('base64');

/** `<secretsDir>/<namespace>/<name>/<key>`, as local/processes mounts them. */
export const writeDataPlaneSecret = (
  secretsDir: string,
  namespace: string,
  name: string,
  access: DataPlaneAccess,
): Promise<void> =>
  writeSecret(join(secretsDir, namespace, name), {
    [DATA_PLANE_KEYS.natsUrl]: access.natsUrls.join(','),
    [DATA_PLANE_KEYS.natsUser]: access.natsUser,
    [DATA_PLANE_KEYS.natsPassword]: access.natsPassword,
    [DATA_PLANE_KEYS.postgresUrl]: access.postgresUrl,
  });

export interface PrivacySecret {
  readonly citizenKey: string;
  readonly canaryKey: string;
}

export const writePrivacySecret = async (
  secretsDir: string,
  namespace: string,
  name: string,
): Promise<PrivacySecret> => {
  const secret = { citizenKey: newKey(), canaryKey: newKey() };
  await writeSecret(join(secretsDir, namespace, name), {
    [PRIVACY_KEYS.citizen]: secret.citizenKey,
    [PRIVACY_KEYS.canary]: secret.canaryKey,
    'wrap-1.key': newKey(),
  });
  return secret;
};
