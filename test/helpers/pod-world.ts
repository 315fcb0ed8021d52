/** Pods of a campaign as processes, on three real nats-servers: their folders, data keys and live settings. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import { DataKeyRing } from '../../app/keys/key-ring.ts';
import { readWrapKeys } from '../../app/keys/privacy-keys.ts';
import { DATA_PLANE_KEYS, ENV, type LiveSettings, PRIVACY_KEYS } from '../../contract/app-contract.ts';
import { liveBucketName } from '../../contract/names.ts';
import { type OutsideShares, sharesKey } from '../../contract/outside/outside.ts';
import type { Tier } from '../../contract/tiers.ts';
import { createHomePublisher } from '../../journal/home-publisher.ts';
import { createDataKeyStore } from '../../journal/privacy/data-keys.ts';
import { endProcess, type ManagedProcess, spawnManaged } from '../../local/managed-process.ts';
import { patiently } from './patiently.ts';
import { never, type RealJournal } from './real-journal.ts';
import { SHARDS } from './records.ts';

const MAIN = join(import.meta.dirname, '../../app/main.ts');

export const writeFiles = async (dir: string, files: Readonly<Record<string, string>>): Promise<string> => {
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
};

interface PodWorldOptions {
  readonly campaignId: string;
  readonly tier: Tier;
  readonly sections: Readonly<Record<string, unknown>>;
  /** Besides those that every pod gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Of every pod. */
  readonly nodeArgs?: readonly string[];
}

export const createPodWorld = async (journal: RealJournal, options: PodWorldOptions) => {
  const { campaignId, tier, sections, env, nodeArgs = [] } = options;
  const { access, dir, connection, cluster } = journal;
  const newKey = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
  const privacyDir = await writeFiles(join(dir, 'privacy'), {
    [PRIVACY_KEYS.citizen]: newKey(1),
    [PRIVACY_KEYS.canary]: newKey(2),
    'wrap-1.key': newKey(3),
  });
  const dataPlaneDir = await writeFiles(join(dir, 'data-plane'), {
    [DATA_PLANE_KEYS.natsUrl]: access.urls.join(','),
    [DATA_PLANE_KEYS.natsUser]: access.user,
    [DATA_PLANE_KEYS.natsPassword]: access.password,
  });
  const configDir = await writeFiles(join(dir, 'config'), {
    'config.json': JSON.stringify({
      v: 1,
      campaignId,
      namespace: 'city',
      campaignName: 'spring-2020',
      site: 'default',
      shards: SHARDS,
      journalReplicas: 3,
      tiers: ['intake', 'records', tier],
    }),
  });
  const settings: LiveSettings = {
    v: 1,
    generation: 1,
    title: { 'zh-CN': '春', en: 'Spring' },
    window: { opensAt: '2020-09-25T01:00:00Z', closesAt: '2100-10-02T16:00:00Z' },
    identity: { keySpace: 'residentNumber' },
    eligibility: { minAge: 18, uniqueness: 'perCitizen' },
    vouchers: [],
    draw: { unverified: 'exclude' },
    traffic: { admissionPerSecond: 100, intakePods: 1, burstSeconds: 1 },
    sections,
  };
  await patiently('a write', () => journal.admin.putLiveSettings(campaignId, settings, never));
  const ring = new DataKeyRing({
    campaignId,
    store: createDataKeyStore(connection, campaignId),
    readWrapKeys: () => readWrapKeys(privacyDir),
    clock: { now: () => Date.now() },
    onError: () => undefined,
  });
  await patiently('a data key', () => ring.load(never));
  const publish = createHomePublisher({
    connection,
    campaignId,
    shards: SHARDS,
    monotonicMs: () => performance.now(),
  });
  const pods = new Map<string, ManagedProcess>();
  return {
    settings,
    ring,
    publish,
    logOf: (pod: string) => readFile(join(dir, `${pod}.log`), 'utf8'),
    /** As the operator does; the sum of each target is at most what it permits. */
    async share(targets: Readonly<Record<string, Readonly<Record<string, number>>>>) {
      const named = Object.entries(targets).map(([target, perSecond]) => [target, { perSecond }]);
      const shares: OutsideShares = { v: 1, targets: Object.fromEntries(named) };
      const kv = await new Kvm(connection.nats).open(liveBucketName(campaignId));
      await patiently('a write', () => kv.put(sharesKey(tier), JSON.stringify(shares)));
    },
    /** @param of what differs in its environment: of a pod of another tier its role, and what it mounts besides */
    start(name: string, of: Readonly<Record<string, string>> = {}): ManagedProcess {
      const pod = spawnManaged({
        name,
        command: process.execPath,
        args: [...nodeArgs, MAIN],
        env: {
          PATH: process.env['PATH'] ?? '',
          [ENV.role]: tier,
          [ENV.podName]: name,
          [ENV.configDir]: configDir,
          [ENV.privacyDir]: privacyDir,
          [ENV.dataPlaneDir]: dataPlaneDir,
          [ENV.host]: '127.0.0.1',
          [ENV.portAdmin]: '0',
          ...env,
          ...of,
        },
        logFile: join(dir, `${name}.log`),
      });
      pods.set(name, pod);
      return pod;
    },
    async kill(name: string) {
      const pod = pods.get(name);
      pod?.kill('SIGKILL');
      await pod?.exited;
    },
    backlog: () => journal.admin.backlog(campaignId, SHARDS, tier, never),
    async restartJournal() {
      for (const node of cluster.nodes) node.kill('SIGKILL');
      await Promise.all(cluster.nodes.map((node) => node.restart()));
      await cluster.ready(never);
    },
    async stopPods() {
      await Promise.all([...pods.values()].map((pod) => endProcess(pod, 'SIGTERM', 20_000)));
    },
  };
};
