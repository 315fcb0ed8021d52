import { describe, expect, it } from '@jest/globals';
import type { JournalFault } from '../../../contract/journal-health.ts';
import type { JournalAdmin, JournalState } from '../../../journal/administration.ts';
import { JournalKeeper } from '../../../operator/tick/journal-keeper.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { journalSpec, never } from '../../helpers/real-journal.ts';

const READY: JournalState = { kind: 'ready', durability: 'Synced', replicas: 3, message: '', faults: [] };
const frozen: JournalFault = { kind: 'unreachable', server: 'nats-1', sinceMs: 0 };

const keeperOf = () => {
  const world = { asked: 0, faults: [] as readonly JournalFault[] };
  const journal: Pick<JournalAdmin, 'ensure' | 'faults'> = {
    async ensure() {
      world.asked += 1;
      return READY;
    },
    faults: () => world.faults,
  };
  const clock = new FakeClock();
  const nothing = async (): Promise<never> => {
    throw new Error('not asked for here');
  };
  const keeper = new JournalKeeper(clock, { ...journal, remove: nothing, backlog: nothing, putLiveSettings: nothing });
  return { world, clock, keeper };
};

describe('the keeper of a journal', () => {
  it('tells what is wrong by now, between two looks at the streams, and looks again sooner', async () => {
    const { world, clock, keeper } = keeperOf();
    await keeper.keep(journalSpec(), never);
    expect(keeper.state).toEqual(READY);
    world.faults = [frozen];
    expect(keeper.state).toEqual({ ...READY, faults: [frozen] });
    await clock.advance(4_000);
    await keeper.keep(journalSpec(), never);
    expect(world.asked).toBe(2);
    world.faults = [];
    await clock.advance(4_000);
    await keeper.keep(journalSpec(), never);
    expect(world.asked).toBe(2);
  });
});
