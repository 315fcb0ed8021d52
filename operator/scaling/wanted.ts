/**
 * What the crowd asks for, in replicas.
 *
 *   additive     load = λ* / (ρ·µ̂) + Q / (µ̂·D)
 *   economical   load = max( λ* / (ρ·µ̂), (λ* + Q / D) / (ρmax·µ̂) )
 *   base         = max( ⌈ load ⌉, schedule floor, blind floor, min )
 *   wanted       = the fewest from base on at which five more would save next to no citizen from being late
 *
 * λ* first attempts and their rise (demand.ts), Q citizens who wait, those due back included, µ̂ capacity.ts, the last line
 * forecast.ts. The ceiling is in none of it: ScalePlans are made from what is wanted.
 */
import { capacityOf } from './capacity.ts';
import { excessBacklog, expectedRate, hasJustBegun, lastValue } from './demand.ts';
import { HORIZON_SECONDS, predict, type Work, worthwhile } from './forecast.ts';
import { blindFloorOf, blindSince } from './holds.ts';
import { measuredPace, paceOf } from './pre-warm.ts';
import type { Decision, Evidence, TierInput, TierLimits, TierMemory } from './types.ts';

/** Utilisation at which the economical mode spends the head-room on the drain. */
const MOST_UTILISATION = 0.95;

export interface Demand {
  readonly terms: Decision['terms'];
  readonly evidence: Evidence;
  readonly blindFloor: number;
  /** Replicas that arrivals and backlog ask for in the long run, before rounding up. */
  readonly load: number;
  /** Replicas that must be there whatever the load. */
  readonly floor: number;
  /** Load and floor, before more are asked for to save citizens from being late. */
  readonly base: number;
  readonly wanted: number;
  /** A step has just begun. */
  readonly isBeginning: boolean;
}

/**
 * 70/s and 12,000 waiting at µ = 20, ρ = 0.7, D = 30 s: 5 + 20 = 25 additive; economical max(5, 470 / 19 = 24.7).
 * 8,000/s and 60,000 waiting: 571.4 + 100 = 671.4; economical max(571.4, 526.3) = 571.4, for its head-room drains.
 */
const loadOf = ({ arrivalsPerSecond, waiting, capacityPerReplica }: Work, limits: TierLimits) => {
  const { targetUtilisation, drainWithinSeconds, drainMode } = limits;
  const feedForward = arrivalsPerSecond / (targetUtilisation * capacityPerReplica);
  const load =
    drainMode === 'economical'
      ? Math.max(
          feedForward,
          (arrivalsPerSecond + waiting / drainWithinSeconds) / (MOST_UTILISATION * capacityPerReplica),
        )
      : feedForward + waiting / (capacityPerReplica * drainWithinSeconds);
  return { feedForward, load };
};

/**
 * Who waits. Of those due back only as many count as admission lets in within the time that a backlog may take: 40,000 are
 * due back, 1,000 first attempts and 1,500 admitted a second, drained within 30 s: 15,000. More pods let no more of them in.
 */
const waitingOf = (input: TierInput, expected: number, { drainWithinSeconds }: TierLimits): number => {
  const { admissionPerSecond = Number.POSITIVE_INFINITY } = input;
  const room = Math.max(0, admissionPerSecond - expected) * drainWithinSeconds;
  return excessBacklog(input.arrivals, input.backlog) + Math.min(lastValue(input.dueBack)?.citizens ?? 0, room);
};

/** While citizens wait nothing that was wanted for them is taken back, for as long as a prediction reaches. */
const stillPressing = (memory: TierMemory, excess: number, nowMs: number): number =>
  memory.pressing !== undefined && excess > 0 && nowMs < memory.pressing.untilMs ? memory.pressing.wanted : 0;

export const demandOf = (input: TierInput, limits: TierLimits, memory: TierMemory): Demand => {
  const { nowMs } = input;
  const pace = paceOf({ ...memory, ...measuredPace(input) });
  const rates = lastValue(input.arrivals);
  const expected = rates === undefined ? undefined : expectedRate(rates, pace.startSeconds);
  const excess = waitingOf(input, expected ?? 0, limits);
  const work = { arrivalsPerSecond: expected ?? 0, waiting: excess, capacityPerReplica: capacityOf(limits, memory) };
  const { feedForward, load } = loadOf(work, limits);
  const blindFloor = blindFloorOf(limits, blindSince(input, memory.blindSinceMs), nowMs);
  const floor = Math.max(limits.scheduleFloor, blindFloor, limits.min);
  const base = Math.max(Math.ceil(load), floor);
  const prediction = predict(work, input, pace);
  const kept = stillPressing(memory, excess, nowMs);
  const wanted = Math.max(prediction.waitingAhead > 0 ? worthwhile(base, work, prediction) : base, kept);
  return {
    terms: { feedForward, drain: load - feedForward, lateness: wanted - base, scheduleFloor: limits.scheduleFloor },
    evidence: {
      arrivalsPerSecond: expected,
      excess,
      excessAhead: prediction.waitingAhead,
      capacityPerReplica: work.capacityPerReplica,
      startSeconds: pace.startSeconds,
    },
    blindFloor,
    load,
    floor,
    base,
    wanted,
    isBeginning: rates !== undefined && hasJustBegun(rates),
  };
};

/** What is wanted now, kept for the next ticks while citizens wait. */
export const pressed = (
  before: TierMemory['pressing'],
  wanted: number,
  nowMs: number,
): NonNullable<TierMemory['pressing']> =>
  before !== undefined && wanted <= before.wanted && nowMs < before.untilMs
    ? before
    : { wanted, untilMs: nowMs + HORIZON_SECONDS * 1000 };

/** Replicas that the crowd asks for, whatever floor there is: what an owner is asked for. */
export const askedByCrowd = ({ terms: { feedForward, drain, lateness }, wanted }: Decision): number =>
  lateness > 0 ? wanted : Math.ceil(feedForward + drain);
