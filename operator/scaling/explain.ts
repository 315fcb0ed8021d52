/** Why there are so many replicas, in one sentence for people, with the numbers. Pure. */
import type { Evidence, LimitedBy, TierLimits } from './types.ts';

const BECAUSE: Readonly<Record<LimitedBy, string>> = {
  Load: 'arrivals ask for it',
  Backlog: 'the backlog asks for it',
  Schedule: 'the schedule asks for it',
  Blind: 'every signal has been missing for 30 s, and half of the forecast stands behind until one is back',
  Min: 'that is the minimum',
  Max: 'that is the maximum',
  Ceiling: 'that is the authorised ceiling',
  Downstream: 'two scale-ups brought nothing, so what lies behind is full and fewer are let in instead',
  Stale: 'a signal is missing, and a missing signal takes nothing away',
  Panic: 'the flood was here less than two minutes ago, or still waits',
  Rollout: 'a rollout is in progress, and nothing goes until it is over',
  PlanPending: 'the owner was asked for more, and nothing goes before the answer',
  Holding: 'it is held until demand has stayed lower for long enough',
  WayDown: 'it goes down step by step',
};

/** Tenths at most: 571.4, 20. */
const number = (value: number): string => String(Math.round(value * 10) / 10);

export interface Explained {
  readonly replicas: number;
  readonly wanted: number;
  readonly by: LimitedBy;
  /** More than may run now: a grant has ended, or a maximum was lowered. */
  readonly most: number;
  readonly terms: { readonly feedForward: number; readonly drain: number; readonly scheduleFloor: number };
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
  const floor = terms.scheduleFloor > 0 ? `, the schedule needs ${terms.scheduleFloor}` : '';
  const size = `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  const why =
    replicas > most
      ? `${most} may run, and what is above goes down step by step while the signals are there`
      : BECAUSE[by];
  return `${size}: ${why}; ${needs}${backlog}${floor}; wanted ${wanted}.`;
};
