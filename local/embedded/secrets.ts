/** The Secrets of a campaign as folders of files, readable by their owner only. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DATA_PLANE_KEYS, PRIVACY_KEYS } from '../../contract/app-contract.ts';
import { WORKLOADS, type Workload } from '../../contract/jobs.ts';
import { dataPlaneSecretName } from '../../contract/names.ts';
import type { SecretEmptier } from '../../operator/destruction/destruction-keeper.ts';

interface WorkloadAccess {
  readonly natsUser: string;
  readonly natsPassword: string;
  /** Absent: no account in the database. */
  readonly postgresUrl?: string;
}

export interface DataPlaneAccess {
  readonly natsUrls: readonly string[];
  /** The operator's account. */
  readonly natsUser: string;
  readonly natsPassword: string;
  /** The account of the tables' owner. */
  readonly postgresUrl: string;
  readonly workloads: Readonly<Record<Workload, WorkloadAccess>>;
}

/** A Secret as a folder of files. */
export const writeSecret = async (dir: string, entries: Readonly<Record<string, string>>): Promise<void> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const [key, value] of Object.entries(entries)) await writeFile(join(dir, key), value, { mode: 0o600 });
};

export const newKey = (): string => randomBytes(32).toString('base64');

/** `<secretsDir>/<namespace>/<name>-<workload>/<key>`, as local/processes mounts them. */
export const writeDataPlaneSecrets = async (
  secretsDir: string,
  namespace: string,
  name: string,
  access: DataPlaneAccess,
): Promise<void> => {
  for (const workload of WORKLOADS) {
    const { natsUser, natsPassword, postgresUrl } = access.workloads[workload];
    await writeSecret(join(secretsDir, namespace, dataPlaneSecretName(name, workload)), {
      [DATA_PLANE_KEYS.natsUrl]: access.natsUrls.join(','),
      [DATA_PLANE_KEYS.natsUser]: natsUser,
      [DATA_PLANE_KEYS.natsPassword]: natsPassword,
      ...(postgresUrl === undefined ? {} : { [DATA_PLANE_KEYS.postgresUrl]: postgresUrl }),
    });
  }
};

/** Keeps the keys of an earlier start: receipts, and what is sealed in the journal, are theirs. */
export const writePrivacySecret = async (
  secretsDir: string,
  namespace: string,
  name: string,
): Promise<{ readonly canaryKey: string }> => {
  const known = await readFile(join(secretsDir, namespace, name, PRIVACY_KEYS.canary), 'utf8').catch(() => undefined);
  if (known !== undefined) return { canaryKey: known };
  const secret = { citizenKey: newKey(), canaryKey: newKey() };
  await writeSecret(join(secretsDir, namespace, name), {
    [PRIVACY_KEYS.citizen]: secret.citizenKey,
    [PRIVACY_KEYS.canary]: secret.canaryKey,
    'wrap-1.key': newKey(),
  });
  return secret;
};

/** As operator/kube/privacy-secret.ts does it at an API server. */
export const secretEmptier = (secretsDir: string): SecretEmptier => ({
  async empty(namespace, name) {
    const dir = join(secretsDir, namespace, name);
    for (const key of await readdir(dir)) await rm(join(dir, key));
    return 'emptied';
  },
});
