/** Scale-ups that do not raise throughput: a downstream system is the bottleneck, so admission is reduced. Pure. */
import type { Saturation, ThroughputSample, TierMemory } from './types.ts';

/** A scale-up counts once its pods have been Ready for this long; several batches of a slow database (app/worker/batch-size.ts). */
const SETTLED_MS = 10_000;
/** Smaller growth can't be distinguished from chance. */
const GROWTH = 1.1;
const LEAST_EFFECT = 0.1;
const USELESS_SCALE_UPS = 2;
/** Below what came through, so that the backlog shrinks. */
const ADMITTED = 0.9;
/** Of the throughput when it began, and at least one replica's work: a database that answers nothing for a minute must not shut the door for good. */
const LEAST_ADMITTED = 0.1;
/** Per second while nothing waits: admission rises, so that the law sees when the downstream system takes more again. */
const PROBE = 1.01;
/** What comes in batches is uneven; a smaller recovery lets the backlog drain and then more in, second by second. */
const RECOVERED = 1.5;

interface Settled {
  readonly leastReady: number;
  readonly mostReady: number;
  readonly servedPerSecond: number;
}

/** The last 10 s; undefined when they weren't seen, or weren't busy throughout. */
const settled = (samples: readonly ThroughputSample[], anyLoad: boolean): Settled | undefined => {
  const untilMs = samples.at(-1)?.atMs ?? 0;
  const recent = samples.filter(({ atMs }) => atMs > untilMs - SETTLED_MS);
  if (recent.length === samples.length || !(anyLoad || recent.every(({ isBusy }) => isBusy))) return undefined;
  const ready = recent.map((sample) => sample.ready);
  const total = recent.reduce((sum, { servedPerSecond }) => sum + servedPerSecond, 0);
  return { leastReady: Math.min(...ready), mostReady: Math.max(...ready), servedPerSecond: total / recent.length };
};

type Verdict = Pick<TierMemory, 'trial' | 'saturation'>;

/**
 * Two scale-ups in a row that brought less than a tenth of the expected throughput. 10 busy replicas write 100/s of
 * their 200/s; at 11 it should be 20/s more, at least 2/s, and stays 100/s; at 13 again: saturated, and 90/s are let in.
 */
const tried = (trial: TierMemory['trial'], now: Settled, capacityPerReplica: number, nowMs: number): Verdict => {
  const { leastReady, mostReady, servedPerSecond } = now;
  if (trial === undefined) return { trial: { ready: mostReady, servedPerSecond, useless: 0 } };
  if (leastReady < Math.max(trial.ready + 1, trial.ready * GROWTH)) return { trial };
  const expected = capacityPerReplica * (leastReady - trial.ready);
  const isUseless = servedPerSecond - trial.servedPerSecond < LEAST_EFFECT * expected;
  const useless = isUseless ? trial.useless + 1 : 0;
  // Beside a second that was bad by chance, everything looks like a gain.
  const best = isUseless ? Math.max(trial.servedPerSecond, servedPerSecond) : servedPerSecond;
  if (useless < USELESS_SCALE_UPS) return { trial: { ready: mostReady, servedPerSecond: best, useless } };
  const perReplica = servedPerSecond / leastReady;
  return { saturation: { sinceMs: nowMs, perReplica, admissionPerSecond: ADMITTED * servedPerSecond } };
};

/**
 * | saturated and                                        | then                                   |
 * |------------------------------------------------------|----------------------------------------|
 * | throughput of a replica half as much again as at first | over                                   |
 * | nothing waits, and no more arrive than are let in    | over: demand fell                      |
 * | nothing waits, more arrive                           | 1 % more is let in, every second       |
 * | something waits                                      | 90 % of what comes through, at least one replica's work |
 * | throughput unknown                                   | as it is                               |
 */
const onwards = (
  saturation: Saturation,
  now: Settled | undefined,
  last: ThroughputSample | undefined,
  capacityPerReplica: number,
): Verdict => {
  if (now === undefined || last === undefined || now.leastReady === 0) return { saturation };
  const { leastReady, servedPerSecond } = now;
  const recovered = Math.max(RECOVERED * saturation.perReplica, LEAST_ADMITTED * capacityPerReplica);
  if (servedPerSecond / leastReady >= recovered) return {};
  const { admissionPerSecond: before } = saturation;
  if (!last.isBusy && last.arrivalsPerSecond <= before) return {};
  const next = last.isBusy ? ADMITTED * servedPerSecond : before * PROBE;
  // Not a share of what all replicas could: of many, that is more than a slow database takes.
  const least = Math.max(capacityPerReplica, LEAST_ADMITTED * saturation.perReplica * leastReady);
  const admissionPerSecond = Math.max(next, least);
  return { saturation: { ...saturation, admissionPerSecond } };
};

/** What the samples until the tick before make of trial and saturation; once for every new tick. */
export const downstream = (
  { trial, saturation, samples = [] }: Pick<TierMemory, 'trial' | 'saturation' | 'samples'>,
  capacityPerReplica: number,
): Verdict => {
  const last = samples.at(-1);
  if (saturation !== undefined) return onwards(saturation, settled(samples, true), last, capacityPerReplica);
  const now = settled(samples, false);
  if (now !== undefined && last !== undefined) return tried(trial, now, capacityPerReplica, last.atMs);
  // A gap in the metric does not end the trial; an empty backlog does.
  return last?.isBusy === false || trial === undefined ? {} : { trial };
};
