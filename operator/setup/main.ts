/**
 * `node operator/setup/main.ts`: creates the passwords, keys and certificates of the embedded data plane once. The chart runs
 * it before it installs anything that needs them, with an account that may create Secrets but not read them. Existing Secrets
 * are kept, and running campaigns are not harmed (refusals.ts).
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.ts';
import { createKubeAccess } from '../kube/access.ts';
import { SECRETS } from '../kube/api-resources.ts';
import { createKubeClient } from '../kube/client.ts';
import { createPatiently, readPatiently } from './patience.ts';
import { refusalsOf } from './refusals.ts';
import { newRoot, ROOT_KEYS, type Root } from './root.ts';
import {
  accountProbe,
  decideGroup,
  isDerived,
  lostRootMessage,
  rootSecret,
  type SecretManifest,
  secretGroupsOf,
  setupRequest,
} from './secrets.ts';
import { livingCampaigns, standingVolumes } from './what-lives.ts';

/** From the mounted Secret; undefined before the first installation. */
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

  const patience = { clock: systemClock, signal, log: (line: string) => console.error(`setup: ${line}`) };

  const post = (manifest: SecretManifest, query: Readonly<Record<string, string>>): Promise<unknown> =>
    client.call(
      { verb: 'create', resource: SECRETS, namespace: manifest.metadata.namespace, query, body: manifest },
      signal,
    );
  const create = async (manifest: SecretManifest): Promise<void> => {
    const outcome = await createPatiently(() => post(manifest, {}), false, patience);
    const { namespace, name } = manifest.metadata;
    if (outcome === 'exists') throw new Error(`Secret ${namespace}/${name} has just been created: run the same again`);
  };
  /** Tested by a dry run of a creation: the account may not read. */
  const exists = async (manifest: SecretManifest): Promise<boolean> =>
    (await createPatiently(() => post(manifest, { dryRun: 'All' }), true, patience)) === 'exists';

  try {
    const campaigns = await readPatiently(() => livingCampaigns(client, request, signal), patience);
    const strangers = [...new Set(campaigns.map(({ campaignId }) => campaignId))].filter(
      (campaignId) => !request.campaigns.some((asked) => asked.campaignId === campaignId),
    );
    const known = await Promise.all(strangers.map((campaignId) => exists(accountProbe(request, campaignId))));
    const refusals = refusalsOf(request, {
      campaigns,
      accounts: strangers.filter((_, index) => known[index]),
      volumes: await readPatiently(() => standingVolumes(client, request, signal), patience),
    });
    if (refusals.length > 0) throw new Error(refusals.join('\nsetup: '));

    const mounted = await mountedRoot(process.env['VOUCHER_ROOT_DIR'] ?? '');
    const root = mounted ?? newRoot(request.release, randomBytes, systemClock.now());
    const groups = secretGroupsOf(request, root, randomBytes, systemClock.now());
    // Everything is decided before anything is created.
    const seen = await Promise.all(
      groups.map(async (group) => ({ group, exist: await Promise.all(group.map(exists)) })),
    );
    const decided = seen.map(({ group, exist }) => ({ group, decision: decideGroup(group, exist) }));
    const refused = decided.flatMap(({ decision }) => (decision.kind === 'refuse' ? [decision.message] : []));
    if (refused.length > 0) throw new Error(refused.join('\nsetup: '));
    const manifest = rootSecret(request, root);
    if (mounted === undefined) {
      // Created by an attempt that failed after this pod had started: the next one has it mounted.
      if (await exists(manifest)) {
        throw new Error(`Secret ${manifest.metadata.name} has just been created: run the same again`);
      }
      const orphans = seen.flatMap(({ group, exist }) => group.filter((one, index) => exist[index] && isDerived(one)));
      if (orphans.length > 0) throw new Error(lostRootMessage(request, orphans));
      await create(manifest);
    }
    for (const { group, decision } of decided) {
      const names = group.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');
      if (decision.kind === 'create') for (const one of decision.missing) await create(one);
      console.log(`${decision.kind === 'create' ? 'created' : 'kept'} ${names}`);
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
