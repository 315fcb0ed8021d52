/**
 * The product on one machine, without root and containers: the real operator, journal and database, with replicas as
 * processes.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ENV } from '../contract/app-contract.ts';
import { serviceName } from '../contract/names.ts';
import { isTier, type Tier } from '../contract/tiers.ts';
import { createJournalAdmin } from '../journal/admin.ts';
import { createAuditLog } from '../journal/audit-log.ts';
import { connectJournal } from '../journal/connection.ts';
import { createFreezeJournal } from '../journal/freeze/freeze-journal.ts';
import { createIssuanceJournal } from '../journal/freeze/issuance-journal.ts';
import { createDestructionJournal } from '../journal/privacy/destruction-journal.ts';
import { createErasureJournal } from '../journal/privacy/erasure-journal.ts';
import type { BuildOptions } from '../operator/resources/build-options.ts';
import { createCanaryAsker } from '../operator/signals/canary.ts';
import { createComparisonReader } from '../operator/signals/comparison.ts';
import { createCountsReader } from '../operator/signals/counts.ts';
import { createOutsideReader } from '../operator/signals/outside-reports.ts';
import { createScraper } from '../operator/signals/scrape.ts';
import { createSignalReader } from '../operator/signals/signal-reader.ts';
import { systemClock } from '../runtime/clock.ts';
import { createCampaignStore } from './embedded/campaign-store.ts';
import { startDataPlane } from './embedded/data-plane.ts';
import { startOperator } from './embedded/operator.ts';
import { secretEmptier, writeDataPlaneSecrets, writePrivacySecret, writeSecret } from './embedded/secrets.ts';
import { snapshotOf } from './embedded/snapshot.ts';
import { createSpawner } from './managed-process.ts';
import { createProcessCluster } from './processes.ts';
import { startReaper } from './reaper.ts';
import { signalQuietly } from './signals.ts';
import { metricsOf, type Stack, type StackProcess } from './stack.ts';

export interface EmbeddedOptions {
  readonly campaignYaml: string;
  /** Created if missing; contains everything of the stack. */
  readonly stateDir: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Of the Secret that `spec.verification.secretName` names. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Of the draw: a chain of drand that is not pinned, as a relay answers /info, and where its files go. */
  readonly draw?: { readonly chainInfo: string; readonly bundleDir: string };
  /** Of node in every pod, before the program: what tests preload. */
  readonly nodeArgs?: readonly string[];
  /** Where pods send traces, and the share of registrations. Absent: no traces. */
  readonly tracing?: { readonly endpoint: string; readonly ratio: number };
  /** Bytes of one shard stream, and of one server's store; for tests of a full disk. */
  readonly shardMaxBytes?: number;
  readonly maxFileStoreBytes?: number;
}

const OPTIONS: BuildOptions = {
  image: 'voucher-operator/app:embedded',
  site: 'default',
  shards: 3,
  journalReplicas: 3,
  logLevel: 'info',
};
/** Three shards, the control stream, two buckets and the audit trail fit into 8 GiB, the store of a server. */
const SHARD_MAX_BYTES = 2 * 2 ** 30;
const APP = join(import.meta.dirname, '../app/main.ts');
const READY_WITHIN_MS = 120_000;

/** Resolves when the intake's Service exists. @throws Error when the campaign is refused or a server can't start */
export const startEmbedded = async (options: EmbeddedOptions): Promise<Stack> => {
  const { stateDir, signal, progress, nodeArgs = [] } = options;
  /** Ends all that was started, the last first. Failures are ignored. */
  const ending = new AsyncDisposableStack();
  try {
    let kick = (): void => undefined;
    const store = createCampaignStore(options.campaignYaml, Date.now, () => kick());
    const { metadata, spec } = store.current();
    const { namespace, name } = metadata;
    const logDir = join(stateDir, 'logs');
    const secretsDir = join(stateDir, 'secrets');
    await mkdir(logDir, { recursive: true });

    const reaper = startReaper();
    ending.defer(() => reaper.stop());
    const spawn = createSpawner(reaper);
    const dataPlane = await startDataPlane({
      stateDir,
      campaignId: spec.campaignId,
      shards: OPTIONS.shards,
      spawn,
      signal,
      progress,
      ...(options.maxFileStoreBytes === undefined ? {} : { maxFileStoreBytes: options.maxFileStoreBytes }),
    });
    ending.defer(() => dataPlane.stop());
    const { access, nats, postgres } = dataPlane;
    await writeDataPlaneSecrets(secretsDir, namespace, spec.dataPlane.secretName, access);
    const { canaryKey } = await writePrivacySecret(secretsDir, namespace, spec.privacy.keySecretName);
    for (const [secretName, data] of Object.entries(options.secrets ?? {}))
      await writeSecret(join(secretsDir, namespace, secretName), data);

    const cluster = createProcessCluster({
      command: (_role, container) => ({
        command: process.execPath,
        args: [...nodeArgs, APP, ...(container.args ?? [])],
      }),
      baseEnv: {
        PATH: process.env['PATH'] ?? '',
        ...(options.draw === undefined
          ? {}
          : { [ENV.drandChain]: options.draw.chainInfo, [ENV.bundleDir]: options.draw.bundleDir }),
      },
      stateDir,
      secretsDir,
      spawn,
      log: progress,
    });
    ending.defer(() => cluster.stop());

    const servers = { urls: access.natsUrls, user: access.natsUser, password: access.natsPassword };
    const connection = await connectJournal(servers, 'voucher-operator', signal);
    ending.defer(() => connection.close());
    const journal = createJournalAdmin({
      connection,
      monitorUrls: nats.monitorUrls,
      now: Date.now,
      shardMaxBytes: options.shardMaxBytes ?? SHARD_MAX_BYTES,
    });
    const scraper = createScraper();
    ending.defer(() => scraper.close());
    const canaries = createCanaryAsker();
    ending.defer(() => canaries.close());

    progress('starting the operator');
    const launch = () => {
      const stopping = new AbortController();
      const started = startOperator(
        store,
        {
          cluster: cluster.reader,
          manifests: cluster.manifests,
          replicas: cluster.replicas,
          plans: cluster.plans,
          journal,
          audit: createAuditLog({ connection, replicas: OPTIONS.journalReplicas, shards: OPTIONS.shards }),
          freezing: createFreezeJournal(connection),
          issuing: createIssuanceJournal(connection),
          privacy: {
            erasing: createErasureJournal(connection),
            destroying: createDestructionJournal(connection),
            secrets: secretEmptier(secretsDir),
            operator: 'embedded',
          },
          signals: (onError) =>
            createSignalReader({ scraper, journal, shards: OPTIONS.shards, now: Date.now, onError }),
          counts: createCountsReader(scraper, systemClock),
          outside: createOutsideReader(scraper),
          canaries,
          comparison: createComparisonReader(scraper),
        },
        options.tracing === undefined ? OPTIONS : { ...OPTIONS, pods: { tracing: options.tracing } },
        join(logDir, 'operator.log'),
        stopping.signal,
      );
      kick = started.kick;
      return {
        ...started,
        async end() {
          stopping.abort();
          await started.done;
        },
      };
    };
    let operator = launch();
    ending.defer(() => operator.end());

    const urlOf = (tier: Tier): Promise<string> =>
      serviceUrl(() => cluster.serviceUrl(namespace, serviceName(name, tier)), signal);
    const url = await urlOf('intake');
    const loginUrl = spec.login === undefined ? undefined : await urlOf('login');
    return {
      mode: 'embedded',
      url,
      ...(loginUrl === undefined ? {} : { loginUrl }),
      campaignId: spec.campaignId,
      shards: OPTIONS.shards,
      ledgerCheck: {
        natsUrl: access.natsUrls.join(','),
        natsUser: access.natsUser,
        natsPassword: access.natsPassword,
        postgresUrl: access.postgresUrl,
      },
      logDir,
      canaryKey,
      snapshot: () => snapshotOf(store.current(), operator.planned(), cluster.scalePlans(), Date.now()),
      events: store.events,
      processes: () => [
        ...cluster
          .processes()
          .map(({ name, role, pid }): StackProcess => ({ name, role: roleOf(role), id: String(pid) })),
        ...nats.nodes.map((node): StackProcess => ({ name: node.name, role: 'nats', id: String(node.pid()) })),
        { name: 'postgres', role: 'postgres', id: String(postgres.pid) },
      ],
      kill: ({ id }) => void signalQuietly(Number(id), 'SIGKILL'),
      metrics: async () => [...(await metricsOf(cluster.pods())), { name: 'operator', text: await operator.page() }],
      applyCampaign: async (yaml) => store.applyYaml(yaml),
      crash: {
        async database() {
          await postgres.kill();
          await postgres.restart();
        },
        // As after the loss of its lease: the next one knows what is stored, and nothing else.
        async operator() {
          await operator.end();
          operator = launch();
        },
      },
      stop: () => ending.disposeAsync().catch(() => undefined),
    };
  } catch (error) {
    await ending.disposeAsync().catch(() => undefined);
    throw error;
  }
};

const roleOf = (role: string): StackProcess['role'] => (isTier(role) ? role : 'other');

const serviceUrl = async (look: () => string, signal: AbortSignal): Promise<string> => {
  const giveUpAtMs = Date.now() + READY_WITHIN_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      return look();
    } catch (error) {
      if (Date.now() > giveUpAtMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
