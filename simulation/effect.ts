/** What a plan would change for citizens: the simulator's word for the minutes that follow. Pure. */
import type { VoucherCampaignSpec } from '../contract/campaign-types.ts';
import type { PredictedOutcome } from '../contract/scale-plan-types.ts';
import type { PlantRates } from './plant.ts';
import { simulate } from './simulate.ts';
import type { SimulatedTier, SimulationStart } from './simulation.ts';

/** Two runs of so many steps take some ten milliseconds, and a plan is made within a tick. */
export const EFFECT_SECONDS = 300;

export interface EffectInput {
  readonly spec: VoucherCampaignSpec;
  /** Where it begins, in seconds after opening. */
  readonly fromSeconds: number;
  readonly arrivalsPerSecond: number;
  /** Registrations per second of a replica, as it was learned. */
  readonly capacityPerReplica: Readonly<Record<SimulatedTier, number>>;
  readonly plant: PlantRates;
}

export type TierCeilings = Readonly<Record<SimulatedTier, number>>;

/** The same arrivals throughout, at these ceilings. */
export const predict = (
  { spec, fromSeconds, arrivalsPerSecond, capacityPerReplica, plant }: EffectInput,
  ceilings: TierCeilings,
  start: SimulationStart,
): PredictedOutcome => {
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
    { atSeconds: fromSeconds + EFFECT_SECONDS, arrivalsPerSecond: 0 },
  ];
  const result = simulate(assumed, trace, plant, { start, tailSeconds: 0 });
  const { drainedAtSeconds, waitP99Seconds, lateOver5Seconds } = result;
  return {
    waiting: result.timeline.at(-1)?.backlog ?? 0,
    late: lateOver5Seconds,
    waitP99Seconds,
    ...(drainedAtSeconds === undefined ? {} : { drainedAfterSeconds: Math.max(0, drainedAtSeconds - fromSeconds) }),
  };
};
