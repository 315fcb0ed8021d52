/** Metrics of ticks. Labels are bounded: kinds and results, never pods or error texts. */
import type { Registry } from 'prom-client';
import { metric } from '../../contract/metrics/metrics.ts';
import { counter, histogram } from '../../runtime/metrics.ts';
import { createCampaignMetrics } from './campaign-metrics.ts';

export type OperatorMetrics = ReturnType<typeof createOperatorMetrics>;

export const createOperatorMetrics = (registry: Registry) => ({
  campaigns: createCampaignMetrics(registry),
  tickSeconds: histogram(registry, metric('voucher_operator_tick_seconds')),
  errors: counter(registry, metric('voucher_operator_reconcile_errors_total')),
  scaleWrites: counter(registry, metric('voucher_operator_scale_writes_total')),
});
