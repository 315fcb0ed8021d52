/** What a round does while the database's snapshot is open. */
import { describe, expect, it } from '@jest/globals';
import { createJournalState } from '../../../app/compare/journal-state.ts';
import type { CompareDatabase, Snapshot } from '../../../app/compare/ports.ts';
import { compareOnce } from '../../../app/compare/round.ts';

const SHARDS = 1;
const signal = AbortSignal.timeout(20_000);

/** @param refused how many messages the database has refused, at each of its snapshots */
const world = (refused: readonly number[]) => {
  let isOpen = false;
  let opened = 0;
  const reads = { open: 0, closed: 0 };
  const journal = {
    // No message is there: a refused one is asked for by its position all the same.
    async *replay(_shard: number, from: number) {
      if (from > 1) reads[isOpen ? 'open' : 'closed'] += 1;
      yield [];
    },
    committed: async () => [0],
  };
  const database: CompareDatabase = {
    async snapshot(work) {
      const count = refused[Math.min(opened, refused.length - 1)] ?? 0;
      opened += 1;
      const snapshot: Snapshot = {
        notRecorded: async () => ({
          refused: Array.from({ length: count }, (_, index) => ({ shard: 0, sequence: index + 2 })),
          keptReceipts: [],
        }),
        sums: async () => [],
        rows: async () => [],
        columns: async () => undefined,
      };
      isOpen = true;
      try {
        return await work(snapshot);
      } finally {
        isOpen = false;
      }
    },
  };
  const state = createJournalState('spring', SHARDS, journal);
  const round = () => compareOnce({ state, journal, database, committed: [0], named: new Map() }, signal);
  return { round, reads };
};

describe('a round of the comparison', () => {
  it('reads refused messages before its snapshot, and only the new ones in it', async () => {
    const { round, reads } = world([3_000, 3_040]);
    expect(await round()).toMatchObject({ kind: 'compared' });
    expect(reads).toEqual({ closed: 3_000, open: 40 });
    expect(await round()).toMatchObject({ kind: 'compared' });
    expect(reads).toEqual({ closed: 3_000, open: 40 });
  });

  it('ends where more are refused meanwhile than may be read in it, and the next one continues', async () => {
    const { round, reads } = world([0, 1_000]);
    expect(await round()).toEqual({ kind: 'behind', who: 'records' });
    expect(reads).toEqual({ closed: 0, open: 101 });
    expect(await round()).toMatchObject({ kind: 'compared' });
    expect(reads).toEqual({ closed: 899, open: 101 });
  });

  it('says nothing where the database has refused more than can be left out', async () => {
    const { round, reads } = world([200_001]);
    expect(await round()).toEqual({ kind: 'behind', who: 'records' });
    expect(reads).toEqual({ closed: 0, open: 0 });
  });
});
