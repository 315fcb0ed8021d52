/** The operator's loop for one embedded campaign, with the same reconciler as in a cluster. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { createLogger } from '../../operator/observability/log.ts';
import { createOperatorMetrics } from '../../operator/observability/metrics.ts';
import { createTickReporter } from '../../operator/observability/tick-reporter.ts';
import type { BuildOptions } from '../../operator/resources/build-options.ts';
import type { SignalError } from '../../operator/signals/signal-reader.ts';
import { campaignKey } from '../../operator/tick/campaign-state.ts';
import { Loop } from '../../operator/tick/loop.ts';
import type { SignalReader } from '../../operator/tick/ports.ts';
import { createReconciler, type ReconcilerDeps } from '../../operator/tick/reconcile.ts';
import type { TickPlan } from '../../operator/tick/tick-plan.ts';
import { systemClock } from '../../runtime/clock.ts';
import { predict } from '../../simulation/effect.ts';
import type { CampaignStore } from './campaign-store.ts';

type Parts =
  | 'cluster'
  | 'manifests'
  | 'replicas'
  | 'plans'
  | 'journal'
  | 'audit'
  | 'freezing'
  | 'issuing'
  | 'privacy'
  | 'counts'
  | 'outside'
  | 'canaries'
  | 'comparison';
interface OperatorWorld extends Pick<ReconcilerDeps, Parts> {
  /** `onError` is called once for each source and tick that gave no metric. */
  readonly signals: (onError: (campaignId: string, error: SignalError) => void) => SignalReader;
}

/** `planned`: the plan of the last tick. `done` resolves when the signal has aborted and the current tick has ended. */
export const startOperator = (
  store: CampaignStore,
  world: OperatorWorld,
  options: BuildOptions,
  logFile: string,
  signal: AbortSignal,
) => {
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
      log.warn({ campaignId, kind: error.kind, error: error.message }, 'a metric could not be read'),
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
  return {
    planned: () => last,
    page: () => metrics.metrics(),
    kick: () => loop.kick(key, 'campaign'),
    done: loop.start(signal),
  };
};
