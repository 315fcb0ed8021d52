/** Compares again and again, until the list of the draw is made. */
import { setTimeout as delay } from 'node:timers/promises';
import { type DifferencesReport, MOST_DIFFERENCES } from '../../contract/compare.ts';
import { afterRound, type Findings, noFindings } from './differences.ts';
import type { JournalState } from './journal-state.ts';
import type { CompareDatabase, CompareJournal } from './ports.ts';
import { askCommitted, compareOnce, type RoundResult } from './round.ts';

export interface CompareDeps {
  readonly shards: number;
  readonly state: JournalState;
  readonly journal: CompareJournal;
  readonly database: CompareDatabase;
  /** Whether the list is made. @throws Error when that is unknown */
  readonly isListed: (signal: AbortSignal) => Promise<boolean>;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly onRound: (result: RoundResult, findings: Findings, tookMs: number) => void;
  /** Journal or database do not answer; it is retried. */
  readonly onError: (error: unknown) => void;
  readonly pace?: Pace;
}

interface Pace {
  readonly leastMs: number;
  readonly mostMs: number;
  readonly confirmAfterMs: number;
}

/** A round reads the whole database, so it takes about a twentieth of the time, and small campaigns are compared more often. */
const SHARE_OF_TIME = 20;
/** A deposed leader of the journal answers for up to 20 s. */
const PACE: Pace = { leastMs: 5_000, mostMs: 60_000, confirmAfterMs: 20_000 };
/** The freeze waits for the next round. */
const FREEZING_MS = 1_000;
const AFTER_FAILURE_MS = 2_000;
/** A Job's pod template can't be changed: after an upgrade its pod is of the release before, until it ends. */
const LONGEST_MS = 12 * 3_600_000;

/**
 * Until the next round begins.
 *
 * | the last round            | barriers above the watermark | wait                                 |
 * |---------------------------|------------------------------|--------------------------------------|
 * | failed, or was behind     | any                          | 2 s                                  |
 * | compared                  | yes                          | 1 s, or as long as the round took    |
 * | compared                  | no                           | 20 times as long, from 5 s to 60 s   |
 */
export const pauseMs = (
  result: RoundResult | undefined,
  tookMs: number,
  isFreezing: boolean,
  { leastMs, mostMs }: Pick<Pace, 'leastMs' | 'mostMs'> = PACE,
): number => {
  if (result?.kind !== 'compared') return Math.max(AFTER_FAILURE_MS, tookMs);
  if (isFreezing) return Math.max(FREEZING_MS, tookMs);
  return Math.max(leastMs, Math.min(mostMs, tookMs * SHARE_OF_TIME));
};

export const differencesReport = ({ confirmed, buckets, roundAtMs }: Findings): DifferencesReport => ({
  ...(roundAtMs === undefined ? {} : { comparedAt: new Date(roundAtMs).toISOString() }),
  rows: confirmed.length,
  buckets: confirmed.length === 0 ? 0 : buckets.length,
  differences: confirmed.slice(0, MOST_DIFFERENCES),
});

/**
 * `listed`: the list is made. `renewed`: it has run for so long that a pod of the newest release takes over. Rejects with the signal.
 */
export const keepComparing = async (deps: CompareDeps, signal: AbortSignal): Promise<'listed' | 'renewed'> => {
  const { state, now, monotonicMs, pace = PACE } = deps;
  const committed = Array.from({ length: deps.shards }, () => 0);
  const named = new Map<string, readonly string[]>();
  const startedMs = monotonicMs();
  let findings = noFindings(deps.shards);
  for (;;) {
    signal.throwIfAborted();
    const beganMs = monotonicMs();
    let result: RoundResult | undefined;
    const isFreezing = (): boolean =>
      state.barriers().some((barrier, shard) => barrier > (findings.watermarks[shard] ?? 0));
    try {
      if (!state.barriers().some((barrier) => barrier > 0)) {
        if (beganMs - startedMs > LONGEST_MS) return 'renewed';
      } else if (await deps.isListed(signal)) return 'listed';
      const atMs = now();
      // Everything that was there at the start, before a snapshot of the database waits for it.
      await askCommitted({ ...deps, committed }, signal);
      await state.readOn(signal, committed);
      result = await compareOnce({ ...deps, committed, named }, signal);
      if (result.kind === 'compared') findings = afterRound(findings, { ...result, atMs }, pace.confirmAfterMs);
      deps.onRound(result, findings, monotonicMs() - beganMs);
    } catch (error) {
      signal.throwIfAborted();
      deps.onError(error);
    }
    await delay(pauseMs(result, monotonicMs() - beganMs, isFreezing(), pace), undefined, { signal });
  }
};
