/** What a plan shows its owner: the metrics behind it, and what it costs (its effect: effect.ts). Pure. */

import type { Reading } from '../../contract/reading.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { Ceilings } from '../../contract/types/common.ts';
import type { ScalePlanSpec } from '../../contract/types/scale-plan.ts';
import { crowdIn } from '../queue/crowd.ts';
import type { Need } from '../scaling/plan-need.ts';
import type { PlanInput, TierOutcomes } from '../tick/observed.ts';

export interface TierNeed extends Need {
  readonly tier: Tier;
}

/** The need when the plan was made: growth is judged by it. */
export const neededSignal = (tier: Tier): string => `${tier}ReplicasNeeded`;

type Evidence = ScalePlanSpec['evidence'];

/** By the schema; the needs come first. */
const MOST_EVIDENCE = 16;

const evidence = (signal: string, value: number, atMs: number, nowMs: number): Evidence[number] => ({
  signal,
  value,
  ageSeconds: Math.max(0, nowMs - atMs) / 1000,
});

const fromReading = <T>(
  reading: Reading<T> | undefined,
  nowMs: number,
  values: (value: T) => Readonly<Record<string, number | undefined>>,
): Evidence =>
  reading === undefined || reading.kind === 'absent'
    ? []
    : Object.entries(values(reading.value)).flatMap(([signal, value]) =>
        value === undefined ? [] : [evidence(signal, value, reading.atMs, nowMs)],
      );

export const evidenceOf = (
  { campaign, observed, nowMs }: PlanInput,
  tiers: TierOutcomes,
  needs: readonly TierNeed[],
): Evidence => {
  const { arrivals, backlog } = observed.readings;
  const { peakArrivalsPerSecond } = campaign.spec.scaling;
  const crowd = crowdIn(observed.queue);
  return [
    ...needs.flatMap(({ tier, needed, ceiling }) => [
      evidence(neededSignal(tier), needed, nowMs, nowMs),
      evidence(`${tier}CeilingInForce`, tiers[tier].limits.ceiling, nowMs, nowMs),
      // A grant ends, or another one begins, before the replicas are used.
      ...(ceiling === tiers[tier].limits.ceiling ? [] : [evidence(`${tier}CeilingAhead`, ceiling, nowMs, nowMs)]),
      evidence(`${tier}ReplicasReady`, tiers[tier].ready, nowMs, nowMs),
    ]),
    ...(peakArrivalsPerSecond === undefined
      ? []
      : [evidence('forecastPeakArrivalsPerSecond', peakArrivalsPerSecond, nowMs, nowMs)]),
    ...fromReading(arrivals, nowMs, (rates) => ({
      firstAttemptsPerSecondOver3s: rates.over3s,
      firstAttemptsPerSecondOver60s: rates.over60s,
    })),
    ...fromReading(backlog.records, nowMs, ({ messages, oldestSeconds }) => ({
      recordsBacklogMessages: messages,
      recordsOldestSeconds: oldestSeconds,
    })),
    ...(crowd === undefined || crowd.citizens < 1
      ? []
      : [evidence('citizensInWaitingRoom', Math.round(crowd.citizens), crowd.atMs, nowMs)]),
  ].slice(0, MOST_EVIDENCE);
};

/** As long as a grant without a stated end lasts. */
const LOAD_HOURS = 2;
const HOUR_MS = 3_600_000;
const tenths = (value: number): number => Math.round(value * 10) / 10;

/** At most: 60 instead of 20 intake replicas for 2 hours are 80 pod-hours, at 35 fen each 2,800 fen. */
export const meansOf = (
  { campaign, observed, times, nowMs }: PlanInput,
  needs: readonly TierNeed[],
  asked: Ceilings,
  reason: ScalePlanSpec['reason'],
): NonNullable<ScalePlanSpec['means']> => {
  const { podHourFen } = campaign.spec.scaling;
  const openHours = Math.max(0, times.closesAtMs - nowMs) / HOUR_MS;
  const hours =
    reason === 'Forecast'
      ? (times.forecastUntilMs - Math.max(nowMs, times.preWarmAtMs)) / HOUR_MS
      : Math.min(LOAD_HOURS, openHours);
  const more = needs.map(({ tier, ceiling }) => {
    const replicas = Math.max(0, (asked[tier] ?? 0) - ceiling);
    return { tier, replicas, podHours: replicas * hours, fen: podHourFen?.[tier] };
  });
  const isPriced = more.every(({ replicas, fen }) => replicas === 0 || fen !== undefined);
  const problems = more.flatMap(({ tier, replicas }) =>
    (observed.cluster.tiers[tier]?.problems ?? []).map((problem) => ({ replicas, problem })),
  );
  const nodes = problems.flatMap(({ replicas, problem }) =>
    problem.kind === 'unschedulable' && problem.mostOnANode !== undefined
      ? [Math.ceil(replicas / problem.mostOnANode)]
      : [],
  );
  const quota = problems.flatMap(({ replicas, problem }) =>
    problem.kind === 'quota'
      ? problem.missing.map(({ resource, amount }) => ({
          quota: problem.quota,
          resource,
          // What is missing before the ceiling is missing already; every further replica lacks as much.
          amount: Math.round((amount / problem.replicas) * (problem.replicas + replicas) * 1000) / 1000,
        }))
      : [],
  );
  return {
    hours: tenths(Math.max(0, hours)),
    podHours: tenths(more.reduce((sum, { podHours }) => sum + Math.max(0, podHours), 0)),
    ...(isPriced && podHourFen !== undefined
      ? { costFen: Math.ceil(more.reduce((sum, { podHours, fen = 0 }) => sum + Math.max(0, podHours) * fen, 0)) }
      : {}),
    ...(nodes.length === 0 ? {} : { nodes: nodes.reduce((sum, count) => sum + count, 0) }),
    ...(quota.length === 0 ? {} : { quota: quota.slice(0, MAX_QUOTA) }),
  };
};

const MAX_QUOTA = 16;
