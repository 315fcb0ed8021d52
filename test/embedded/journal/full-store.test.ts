/** A journal that runs out of room, in both ways in which one can: citizens are told, nothing that was acknowledged goes. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { enlargeStores } from '../../helpers/enlarge-stores.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { copiesInJournal, lostOf } from '../../helpers/read-back.ts';
import { journalSpec, never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

const MIB = 2 ** 20;
/** Random, so that compression makes no room. */
const bulky = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(2_900))).toString('base64');

let journal: RealJournal | undefined;
afterEach(async () => {
  await journal?.stop();
  journal = undefined;
});

/** Registers until there is no room, and tells the receipts that were acknowledged. */
const fill = async (full: RealJournal): Promise<readonly string[]> => {
  const crowd = await full.startCrowd({ size: 16, againMs: 20, sealed: bulky });
  await eventually(() => (crowd.refused.get('journal_full') ?? 0) >= 50, { what: '`journal_full`' });
  await crowd.stop();
  expect(crowd.acked.size).toBeGreaterThan(100);
  console.log(`${crowd.acked.size} acknowledged, then refused: ${JSON.stringify([...crowd.refused])}`);
  return [...crowd.acked.keys()];
};

const expectToTakeMore = async (roomy: RealJournal): Promise<void> => {
  const crowd = await roomy.startCrowd({ size: 4 });
  await eventually(() => crowd.acked.size >= 50, { what: 'registrations after room was made' });
  await crowd.stop();
};

const expectNoneLost = async (roomy: RealJournal, acked: readonly string[]): Promise<void> => {
  const copies = await eventually(() => copiesInJournal(roomy.connection, 'spring', never), {
    what: 'a journal that can be read',
  });
  expect(lostOf(acked, copies)).toEqual([]);
};

describe('a journal without room', () => {
  it('says `journal_full` when its streams have reached their bytes, and takes registrations again with more', async () => {
    journal = await startRealJournal();
    const admin = journal.admins({ shardMaxBytes: 3 * MIB });
    expect(await journal.ensured({}, admin)).toMatchObject({ kind: 'ready' });
    const acked = await fill(journal);
    await expectNoneLost(journal, acked);
    for (const shard of [0, 1, 2]) await journal.manager.streams.update(`REG_spring_${shard}`, { max_bytes: 64 * MIB });
    await expectToTakeMore(journal);
  });

  it('says so too when the servers’ own limit of file storage comes first', async () => {
    journal = await startRealJournal({ maxFileStoreBytes: 36 * MIB });
    // Bytes that are reserved would be refused at creation; unbounded streams meet the servers' limit in mid-flight.
    const admin = journal.admins({ shardMaxBytes: -1 });
    expect(await journal.ensured({}, admin)).toMatchObject({ kind: 'ready' });
    const acked = await fill(journal);
    await enlargeStores(journal, 512 * MIB);
    await expectToTakeMore(journal);
    await expectNoneLost(journal, acked);
  });

  it('is told with its numbers when a campaign does not fit, leaves nothing half made, and takes the next one that does', async () => {
    journal = await startRealJournal({ maxFileStoreBytes: 200 * MIB });
    const { manager, cluster } = journal;
    // Two of its three shards would fit.
    const admin = journal.admins({ shardMaxBytes: 80 * MIB });
    const full = await eventually(
      async () => {
        const state = await admin.ensure(journalSpec(), never);
        return state.kind === 'unavailable' ? undefined : state;
      },
      { what: 'an answer about room' },
    );
    expect(full).toEqual({
      kind: 'full',
      message: expect.stringMatching(
        /^the campaign's streams reserve 272 MiB on each of 3 servers; nats-0 has \d+ MiB of 200 MiB free, nats-1 /,
      ),
    });
    const nothingOf = (campaignId: string): Promise<void> =>
      eventuallyHolds(
        async () =>
          expect((await manager.streams.names().next()).filter((name) => name.includes(campaignId))).toEqual([]),
        { what: `no stream of ${campaignId}` },
      );
    await nothingOf('spring');
    const small = journal.admins({ shardMaxBytes: 20 * MIB });
    // What the servers reserved for the first one is free as soon as each of them knows of its end.
    const fits = async (): Promise<void> => expect(await journal?.ensured({}, small)).toMatchObject({ kind: 'ready' });
    await eventuallyHolds(fits, { what: 'a campaign that fits' });
    // A campaign that is there keeps what it has when another one does not fit.
    const second = { campaignId: 'autumn', uid: '2' };
    expect(await journal.ensured(second, admin)).toMatchObject({ kind: 'full' });
    await nothingOf('autumn');
    expect(await journal.ensured({}, small)).toMatchObject({ kind: 'ready' });
    expect(cluster.nodes).toHaveLength(3);
  });
});
