/** Ticks as metrics and log lines. */

import { HEADROOM } from '../../contract/names.ts';
import { TIERS, tiersOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import type { TickReporter } from '../tick/tick-reporter.ts';
import type { Logger } from './log.ts';
import { forgetCampaign, type OperatorMetrics } from './metrics.ts';

const SIGNALS = ['arrivals', 'backlog'] as const;

const labelsOf = ({ metadata }: Pick<VoucherCampaign, 'metadata'>) => ({
  namespace: metadata.namespace,
  campaign: metadata.name,
});

export const createTickReporter = (log: Logger, metrics: OperatorMetrics): TickReporter => ({
  planned(campaign, { tiers, scale, scalePlans }, readings, nowMs) {
    const labels = labelsOf(campaign);
    for (const tier of tiersOf(campaign.spec)) {
      const { desired, ready, limits, decision } = tiers[tier];
      metrics.desired.set({ ...labels, tier }, desired);
      metrics.ready.set({ ...labels, tier }, ready);
      metrics.ceiling.set({ ...labels, tier }, limits.ceiling);
      metrics.wanted.set({ ...labels, tier }, decision?.wanted ?? desired);
    }
    for (const [signal, reading] of [
      ['arrivals', readings.arrivals],
      ['backlog', readings.backlog.records],
    ] as const) {
      // An absent reading has no age; an old number here would look healthy.
      if (reading === undefined || reading.kind === 'absent') metrics.signalAgeSeconds.remove({ ...labels, signal });
      else metrics.signalAgeSeconds.set({ ...labels, signal }, Math.max(0, nowMs - reading.atMs) / 1000);
    }
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
  forgotten(campaign) {
    forgetCampaign(metrics, labelsOf(campaign), TIERS, SIGNALS);
  },
});
