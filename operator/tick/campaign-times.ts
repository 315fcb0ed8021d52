import type { VoucherCampaignSpec } from '../../contract/campaign-types.ts';
import { parseDurationMs } from '../../contract/duration.ts';
import { instantMs } from '../../contract/instant.ts';
import { capacityOf } from '../scaling/capacity.ts';
import type { Learned } from '../scaling/limits.ts';
import { paceOf } from '../scaling/pre-warm.ts';
import { scheduleOf } from '../scaling/schedule.ts';
import type { CampaignTimes } from './observed.ts';

/**
 * Opens 09:00, lead time 30 m, hold 2 h, closes 10:00: pre-warm from 08:30. The scale-down may start at 10:00, because no
 * citizen comes after closing. Pre-warming starts earlier than the lead time when the measured starts of intake pods need it.
 */
export const campaignTimes = (spec: VoucherCampaignSpec, intake: Learned = {}): CampaignTimes => {
  const { capacityPerReplica } = spec.scaling.tiers.intake;
  const opensAtMs = instantMs(spec.window.opensAt);
  const closesAtMs = instantMs(spec.window.closesAt);
  return {
    preWarmAtMs: scheduleOf(spec, capacityOf({ capacityPerReplica }, intake), paceOf(intake)).fromMs,
    opensAtMs,
    closesAtMs,
    holdAfterOpenUntilMs: Math.min(opensAtMs + parseDurationMs(spec.scaling.down.holdAfterOpen), closesAtMs),
  };
};
