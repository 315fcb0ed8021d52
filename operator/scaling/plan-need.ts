/** When the owner must be asked, and for how much: the same for the operator and the simulator. Pure. */

export const PLAN_LIFETIME_MS = 15 * 60_000;
/** Growth of the need that makes a new plan worth a page to the owner. */
export const SUPERSEDE_GROWTH = 1.2;

/** Need 47 → 58.75 → 60: a quarter above the need, in tens, so that a plan doesn't have to be asked for twice. */
export const requestedCeiling = (needed: number, max: number): number =>
  Math.min(max, Math.ceil((1.25 * needed) / 10) * 10);

export interface NeedInput {
  /** Replicas for arrivals and backlog, at most the tier's maximum. */
  readonly demand: number;
  readonly ceiling: number;
  /** The forecast's replicas, and the ceiling that pre-warming will meet. */
  readonly forecastFloor: number;
  readonly ceilingAtPreWarm: number;
  readonly nowMs: number;
  readonly preWarmAtMs: number;
  readonly opensAtMs: number;
}

export interface Need {
  readonly needed: number;
  readonly reason: 'Load' | 'Forecast';
}

/**
 * | demand > ceiling | floor > ceiling at pre-warming | reason   |
 * |------------------|--------------------------------|----------|
 * | yes              | any                            | Load     |
 * | no               | yes                            | Forecast |
 * | no               | no                             | no need  |
 *
 * The forecast is judged by the ceiling that pre-warming will meet, from one plan's lifetime before it begins until
 * opening: earlier the plan would expire unused, later the crowd itself is the evidence.
 */
export const planNeed = (input: NeedInput): Need | undefined => {
  const { demand, ceiling, forecastFloor, ceilingAtPreWarm, nowMs, preWarmAtMs, opensAtMs } = input;
  if (demand > ceiling) return { needed: Math.max(demand, nowMs < opensAtMs ? forecastFloor : 0), reason: 'Load' };
  const isForecastTime = nowMs >= preWarmAtMs - PLAN_LIFETIME_MS && nowMs < opensAtMs;
  return isForecastTime && forecastFloor > ceilingAtPreWarm ? { needed: forecastFloor, reason: 'Forecast' } : undefined;
};
