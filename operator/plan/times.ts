import type { VoucherCampaignSpec } from '../api/campaign-types.ts';
import { parseDurationMs } from '../api/duration.ts';
import type { CampaignTimes } from './observed.ts';

/**
 * Opens 09:00, lead time 30 m, hold 2 h, closes 10:00: pre-warm from 08:30, and the way down may start at 10:00, because
 * nobody comes after closing and a hold beyond it would only cost.
 */
export const campaignTimes = (spec: VoucherCampaignSpec): CampaignTimes => {
  const opensAtMs = Date.parse(spec.window.opensAt);
  const closesAtMs = Date.parse(spec.window.closesAt);
  return {
    preWarmAtMs: opensAtMs - parseDurationMs(spec.scaling.preWarm.leadTime),
    opensAtMs,
    closesAtMs,
    holdUntilMs: Math.min(opensAtMs + parseDurationMs(spec.scaling.down.holdAfterOpen), closesAtMs),
  };
};
