/**
 * Rebuilds a lost database from the journal: every shard from its first message, with the commit of the workers. The commit is a join,
 * so a rebuild may run beside workers, on a partly filled database, or twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JournalReplay } from '../../journal/reading.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { CommitError, type Message, settle } from '../worker/part.ts';
import { COMMIT_BACKOFF } from '../worker/run-worker.ts';
import { type RecordsCommit, recordsPart } from './part.ts';
import type { RecordsStore } from './ports.ts';

export interface RebuildProgress {
  readonly done: number;
  /** Messages that were in the journal at the start. */
  readonly total: number;
  readonly rejected: number;
  readonly elapsedMs: number;
}

export interface RebuildDeps {
  readonly campaignId: string;
  readonly shards: number;
  readonly replay: JournalReplay;
  readonly store: RecordsStore;
  /** Called about once a second, and at the end. */
  readonly progress: (progress: RebuildProgress) => void;
  readonly random?: () => number;
}

const REPORT_EVERY_MS = 1_000;
const ATTEMPTS = 12;

/** Worked example: 1,000,000 of 3,310,000 after 50 s: 20000/s, 2,310,000 / 20,000 = 116 s left. */
export const progressLine = ({ done, total, rejected, elapsedMs }: RebuildProgress): string => {
  const perSecond = elapsedMs === 0 ? 0 : (done / elapsedMs) * 1000;
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const left = perSecond === 0 ? 'unknown' : `${Math.ceil((total - done) / perSecond)} s`;
  const setAside = rejected === 0 ? '' : `, ${rejected} set aside`;
  return `rebuilt ${done} of ${total} messages (${percent} %), ${Math.round(perSecond)}/s, ${left} left${setAside}`;
};

/** Retries, so that a short outage of the database does not end an hour's work. */
const commitWithRetries = async (
  { store, campaignId, random = Math.random }: RebuildDeps,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<readonly RecordsCommit[]> => {
  for (let failures = 1; ; failures += 1) {
    try {
      return await settle(recordsPart(store, campaignId), messages, signal);
    } catch (error) {
      const again = error instanceof CommitError && error.kind === 'unavailable' && failures < ATTEMPTS;
      if (!again) throw error;
      await delay(backoffMs(failures, COMMIT_BACKOFF, random()), undefined, { signal });
    }
  }
};

/** Resolves when all that the journal held at the start is in the database. */
export const rebuildRecords = async (deps: RebuildDeps, signal: AbortSignal): Promise<RebuildProgress> => {
  const shards = Array.from({ length: deps.shards }, (_, shard) => shard);
  const startedAt = performance.now();
  const last = await Promise.all(shards.map((shard) => deps.replay.lastSequence(shard, signal)));
  const total = last.reduce((sum, sequence) => sum + sequence, 0);
  let done = 0;
  let rejected = 0;
  let reportedAt = startedAt;
  const now = (): RebuildProgress => ({ done, total, rejected, elapsedMs: performance.now() - startedAt });

  // One shard's failure ends the others, so that nothing is written after the caller knows of the failure.
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const rebuildShard = async (shard: number): Promise<void> => {
    for await (const batch of deps.replay.replay(shard, 1, both)) {
      const messages = batch.map((message) => ({ shard, ...message }));
      const commits = await commitWithRetries(deps, messages, both);
      // The last batch may contain messages that arrived after the start and are not in the total.
      done = Math.min(total, done + messages.length);
      for (const { setAside } of commits) rejected += setAside.length;
      if (performance.now() - reportedAt < REPORT_EVERY_MS) continue;
      reportedAt = performance.now();
      deps.progress(now());
    }
  };
  const outcomes = await Promise.allSettled(
    shards.map((shard) =>
      rebuildShard(shard).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw stop.signal.aborted ? stop.signal.reason : failed.reason;
  deps.progress(now());
  return now();
};
