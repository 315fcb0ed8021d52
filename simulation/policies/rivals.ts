/**
 * The autoscalers that people use today, each as its documentation sets it up, on the same signals and the same plant.
 *
 * | policy       | metric                                        | cluster and behaviour                        |
 * |--------------|-----------------------------------------------|----------------------------------------------|
 * | hpa-default  | arrivals by Prometheus rate[1m], scraped every 15 s, target ρ·µ a pod | 15 s sync, defaults |
 * | keda-default | JetStream lag, lagThreshold 10; without a queue as hpa-default | 15 s sync, defaults; the polling interval of 30 s counts only from zero |
 * | keda-expert  | scalingModifiers: arrivals / (ρ·µ) + lag / (µ·D), rates over 5 s | 15 s sync, no limit upwards, tolerance 0.03, a cron floor |
 *
 * None of them knows a ceiling that an owner holds: theirs is maxReplicas, the lower of maximum and ceiling.
 */
import { lastValue } from '../../operator/scaling/demand.ts';
import type { TierInput, TierLimits } from '../../operator/scaling/types.ts';
import { DEFAULT_BEHAVIOR, desiredByAverage, type HpaBehavior, newHpa } from './hpa.ts';
import type { PolicyDecision, TierPolicy } from './policy.ts';

const SYNC_SECONDS = 15;
const SCRAPE_SECONDS = 15;
const PROMETHEUS_RANGE_SECONDS = 60;
const LAG_THRESHOLD = 10;
const EXPERT_RATE_SECONDS = 5;

export interface RivalOptions {
  /** Seconds after a full 15 s at which the controller looks; nobody can choose it. */
  readonly phaseSeconds: number;
}

interface Sample {
  readonly at: number;
  readonly total: number;
}

/** A counter, scraped every so often, and its rate over a range: what the newest samples in it gained per second. */
const newRate = (scrapeSeconds: number, rangeSeconds: number) => {
  let total = 0;
  let samples: readonly Sample[] = [];
  return (arrivals: number, now: number): number => {
    total += arrivals;
    if (now % scrapeSeconds === 0) {
      samples = [...samples.filter(({ at }) => at >= now - rangeSeconds), { at: now, total }];
    }
    const inRange = samples.filter(({ at }) => at >= now - rangeSeconds);
    const [first, last] = [inRange[0], inRange.at(-1)];
    return first === undefined || last === undefined || first === last
      ? 0
      : (last.total - first.total) / (last.at - first.at);
  };
};

/** What a rival measures of this second: the total that its target is held against. */
type Metric = (
  input: TierInput,
  limits: TierLimits,
  now: number,
) => { readonly total: number; readonly target: number };

const secondsOf = ({ nowMs }: TierInput): number => Math.round(nowMs / 1000);
const attempted = (input: TierInput): number => lastValue(input.arrivals)?.over1s ?? 0;

const prometheusRate = (scrapeSeconds: number, rangeSeconds: number): Metric => {
  const rate = newRate(scrapeSeconds, rangeSeconds);
  return (input, { targetUtilisation, capacityPerReplica }, now) => ({
    total: rate(attempted(input), now),
    target: targetUtilisation * capacityPerReplica,
  });
};

const lag = (): Metric => {
  const rate = prometheusRate(SCRAPE_SECONDS, PROMETHEUS_RANGE_SECONDS);
  return (input, limits, now) => {
    const { backlog } = input;
    return backlog === undefined
      ? rate(input, limits, now)
      : { total: lastValue(backlog)?.messages ?? 0, target: LAG_THRESHOLD };
  };
};

/** 8,000/s at 20/s and 0.7 and 60,000 waiting for 30 s: 571.4 + 100, target 1. */
const expertFormula = (): Metric => {
  const rate = prometheusRate(1, EXPERT_RATE_SECONDS);
  return (input, limits, now) => {
    const { total, target } = rate(input, limits, now);
    const waiting = lastValue(input.backlog)?.messages ?? 0;
    return { total: total / target + waiting / (limits.capacityPerReplica * limits.drainWithinSeconds), target: 1 };
  };
};

const rival = (
  metric: Metric,
  behavior: HpaBehavior,
  { phaseSeconds }: RivalOptions,
  floorOf: (limits: TierLimits) => number,
): TierPolicy => {
  const hpa = newHpa(behavior);
  let last: PolicyDecision | undefined;
  return (input, limits) => {
    const now = secondsOf(input);
    const { total, target } = metric(input, limits, now);
    if (last !== undefined && (now - phaseSeconds) % SYNC_SECONDS !== 0) return { ...last, replicas: input.replicas };
    const max = Math.min(limits.max, limits.ceiling);
    const min = Math.min(max, Math.max(limits.min, floorOf(limits)));
    const wanted = Math.max(min, desiredByAverage(total, target, input.replicas, behavior.tolerance));
    const replicas = hpa(wanted, input.replicas, min, max, now);
    const limitedBy = wanted > max ? 'Max' : replicas < wanted ? 'Policy' : wanted > min ? 'Load' : 'Min';
    last = { replicas, wanted, limitedBy: replicas > wanted ? 'Stabilisation' : limitedBy, isForLoad: wanted > min };
    return last;
  };
};

export const hpaDefault = (options: RivalOptions): TierPolicy =>
  rival(prometheusRate(SCRAPE_SECONDS, PROMETHEUS_RANGE_SECONDS), DEFAULT_BEHAVIOR, options, () => 0);

export const kedaDefault = (options: RivalOptions): TierPolicy => rival(lag(), DEFAULT_BEHAVIOR, options, () => 0);

const EXPERT_BEHAVIOR: HpaBehavior = { ...DEFAULT_BEHAVIOR, tolerance: 0.03, up: { percent: 0, pods: 10_000 } };

export const kedaExpert = (options: RivalOptions): TierPolicy =>
  rival(expertFormula(), EXPERT_BEHAVIOR, options, ({ scheduleFloor }) => scheduleFloor);
