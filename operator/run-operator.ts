/** The whole operator, on any API server: it watches always, and acts while it holds the lease. */
import type { Registry } from 'prom-client';
import { defined } from '../contract/defined.ts';
import { sleep } from '../runtime/sleep.ts';
import type { Listening } from '../runtime/small-server.ts';
import { createKubeAccess } from './kube/access.ts';
import { createClaimStore } from './kube/claims.ts';
import { createKubeClient } from './kube/client.ts';
import { createKubeCluster, type KubeCluster } from './kube/cluster.ts';
import { createEventSink } from './kube/event-sink.ts';
import { createLeaseStore } from './kube/leases.ts';
import { adminUrlThrough } from './kube/pods/pods.ts';
import { Claims } from './leadership/claims.ts';
import { Elector } from './leadership/elector.ts';
import { startAuditServer } from './observability/audit-server.ts';
import { startHealthServer } from './observability/health-server.ts';
import { createKubeMetrics } from './observability/kube-metrics.ts';
import { reportElection, reportWatch } from './observability/kube-reporter.ts';
import { createOperatorMetrics } from './observability/metrics.ts';
import { createTickReporter } from './observability/tick-reporter.ts';
import { createServing } from './serving.ts';
import { createTerm, type Term, type TermOptions } from './term.ts';
import { campaignKey } from './tick/campaign-state.ts';

export interface RunOptions extends TermOptions {
  readonly registry: Registry;
  /** Called once the servers listen; without `auditPort` there is no audit server. */
  readonly onStarted?: (server: Pick<Listening, 'port'>, auditServer: Pick<Listening, 'port'> | undefined) => void;
}

const SYNC_LOOK_MS = 50;
/** Work that has not ended this long after the lease was lost will not end by itself. */
const STUCK_AFTER_MS = 10_000;
const USER_AGENT = 'voucher-operator';

/** Runs until the signal aborts, then ends in order. @throws Error: no cluster in the kubeconfig, or port taken */
export const runOperator = async (options: RunOptions, signal: AbortSignal): Promise<void> => {
  const { config, log, registry, clock, random } = options;
  let term: Term | undefined;
  let losingSinceMs: number | undefined;
  // Set below; the access to the cluster needs the metrics first.
  let cluster: KubeCluster | undefined;

  const metrics = createKubeMetrics(registry, {
    quietMs: () => cluster?.quietMs() ?? new Map(),
    notServed: () => serving.notServed(),
    counts: () => term?.loop.counts ?? { keys: 0, running: 0 },
  });
  const tickMetrics = createOperatorMetrics(registry);
  const tickReporter = createTickReporter(log, tickMetrics);

  const { kubeconfig, context } = config;
  const { monotonicMs } = clock;
  const access = createKubeAccess({ env: process.env, monotonicMs, ...defined({ kubeconfig, context }) });
  const clientOptions = { access, clock, random, userAgent: USER_AGENT, onCall: metrics.call };
  /** For the lease itself: a renewal waits for nothing else. */
  const leaseClient = createKubeClient({ ...clientOptions, lane: 'lease' });
  /** For events, which a process that no longer leads may still emit. */
  const freeClient = createKubeClient(clientOptions);

  const lease = config.lease && { ...config.lease, namespace: config.lease.namespace ?? access.namespace };
  const installation = lease === undefined ? config.identity : `${lease.namespace}/${lease.name}`;
  const serving = createServing({
    clock,
    log,
    installation,
    cluster: () => cluster,
    claims: () => term?.claims,
    events: () => (term === undefined ? undefined : sink),
    kick: (campaign) => term?.loop.kick(campaignKey(campaign), 'namespace'),
  });

  const lead = async (leading: AbortSignal): Promise<void> => {
    const losing = (): void => {
      losingSinceMs = clock.monotonicMs();
    };
    leading.addEventListener('abort', losing, { once: true });
    metrics.leading.set(1);
    try {
      term = createTerm(options, {
        cluster: watched,
        events: sink,
        metrics,
        report: tickReporter,
        access,
        serving,
        assertLeading: elector === undefined ? undefined : () => elector.assertLeading(),
        claims:
          lease &&
          new Claims({
            clock,
            random,
            store: createClaimStore(guardedClient, clock),
            holder: installation,
            namespaces: serving.namespaces,
            onChange: serving.onClaim,
          }),
      });
      while (!watched.served.isSettled() && !leading.aborted) await sleep(clock, SYNC_LOOK_MS, leading);
      for (const key of watched.campaignKeys()) term.loop.kick(key, 'start');
      await Promise.all([term.loop.start(leading), term.sweeper.run(leading), term.claims?.run(leading)]);
    } finally {
      leading.removeEventListener('abort', losing);
      losingSinceMs = undefined;
      await term?.close();
      term = undefined;
      tickMetrics.campaigns.clear();
      metrics.leading.set(0);
    }
  };

  const elector =
    lease === undefined
      ? undefined
      : new Elector({
          clock,
          random,
          leases: createLeaseStore(leaseClient, lease.namespace, lease.name, serving.annotations),
          identity: config.identity,
          lead,
          onReport: (report) => reportElection(log, config.identity, report),
        });

  const guard = elector === undefined ? {} : { assertMayWrite: () => elector.assertLeading() };
  const guardedClient = createKubeClient({ ...clientOptions, ...guard });
  const watched = createKubeCluster({
    client: guardedClient,
    clock,
    random,
    namespaces: config.watchNamespaces,
    timing: { relistMs: config.resyncMs },
    ...(config.signalsThrough === 'api-server' ? { adminUrlOf: adminUrlThrough(access.server) } : {}),
    onNews: (key, reason) => term?.loop.kick(key, reason),
    onCampaignGone(campaign) {
      term?.loop.remove(campaignKey(campaign));
      term?.reconciler.forget(campaign);
      term?.sweeper.gone(campaign);
    },
    onReport: (resource, report, namespace) => reportWatch(log, metrics, resource, report, namespace),
    onService: serving.onService,
    onListenerError: (error) => log.error({ error }, 'a listener of a watch failed'),
    onApply: ({ object, difference, isRepeated }) =>
      isRepeated
        ? log.debug({ object, difference }, 'an apply changed nothing; it is not repeated')
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
          ? 'the lease was lost, but the work under it does not end'
          : undefined,
      missing: () => (watched.served.isSettled() ? undefined : 'the watches have not seen all objects yet'),
    },
    config.host,
    config.port,
  );
  const auditServer =
    config.auditPort === undefined
      ? undefined
      : await startAuditServer(options.audit, config.host, config.auditPort, (error) =>
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
    await Promise.all([server.close(), auditServer?.close()]);
    await access.close();
    log.info('ended');
  }
};
