/**
 * The control law of one tier at one tick. Level-based: the number comes from the demand, never from the present number,
 * so nothing winds up while pods start and an unready pod freezes nothing.
 *
 *   wanted = max( ⌈ λ / (ρ·µ) + Qx / (µ·D) ⌉, schedule floor, min )
 *
 * Worked example: 100/s, then 8,000/s at µ = 20, ρ = 0.7: wanted goes from 8 to 572 in the tick that sees the step, and
 * is written at once up to the ceiling ("a step of 80×" in decide.test.ts plays it).
 *
 * | replicas now                       | signals         | written |
 * |------------------------------------|-----------------|---------|
 * | above max or ceiling               | any             | the lower of both, at once: what isn't authorised doesn't run |
 * | below floor or min                 | any             | floor or min |
 * | below the load, by more than 3 %   | any             | the load |
 * | below the load, within 3 %         | any             | as is: noise is no demand |
 * | above wanted                       | stale or absent | as is, and until the third fresh tick |
 * | above wanted                       | fresh, excess backlog, or before holdUntil | as is |
 * | above wanted                       | fresh           | what the down window keeps, at most percentPerMinute down |
 *
 * Nothing written is ever above max or ceiling.
 */

import { arrivalRate, drain, excessBacklog, feedForward, lastValue } from './demand.ts';
import type { Decision, LimitedBy, TierInput, TierLimits, TierMemory } from './types.ts';
import { highestWanted, remember, stepDown, wantedWithRoom } from './way-down.ts';

const UP_DEAD_BAND = 1.03;
/** A first answer after an outage may be a half one; three in a row are not. */
const FRESH_TICKS_BEFORE_DOWN = 3;

interface Demand {
  readonly terms: Decision['terms'];
  /** Messages beyond what is in flight. */
  readonly excess: number;
  /** Replicas for arrivals and backlog, before rounding up. */
  readonly load: number;
  /** Replicas that must be there whatever the load. */
  readonly base: number;
  readonly wanted: number;
}

const demandOf = (input: TierInput, limits: TierLimits): Demand => {
  const excess = excessBacklog(input.arrivals, input.backlog);
  const terms = {
    feedForward: feedForward(input.arrivals, limits),
    drain: drain(excess, limits),
    scheduleFloor: limits.scheduleFloor,
  };
  const load = terms.feedForward + terms.drain;
  const base = Math.max(limits.scheduleFloor, limits.min);
  return { terms, excess, load, base, wanted: Math.max(Math.ceil(load), base) };
};

const isFresh = ({ arrivals, backlog }: TierInput): boolean =>
  arrivals.kind === 'fresh' && (backlog === undefined || backlog.kind === 'fresh');

const remembered = (input: TierInput, limits: TierLimits, demand: Demand, memory: TierMemory): TierMemory => {
  const { nowMs } = input;
  // A tick decided twice is one tick.
  const isNewTick = memory.lastTickMs === undefined || nowMs !== memory.lastTickMs;
  return {
    ...memory,
    recentWanted: remember(memory.recentWanted, wantedWithRoom(demand.load, limits), limits.down.windowSeconds, nowMs),
    freshTicks: isFresh(input) ? Math.min(FRESH_TICKS_BEFORE_DOWN, memory.freshTicks + (isNewTick ? 1 : 0)) : 0,
    lastTickMs: nowMs,
  };
};

/** The term that makes `wanted`. */
const termOf = ({ load, terms, wanted }: Demand, { min, scheduleFloor }: TierLimits): LimitedBy => {
  if (wanted === Math.ceil(load) && load > min) return terms.drain > terms.feedForward ? 'Backlog' : 'Load';
  return scheduleFloor > min ? 'Schedule' : 'Min';
};

interface Outcome {
  readonly replicas: number;
  readonly by: LimitedBy;
  readonly lastDown?: Pick<TierMemory, 'lastDownMs' | 'lastDownFrom'>;
}

/** `memory` holds this tick already. What is above max or ceiling is gone before anything else is asked. */
const outcomeOf = (input: TierInput, limits: TierLimits, demand: Demand, memory: TierMemory): Outcome => {
  const { nowMs } = input;
  const most = Math.min(limits.max, limits.ceiling);
  const bound = limits.ceiling < limits.max ? 'Ceiling' : 'Max';
  const replicas = Math.min(input.replicas, most);
  if (demand.wanted >= replicas) {
    const isLoadUp = Math.ceil(demand.load) > replicas * UP_DEAD_BAND;
    const raised = Math.max(replicas, demand.base, isLoadUp ? Math.ceil(demand.load) : 0);
    return { replicas: Math.min(raised, most), by: demand.wanted > most ? bound : termOf(demand, limits) };
  }
  const stay = (by: LimitedBy): Outcome => ({ replicas, by: input.replicas > most ? bound : by });
  if (!isFresh(input)) return stay('Stale');
  const isHeld =
    memory.freshTicks < FRESH_TICKS_BEFORE_DOWN ||
    demand.excess > 0 ||
    (limits.holdUntilMs !== undefined && nowMs < limits.holdUntilMs);
  const target = Math.max(demand.wanted, highestWanted(memory.recentWanted));
  if (isHeld || target >= replicas) return stay('Holding');
  const { replicas: next, ...lastDown } = stepDown(replicas, target, limits.down, memory, nowMs);
  return { replicas: next, by: 'WayDown', lastDown };
};

/** Tenths at most: 571.4, 20. */
const number = (value: number): string => String(Math.round(value * 10) / 10);

const BECAUSE: Readonly<Record<LimitedBy, string>> = {
  Load: 'arrivals ask for it',
  Backlog: 'the backlog asks for it',
  Schedule: 'the schedule asks for it',
  Min: 'that is the minimum',
  Max: 'that is the maximum',
  Ceiling: 'that is the authorised ceiling',
  Stale: 'a signal is missing, and a missing signal takes nothing away',
  Holding: 'it is held until demand has stayed lower for long enough',
  WayDown: 'it goes down step by step',
};

const explain = (input: TierInput, limits: TierLimits, demand: Demand, { replicas, by }: Outcome): string => {
  const rates = lastValue(input.arrivals);
  const { terms } = demand;
  const per = `${number(limits.capacityPerReplica)}/s a replica at ${Math.round(limits.targetUtilisation * 100)} %`;
  const needs =
    rates === undefined
      ? 'arrivals are unknown'
      : `${number(arrivalRate(rates))} arrivals/s at ${per} need ${number(terms.feedForward)}`;
  const backlog = terms.drain > 0 ? `, ${number(demand.excess)} waiting need ${number(terms.drain)}` : '';
  const floor = terms.scheduleFloor > 0 ? `, the schedule needs ${terms.scheduleFloor}` : '';
  const size = `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  return `${size}: ${BECAUSE[by]}; ${needs}${backlog}${floor}; wanted ${demand.wanted}.`;
};

/**
 * Replicas of a tier for this tick, and why. The caller keeps `memory` for the next tick; with EMPTY_MEMORY nothing goes
 * down before the third fresh tick.
 */
export const decide = (input: TierInput, limits: TierLimits, memory: TierMemory): Decision => {
  const demand = demandOf(input, limits);
  const now = remembered(input, limits, demand, memory);
  const outcome = outcomeOf(input, limits, demand, now);
  return {
    replicas: outcome.replicas,
    wanted: demand.wanted,
    limitedBy: outcome.by,
    terms: demand.terms,
    explanation: explain(input, limits, demand, outcome),
    memory: { ...now, ...outcome.lastDown },
  };
};
