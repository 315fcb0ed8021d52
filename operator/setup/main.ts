/**
 * `node operator/setup/main.ts`: makes the passwords, keys and certificates of the embedded data plane once. Run by the chart before
 * it installs anything that needs them, as an account that may create Secrets and nothing else. What exists stays.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKubeAccess } from '../kube/access.ts';
import { createKubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import type { ApiResource } from '../kube/resources.ts';
import { systemClock } from '../runtime/clock.ts';
import { newRoot, ROOT_KEYS, type Root } from './root.ts';
import { decideGroup, rootSecret, type SecretManifest, secretGroupsOf, setupRequest } from './secrets.ts';

const SECRETS: ApiResource = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets' };

/** As it is mounted; undefined before the first installation. */
const mountedRoot = async (dir: string): Promise<Root | undefined> => {
  const read = async (key: string): Promise<string> => (await readFile(join(dir, key), 'utf8')).trim();
  try {
    const accountsKey = await read(ROOT_KEYS.accounts);
    const certificate = `${await read(ROOT_KEYS.certificate)}\n`;
    return { accountsKey, authority: { certificate, key: await read(ROOT_KEYS.key) } };
  } catch {
    return undefined;
  }
};

const main = async (signal: AbortSignal): Promise<void> => {
  const request = setupRequest.parse(JSON.parse(process.env['VOUCHER_SETUP'] ?? '{}'));
  const access = createKubeAccess({ env: process.env, monotonicMs: systemClock.monotonicMs });
  const client = createKubeClient({ access, clock: systemClock, random: Math.random, userAgent: 'voucher-setup' });

  const create = (manifest: SecretManifest, query: Readonly<Record<string, string>>): Promise<unknown> =>
    client.call(
      { verb: 'create', resource: SECRETS, namespace: manifest.metadata.namespace, query, body: manifest },
      signal,
    );
  /** Asked by a creation that isn't carried out: the account may not read. */
  const exists = async (manifest: SecretManifest): Promise<boolean> => {
    try {
      await create(manifest, { dryRun: 'All' });
      return false;
    } catch (error) {
      if (isKubeError(error, 'already_exists')) return true;
      throw error;
    }
  };

  try {
    const mounted = await mountedRoot(process.env['VOUCHER_ROOT_DIR'] ?? '');
    const root = mounted ?? newRoot(request.release, randomBytes, systemClock.now());
    const manifest = rootSecret(request, root);
    if (mounted === undefined) {
      // Made by an attempt that broke off after this pod had started: the next one has it mounted.
      if (await exists(manifest))
        throw new Error(`Secret ${manifest.metadata.name} has just been made; run this again`);
      await create(manifest, {});
    }
    for (const group of secretGroupsOf(request, root, randomBytes, systemClock.now())) {
      const names = group.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');
      const decision = decideGroup(group, await Promise.all(group.map(exists)));
      if (decision.kind === 'torn') throw new Error(decision.message);
      if (decision.kind === 'create') for (const manifest of group) await create(manifest, {});
      console.log(`${decision.kind === 'create' ? 'made' : 'kept'} ${names}`);
    }
  } finally {
    await access.close();
  }
};

try {
  await main(AbortSignal.timeout(120_000));
} catch (error) {
  console.error(`setup: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
