/** Where a tier stands is kept in the memory of three servers: one may die, and when all die it begins again. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createJournalReader } from '../../../journal/reader.ts';
import type { Delivery } from '../../../journal/reading.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { SHARDS } from '../../helpers/records.ts';

let journal: RealJournal;

beforeAll(async () => {
  journal = await startRealJournal();
  expect(await journal.ensured()).toMatchObject({ kind: 'ready' });
  await journal.fill(150);
});
afterAll(() => journal.stop());

const reader = () => createJournalReader({ connection: journal.connection, campaignId: 'spring', tier: 'records' });
const counts = async () => {
  const { messages, workedOff } = await journal.admin.backlog('spring', SHARDS, 'records', never);
  return { messages, workedOff };
};

/** Everything that waits, of all shards, until `many` have come. */
const take = async (many: number): Promise<readonly Delivery[]> => {
  const taken = new Map<string, Delivery>();
  const from = reader();
  const look = async (): Promise<boolean> => {
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const deliveries = await from.fetch({ shard, maxMessages: 500, expiresMs: 100 }, never);
      // What is not acknowledged within 30 s comes again, and replaces the first delivery.
      for (const delivery of deliveries) taken.set(`${shard} ${delivery.sequence}`, delivery);
    }
    return taken.size >= many;
  };
  await eventually(look, { what: `${many} messages` });
  return [...taken.values()];
};

/** Until `what` is all that the shards hold, and the other count is nought. */
const untilAll = (what: 'messages' | 'workedOff'): Promise<void> =>
  eventuallyHolds(
    async () => expect(await counts()).toEqual({ messages: 0, workedOff: 0, [what]: await journal.stored('spring') }),
    { what: `${what} to be all`, everyMs: 100 },
  );

describe('a tier that has worked off everything', () => {
  it('stands where it stood when one server after the other is killed', async () => {
    for (const delivery of await take(await journal.stored('spring'))) delivery.ack();
    await untilAll('workedOff');
    for (const node of journal.cluster.nodes) {
      node.kill('SIGKILL');
      await node.restart();
      await journal.cluster.ready(never);
      await untilAll('workedOff');
    }
  });

  it('gets every message again when all servers are killed at once, and none is skipped', async () => {
    for (const node of journal.cluster.nodes) node.kill('SIGKILL');
    await Promise.all(journal.cluster.nodes.map((node) => node.restart()));
    await journal.cluster.ready(never);
    await untilAll('messages');
    const stored = await journal.stored('spring');
    const again = await take(stored);
    expect(new Set(again.map(({ shard, sequence }) => `${shard} ${sequence}`)).size).toBe(stored);
    for (const delivery of again) delivery.ack();
    await untilAll('workedOff');
  });
});
