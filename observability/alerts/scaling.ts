/** What keeps a tier from the replicas that its demand needs. Pure. */
import type { MetricName } from '../../contract/metrics/metrics.ts';
import { followsArrivals, TIERS } from '../../contract/tiers.ts';
import { type Alerts, CAMPAIGN, condition, ofTier, whileOpen } from '../rule.ts';

/** Series of pods that the scaler reads; the backlog it reads from the journal. */
export const SCALER_READS = [
  'voucher_intake_arrivals_total',
  'voucher_intake_recent_arrivals',
  'voucher_intake_recent_returns',
  'voucher_intake_expected_returns_total',
  'voucher_intake_due_back_citizens',
  'voucher_scrape_timestamp_seconds',
] as const satisfies readonly MetricName[];

const OPEN = condition('Open', { status: 'True' });

/** Open campaigns without one series of it, with the name of the metric as a label. */
const missing = (metric: MetricName): string =>
  `label_replace(${OPEN} unless on (namespace, name) ${metric}{tier!="login"}, "metric", "${metric}", "", "")`;

const ARRIVING = TIERS.filter(followsArrivals).join('|');
/** Tiers for which the operator itself has no value. Each tier follows one of both. */
const unread = (signal: 'arrivals' | 'backlog', which: string, metric: MetricName): string =>
  `label_replace(${ofTier(`voucher_tier_current_replicas{tier${which}"${ARRIVING}"}`)} unless on (namespace, name, tier) ${metric}, "metric", "${signal}", "", "")`;

export const SCALING_ALERTS: Alerts = {
  VoucherPlanWaits: {
    severity: 'critical',
    expr: [
      `(${ofTier('voucher_tier_wanted_replicas')} > ${ofTier('voucher_tier_ceiling_replicas')})`,
      `and on (namespace, name) ${condition('PlanPending', { status: 'True' })}`,
    ].join(' '),
    for: '1m',
    summary: `An owner must decide on a ScalePlan: ${CAMPAIGN} ({{ $labels.tier }})`,
    description:
      'Demand needs {{ $value }} replicas, more than the authorised ceiling, and a ScalePlan waits for its owner.',
  },
  VoucherMetricsStale: {
    severity: 'critical',
    expr: whileOpen(condition('MetricsFresh', { not: 'NotYetObserved' })),
    for: '1m',
    summary: `The scaler lacks its metrics: ${CAMPAIGN} ({{ $labels.reason }})`,
    description:
      'A metric is missing or out of date at the operator, so no tier is scaled down, and scale-ups may be late.',
  },
  VoucherScalingMetricAbsent: {
    severity: 'warning',
    expr: [
      ...SCALER_READS.map(missing),
      whileOpen(unread('arrivals', '=~', 'voucher_tier_arrivals_per_second')),
      // Vouchers are issued after registration has closed.
      unread('backlog', '!~', 'voucher_tier_backlog_messages'),
    ].join(' or '),
    for: '5m',
    summary: `A metric of the scaler is absent: ${CAMPAIGN} ({{ $labels.metric }}{{ with $labels.tier }} of {{ . }}{{ end }})`,
    description:
      'Prometheus has no such series, or the operator has no such value. If Prometheus does not scrape the pods, the alerts on registrations are blind too.',
  },
  VoucherDownstreamSaturated: {
    severity: 'warning',
    expr: condition('DownstreamSaturated', { status: 'True' }),
    for: '1m',
    summary: `A downstream system is the bottleneck: ${CAMPAIGN}`,
    description: 'More replicas do not raise throughput, so scale-up stops and admission is reduced.',
  },
  VoucherNotProvisioned: {
    severity: 'warning',
    expr: condition('Provisioned', { not: 'NotYetObserved' }),
    for: '2m',
    summary: `The cluster does not give what the campaign needs: ${CAMPAIGN} ({{ $labels.reason }})`,
    description:
      'Replicas cannot be scheduled or started, or an object is refused. The condition Provisioned says what is missing.',
  },
  VoucherContingencyInForce: {
    severity: 'info',
    expr: condition('Contingency', { status: 'True' }),
    summary: `A contingency level is in force: ${CAMPAIGN}`,
    description: 'A person or a trigger has started a level of spec.contingency.',
  },
  VoucherScalingOverridden: {
    severity: 'info',
    expr: condition('Overridden', { status: 'True' }),
    summary: `A person overrides the scaling: ${CAMPAIGN} ({{ $labels.reason }})`,
    description: 'An annotation pauses the operator, holds replicas or raises a minimum, for a limited time.',
  },
};
