/** The operator as a whole, on any API server: watches always, acts while it holds the lease. */
import { collectDefaultMetrics, type Registry } from 'prom-client';
import type { OperatorConfig } from './config.ts';
import { createKubeAccess, type KubeAccess } from './kube/access.ts';
import { createKubeClient } from './kube/client.ts';
import { createKubeCluster, type KubeCluster } from './kube/cluster.ts';
import { createEventSink } from './kube/events.ts';
import { createLeaseStore } from './kube/leases.ts';
import { adminUrlThrough } from './kube/pods.ts';
import { startAuditServer } from './observability/audit-server.ts';
import { startHealthServer } from './observability/health-server.ts';
import { createKubeMetrics, type KubeMetrics } from './observability/kube-metrics.ts';
import { reportElection, reportWatch } from './observability/kube-reporter.ts';
import type { Listening } from './observability/listen.ts';
import type { Logger } from './observability/log.ts';
import { createOperatorMetrics } from './observability/metrics.ts';
import { createTickReporter } from './observability/tick-reporter.ts';
import { SOON_MS } from './plan/requeue.ts';
import { AuditSweeper } from './reconcile/audit-sweeper.ts';
import { campaignKey } from './reconcile/campaign-state.ts';
import type { AuditLog, EventSink, JournalAdmin } from './reconcile/ports.ts';
import { createReconciler, type Reconciler } from './reconcile/reconcile.ts';
import type { Clock } from './runtime/clock.ts';
import { Elector } from './runtime/elector.ts';
import { Loop } from './runtime/loop.ts';
import { sleep } from './runtime/sleep.ts';
import { createCanaryAsker } from './signals/canary.ts';
import { createCountsReader } from './signals/counts.ts';
import { createSignalReader } from './signals/reader.ts';
import { createScraper } from './signals/scrape.ts';

export interface RunOptions {
  readonly config: OperatorConfig;
  readonly journal: JournalAdmin;
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told once both servers listen. */
  readonly onStarted?: (server: Pick<Listening, 'port'>, auditServer: Pick<Listening, 'port'>) => void;
}

const BACKOFF = { initialMs: 500, maxMs: 30_000 };
const SYNC_LOOK_MS = 50;
/** Acting code that has not ended this long after the lease was lost will not end by itself. */
const STUCK_AFTER_MS = 10_000;
const USER_AGENT = 'voucher-operator';

/** What acts, while this process leads. */
interface Term {
  readonly loop: Loop;
  readonly reconciler: Reconciler;
  readonly sweeper: AuditSweeper;
  readonly close: () => Promise<void>;
}

/**
 * Runs until the signal aborts: then ticks under way end, the lease is given back and the last events are written.
 *
 * @throws Error when the kubeconfig names no cluster, or the health port is taken
 */
export const runOperator = async (options: RunOptions, signal: AbortSignal): Promise<void> => {
  const { config, log, registry, clock, random } = options;
  let term: Term | undefined;
  let losingSinceMs: number | undefined;
  // Set below; the access to the cluster needs the metrics first.
  let cluster: KubeCluster | undefined;

  collectDefaultMetrics({ register: registry });
  const metrics = createKubeMetrics(registry, {
    quietMs: () => cluster?.quietMs() ?? new Map(),
    counts: () => term?.loop.counts ?? { keys: 0, running: 0 },
  });
  const tickReporter = createTickReporter(log, createOperatorMetrics(registry));

  const { kubeconfig, context } = config;
  const access = createKubeAccess({
    env: process.env,
    monotonicMs: clock.monotonicMs,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  const clientOptions = { access, clock, random, userAgent: USER_AGENT, onCall: metrics.call };
  /** For the lease itself and for events, which may be told by one that no longer leads. */
  const freeClient = createKubeClient(clientOptions);

  const lead = async (leading: AbortSignal): Promise<void> => {
    const losing = (): void => {
      losingSinceMs = clock.monotonicMs();
    };
    leading.addEventListener('abort', losing, { once: true });
    metrics.leading.set(1);
    try {
      term = createTerm(options, watched, sink, metrics, tickReporter, access);
      while (!watched.isSynced() && !leading.aborted) await sleep(clock, SYNC_LOOK_MS, leading);
      for (const key of watched.campaignKeys()) term.loop.kick(key);
      await Promise.all([term.loop.start(leading), term.sweeper.run(leading)]);
    } finally {
      leading.removeEventListener('abort', losing);
      losingSinceMs = undefined;
      await term?.close();
      term = undefined;
      metrics.leading.set(0);
    }
  };

  const elector =
    config.lease === undefined
      ? undefined
      : new Elector({
          clock,
          random,
          leases: createLeaseStore(freeClient, config.lease.namespace ?? access.namespace, config.lease.name),
          identity: config.identity,
          lead,
          onReport: (report) => reportElection(log, config.identity, report),
        });

  const guard = elector === undefined ? {} : { assertMayWrite: () => elector.assertLeading() };
  const watched = createKubeCluster({
    client: createKubeClient({ ...clientOptions, ...guard }),
    clock,
    random,
    namespaces: config.watchNamespaces,
    timing: { relistMs: config.resyncMs },
    ...(config.signalsThrough === 'api-server' ? { adminUrlOf: adminUrlThrough(access.server) } : {}),
    onNews: (key) => term?.loop.kick(key),
    onCampaignGone(campaign) {
      term?.loop.remove(campaignKey(campaign));
      term?.reconciler.forget(campaign);
      term?.sweeper.gone(campaign);
    },
    onReport: (resource, report) => reportWatch(log, metrics, resource, report),
    onListenerError: (error) => log.error({ error }, 'a listener of a watch failed'),
    onApply: ({ object, difference, isRepeated }) =>
      isRepeated
        ? log.debug({ object, difference }, 'an apply changed nothing, it is not repeated')
        : log.info({ object, difference }, 'applying'),
  });
  cluster = watched;
  const sink = createEventSink({
    client: freeClient,
    clock,
    instance: config.identity,
    onDropped(reason, error) {
      metrics.eventsDropped.inc({ reason });
      log.debug({ reason, error }, 'an event was dropped');
    },
  });

  const server = await startHealthServer(
    {
      registry,
      sickness: () =>
        losingSinceMs !== undefined && clock.monotonicMs() - losingSinceMs > STUCK_AFTER_MS
          ? 'the lease was lost and what acts does not end'
          : undefined,
      missing: () => (watched.isSynced() ? undefined : 'the watches have not seen all objects yet'),
    },
    config.host,
    config.port,
  );
  const auditServer = await startAuditServer(options.audit, config.host, config.auditPort, (error) =>
    log.warn({ error }, 'a trail could not be read'),
  );
  options.onStarted?.(server, auditServer);
  log.info({ server: access.server, namespaces: config.watchNamespaces, identity: config.identity }, 'started');

  const background = new AbortController();
  const running = Promise.all([watched.run(background.signal), sink.run(background.signal)]);
  try {
    await (elector === undefined ? lead(signal) : elector.run(signal));
  } finally {
    background.abort();
    await running;
    await Promise.all([server.close(), auditServer.close()]);
    await access.close();
    log.info('ended');
  }
};

/** A term begins with an empty memory: what matters is in the cluster, and what is old would only mislead. */
const createTerm = (
  { config, journal, audit, log, clock, random }: RunOptions,
  cluster: KubeCluster,
  events: EventSink,
  metrics: KubeMetrics,
  report: ReturnType<typeof createTickReporter>,
  access: KubeAccess,
): Term => {
  const session = config.signalsThrough === 'api-server' ? access.session : undefined;
  const scraper = createScraper(session === undefined ? {} : { session });
  const canaries = createCanaryAsker(session);
  const signals = createSignalReader({
    scraper,
    journal,
    shards: config.build.shards,
    now: clock.now,
    onError: (campaignId, error) => log.debug({ campaignId, error }, 'a signal did not come'),
  });
  const reconciler = createReconciler({
    clock,
    cluster: cluster.reader,
    manifests: cluster.manifests,
    replicas: cluster.replicas,
    nudger: cluster.nudger,
    status: cluster.status,
    finalizers: cluster.finalizers,
    plans: cluster.plans,
    authorization: cluster.authorization,
    decisions: cluster.decisions,
    audit,
    events,
    journal,
    signals,
    counts: createCountsReader(scraper),
    canaries,
    options: config.build,
    report,
  });
  const sweeper = new AuditSweeper({
    clock,
    log: audit,
    living: cluster.living,
    site: config.build.site,
    watchNamespaces: config.watchNamespaces,
    onFailure: (error) => log.warn({ error }, 'the trails of campaigns that are gone could not be ended'),
  });
  const loop: Loop = new Loop({
    clock,
    random,
    maxConcurrent: config.maxConcurrent,
    minIntervalMs: SOON_MS,
    backoff: BACKOFF,
    run: async (key, signal) => {
      const campaign = cluster.campaign(key);
      if (campaign !== undefined) return reconciler.reconcile(campaign, signal);
      // News of a pod or an object whose campaign is gone.
      loop.remove(key);
      return { requeueAfterMs: BACKOFF.maxMs };
    },
    onRun: ({ lateMs }) => metrics.lateSeconds.observe(lateMs / 1000),
    onError: ({ key, error, failures, retryAfterMs }) =>
      log.error({ key, error, failures, retryAfterMs }, 'a tick failed'),
  });
  return {
    loop,
    reconciler,
    sweeper,
    close: async () => void (await Promise.all([scraper.close(), canaries.close()])),
  };
};
