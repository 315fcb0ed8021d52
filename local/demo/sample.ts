/** One second of a run: the crowd's figures and the state of the campaign. */
import type { LoadStats } from '../load/stats.ts';
import type { StackSnapshot, TierSnapshot } from '../stack.ts';

export type TierSample = Pick<TierSnapshot, 'ready' | 'desired' | 'ceiling' | 'limitedBy' | 'explanation'>;

export interface Sample {
  readonly atMs: number;
  /** Seconds since opening, negative before. */
  readonly seconds: number;
  readonly stage: string;
  /** Since the sample before, as citizens see it. */
  readonly sentPerSecond: number;
  readonly acknowledgedPerSecond: number;
  readonly shedPerSecond: number;
  readonly failedPerSecond: number;
  readonly p99Ms: number | undefined;
  /** Citizens who wait for their receipt. */
  readonly inFlight: number;
  /** Citizens in the waiting room, in round numbers. Absent: none, or unknown. */
  readonly queue?: number;
  /** undefined: unknown, which is not zero. */
  readonly backlog: number | undefined;
  readonly oldestSeconds: number | undefined;
  readonly intake: TierSample | undefined;
  readonly records: TierSample | undefined;
  /** Registrations without a verdict; undefined: unknown, or the campaign verifies nothing. */
  readonly unverified: number | undefined;
}

/** `before` and `load`: the last two lines of the generator; equal when there is no new one. */
export const sampleOf = (
  { atMs, stage, waiting, backlog, oldestSeconds, tiers: { intake, records, verification } }: StackSnapshot,
  opensAtMs: number,
  before: LoadStats | undefined,
  load: LoadStats | undefined,
): Sample => {
  const elapsedMs = load === undefined ? 0 : before === undefined ? 1000 : load.atMs - before.atMs;
  const perSecond = (counter: 'sent' | 'acknowledged' | 'shed' | 'failed'): number =>
    load === undefined || elapsedMs <= 0 ? 0 : ((load[counter] - (before?.[counter] ?? 0)) / elapsedMs) * 1000;
  return {
    atMs,
    seconds: (atMs - opensAtMs) / 1000,
    stage,
    sentPerSecond: perSecond('sent'),
    acknowledgedPerSecond: perSecond('acknowledged'),
    shedPerSecond: perSecond('shed'),
    failedPerSecond: perSecond('failed'),
    p99Ms: load === undefined || load.p99Ms === 0 ? undefined : load.p99Ms,
    inFlight: load?.inFlight ?? 0,
    ...(waiting === undefined ? {} : { queue: waiting.citizens }),
    backlog,
    oldestSeconds,
    intake,
    records,
    unverified: verification?.backlog,
  };
};
