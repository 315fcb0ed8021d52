/** The operator's keys of the waiting room on a real nats-server: two operators never write over each other. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { servingAt } from '../../../contract/crowd/queue.ts';
import type { QueueStore } from '../../../journal/administration.ts';
import { QueueKeeper } from '../../../operator/queue/queue-keeper.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const ID = 'spring';
let journal: RealJournal;
let store: QueueStore;
beforeAll(async () => {
  journal = await startRealJournal({ syncAlways: false });
  await journal.ensured();
  const { queue } = journal.admin;
  if (queue === undefined) throw new Error('no store');
  store = queue;
});
afterAll(() => journal?.stop());

const paceNow = () => patiently('the pace', () => store.pace(ID, never));

describe('the keys of the waiting room', () => {
  it('hold nothing at first: the first number is 1', async () => {
    expect(await paceNow()).toEqual({ value: undefined, revision: 0 });
    expect(await patiently('the shuffle', () => store.shuffle(ID, never))).toBeUndefined();
    expect(await patiently('the number', () => store.nextNumber(ID, never))).toBe(1);
  });

  it('keep the first order that is drawn', async () => {
    const drawn = { v: 1, seed: 'a'.repeat(64), count: 7 } as const;
    await patiently('a write', () => store.createShuffle(ID, drawn, never));
    expect(await store.createShuffle(ID, { ...drawn, seed: 'b'.repeat(64) }, never)).toBe(false);
    expect(await patiently('the shuffle', () => store.shuffle(ID, never))).toEqual(drawn);
  });

  it('take one pace of two that follow the same one', async () => {
    const { revision } = await paceNow();
    const pace = { v: 1, base: 0, ratePerSecond: 10, since: '2027-03-01T02:00:00.000Z' } as const;
    const results = await Promise.all([
      store.writePace(ID, pace, revision, never),
      store.writePace(ID, { ...pace, ratePerSecond: 20 }, revision, never),
    ]);
    expect(results.filter((result) => result === undefined)).toHaveLength(1);
  });

  it('never let serving fall while two operators write', async () => {
    const clock = new FakeClock(Date.parse('2027-03-01T02:00:10Z'));
    const keepers = [1, 2].map(() => new QueueKeeper({ clock, store, onFailure: () => undefined }));
    let before = 0;
    let written = 0;
    for (let step = 0; step < 40; step += 1) {
      const request = { campaignId: ID, nowMs: clock.now(), isOpen: true, isClosed: false, hasQueue: true };
      for (const [index, keeper] of keepers.entries()) {
        keeper.keep({ ...request, ratePerSecond: 10 + ((step * 7 + index * 13) % 50) }, never);
      }
      await Promise.all(keepers.map((keeper) => keeper.settled()));
      await clock.advance(1_000);
      const { value, revision } = await paceNow();
      const serving = value === undefined ? 0 : servingAt(value, clock.now());
      expect(serving).toBeGreaterThanOrEqual(before);
      before = serving;
      written = revision;
    }
    expect(written).toBeGreaterThan(10);
    expect(before).toBeGreaterThan(400);
  });
});
