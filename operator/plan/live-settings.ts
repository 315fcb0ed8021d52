import type { LiveSettings } from '../api/app-contract.ts';
import type { VoucherCampaignSpec } from '../api/campaign-types.ts';

/** Decimal instants of one form, so that `…T01:00:00Z` and `…T01:00:00.000Z` are the same settings. */
const instant = (text: string): string => new Date(Date.parse(text)).toISOString();

/**
 * What every pod follows within 2 s.
 *
 * Without `spec.traffic.admissionPerSecond` admission follows ready capacity: 12 ready pods × 500/s = 6,000/s, shared
 * by 12, so each pod admits 500/s whatever the count does. That is the rate one pod was measured to carry; what it
 * refuses still counts as an attempted arrival, so shedding never hides demand from the scaling law.
 *
 * A saturated tier behind lowers it: twelve pods share 90/s when the database takes 100/s.
 *
 * @param intakePods ready intake pods; at least one shares the rate, because no ready pod means that nobody is asking.
 * @param mostPerSecond what the tiers behind can take; undefined: they set no limit
 */
export const buildLiveSettings = (
  spec: VoucherCampaignSpec,
  generation: number,
  intakePods: number,
  mostPerSecond?: number,
): LiveSettings => {
  const sharers = Math.max(1, intakePods);
  const wanted = spec.traffic.admissionPerSecond ?? sharers * spec.scaling.tiers.intake.capacityPerReplica;
  return {
    v: 1,
    generation,
    title: spec.title,
    window: { opensAt: instant(spec.window.opensAt), closesAt: instant(spec.window.closesAt) },
    eligibility: { minAge: spec.eligibility.minAge },
    vouchers: spec.vouchers.map(({ name, title, faceValueFen, minimumSpendFen, quota, validDays }) => ({
      name,
      title,
      faceValueFen,
      minimumSpendFen,
      quota,
      validDays,
    })),
    traffic: {
      admissionPerSecond:
        mostPerSecond === undefined ? wanted : Math.min(wanted, Math.max(1, Math.floor(mostPerSecond))),
      intakePods: sharers,
      burstSeconds: spec.traffic.burstSeconds,
    },
  };
};
