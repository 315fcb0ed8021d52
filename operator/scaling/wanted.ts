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
import { excessBacklog, expectedRate, hasJustBegun, IN_FLIGHT_SECONDS, lastValue } from './demand.ts';
import { HORIZON_SECONDS, predict, type Work, worthwhile } from './forecast.ts';
import { blindFloorOf, blindSince } from './holds.ts';
import { measuredPace, paceNow, paceOf } from './pre-warm.ts';
import type { Decision, Evidence, TierInput, TierLimits, TierMemory } from './types.ts';

/** Utilisation at which the economical mode spends the head-room on the drain. */
const MOST_UTILISATION = 0.95;
/** A registration that is shed takes at most this share of the work of one that is accepted (docs/evidence/02-overload.json). */
const SHED_SHARE = 1 / 8;

export interface Demand {
  readonly terms: Decision['terms'];
  readonly evidence: Evidence;
  readonly blindFloor: number;
  /** Replicas that arrivals and backlog ask for in the long run, before rounding up. */
  readonly load: number;
  /** Replicas that the crowd asks for, whatever floor there is. */
  readonly crowd: number;
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

interface Waiting {
  /** Messages in the queue beyond what is in flight. */
  readonly queued: number;
  /** With the citizens due back. */
  readonly all: number;
  /** Of all, those that more replicas could work off within the time that a backlog may take: admission lets no more in. */
  readonly workable: number;
}

/**
 * 40,000 are due back, 1,000 first attempts and 1,500 admitted a second, drained within 30 s: 15,000 of them are workable. A
 * few who are always due back, as from one busy pod, are in flight.
 */
const waitingOf = (input: TierInput, expected: number, { drainWithinSeconds }: TierLimits): Waiting => {
  const { admissionPerSecond = Number.POSITIVE_INFINITY, dueBack, backlog } = input;
  const queued = excessBacklog(input.arrivals, backlog);
  const inFlight = Math.max(0, IN_FLIGHT_SECONDS * expected - (lastValue(backlog)?.messages ?? 0));
  const due = Math.max(0, (lastValue(dueBack)?.citizens ?? 0) - inFlight);
  const room = Math.max(0, admissionPerSecond - expected) * drainWithinSeconds;
  return { queued, all: queued + due, workable: queued + Math.min(due, room) };
};

/** More replicas let in no more than admission does: the most that is of use beside the queue. */
const mostAdmitted = (
  expected: number,
  queued: number,
  { admissionPerSecond }: TierInput,
  limits: TierLimits,
  capacity: number,
): number =>
  admissionPerSecond === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(expected, admissionPerSecond) / (limits.targetUtilisation * capacity) +
      queued / (capacity * limits.drainWithinSeconds);

/** Also a registration that is shed is work. Only the tier that sheds has no queue. */
const shedLoad = (expected: number, { dueBack, backlog }: TierInput, limits: TierLimits, capacity: number): number =>
  backlog === undefined
    ? (SHED_SHARE * (expected + (lastValue(dueBack)?.perSecond ?? 0))) / (limits.targetUtilisation * capacity)
    : 0;

/** While citizens wait nothing that was wanted for them is taken back, for as long as a prediction reaches. */
const stillPressing = ({ pressing }: TierMemory, waiting: number, nowMs: number): number =>
  pressing !== undefined && waiting > 0 && nowMs < pressing.untilMs ? pressing.wanted : 0;

export const demandOf = (input: TierInput, limits: TierLimits, memory: TierMemory): Demand => {
  const { nowMs } = input;
  const pace = paceNow(paceOf({ ...memory, ...measuredPace(input) }), input);
  const rates = lastValue(input.arrivals);
  const expected = rates === undefined ? undefined : expectedRate(rates, pace.startSeconds);
  const capacity = capacityOf(limits, memory);
  const waiting = waitingOf(input, expected ?? 0, limits);
  const work = { arrivalsPerSecond: expected ?? 0, waiting: waiting.all, capacityPerReplica: capacity };
  const most = mostAdmitted(work.arrivalsPerSecond, waiting.queued, input, limits, capacity);
  const { feedForward, load: uncapped } = loadOf(work, limits);
  const load = Math.max(Math.min(uncapped, most), shedLoad(work.arrivalsPerSecond, input, limits, capacity));
  const blindFloor = blindFloorOf(limits, blindSince(input, memory.blindSinceMs), nowMs);
  const floor = Math.max(limits.scheduleFloor, blindFloor, limits.min);
  const base = Math.max(Math.ceil(load), floor);
  const prediction = predict(work, input, pace);
  const saving = prediction.waitingAhead > 0 ? Math.min(worthwhile(base, work, prediction), Math.ceil(most)) : 0;
  const crowd = Math.max(Math.ceil(load), saving > base ? saving : 0, stillPressing(memory, waiting.workable, nowMs));
  return {
    terms: {
      feedForward,
      drain: Math.max(0, load - feedForward),
      lateness: Math.max(0, crowd - base),
      scheduleFloor: limits.scheduleFloor,
    },
    evidence: {
      arrivalsPerSecond: expected,
      excess: waiting.workable,
      excessAhead: prediction.waitingAhead,
      capacityPerReplica: capacity,
      startSeconds: pace.startSeconds,
    },
    blindFloor,
    load,
    crowd,
    floor,
    base,
    wanted: Math.max(base, crowd),
    isBeginning: rates !== undefined && hasJustBegun(rates),
  };
};

/** What the crowd asks for now, kept for the next ticks while citizens wait. */
export const pressed = (
  before: TierMemory['pressing'],
  crowd: number,
  nowMs: number,
): NonNullable<TierMemory['pressing']> => {
  const untilMs = nowMs + HORIZON_SECONDS * 1000;
  // Written by a clock that ran ahead it would hold for as long as that.
  return before !== undefined && crowd <= before.wanted && nowMs < before.untilMs
    ? { wanted: before.wanted, untilMs: Math.min(before.untilMs, untilMs) }
    : { wanted: crowd, untilMs };
};

/** Replicas that the crowd asks for, whatever floor there is: what an owner is asked for. */
export const askedByCrowd = ({ terms: { feedForward, drain, lateness }, wanted }: Decision): number =>
  lateness > 0 ? wanted : Math.ceil(feedForward + drain);
