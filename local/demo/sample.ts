/** One second of a run: what the crowd did and what the operator made of it. */
import type { LoadStats } from '../load/stats.ts';
import type { StackSnapshot } from '../stack.ts';

export interface TierSample {
  readonly ready: number;
  readonly desired: number;
  readonly ceiling: number;
  readonly limitedBy: string;
  readonly explanation: string;
}

export interface Sample {
  readonly atMs: number;
  /** Seconds since opening, negative before. */
  readonly seconds: number;
  readonly stage: string;
  /** Per second since the sample before, as the citizens saw it. */
  readonly sentPerSecond: number;
  readonly acknowledgedPerSecond: number;
  readonly shedPerSecond: number;
  readonly failedPerSecond: number;
  readonly p99Ms: number | undefined;
  /** Citizens who wait for their receipt. */
  readonly inFlight: number;
  /** undefined: unknown, which is not zero. */
  readonly backlog: number | undefined;
  readonly oldestSeconds: number | undefined;
  readonly intake: TierSample | undefined;
  readonly records: TierSample | undefined;
}

const tierOf = (tier: StackSnapshot['tiers']['intake']): TierSample | undefined =>
  tier === undefined
    ? undefined
    : {
        ready: tier.ready,
        desired: tier.desired,
        ceiling: tier.ceiling,
        limitedBy: tier.limitedBy,
        explanation: tier.explanation,
      };

const perSecond = (
  counter: 'sent' | 'acknowledged' | 'shed' | 'failed',
  before: LoadStats | undefined,
  now: LoadStats | undefined,
): number => {
  if (now === undefined) return 0;
  const elapsedMs = before === undefined ? 1000 : now.atMs - before.atMs;
  if (elapsedMs <= 0) return 0;
  return ((now[counter] - (before?.[counter] ?? 0)) / elapsedMs) * 1000;
};

/** `before` and `load`: the generator's last two lines; equal when no new one came. */
export const sampleOf = (
  snapshot: StackSnapshot,
  opensAtMs: number,
  before: LoadStats | undefined,
  load: LoadStats | undefined,
): Sample => ({
  atMs: snapshot.atMs,
  seconds: (snapshot.atMs - opensAtMs) / 1000,
  stage: snapshot.stage,
  sentPerSecond: perSecond('sent', before, load),
  acknowledgedPerSecond: perSecond('acknowledged', before, load),
  shedPerSecond: perSecond('shed', before, load),
  failedPerSecond: perSecond('failed', before, load),
  p99Ms: load === undefined || load.p99Ms === 0 ? undefined : load.p99Ms,
  inFlight: load?.inFlight ?? 0,
  backlog: snapshot.backlog,
  oldestSeconds: snapshot.oldestSeconds,
  intake: tierOf(snapshot.tiers.intake),
  records: tierOf(snapshot.tiers.records),
});
