/**
 * The autoscalers that people use today, each as its documentation sets it up, on the same metrics and the same plant.
 *
 * | policy       | metric                                        | cluster and behaviour                        |
 * |--------------|-----------------------------------------------|----------------------------------------------|
 * | hpa-default  | arrivals by Prometheus rate[1m], scraped every 15 s, target ρ·µ a pod | 15 s sync, defaults |
 * | keda-default | JetStream lag, lagThreshold 10; without a queue as hpa-default | 15 s sync, defaults; the polling interval of 30 s counts only from zero |
 * | keda-expert  | scalingModifiers: arrivals / (ρ·µ) + lag / (µ·D), rates over 5 s | 15 s sync, no limit upwards, tolerance 0.03, a cron floor |
 * | keda-expert-1s | as keda-expert                              | 1 s sync |
 * | no-autoscaler  | none                                        | replicas stay at the minimum or the cron floor |
 *
 * None of them knows a ceiling that an owner holds: theirs is maxReplicas, the lower of maximum and ceiling.
 */
import { lastValue } from '../../operator/scaling/demand.ts';
import type { TierInput, TierLimits } from '../../operator/scaling/types.ts';
import { DEFAULT_BEHAVIOR, desiredByAverage, type HpaBehavior, newHpa } from './hpa.ts';
import type { PolicyDecision, PolicyFactory, TierPolicy } from './policy.ts';

const SYNC_SECONDS = 15;
const SCRAPE_SECONDS = 15;
const PROMETHEUS_RANGE_SECONDS = 60;
const LAG_THRESHOLD = 10;
const EXPERT_RATE_SECONDS = 5;

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
/** They count requests: who comes again is one more. */
const attempted = ({ arrivals, dueBack }: TierInput): number =>
  (lastValue(arrivals)?.over1s ?? 0) + (lastValue(dueBack)?.perSecond ?? 0);

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

/** How often the HorizontalPodAutoscaler looks, and in which second of that. */
interface Sync {
  readonly everySeconds: number;
  readonly phaseSeconds: number;
}

const rival = (
  metric: Metric,
  behavior: HpaBehavior,
  { everySeconds, phaseSeconds }: Sync,
  floorOf: (limits: TierLimits) => number = () => 0,
): TierPolicy => {
  const hpa = newHpa(behavior);
  let last: PolicyDecision | undefined;
  return (input, limits) => {
    const now = secondsOf(input);
    const { total, target } = metric(input, limits, now);
    if (last !== undefined && (now - phaseSeconds) % everySeconds !== 0) return { ...last, replicas: input.replicas };
    const max = Math.min(limits.max, limits.ceiling);
    const min = Math.min(max, Math.max(limits.min, floorOf(limits)));
    const wanted = Math.max(min, desiredByAverage(total, target, input.replicas, behavior.tolerance));
    const replicas = hpa(wanted, input.replicas, min, max, now);
    const limitedBy = wanted > max ? 'Max' : replicas < wanted ? 'Policy' : wanted > min ? 'Load' : 'Min';
    last = { replicas, wanted, limitedBy: replicas > wanted ? 'Stabilisation' : limitedBy, isForLoad: wanted > min };
    return last;
  };
};

export const hpaDefault: PolicyFactory = ({ phaseSeconds }) =>
  rival(prometheusRate(SCRAPE_SECONDS, PROMETHEUS_RANGE_SECONDS), DEFAULT_BEHAVIOR, {
    everySeconds: SYNC_SECONDS,
    phaseSeconds,
  });

export const kedaDefault: PolicyFactory = ({ phaseSeconds }) =>
  rival(lag(), DEFAULT_BEHAVIOR, { everySeconds: SYNC_SECONDS, phaseSeconds });

const EXPERT_BEHAVIOR: HpaBehavior = { ...DEFAULT_BEHAVIOR, tolerance: 0.03, up: { percent: 0, pods: 10_000 } };

const expert =
  (everySeconds: number): PolicyFactory =>
  ({ phaseSeconds }) =>
    rival(expertFormula(), EXPERT_BEHAVIOR, { everySeconds, phaseSeconds }, ({ scheduleFloor }) => scheduleFloor);

export const kedaExpert = expert(SYNC_SECONDS);
/** `--horizontal-pod-autoscaler-sync-period=1s`, which only who runs the control plane can set. */
export const kedaExpertEachSecond = expert(1);

/** Replicas stay at the minimum, or at the cron floor: what the crowd meets when nothing reacts to it. */
export const noAutoscaler: PolicyFactory = () => (_input, limits) => {
  const wanted = Math.max(limits.min, limits.scheduleFloor);
  const replicas = Math.min(limits.max, limits.ceiling, wanted);
  return { replicas, wanted, limitedBy: 'Min', isForLoad: false };
};
