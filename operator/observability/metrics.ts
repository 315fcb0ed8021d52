/** Every metric of the operator. Labels are bounded: campaigns and tiers, never pods or error texts. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type OperatorMetrics = ReturnType<typeof createOperatorMetrics>;

const TIER_LABELS = ['namespace', 'campaign', 'tier'] as const;

export const createRegistry = (): Registry => new Registry();

export const createOperatorMetrics = (registry: Registry) => {
  const registers = [registry];
  const tierGauge = (name: string, help: string) => new Gauge({ name, help, labelNames: TIER_LABELS, registers });
  return {
    desired: tierGauge('voucher_operator_desired_replicas', 'Replicas that the last tick decided on.'),
    ready: tierGauge('voucher_operator_ready_replicas', 'Ready replicas that the last tick observed.'),
    ceiling: tierGauge('voucher_operator_ceiling_replicas', 'Authorised ceiling in force.'),
    wanted: tierGauge('voucher_operator_wanted_replicas', 'Replicas for the demand, before max and ceiling.'),
    signalAgeSeconds: new Gauge({
      name: 'voucher_operator_signal_age_seconds',
      help: 'Age of a metric at the last tick.',
      labelNames: ['namespace', 'campaign', 'signal'] as const,
      registers,
    }),
    tickSeconds: new Histogram({
      name: 'voucher_operator_tick_seconds',
      help: 'Wall time of one reconcile of one campaign.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
      registers,
    }),
    errors: new Counter({
      name: 'voucher_operator_reconcile_errors_total',
      help: 'Failed steps of reconciles by kind.',
      labelNames: ['kind'] as const,
      registers,
    }),
    scaleWrites: new Counter({
      name: 'voucher_operator_scale_writes_total',
      help: 'Writes of the scale subresource by result.',
      labelNames: ['result'] as const,
      registers,
    }),
  };
};

/** Without this, series of a deleted campaign would be reported for ever. */
export const forgetCampaign = (
  metrics: OperatorMetrics,
  labels: { readonly namespace: string; readonly campaign: string },
  tiers: readonly string[],
  signals: readonly string[],
): void => {
  for (const gauge of [metrics.desired, metrics.ready, metrics.ceiling, metrics.wanted]) {
    for (const tier of tiers) gauge.remove({ ...labels, tier });
  }
  for (const signal of signals) metrics.signalAgeSeconds.remove({ ...labels, signal });
};
