/**
 * What the charts show: points of time, oldest first, and at most so many. Pure.
 *
 * | the new point, compared with the last         | then                                                         |
 * |-----------------------------------------------|--------------------------------------------------------------|
 * | earlier                                       | nothing: a clock went back                                   |
 * | less than 1 s later                           | its values replace those of the last                         |
 * | less than 5 s later, with equal values        | nothing                                                      |
 * | later                                         | it is appended; the oldest one goes when there are MAX_POINTS |
 */
import { instantMs } from '../../contract/instant.ts';
import { TIERS, type Tier } from '../../contract/tiers.ts';
import { decisionAt } from '../../operator/history/decision-log.ts';
import type { Decisions } from '../cluster.ts';
import type { Report } from '../status/status-report.ts';
import { type CitizensSeen, waitingCitizens } from './frame.ts';

/** An hour of a campaign under load, whose status is written every 5 s, and twenty minutes of a replay's seconds. */
export const MAX_POINTS = 1_200;
const APART_MS = 1_000;
const REST_MS = 5_000;
/** The operator's samples are ten seconds apart: one that is nearer to a point of ours says nothing new. */
const NEAR_MS = 10_000;

export interface Point {
  readonly atMs: number;
  readonly arrivalsPerSecond: number | undefined;
  readonly backlog: number | undefined;
  readonly waiting: number | undefined;
  readonly answerP99Ms: number | undefined;
  readonly replicas: { readonly [tier in Tier]?: Replicas };
}

export interface Replicas {
  readonly desired: number;
  readonly ready: number;
  readonly ceiling: number | undefined;
}

/** The present point of a report. */
export const pointOf = ({ campaign, nowMs }: Report, citizens?: CitizensSeen): Point => {
  const { status = {} } = campaign;
  const replicas = TIERS.flatMap((tier) => {
    const seen = status.tiers?.[tier];
    return seen === undefined ? [] : [[tier, { desired: seen.desired, ready: seen.ready, ceiling: seen.ceiling }]];
  });
  return {
    atMs: nowMs,
    arrivalsPerSecond: status.arrivalsPerSecond,
    backlog: status.backlog,
    waiting: waitingCitizens(campaign),
    answerP99Ms: citizens?.answerP99Ms,
    replicas: Object.fromEntries(replicas),
  };
};

/** Nothing was known then: a gap in the charts. */
export const unknownPoint = (atMs: number): Point => ({
  atMs,
  arrivalsPerSecond: undefined,
  backlog: undefined,
  waiting: undefined,
  answerP99Ms: undefined,
  replicas: {},
});

const valuesOf = ({ atMs: _, ...values }: Point): string => JSON.stringify(values);
const isKnown = (point: Point): boolean => valuesOf(point) !== valuesOf(unknownPoint(0));

export const withPoint = (points: readonly Point[], next: Point): readonly Point[] => {
  const last = points.at(-1);
  if (last === undefined) return [next];
  const laterMs = next.atMs - last.atMs;
  if (laterMs < 0) return points;
  if (laterMs < APART_MS) return [...points.slice(0, -1), { ...next, atMs: last.atMs }];
  if (laterMs < REST_MS && valuesOf(next) === valuesOf(last)) return points;
  return [...points, next].slice(-MAX_POINTS);
};

const samplesOf = (decisions: Decisions): readonly Point[] =>
  decisions.recent.map(({ at, arrivalsPerSecond, backlog, ...tiers }) => {
    const atMs = instantMs(at);
    const replicas = TIERS.flatMap((tier) => {
      const seen = tiers[tier];
      return seen === undefined ? [] : [[tier, { ...seen, ceiling: decisionAt(decisions[tier], atMs)?.ceiling }]];
    });
    return { ...unknownPoint(atMs), arrivalsPerSecond, backlog, replicas: Object.fromEntries(replicas) };
  });

/** The operator's own samples, where this process has seen nothing: before it began, and while the API server was away. */
export const withSamples = (points: readonly Point[], decisions: Decisions | undefined): readonly Point[] => {
  if (decisions === undefined || decisions.recent.length === 0) return points;
  const isNear = (a: Point, b: Point): boolean => Math.abs(a.atMs - b.atMs) < NEAR_MS;
  const known = points.filter(isKnown);
  const news = samplesOf(decisions).filter((sample) => !known.some((point) => isNear(point, sample)));
  if (news.length === 0) return points;
  const gaps = points.filter((point) => !isKnown(point) && !news.some((sample) => isNear(point, sample)));
  return [...known, ...gaps, ...news].toSorted((a, b) => a.atMs - b.atMs).slice(-MAX_POINTS);
};
