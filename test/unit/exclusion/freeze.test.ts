/** The freeze and the lists of earlier winners: it waits for them, and fixes their digests. */
import { describe, expect, it } from '@jest/globals';
import { frozenSchema, readExcludedWinners } from '../../../contract/decisions/control-schema.ts';
import type { ExcludedWinners } from '../../../contract/decisions/exclusion.ts';
import { createExclusionKeeper } from '../../../operator/exclusion/exclusion-keeper.ts';
import { FreezeKeeper } from '../../../operator/freeze/freeze-keeper.ts';
import type { FreezeRequest } from '../../../operator/freeze/freeze-steps.ts';
import { AGREEING } from '../../helpers/comparison.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeFreezeJournal } from '../../helpers/fake-freeze-journal.ts';

const never = new AbortController().signal;
const CLOSES = 1_000_000;
const winners: ExcludedWinners = {
  v: 1,
  campaignId: 'autumn',
  at: '2027-01-01T00:00:00.000Z',
  of: 'spring',
  entries: 3,
  digest: 'ab'.repeat(32),
  chunkBits: 0,
  winners: 4,
  unreadable: 1,
};
const excluded = [{ of: 'spring', entries: 3, digest: 'ab'.repeat(32), chunkBits: 0 }];

const freezeWith = async (changes: Partial<FreezeRequest>) => {
  const clock = new FakeClock(CLOSES + 60_000);
  const journal = new FakeFreezeJournal();
  journal.published = { closesAtMs: CLOSES };
  const keeper = new FreezeKeeper({ clock, journal: journal.access(), shards: 3, site: 'default' });
  const request: FreezeRequest = {
    campaignId: 'autumn',
    closesAtMs: CLOSES,
    unverified: 'unchecked',
    tiers: ['intake'],
    deferredBy: [],
    ownClock: 'agrees',
    comparison: AGREEING,
    ...changes,
  };
  for (let second = 0; second < 5; second += 1) {
    keeper.keep(request, never);
    await keeper.settled();
    await clock.advance(1_000);
  }
  return { state: keeper.state, entries: journal.entries, barriers: journal.barriers };
};

describe('the freeze', () => {
  it('waits for a missing list, and names the campaign', async () => {
    const { state, entries, barriers } = await freezeWith({ excluded: [], notExcluded: ['spring-2027'] });
    expect(state).toEqual({
      kind: 'waiting',
      waiting: { why: 'WaitingForEarlierWinners', campaigns: ['spring-2027'] },
    });
    expect([entries, barriers]).toEqual([[], 0]);
  });

  it('fixes the digest of each list, in an entry that is read again as it was', async () => {
    const { entries } = await freezeWith({ excluded, notExcluded: [] });
    expect(entries).toMatchObject([{ campaignId: 'autumn', excluded }]);
    expect(frozenSchema.parse(JSON.parse(JSON.stringify(entries[0])))).toEqual(entries[0]);
  });

  it('says nothing of lists in a campaign that excludes no one', async () => {
    const { entries } = await freezeWith({});
    expect(entries).toHaveLength(1);
    expect(entries[0]).not.toHaveProperty('excluded');
  });
});

describe('the keeper of lists', () => {
  it('asks again until there is one, and not afterwards; a journal that is silent is no list', async () => {
    const clock = new FakeClock(0);
    const journal = new FakeFreezeJournal();
    let isSilent = true;
    const access = journal.access(async (_, perform) => {
      if (isSilent) throw new Error('no answer');
      return perform();
    });
    const keeper = createExclusionKeeper({ clock, journal: access });
    const look = async (): Promise<string | undefined> => {
      keeper.keep('autumn', ['spring'], never);
      await keeper.settled();
      await clock.advance(5_000);
      return keeper.states().get('spring')?.kind;
    };
    expect(await look()).toBe('unknown');
    isSilent = false;
    expect(await look()).toBe('absent');
    journal.excluded.set('spring', winners);
    expect(await look()).toBe('listed');
    const asked = journal.calls.length;
    isSilent = true;
    expect(await look()).toBe('listed');
    expect(journal.calls).toHaveLength(asked);
  });

  it('an entry of another shape is refused by its fields', () => {
    expect(() => readExcludedWinners({ ...winners, digest: 'x' })).toThrow(
      "the entry excluded of the control stream can't be read: digest: invalid_format",
    );
    expect(readExcludedWinners({ ...winners, later: 1 })).toEqual(winners);
  });
});
