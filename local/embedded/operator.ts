/** The operator's loop over one embedded campaign: the same reconciler that runs in a cluster, on other interfaces. */

import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { VoucherCampaign } from '../../contract/campaign-types.ts';
import type { JournalAdmin } from '../../journal/administration.ts';
import type { AuditLog } from '../../journal/trail.ts';
import { createLogger } from '../../operator/observability/log.ts';
import { createOperatorMetrics } from '../../operator/observability/metrics.ts';
import { createTickReporter } from '../../operator/observability/tick-reporter.ts';
import type { BuildOptions } from '../../operator/resources/build-options.ts';
import type { SignalError } from '../../operator/signals/signal-reader.ts';
import { campaignKey } from '../../operator/tick/campaign-state.ts';
import { Loop } from '../../operator/tick/loop.ts';
import type {
  CanaryAsker,
  ClusterReader,
  CountsReader,
  ManifestWriter,
  ReplicaWriter,
  ScalePlanWriter,
  SignalReader,
} from '../../operator/tick/ports.ts';
import { createReconciler } from '../../operator/tick/reconcile.ts';
import type { TickPlan } from '../../operator/tick/tick-plan.ts';
import { systemClock } from '../../runtime/clock.ts';
import { predict } from '../../simulation/effect.ts';
import type { CampaignStore } from './campaign-store.ts';

export interface OperatorWorld {
  readonly cluster: ClusterReader;
  readonly manifests: ManifestWriter;
  readonly replicas: ReplicaWriter;
  readonly plans: ScalePlanWriter;
  readonly journal: JournalAdmin;
  readonly audit: AuditLog;
  /** Told what a source did not tell: once a source and tick. */
  readonly signals: (onError: (campaignId: string, error: SignalError) => void) => SignalReader;
  readonly counts: CountsReader;
  readonly canaries: CanaryAsker;
}

export interface EmbeddedOperator {
  /** What the last tick wanted; undefined before the first. */
  planned(): TickPlan | undefined;
  kick(): void;
  readonly metrics: Registry;
  /** Resolves when the signal has aborted and the tick under way has ended. */
  readonly done: Promise<void>;
}

export const startOperator = (
  store: CampaignStore,
  world: OperatorWorld,
  options: BuildOptions,
  logFile: string,
  signal: AbortSignal,
): EmbeddedOperator => {
  const log = createLogger({
    level: options.logLevel,
    destination: pino.destination({ dest: logFile, sync: false, mkdir: true }),
  });
  const metrics = new Registry();
  const reporter = createTickReporter(log, createOperatorMetrics(metrics));
  let last: TickPlan | undefined;
  const reconciler = createReconciler({
    ...world,
    signals: world.signals((campaignId, error) =>
      log.warn({ campaignId, kind: error.kind, error: error.message }, 'a signal was not renewed'),
    ),
    options,
    predict,
    clock: systemClock,
    status: store.status,
    events: store.sink,
    report: {
      ...reporter,
      planned(campaign: VoucherCampaign, tickPlan, readings, nowMs) {
        last = tickPlan;
        reporter.planned(campaign, tickPlan, readings, nowMs);
      },
    },
  });
  const loop = new Loop({
    clock: systemClock,
    random: Math.random,
    run: (_key, runSignal) => reconciler.reconcile(store.current(), runSignal),
    onError: ({ key, error, failures, retryAfterMs }) =>
      log.error({ key, error, failures, retryAfterMs }, 'a tick failed'),
    maxConcurrent: 1,
    backoff: { initialMs: 500, maxMs: 5_000 },
  });
  const key = campaignKey(store.current());
  loop.kick(key, 'start');
  return { planned: () => last, kick: () => loop.kick(key, 'campaign'), metrics, done: loop.start(signal) };
};
