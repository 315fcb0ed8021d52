/** Why there are so many replicas, in one sentence for people, with the numbers. Pure. */
import type { Evidence, LimitedBy, Terms, TierLimits } from './types.ts';

/** Tenths at most: 571.4, 20. */
const number = (value: number): string => String(Math.round(value * 10) / 10);

/** What the sentences name. */
interface Bounds {
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
  readonly ceiling: number;
  /** What a tier that is full lets in. Absent: not known here. */
  readonly admissionPerSecond?: number | undefined;
}

const asks = ({ wanted }: Bounds): string => `demand asks for ${wanted}`;

const BECAUSE: Readonly<Record<LimitedBy, (bounds: Bounds) => string>> = {
  Load: () => 'arrivals ask for it',
  Backlog: () => 'the backlog asks for it',
  Lateness: () => 'with fewer, more citizens would wait longer than 5 s',
  Schedule: () => 'the forecast asks for it, whatever arrives now',
  Blind: () =>
    'every signal has been missing for 30 s, and half of what the forecast asks for is kept until one is back',
  Min: ({ min }) => `${min} is the minimum, and nothing asks for more`,
  Max: (bounds) => `${asks(bounds)} and its max in spec.scaling.tiers is ${bounds.max}`,
  Ceiling: (bounds) => `${asks(bounds)} and it is held by the authorised ceiling of ${bounds.ceiling}`,
  Downstream: ({ admissionPerSecond }) =>
    `two scale-ups brought nothing: what is behind it is full, and ${
      admissionPerSecond === undefined ? 'fewer' : `${number(admissionPerSecond)}/s`
    } are let in instead`,
  Stale: () => 'a signal is missing, and a missing signal takes nothing away',
  Panic: () => 'a flood was here in the two minutes before, or still waits, and nothing goes until it is over',
  Rollout: () => 'a rollout is in progress, and nothing goes until it is over',
  PlanPending: () => 'the owner was asked for more, and nothing goes before the answer',
  FewFreshTicks: (bounds) => `${asks(bounds)}, and nothing goes before every signal was fresh three times in a row`,
  ExcessBacklog: (bounds) => `${asks(bounds)}, and nothing goes while more waits than is being worked on`,
  HoldAfterOpen: (bounds) => `${asks(bounds)}, and nothing goes before spec.scaling.down.holdAfterOpen has passed`,
  HoldUntil: (bounds) => `${asks(bounds)}, and nothing goes before the time that the annotation hold-until says`,
  DownWindow: (bounds) =>
    `${asks(bounds)}, and nothing goes before that has been so for spec.scaling.down.windowSeconds`,
  WayDown: (bounds) => `${asks(bounds)} only, and it goes down step by step`,
};

/** The one sentence of a reason, without its end: `demand asks for 16 and it is held by the authorised ceiling of 12`. */
export const because = (by: LimitedBy, bounds: Bounds): string => BECAUSE[by](bounds);

export interface Explained {
  readonly replicas: number;
  readonly wanted: number;
  readonly by: LimitedBy;
  /** More than may run now: a grant has ended, or a maximum was lowered. */
  readonly most: number;
  readonly terms: Terms;
  readonly evidence: Evidence;
}

export const explain = (limits: TierLimits, { replicas, wanted, by, most, terms, evidence }: Explained): string => {
  const { arrivalsPerSecond, capacityPerReplica, excess, excessAhead, startSeconds } = evidence;
  const per = `${number(capacityPerReplica)}/s a replica at ${Math.round(limits.targetUtilisation * 100)} %`;
  const needs =
    arrivalsPerSecond === undefined
      ? 'arrivals are unknown'
      : `${number(arrivalsPerSecond)} arrivals/s at ${per} need ${number(terms.feedForward)}`;
  const ahead =
    excessAhead > excess ? `, ${number(excessAhead)} before a new one is ready in ${number(startSeconds)} s,` : '';
  const backlog = terms.drain > 0 ? `, ${number(excess)} waiting${ahead} need ${number(terms.drain)}` : '';
  const lateness = terms.lateness > 0 ? `, ${terms.lateness} more so that fewer wait longer than 5 s` : '';
  const floor = terms.scheduleFloor > 0 ? `, the schedule needs ${terms.scheduleFloor}` : '';
  const size = `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  const why =
    replicas > most
      ? `${most} may run, and what is above goes down step by step while the signals are there`
      : because(by, { ...limits, wanted });
  return `${size}: ${why}; ${needs}${backlog}${lateness}${floor}; wanted ${wanted}.`;
};
