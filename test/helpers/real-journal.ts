/** Three real nats-servers with the operator's own streams on them, for the journal's tests; and a crowd that publishes. */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { Registry } from 'prom-client';
import { shardStreamName } from '../../contract/names.ts';
import { createJournalAdmin } from '../../journal/admin.ts';
import type { JournalAdmin, JournalSpec, JournalState } from '../../journal/administration.ts';
import type { JournalConnection } from '../../journal/connection.ts';
import { createPublisher } from '../../journal/publisher.ts';
import type { PublishOutcome, RegistrationJournal } from '../../journal/publishing.ts';
import type { NatsNode } from '../../local/nats.ts';
import { eventually } from './eventually.ts';
import { type NatsServers, startNatsServers } from './nats-servers.ts';
import { ensured, patientManager } from './patiently.ts';
import { receivedEvent, SHARDS } from './records.ts';

export const never = new AbortController().signal;

export const journalSpec = (overrides: Partial<JournalSpec> = {}): JournalSpec => ({
  campaignId: 'spring',
  namespace: 'city',
  campaignName: 'spring-2020',
  uid: '1',
  shards: SHARDS,
  replicas: 3,
  adopt: false,
  consumers: ['records'],
  ...overrides,
});

export interface RealJournal extends NatsServers {
  readonly connection: JournalConnection;
  /** Retries until there is an answer; so does `ensured`. */
  readonly manager: JetStreamManager;
  /** As in the operator: no answer is `unavailable`, or an error. */
  readonly admin: JournalAdmin;
  /** `journalSpec()` with these overrides, by `admin` unless another one is given. */
  ensured(overrides?: Partial<JournalSpec>, by?: JournalAdmin): Promise<JournalState>;
  admins(options: {
    readonly shardMaxBytes?: number;
    readonly monitorUrls?: readonly string[];
    readonly now?: () => number;
  }): JournalAdmin;
  /** The node that leads a shard's stream now, or as soon as one does. */
  leaderOf(campaignId: string, shard: number): Promise<NatsNode>;
  /** Messages that a campaign's shards hold: what was acknowledged, and the copies of hedges and of a second try. */
  stored(campaignId: string): Promise<number>;
  /** A crowd that has stopped, with so many acknowledged registrations in each shard or some more. */
  fill(perShard: number): Promise<Crowd>;
  /** Stopped with the journal at the latest. */
  startCrowd(options?: CrowdOptions): Promise<Crowd>;
  stop(): Promise<void>;
}

export const startRealJournal = async (options: Parameters<typeof startNatsServers>[0] = {}): Promise<RealJournal> => {
  const servers = await startNatsServers(options);
  const { dir, cluster, access, connect } = servers;
  const crowds: Crowd[] = [];
  const connection = await connect('test');
  const manager = patientManager(await jetstreamManager(connection.nats, { checkAPI: false }));
  const admins: RealJournal['admins'] = ({
    monitorUrls = cluster.monitorUrls,
    shardMaxBytes = 2 ** 28,
    now = Date.now,
  }) => createJournalAdmin({ connection, monitorUrls, now, shardMaxBytes });
  const admin = admins({});
  const startCrowd: RealJournal['startCrowd'] = async (options = {}) => {
    const crowd = runCrowd(await connect('crowd', options.servers), options);
    crowds.push(crowd);
    return crowd;
  };
  return {
    dir,
    cluster,
    access,
    connection,
    manager,
    admin,
    ensured: (overrides = {}, by = admin) => ensured(by, journalSpec(overrides)),
    connect,
    admins,
    leaderOf(campaignId, shard) {
      const look = async (): Promise<NatsNode | undefined> => {
        const { cluster: placed } = await manager.streams.info(shardStreamName(campaignId, shard));
        return cluster.nodes.find(({ name }) => name === placed?.leader);
      };
      return eventually(look, { what: `a leader of shard ${shard}` });
    },
    async stored(campaignId) {
      const shards = Array.from({ length: SHARDS }, (_, shard) => shardStreamName(campaignId, shard));
      const infos = await Promise.all(shards.map((name) => manager.streams.info(name)));
      return infos.reduce((sum, { state }) => sum + state.messages, 0);
    },
    startCrowd,
    async fill(perShard) {
      const crowd = await startCrowd({ size: 16 });
      // Each shard, not all together: one whose leader is not known everywhere yet is skipped for a second.
      const inShard = (shard: number) => [...crowd.acked.values()].filter((one) => one.shard === shard).length;
      const isFilled = () => Array.from({ length: SHARDS }, (_, shard) => inShard(shard)).every((n) => n >= perShard);
      await eventually(isFilled, { what: `${perShard} registrations in each shard` });
      await crowd.stop();
      return crowd;
    },
    async stop() {
      // Also after a test that failed half way: a crowd that goes on would keep the runner alive.
      await Promise.all(crowds.map((crowd) => crowd.stop()));
      await servers.stop();
    },
  };
};

export interface Crowd {
  readonly connection: JournalConnection;
  readonly registry: Registry;
  readonly journal: RegistrationJournal;
  /** Receipt → where the journal says that it is. */
  readonly acked: ReadonlyMap<string, { readonly shard: number; readonly sequence: number }>;
  readonly refused: ReadonlyMap<string, number>;
  slowestMs(): number;
  /** Ends the loops after their last answers. */
  stop(): Promise<void>;
}

export interface CrowdOptions {
  readonly campaignId?: string;
  /** Citizens at a time. */
  readonly size?: number;
  readonly againMs?: number;
  /** Of each registration. */
  readonly sealed?: () => string;
  /** Indices of the servers that its connection knows. */
  readonly servers?: readonly number[];
}

let crowdsSoFar = 0;

/** `size` citizens at a time register, each as soon as the last has its answer; refused ones retry every `againMs`. */
const runCrowd = (
  connection: JournalConnection,
  { campaignId = 'spring', size = 32, againMs = 50, sealed = () => 'x'.repeat(140) }: CrowdOptions,
): Crowd => {
  crowdsSoFar += 1;
  const crowd = crowdsSoFar;
  const registry = new Registry();
  const monotonicMs = (): number => performance.now();
  const journal = createPublisher({ connection, campaignId, shards: SHARDS, registry, monotonicMs, signal: never });
  const acked = new Map<string, { shard: number; sequence: number }>();
  const refused = new Map<string, number>();
  let slowestMs = 0;
  let stopped = false;
  let next = 0;
  const note = (receipt: string, outcome: PublishOutcome): void => {
    if (outcome.kind === 'acknowledged') acked.set(receipt, { shard: outcome.shard, sequence: outcome.sequence });
    else refused.set(outcome.reason, (refused.get(outcome.reason) ?? 0) + 1);
  };
  const open = new Set<Promise<void>>();
  let refusedNow = 0;
  /** Registers one citizen after the other until one is refused. */
  const citizens = async (): Promise<void> => {
    let outcome: PublishOutcome;
    do {
      const event = receivedEvent({ campaignId, citizen: `${crowd}-${next++}`, sealed: sealed() });
      const startedAtMs = monotonicMs();
      outcome = await journal.publish(event);
      slowestMs = Math.max(slowestMs, monotonicMs() - startedAtMs);
      note(event.receipt, outcome);
    } while (outcome.kind !== 'unavailable' && !stopped);
    refusedNow += 1;
  };
  const come = (): void => {
    const coming = citizens().finally(() => open.delete(coming));
    open.add(coming);
  };
  const again = setInterval(() => {
    for (; refusedNow > 0; refusedNow -= 1) come();
  }, againMs);
  for (let n = 0; n < size; n += 1) come();
  return {
    connection,
    registry,
    journal,
    acked,
    refused,
    slowestMs: () => slowestMs,
    async stop() {
      stopped = true;
      clearInterval(again);
      await Promise.all(open);
    },
  };
};

/** Messages that were sent, by kind. */
export const sentByKind = async (registry: Registry): Promise<Readonly<Record<string, number>>> => {
  const sent: Record<string, number> = {};
  for (const metric of await registry.getMetricsAsJSON()) {
    for (const { labels, value } of metric.values) {
      const kind = String(labels['kind']);
      sent[kind] = (sent[kind] ?? 0) + value;
    }
  }
  return sent;
};
