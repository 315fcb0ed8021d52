/** The simulator's word on what a plan would change for citizens. Pure. */
import type { VoucherCampaignSpec } from '../contract/types/campaign.ts';
import type { PredictEffect } from '../operator/scale-plans/effect.ts';
import { simulate } from './simulate.ts';

/** The same arrivals throughout, at these ceilings. */
export const predict: PredictEffect = (
  { spec, seconds, fromSeconds, arrivalsPerSecond, capacityPerReplica, plant },
  ceilings,
  start,
) => {
  const { scaling } = spec;
  const { intake, records } = scaling.tiers;
  const whole = (capacity: number): number => Math.max(1, Math.round(capacity));
  const assumed: VoucherCampaignSpec = {
    ...spec,
    scaling: {
      ...scaling,
      authorized: { ceilings: { ...scaling.authorized.ceilings, ...ceilings }, windows: [] },
      tiers: {
        ...scaling.tiers,
        intake: { ...intake, capacityPerReplica: whole(capacityPerReplica.intake) },
        records: { ...records, capacityPerReplica: whole(capacityPerReplica.records) },
      },
    },
  };
  const trace = [
    { atSeconds: fromSeconds, arrivalsPerSecond },
    { atSeconds: fromSeconds + seconds, arrivalsPerSecond: 0 },
  ];
  const result = simulate(assumed, trace, plant, {
    start,
    tailSeconds: 0,
    waitingRoom: spec.traffic.waitingRoom?.enabled === true,
  });
  const { drainedAtSeconds, waitP99Seconds, lateOver5Seconds } = result;
  return {
    waiting: result.timeline.at(-1)?.backlog ?? 0,
    late: lateOver5Seconds,
    waitP99Seconds,
    ...(drainedAtSeconds === undefined ? {} : { drainedAfterSeconds: Math.max(0, drainedAtSeconds - fromSeconds) }),
  };
};
