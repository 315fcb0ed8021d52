/** Where a tier stands is kept in the memory of three servers: one may die, and when all die it begins again. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createJournalReader } from '../../../app/journal/reader.ts';
import type { Delivery } from '../../../app/records/ports.ts';
import { eventually } from '../../helpers/eventually.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { SHARDS } from '../../helpers/records.ts';

let journal: RealJournal;
let published = 0;

beforeAll(async () => {
  journal = await startRealJournal();
  expect(await journal.ensured()).toMatchObject({ kind: 'ready' });
  const crowd = await journal.startCrowd({ size: 16 });
  await eventually(() => crowd.acked.size >= 600, { what: '600 registrations' });
  await crowd.stop();
  published = crowd.acked.size;
});
afterAll(() => journal.stop());

const reader = () => createJournalReader({ connection: journal.connection, campaignId: 'spring', tier: 'records' });
const counts = async () => {
  const { messages, workedOff } = await journal.admin.backlog('spring', SHARDS, 'records', never);
  return { messages, workedOff };
};

/** Everything that waits, of all shards, until `many` have come. */
const take = async (many: number): Promise<readonly Delivery[]> => {
  const taken: Delivery[] = [];
  const from = reader();
  const look = async (): Promise<boolean> => {
    for (let shard = 0; shard < SHARDS; shard += 1) {
      taken.push(...(await from.fetch({ shard, maxMessages: 500, expiresMs: 100 }, never)));
    }
    return taken.length >= many;
  };
  await eventually(look, { what: `${many} messages` });
  return taken;
};

const until = (want: { readonly messages: number; readonly workedOff: number }): Promise<boolean> => {
  const look = async (): Promise<boolean> => {
    expect(await counts()).toEqual(want);
    return true;
  };
  return eventually(look, { what: JSON.stringify(want), everyMs: 100 });
};

describe('a tier that has worked off everything', () => {
  it('stands where it stood when one server after the other is killed', async () => {
    for (const delivery of await take(published)) delivery.ack();
    await until({ messages: 0, workedOff: published });
    for (const node of journal.cluster.nodes) {
      node.kill('SIGKILL');
      await node.restart();
      await journal.cluster.ready(never);
      await until({ messages: 0, workedOff: published });
    }
  });

  it('gets every message again when all servers are killed at once, and none is skipped', async () => {
    for (const node of journal.cluster.nodes) node.kill('SIGKILL');
    await Promise.all(journal.cluster.nodes.map((node) => node.restart()));
    await journal.cluster.ready(never);
    await until({ messages: published, workedOff: 0 });
    const again = await take(published);
    expect(again).toHaveLength(published);
    expect(new Set(again.map(({ shard, sequence }) => `${shard} ${sequence}`)).size).toBe(published);
    for (const delivery of again) delivery.ack();
    await until({ messages: 0, workedOff: published });
  });
});
