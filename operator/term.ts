/** What runs while this process leads: the loop of ticks, and its parts. */
import { defined } from '../contract/defined.ts';
import type { JournalAdmin } from '../journal/administration.ts';
import type { FreezeJournal } from '../journal/freeze/freezing.ts';
import type { IssuanceJournal } from '../journal/freeze/issuance-journal.ts';
import type { AuditLog } from '../journal/trail.ts';
import type { Clock } from '../runtime/clock.ts';
import { AuditSweeper } from './audit/audit-sweeper.ts';
import type { OperatorConfig } from './config.ts';
import type { KubeAccess } from './kube/access.ts';
import type { KubeCluster } from './kube/cluster.ts';
import type { Claims } from './leadership/claims.ts';
import type { KubeMetrics } from './observability/kube-metrics.ts';
import type { Logger } from './observability/log.ts';
import type { createTickReporter } from './observability/tick-reporter.ts';
import type { PredictEffect } from './scale-plans/effect.ts';
import type { Serving } from './serving.ts';
import { createCanaryAsker } from './signals/canary.ts';
import { createComparisonReader } from './signals/comparison.ts';
import { createCountsReader } from './signals/counts.ts';
import { createOutsideReader } from './signals/outside-reports.ts';
import { createScraper } from './signals/scrape.ts';
import { createSignalReader } from './signals/signal-reader.ts';
import { Loop } from './tick/loop.ts';
import type { EventSink } from './tick/ports.ts';
import { createReconciler, type PrivacyDeps } from './tick/reconcile.ts';
import { SOON_MS } from './tick/requeue.ts';

/** Ticks at once that a thousand campaigns under creation, or an API server that hangs for them, can't take from open campaigns. */
const RESERVED_FOR_OPEN = 8;
const BACKOFF = { initialMs: 500, maxMs: 30_000 };

export type PrivacyJournals = Pick<PrivacyDeps, 'erasing' | 'destroying'>;

export interface TermOptions {
  readonly config: OperatorConfig;
  readonly journal: JournalAdmin;
  readonly audit: AuditLog;
  /** Absent: no list is frozen. */
  readonly freezing?: FreezeJournal;
  /** Absent: issuance never starts. */
  readonly issuing?: IssuanceJournal;
  /** Absent: no personal data is erased or destroyed. */
  readonly privacy?: PrivacyJournals;
  readonly predict: PredictEffect;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

interface TermParts {
  readonly cluster: KubeCluster;
  readonly events: EventSink;
  readonly metrics: KubeMetrics;
  readonly report: ReturnType<typeof createTickReporter>;
  readonly access: KubeAccess;
  readonly serving: Serving;
  /** Absent where there can be no other installation. */
  readonly claims: Claims | undefined;
  /** @throws LeaseLostError when this process may not act (any more). Absent: there is no other. */
  readonly assertLeading: (() => void) | undefined;
}

/** A term begins with an empty memory: the cluster has what matters, and old data would mislead. */
export const createTerm = (
  { config, journal, audit, freezing, issuing, privacy, predict, log, clock, random }: TermOptions,
  { cluster, events, metrics, report, access, serving, claims, assertLeading }: TermParts,
) => {
  const session = config.signalsThrough === 'api-server' ? () => access.session('page') : undefined;
  const scraper = createScraper(session === undefined ? {} : { session });
  const canaries = createCanaryAsker(session);
  const signals = createSignalReader({
    scraper,
    journal,
    shards: config.build.shards,
    now: clock.now,
    onError: (campaignId, error) => log.debug({ campaignId, error }, 'a metric could not be read'),
  });
  const reconciler = createReconciler({
    clock,
    ...cluster,
    cluster: cluster.reader,
    audit,
    ...defined({ freezing, issuing, assertLeading }),
    ...(privacy && { privacy: { ...privacy, secrets: cluster.secrets, operator: config.identity } }),
    events,
    journal,
    signals,
    counts: createCountsReader(scraper, clock),
    outside: createOutsideReader(scraper),
    comparison: createComparisonReader(scraper),
    canaries,
    options: config.build,
    predict,
    report,
  });
  const sweeper = new AuditSweeper({
    clock,
    log: audit,
    living: cluster.living,
    site: config.build.site,
    watchNamespaces: config.watchNamespaces,
    isServed: (namespace) => cluster.served.of(namespace).kind === 'served',
    onFailure: (error) => log.warn({ error }, 'the trails of deleted campaigns could not be ended'),
  });
  const loop: Loop = new Loop({
    clock,
    random,
    maxConcurrent: config.maxConcurrent,
    reserved: RESERVED_FOR_OPEN,
    minIntervalMs: SOON_MS,
    backoff: BACKOFF,
    run: async (key, signal) => {
      const campaign = cluster.campaign(key);
      if (campaign !== undefined) {
        const requeueAfterMs = await serving.leaveForMs(campaign, signal);
        if (requeueAfterMs === undefined) return reconciler.reconcile(campaign, signal);
        // What this process saw of it earlier is not shown any more: it would look current.
        report.forgotten(campaign);
        return { requeueAfterMs };
      }
      // For changes of a pod or an object whose campaign is gone.
      loop.remove(key);
      return { requeueAfterMs: BACKOFF.maxMs };
    },
    onRun(run) {
      metrics.lateSeconds.observe(run.lateMs / 1000);
      metrics.ticks.inc({ reason: run.reason });
      log.debug(run, 'a tick ended');
    },
    onError: ({ key, error, failures, retryAfterMs }) =>
      log.error({ key, error, failures, retryAfterMs }, 'a tick failed'),
  });
  return {
    loop,
    reconciler,
    sweeper,
    claims,
    close: async (): Promise<void> => void (await Promise.all([scraper.close(), canaries.close()])),
  };
};
export type Term = ReturnType<typeof createTerm>;
