/** Verification pods as processes, on three real nats-servers and a local provider; and the citizens that they judge. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kvm } from '@nats-io/kv';
import { nanos } from '@nats-io/transport-node';
import { deriveReceipt } from '../../app/core/receipt.ts';
import { sealingAad } from '../../app/core/sealing.ts';
import { secretKey } from '../../app/core/secret-key.ts';
import { DataKeyRing } from '../../app/keys/key-ring.ts';
import { readWrapKeys } from '../../app/keys/privacy-keys.ts';
import { DATA_PLANE_KEYS, ENV, type LiveSettings, PRIVACY_KEYS, secretDirOf } from '../../contract/app-contract.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import { consumerName, liveBucketName, shardStreamName } from '../../contract/names.ts';
import { type OutsideShares, sharesKey } from '../../contract/outside.ts';
import { createHomePublisher } from '../../journal/home-publisher.ts';
import { createDataKeyStore } from '../../journal/privacy/data-keys.ts';
import { citizenOf as personOf } from '../../local/load/citizen.ts';
import { endProcess, type ManagedProcess, spawnManaged } from '../../local/managed-process.ts';
import { startTencentServer } from '../../local/providers/tencent-server.ts';
import { sourceErrorsOf, truthOf } from '../../local/providers/truth.ts';
import { patiently } from './patiently.ts';
import { never, startRealJournal } from './real-journal.ts';
import { citizenOf, SHARDS } from './records.ts';

const CAMPAIGN = 'spring';
const KEYS = { secretId: 'id', secretKey: 'key' };
const MAIN = join(import.meta.dirname, '../../app/main.ts');
const VERDICTS = { match: 'verified', mismatch: 'rejected', no_record: 'manual_review' } as const;

const writeFiles = async (dir: string, files: Readonly<Record<string, string>>): Promise<string> => {
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
};

interface VerificationStackOptions {
  readonly latencyMs: number;
  /** Of the verification tier's consumers; left out: as the operator creates them. */
  readonly ackWaitMs?: number;
}

export const startVerificationStack = async ({ latencyMs, ackWaitMs }: VerificationStackOptions) => {
  const journal = await startRealJournal();
  await journal.ensured({ consumers: ['records', 'verification'] });
  for (let shard = 0; ackWaitMs !== undefined && shard < SHARDS; shard += 1)
    await journal.manager.consumers.update(shardStreamName(CAMPAIGN, shard), consumerName('verification'), {
      ack_wait: nanos(ackWaitMs),
    });
  const provider = await startTencentServer(() => KEYS, {
    latencyMs,
    limits: { perSecond: 100, perName: 1_000_000, perNumber: 1_000_000 },
  });
  const { access, dir, connection, cluster } = journal;
  const newKey = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
  const privacyDir = await writeFiles(join(dir, 'privacy'), {
    [PRIVACY_KEYS.citizen]: newKey(1),
    [PRIVACY_KEYS.canary]: newKey(2),
    'wrap-1.key': newKey(3),
  });
  const keysDir = await writeFiles(join(dir, 'providers'), {
    'tencent.secret-id': KEYS.secretId,
    'tencent.secret-key': KEYS.secretKey,
  });
  const dataPlaneDir = await writeFiles(join(dir, 'data-plane'), {
    [DATA_PLANE_KEYS.natsUrl]: access.urls.join(','),
    [DATA_PLANE_KEYS.natsUser]: access.user,
    [DATA_PLANE_KEYS.natsPassword]: access.password,
  });
  const configDir = await writeFiles(join(dir, 'config'), {
    'config.json': JSON.stringify({
      v: 1,
      campaignId: CAMPAIGN,
      namespace: 'city',
      campaignName: 'spring-2020',
      site: 'default',
      shards: SHARDS,
      journalReplicas: 3,
      tiers: ['intake', 'records', 'verification'],
    }),
  });

  const tencent = {
    name: 'tencent',
    type: 'TencentIdCard',
    url: provider.url,
    requestsPerSecond: 100,
    timeZone: 'Asia/Shanghai',
    order: 1,
    weight: 1,
  };
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
    sections: { verification: { secretName: 'voucher-verification', providers: [tencent] } },
  };
  await patiently('a write', () => journal.admin.putLiveSettings(CAMPAIGN, settings, never));

  const ring = new DataKeyRing({
    campaignId: CAMPAIGN,
    store: createDataKeyStore(connection, CAMPAIGN),
    readWrapKeys: () => readWrapKeys(privacyDir),
    clock: { now: () => Date.now() },
    onError: () => undefined,
  });
  await patiently('a data key', () => ring.load(never));
  const publish = createHomePublisher({
    connection,
    campaignId: CAMPAIGN,
    shards: SHARDS,
    monotonicMs: () => performance.now(),
  });

  /** People whose source fails more than once are left out: with the deliveries of an outage they take half a minute. */
  const people = Array.from({ length: 1_000 }, (_, index) => index).filter(
    (index) => sourceErrorsOf(personOf(1, index).idNumber) <= 1,
  );
  /** By receipt: the verdict that the provider's own rule asks for. */
  const expected = new Map<string, string>();
  const register = async (index: number): Promise<void> => {
    const { name, idNumber, phone } = personOf(1, index);
    const citizenHash = citizenOf(index);
    const { receiptNo } = deriveReceipt(secretKey(Buffer.alloc(32, 1)), CAMPAIGN, citizenHash, `key-${index}`);
    const fields = Buffer.from(JSON.stringify({ name, idType: 'CN_ID', idNumber, phone }));
    const { keyId, sealed } = ring.seal(fields, sealingAad(CAMPAIGN, receiptNo));
    const event: EventEnvelope = {
      v: 1,
      id: receiptNo,
      type: 'received',
      kind: 'citizen',
      campaignId: CAMPAIGN,
      receipt: receiptNo,
      citizenHash,
      at: new Date().toISOString(),
      site: 'default',
      keyId,
      data: { sealed, channel: 'wechat', category: 'dining', locale: 'zh-CN', policyVersion: '1' },
    };
    await publish(event, never);
    expected.set(receiptNo, VERDICTS[truthOf({ name, idNumber })]);
  };

  const pods = new Map<string, ManagedProcess>();
  return {
    journal,
    settings,
    provider,
    expected,
    logOf: (pod: string) => readFile(join(dir, `${pod}.log`), 'utf8'),
    async register(count: number) {
      for (let from = expected.size; from < count; from += 50) {
        await Promise.all(
          Array.from({ length: Math.min(50, count - from) }, (_, i) => register(people[from + i] ?? 0)),
        );
      }
    },
    /** As the operator does; the sum is at most what the provider permits. */
    async share(perSecond: Readonly<Record<string, number>>) {
      const shares: OutsideShares = { v: 1, targets: { tencent: { perSecond } } };
      const kv = await new Kvm(connection.nats).open(liveBucketName(CAMPAIGN));
      await patiently('a write', () => kv.put(sharesKey('verification'), JSON.stringify(shares)));
    },
    /** @param of a pod of another tier: its role, and what it mounts besides */
    start(name: string, of: Readonly<Record<string, string>> = {}) {
      const pod = spawnManaged({
        name,
        command: process.execPath,
        args: [MAIN],
        env: {
          PATH: process.env['PATH'] ?? '',
          [ENV.role]: 'verification',
          [ENV.podName]: name,
          [ENV.configDir]: configDir,
          [ENV.privacyDir]: privacyDir,
          [ENV.dataPlaneDir]: dataPlaneDir,
          [secretDirOf('providers')]: keysDir,
          [ENV.host]: '127.0.0.1',
          [ENV.portAdmin]: '0',
          ...of,
        },
        logFile: join(dir, `${name}.log`),
      });
      pods.set(name, pod);
      return pod;
    },
    /** By receipt: the types of its verdicts that the journal has. */
    async verdicts(): Promise<ReadonlyMap<string, readonly string[]>> {
      const found = new Map<string, string[]>();
      for (let shard = 0; shard < SHARDS; shard += 1) {
        const filter = { subjects_filter: `reg.${CAMPAIGN}.${shard}.>` };
        const { state } = await journal.manager.streams.info(shardStreamName(CAMPAIGN, shard), filter);
        for (const [subject, messages] of Object.entries(state.subjects ?? {})) {
          const [, , , type = '', receipt = ''] = subject.split('.');
          if (type === 'received') continue;
          found.set(receipt, [...(found.get(receipt) ?? []), ...Array<string>(messages).fill(type)]);
        }
      }
      return found;
    },
    /** Deliveries to its consumers since these exist: from zero when the positions are lost. */
    async deliveries(): Promise<number> {
      const shards = Array.from({ length: SHARDS }, (_, shard) => shardStreamName(CAMPAIGN, shard));
      const infos = await Promise.all(shards.map((name) => journal.manager.consumers.info(name, 'verification')));
      return infos.reduce((sum, { delivered }) => sum + delivered.consumer_seq, 0);
    },
    backlog: () => journal.admin.backlog(CAMPAIGN, SHARDS, 'verification', never),
    async restartJournal() {
      for (const node of cluster.nodes) node.kill('SIGKILL');
      await Promise.all(cluster.nodes.map((node) => node.restart()));
      await cluster.ready(never);
    },
    async stop() {
      await Promise.all([...pods.values()].map((pod) => endProcess(pod, 'SIGTERM', 20_000)));
      await provider.close();
      await journal.stop();
    },
  };
};

export type VerificationStack = Awaited<ReturnType<typeof startVerificationStack>>;
