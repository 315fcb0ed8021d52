/** Ticks as metrics and log lines. */

import { HEADROOM } from '../../contract/names.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { TickReporter } from '../tick/tick-reporter.ts';
import type { Logger } from './log.ts';
import type { OperatorMetrics } from './metrics.ts';

const labelsOf = ({ metadata }: Pick<VoucherCampaign, 'metadata'>) => ({
  namespace: metadata.namespace,
  campaign: metadata.name,
});

export const createTickReporter = (log: Logger, metrics: OperatorMetrics): TickReporter => ({
  planned(campaign, planned, readings, nowMs) {
    const { tiers, scale, scalePlans } = planned;
    const labels = labelsOf(campaign);
    metrics.campaigns.planned(campaign, planned, readings, nowMs);
    for (const { tier, from, replicas } of scale) {
      const explanation = tier === HEADROOM ? undefined : tiers[tier].decision?.explanation;
      log.info({ ...labels, tier, from, replicas, explanation }, 'scaling a tier');
    }
    for (const { metadata, spec } of scalePlans) {
      log.warn({ ...labels, plan: metadata.name, reason: spec.reason, ceilings: spec.ceilings }, 'proposing a plan');
    }
  },
  decided(campaign, tier, decision) {
    log.info({ ...labelsOf(campaign), tier, decision }, 'decision');
  },
  scaleWrite(campaign, result) {
    metrics.scaleWrites.inc({ result });
    if (result === 'conflict') log.debug(labelsOf(campaign), 'a scale write met a newer version');
  },
  failed(campaign, error) {
    metrics.errors.inc({ kind: error.kind });
    log.error({ ...labelsOf(campaign), kind: error.kind, error }, 'a step of a tick failed');
  },
  ticked(seconds) {
    metrics.tickSeconds.observe(seconds);
  },
  undecided: metrics.campaigns.undecided,
  forgotten: metrics.campaigns.forget,
});
