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
  /** What the rate of outside systems needs, where that is the lowest bound. Absent: not known here. */
  readonly outsideMax?: number | undefined;
  /** What is admitted while a downstream system is the bottleneck. Absent: not known here. */
  readonly admissionPerSecond?: number | undefined;
}

const needs = ({ wanted }: Bounds): string => `demand needs ${wanted}`;

const BECAUSE: Readonly<Record<LimitedBy, (bounds: Bounds) => string>> = {
  Load: () => 'arrivals need it',
  Backlog: () => 'the backlog needs it',
  Lateness: () => 'with fewer replicas, more citizens would wait longer than 5 s',
  Schedule: () => 'the forecast needs it, even if fewer citizens arrive now',
  Blind: () =>
    'every metric has been missing for 30 s, so at least half of the forecast replicas are kept until a metric returns',
  Min: ({ min }) => `${min} is the minimum, and no more is needed`,
  Max: (bounds) => `${needs(bounds)}, and max in spec.scaling.tiers is ${bounds.max}`,
  Ceiling: (bounds) => `${needs(bounds)}, and the authorised ceiling is ${bounds.ceiling}`,
  Provider: (bounds) =>
    `${needs(bounds)}, but the rate that the providers or channels allow needs no more${
      bounds.outsideMax === undefined ? '' : ` than ${bounds.outsideMax}`
    }`,
  Downstream: ({ admissionPerSecond }) =>
    `two scale-ups did not raise throughput: a downstream system is the bottleneck, so admission is reduced${
      admissionPerSecond === undefined ? '' : ` to ${number(admissionPerSecond)}/s`
    }`,
  Stale: () => 'a metric is missing or out of date, so the tier is not scaled down',
  Panic: () =>
    'there was a flood in the last two minutes, or some of its backlog remains, so the tier is not scaled down',
  Rollout: () => 'a rollout is in progress, so the tier is not scaled down',
  PlanPending: () => 'a ScalePlan waits for its owner, so the tier is not scaled down',
  FewFreshTicks: (bounds) =>
    `${needs(bounds)}; the tier is not scaled down until every metric has been fresh three times in a row`,
  ExcessBacklog: (bounds) => `${needs(bounds)}; the tier is not scaled down while citizens wait`,
  HoldAfterOpen: (bounds) =>
    `${needs(bounds)}; the tier is not scaled down before spec.scaling.down.holdAfterOpen has passed`,
  HoldUntil: (bounds) => `${needs(bounds)}; the tier is not scaled down before the time in the annotation hold-until`,
  DownWindow: (bounds) =>
    `${needs(bounds)}; more was needed recently, or would be if the worst rise of the last spec.scaling.down.windowSeconds came again`,
  WayDown: (bounds) => `${needs(bounds)}, and the tier is scaled down step by step`,
};

/** The one sentence of a reason, without its end: `demand needs 16, and the authorised ceiling is 12`. */
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
  const load =
    arrivalsPerSecond === undefined
      ? 'arrival rate unknown'
      : `${number(arrivalsPerSecond)} first attempts/s at ${per} need ${number(terms.feedForward)}`;
  const ahead =
    excessAhead > excess ? `, ${number(excessAhead)} before a new one is ready in ${number(startSeconds)} s,` : '';
  const backlog = terms.drain > 0 ? `, ${number(excess)} waiting${ahead} need ${number(terms.drain)}` : '';
  const lateness = terms.lateness > 0 ? `, ${terms.lateness} more so that fewer wait longer than 5 s` : '';
  const floor = terms.scheduleFloor > 0 ? `, the forecast needs ${terms.scheduleFloor}` : '';
  const size = `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  const why =
    replicas > most
      ? `${most} may run; the tier is scaled down to that step by step while metrics are fresh`
      : because(by, { ...limits, outsideMax: limits.max, wanted });
  return `${size}: ${why}; ${load}${backlog}${lateness}${floor}; wanted ${wanted}.`;
};
