import { TIERS } from '../../contract/tiers.ts';
import type { ContingencyOutcome } from '../contingency/contingency.ts';
import { hasJustBegun } from '../scaling/demand.ts';
import type { ArrivalRates } from '../scaling/types.ts';
import type { CampaignTimes, TierOutcomes } from './observed.ts';
import { isOver } from './stage.ts';

export const TICK_MS = 1_000;
/** At most two ticks a second for one campaign, however often its pods change. */
export const SOON_MS = 500;
const IDLE_LOOK_MS = 10_000;
/** The watches report each change of the pods; only a cause that shows by its duration is found by looking. */
const STARTING_LOOK_MS = 5_000;
/** One server that restarts must not cause a tick a second in each of a thousand idle campaigns. */
const PASSING_LOOK_MS = 4_000;

interface RequeueInput {
  readonly times: CampaignTimes;
  readonly nowMs: number;
  readonly tiers: TierOutcomes;
  /** A fault that stays is `ready` here: it is checked as often as anything that does not change. */
  readonly journal: 'ready' | 'passingFault' | 'notReady';
  /** The spec changed since the tick before: the next tick sees the result. */
  readonly isSpecNew?: boolean;
  readonly stage: string;
  readonly arrivalsPerSecond: number | undefined;
  /** First attempts. Undefined: unknown. */
  readonly rates?: ArrivalRates | undefined;
  readonly backlog: number | undefined;
  readonly contingency?: Pick<ContingencyOutcome, 'isCounting' | 'endsAtMs'>;
  /** The journal was not asked yet: everything waits for that. */
  readonly isFirstPass: boolean;
  /** Something is known to keep pods from their start. */
  readonly hasProblems?: boolean;
  /** A step of the freeze may be due at any moment. */
  readonly isFreezing?: boolean;
  /** When plans, ceilings and the freeze change by date alone. */
  readonly instants: readonly number[];
}

/** Where the operator does not act, desired and present replicas may differ. A tier that the spec does not have is settled. */
const isSized = ({ tiers }: RequeueInput): boolean =>
  TIERS.map((tier) => tiers[tier]).every(
    ({ exists, replicas, desired, isActing, limits }) =>
      limits.max === 0 || (exists ? !isActing || replicas === desired : desired === 0),
  );

const isStarting = ({ tiers }: RequeueInput): boolean =>
  TIERS.map((tier) => tiers[tier]).some(
    ({ exists, replicas, ready, limits }) => limits.max !== 0 && exists && ready !== replicas,
  );

const isRising = ({ tiers }: RequeueInput): boolean =>
  TIERS.some((tier) => tiers[tier].isActing && tiers[tier].exists && tiers[tier].written > tiers[tier].replicas);

/**
 * A step came in the middle of the last second, so its size is not yet known: the newest half of the second has more than the
 * whole. 100/s, and 8,000/s for 0.3 s: 2,470 in the second, 4,840/s in its newest half; half a second later that is 8,000/s.
 * Once the second is even, another look adds nothing.
 */
const isStepBeginning = ({ rates }: RequeueInput): boolean =>
  rates !== undefined && hasJustBegun(rates) && (rates.newest?.perSecond ?? Number.POSITIVE_INFINITY) > rates.over1s;

/** Its crowd is there, or about to come. */
export const isNearOpening = ({ times, nowMs, stage }: Pick<RequeueInput, 'times' | 'nowMs' | 'stage'>): boolean =>
  nowMs >= times.preWarmAtMs && !isOver(stage);

/**
 * | situation                                                     | next tick                        |
 * |---------------------------------------------------------------|----------------------------------|
 * | first pass                                                    | at once                          |
 * | replicas rise: this tick may have seen a part of a step only  | 500 ms                           |
 * | a step has just begun, and only a part of it was seen         | 500 ms                           |
 * | pre-warming, open, draining, arrivals, backlog, tiers moving, journal not ready, the list being frozen, a new spec, a contingency level counting | 1 s |
 * | at rest but for pods that start, and nothing keeps them from it | 5 s, or sooner when a date is due |
 * | at rest, and the journal has a fault that passes              | 4 s, or sooner when a date is due |
 * | otherwise                                                     | 10 s, or sooner when a date is due |
 */
export const nextLookMs = (input: RequeueInput): number => {
  if (input.isFirstPass) return 0;
  if (isRising(input) || isStepBeginning(input)) return SOON_MS;
  const { times, nowMs, arrivalsPerSecond = 0, backlog = 0, contingency } = input;
  const isNear = isNearOpening(input);
  const isBusy =
    arrivalsPerSecond > 0 ||
    backlog > 0 ||
    input.journal === 'notReady' ||
    !isSized(input) ||
    (isStarting(input) && input.hasProblems === true) ||
    input.isFreezing === true ||
    input.isSpecNew === true;
  if (isNear || isBusy || contingency?.isCounting === true) return TICK_MS;
  const { preWarmAtMs, opensAtMs, closesAtMs } = times;
  const ends = contingency?.endsAtMs ?? [];
  const dates = [preWarmAtMs, opensAtMs, closesAtMs, ...input.instants, ...ends].filter((atMs) => atMs > nowMs);
  const restMs =
    input.journal === 'passingFault' ? PASSING_LOOK_MS : isStarting(input) ? STARTING_LOOK_MS : IDLE_LOOK_MS;
  return Math.min(restMs, ...dates.map((atMs) => atMs - nowMs));
};
