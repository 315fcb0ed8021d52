import { parseDurationMs } from '../../contract/duration.ts';
import { instantMs } from '../../contract/instant.ts';
import type { VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import { capacityOf } from '../scaling/capacity.ts';
import type { Learned } from '../scaling/limits.ts';
import { paceOf } from '../scaling/pre-warm.ts';
import { scheduleOf } from '../scaling/schedule.ts';
import type { CampaignTimes } from './observed.ts';

/** A grant that ends with a short hold would take the crowd's replicas from it. */
const FORECAST_MS = 2 * 3_600_000;

/**
 * Opens 09:00, lead time 30 m, hold 2 h, closes 10:00: pre-warm from 08:30. The scale-down may start at 10:00, because no
 * citizen comes after closing. Pre-warming starts earlier than the lead time when the measured starts of intake pods need it.
 */
export const campaignTimes = (spec: VoucherCampaignSpec, intake: Learned = {}): CampaignTimes => {
  const { capacityPerReplica } = spec.scaling.tiers.intake;
  const opensAtMs = instantMs(spec.window.opensAt);
  const closesAtMs = instantMs(spec.window.closesAt);
  const holdMs = parseDurationMs(spec.scaling.down.holdAfterOpen);
  return {
    preWarmAtMs: scheduleOf(spec, capacityOf({ capacityPerReplica }, intake), paceOf(intake)).fromMs,
    opensAtMs,
    closesAtMs,
    holdAfterOpenUntilMs: Math.min(opensAtMs + holdMs, closesAtMs),
    forecastUntilMs: Math.min(opensAtMs + Math.max(holdMs, FORECAST_MS), closesAtMs),
  };
};
