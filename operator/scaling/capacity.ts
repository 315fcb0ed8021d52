/** What one replica really does per second, learned while there is more to do than is done. Pure. */
import { arrivalRate, excessBacklog, lastValue } from './demand.ts';
import type { ThroughputSample, TierInput, TierLimits, TierMemory } from './types.ts';

/** Pods that just became Ready distort a mean; after this long at one size they don't. */
const SETTLED_MS = 10_000;
const KEEP = 0.9;
/** Per tick without more to do than is done: what one bad hour taught is forgotten within the next. */
const FORGOTTEN = 0.001;
const [LEAST, MOST] = [0.5, 1.5] as const;

/**
 * µ̂ as it counts: within half and one and a half times what was declared, so that a bad hour, or a spec that was edited
 * since, can't lead it astray. Declared 20/s, learned 7/s: 10/s.
 */
export const capacityOf = (
  { capacityPerReplica }: Pick<TierLimits, 'capacityPerReplica'>,
  { capacityPerReplica: learned = capacityPerReplica }: Pick<TierMemory, 'capacityPerReplica'>,
): number => Math.min(MOST * capacityPerReplica, Math.max(LEAST * capacityPerReplica, learned));

/**
 * The last 10 s and the sample before them; none while a metric that they are made of is missing. A tier without a queue
 * teaches nothing: what it turned away may have been wrong, too early or throttled, and says nothing of what it can.
 */
export const sampled = (samples: readonly ThroughputSample[], input: TierInput): readonly ThroughputSample[] => {
  const { nowMs, ready, served, arrivals, backlog, dueBack } = input;
  if (
    served?.kind !== 'fresh' ||
    arrivals.kind !== 'fresh' ||
    backlog?.kind === 'stale' ||
    backlog?.kind === 'absent'
  ) {
    return [];
  }
  const last = samples.at(-1);
  const known = last !== undefined && last.atMs > nowMs ? [] : samples.filter(({ atMs }) => atMs < nowMs);
  const from = known.findLastIndex(({ atMs }) => atMs <= nowMs - SETTLED_MS);
  const sample = {
    atMs: nowMs,
    ready,
    servedPerSecond: served.value,
    arrivalsPerSecond: arrivalRate(arrivals.value) + (lastValue(dueBack)?.perSecond ?? 0),
    // One that waits for work says what came, not what it can.
    isBusy: excessBacklog(arrivals, backlog) > 0,
  };
  return [...known.slice(Math.max(0, from)), sample];
};

const lowerQuartile = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 4)] ?? 0;

/**
 * µ̂ ← 0.9·µ̂ + 0.1·P25(served / ready), only when busy and of one size for 10 s. The lower quartile: a replica counts
 * with what it does on a worse second. Declared 20/s, ten pods serve 150/s: 19.5/s after one tick, 15.7/s after 20.
 */
export const learnedCapacity = (limits: TierLimits, memory: TierMemory): number | undefined => {
  const { capacityPerReplica: before, samples = [] } = memory;
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < SETTLED_MS || last.ready === 0)
    return before;
  if (samples.every((sample) => !sample.isBusy)) {
    return before === undefined ? undefined : before + FORGOTTEN * (limits.capacityPerReplica - before);
  }
  if (!samples.every((sample) => sample.isBusy && sample.ready === last.ready)) return before;
  const measured = lowerQuartile(samples.map(({ servedPerSecond }) => servedPerSecond / last.ready));
  const next = KEEP * capacityOf(limits, memory) + (1 - KEEP) * measured;
  return capacityOf(limits, { capacityPerReplica: next });
};
