/** When the owner must be asked, and for how much: the same for the operator and the simulator. Pure. */

/** A plan for the crowd that is there; one for the forecast waits until opening. */
export const LOAD_PLAN_LIFETIME_MS = 15 * 60_000;
/** Before a grant ends, so that the owner can extend it while it still holds. */
export const RENEW_MS = 10 * 60_000;
/** Growth of the need that makes a new plan worth a page to the owner. */
export const SUPERSEDE_GROWTH = 1.2;

/** Need 47 → 58.75 → 60: a quarter above the need, in tens, so that a plan doesn't have to be asked for twice. */
export const requestedCeiling = (needed: number, max: number): number =>
  Math.min(max, Math.ceil((1.25 * needed) / 10) * 10);

export interface NeedInput {
  /** Replicas for arrivals and backlog, at most the tier's maximum. */
  readonly demand: number;
  /** Replicas that are wanted for whatever reason, the schedule included, at most the tier's maximum. */
  readonly wanted: number;
  /** What is authorised at an instant. */
  readonly ceilingAt: (atMs: number) => number;
  /** The forecast's replicas. */
  readonly forecastFloor: number;
  readonly nowMs: number;
  readonly preWarmAtMs: number;
  readonly opensAtMs: number;
}

export interface Need {
  readonly needed: number;
  /** What is or will be authorised, and does not suffice. */
  readonly ceiling: number;
  readonly reason: 'Load' | 'Forecast';
  /** More is authorised now, and no longer in ten minutes. */
  readonly isRenewal?: true;
}

/**
 * | demand > ceiling | wanted > ceiling in 10 min, which is lower | before opening, and floor > ceiling at pre-warming | reason   |
 * |------------------|--------------------------------------------|----------------------------------------------------|----------|
 * | yes              | any                                        | any                                                | Load     |
 * | no               | yes                                        | any                                                | Load     |
 * | no               | no                                         | yes                                                | Forecast |
 * | no               | no                                         | no                                                 | no need  |
 *
 * The second row renews a grant that is in use. The forecast is judged from the first tick, by the ceiling that pre-warming
 * will meet: windows that are authorised for the day count, and owners have the days until then to answer.
 */
export const planNeed = (input: NeedInput): Need | undefined => {
  const { demand, wanted, ceilingAt, forecastFloor, nowMs, preWarmAtMs, opensAtMs } = input;
  const floorAhead = nowMs < opensAtMs ? forecastFloor : 0;
  const [ceiling, ceilingSoon] = [ceilingAt(nowMs), ceilingAt(nowMs + RENEW_MS)];
  if (demand > ceiling) return { needed: Math.max(demand, floorAhead), ceiling, reason: 'Load' };
  if (ceilingSoon < ceiling && wanted > ceilingSoon) {
    return { needed: Math.max(wanted, floorAhead), ceiling: ceilingSoon, reason: 'Load', isRenewal: true };
  }
  const ceilingThen = ceilingAt(Math.max(nowMs, preWarmAtMs));
  return floorAhead > ceilingThen ? { needed: floorAhead, ceiling: ceilingThen, reason: 'Forecast' } : undefined;
};

/** Until when a plan can be decided on. */
export const planExpiryMs = (reason: Need['reason'], nowMs: number, opensAtMs: number): number =>
  reason === 'Forecast' ? opensAtMs : nowMs + LOAD_PLAN_LIFETIME_MS;
