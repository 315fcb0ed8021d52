/**
 * The control law of one tier at one tick. Level-based: the number comes from the demand, never from the present number,
 * so nothing winds up while pods start and an unready pod freezes nothing.
 *
 *   wanted = max( ⌈ λ / (ρ·µ) + Qx / (µ·D) ⌉, schedule floor, min )
 *
 * Worked example: 100/s, then 8,000/s at µ = 20, ρ = 0.7: wanted goes from 8 to 572 in the tick that sees the step, and
 * is written at once up to the ceiling ("a step of 80×" in decide.test.ts plays it).
 *
 * | wanted against replicas  | signals          | written |
 * |--------------------------|------------------|---------|
 * | above, by more than 3 %  | any              | wanted, up to max and ceiling |
 * | above, within 3 %        | any              | as is: noise is no demand |
 * | below                    | stale or absent  | as is, and for 3 fresh ticks after |
 * | below                    | fresh, excess backlog, or before holdUntil | as is |
 * | below                    | fresh            | the window's maximum, at most percentPerMinute down |
 */

import { arrivalRate, drain, excessBacklog, feedForward, lastValue } from './demand.ts';
import type { Decision, LimitedBy, TierInput, TierLimits, TierMemory } from './types.ts';
import { highestWanted, remember, stepDown } from './way-down.ts';

const UP_DEAD_BAND = 1.03;
/** A first answer after an outage may be a half one; three in a row are not. */
const FRESH_TICKS_BEFORE_DOWN = 3;

interface Demand {
  readonly wanted: number;
  readonly excess: number;
  readonly terms: Decision['terms'];
  /** Which term made it. */
  readonly by: LimitedBy;
}

const demandOf = (input: TierInput, limits: TierLimits): Demand => {
  const excess = excessBacklog(input.arrivals, input.backlog);
  const terms = {
    feedForward: feedForward(input.arrivals, limits),
    drain: drain(excess, limits),
    scheduleFloor: limits.scheduleFloor,
  };
  const load = Math.ceil(terms.feedForward + terms.drain);
  const wanted = Math.max(load, limits.scheduleFloor, limits.min);
  if (load === wanted && load > limits.min)
    return { wanted, excess, terms, by: terms.drain > terms.feedForward ? 'Backlog' : 'Load' };
  return { wanted, excess, terms, by: limits.scheduleFloor === wanted && wanted > limits.min ? 'Schedule' : 'Min' };
};

const isFresh = ({ arrivals, backlog }: TierInput): boolean =>
  arrivals.kind === 'fresh' && (backlog === undefined || backlog.kind === 'fresh');

/** The bound that a raise met, or the term that asked for it. */
const boundOf = (demand: Demand, { max, ceiling }: TierLimits): LimitedBy => {
  if (demand.wanted <= Math.min(max, ceiling)) return demand.by;
  return ceiling < max ? 'Ceiling' : 'Max';
};

const number = (value: number): string => String(Number(value.toFixed(1)));

const BECAUSE: Readonly<Record<LimitedBy, string>> = {
  Load: 'arrivals ask for it',
  Backlog: 'the backlog asks for it',
  Schedule: 'the schedule asks for it',
  Min: 'that is the minimum',
  Max: 'that is the maximum',
  Ceiling: 'that is the authorised ceiling',
  Stale: 'a signal is missing, and a missing signal takes nothing away',
  Holding: 'it is held',
  WayDown: 'it goes down step by step',
};

const explain = (input: TierInput, limits: TierLimits, demand: Demand, replicas: number, by: LimitedBy): string => {
  const rates = lastValue(input.arrivals);
  const { terms } = demand;
  const seen = rates === undefined ? 'no arrivals known' : `${number(arrivalRate(rates))} arrivals/s`;
  const per = `${number(limits.capacityPerReplica)}/s a replica at ${Math.round(limits.targetUtilisation * 100)} %`;
  const backlog = terms.drain > 0 ? `, ${number(demand.excess)} waiting need ${number(terms.drain)}` : '';
  const floor = terms.scheduleFloor > 0 ? `, the schedule ${terms.scheduleFloor}` : '';
  return `${replicas} replicas: ${BECAUSE[by]}; ${seen} at ${per} need ${number(terms.feedForward)}${backlog}${floor}; wanted ${demand.wanted}.`;
};

interface Outcome {
  readonly replicas: number;
  readonly by: LimitedBy;
  readonly lastDown?: Pick<TierMemory, 'lastDownMs' | 'lastDownFrom'>;
}

/** `min`, `max` and the ceiling bound a raise; what already runs above the ceiling falls by the way down only. */
const outcomeOf = (input: TierInput, limits: TierLimits, demand: Demand, memory: TierMemory): Outcome => {
  const { replicas, nowMs } = input;
  const bounded = Math.min(demand.wanted, limits.max, limits.ceiling);
  const isNoise =
    bounded <= replicas * UP_DEAD_BAND && bounded === demand.wanted && demand.by !== 'Schedule' && demand.by !== 'Min';
  if (bounded > replicas && !isNoise) return { replicas: bounded, by: boundOf(demand, limits) };
  if (demand.wanted >= replicas) return { replicas, by: boundOf(demand, limits) };

  if (memory.freshTicks < FRESH_TICKS_BEFORE_DOWN) return { replicas, by: 'Stale' };
  const isHeld = demand.excess > 0 || (limits.holdUntilMs !== undefined && nowMs < limits.holdUntilMs);
  const target = Math.min(highestWanted(memory.recentWanted), limits.max);
  if (isHeld || target >= replicas) return { replicas, by: 'Holding' };
  const { replicas: next, ...lastDown } = stepDown(replicas, target, limits.down, memory, nowMs);
  return { replicas: next, by: 'WayDown', lastDown };
};

export const decide = (input: TierInput, limits: TierLimits, memory: TierMemory): Decision => {
  const demand = demandOf(input, limits);
  const remembered: TierMemory = {
    ...memory,
    recentWanted: remember(memory.recentWanted, demand.wanted, limits.down.windowSeconds, input.nowMs),
    freshTicks: isFresh(input) ? Math.min(FRESH_TICKS_BEFORE_DOWN, memory.freshTicks + 1) : 0,
  };
  const { replicas, by, lastDown } = outcomeOf(input, limits, demand, remembered);
  return {
    replicas,
    wanted: demand.wanted,
    limitedBy: by,
    terms: demand.terms,
    explanation: explain(input, limits, demand, replicas, by),
    memory: { ...remembered, ...lastDown },
  };
};
