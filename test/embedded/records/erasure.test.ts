/** One person is erased from a journal of three nodes: every receipt of that person, once, and for good in any rebuilt database. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rebuildRecords } from '../../../app/records/rebuild.ts';
import { createStore } from '../../../app/store/records-store.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { astraySubject, eventSubject } from '../../../contract/names.ts';
import { createErasureJournal } from '../../../journal/privacy/erasure-journal.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { patiently } from '../../helpers/patiently.ts';
import { dropDatabase, recordsOf, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { homeShard, manyReceived, receiptOf, receivedEvent, SHARDS } from '../../helpers/records.ts';

const CAMPAIGN = 'erasing';
const AT = '2020-09-26T01:00:00.000Z';
const SECRET = Buffer.from('sealed of li').toString('hex');

let journal: RealJournal;
let postgres: TestPostgres;
beforeAll(async () => {
  [journal, postgres] = await Promise.all([startRealJournal(), startTestPostgres()]);
  await journal.ensured({ campaignId: CAMPAIGN });
});
afterAll(async () => {
  await journal.stop();
  await postgres.remove();
});

const publish = async (event: EventEnvelope, shard = homeShard(event)): Promise<void> => {
  const subject =
    shard === homeShard(event)
      ? eventSubject(CAMPAIGN, shard, event.type, event.receipt)
      : astraySubject(CAMPAIGN, shard, event.receipt);
  const client = journal.manager.jetstream();
  await patiently('a publish', async () => {
    await client.publish(subject, encodeEnvelope(event), { msgID: event.id });
  });
};

const of = (receipt: string, citizen: string, atMs: number): EventEnvelope =>
  receivedEvent({ campaignId: CAMPAIGN, receipt, citizen, atMs, sealed: `sealed of ${citizen}` });

const erase = (receipt: string, at = AT) =>
  patiently('an erasure', () =>
    createErasureJournal(journal.connection).erase(
      { campaignId: CAMPAIGN, shards: SHARDS, site: 'default', receipt: receiptOf(receipt), at },
      never,
    ),
  );

const rebuilt = async () => {
  await dropDatabase(postgres.adminUrl, CAMPAIGN);
  const url = await postgres.ensureDatabase(CAMPAIGN, 'voucher');
  const store = createStore({ connectionString: url, campaignId: CAMPAIGN });
  await store.migrate();
  const replay = createJournalReplay({ connection: journal.connection, campaignId: CAMPAIGN });
  await rebuildRecords({ campaignId: CAMPAIGN, shards: SHARDS, replay, store, progress: () => undefined }, never);
  await store.close();
  return recordsOf(url, CAMPAIGN);
};

describe('a person who is erased', () => {
  it('has no data in any database that is rebuilt from the journal, by any receipt, and other people have theirs', async () => {
    const first = of('li-1', 'li', 1);
    await publish(first);
    await publish(of('li-2', 'li', 2));
    await publish(of('li-3', 'li', 3), (homeShard(first) + 1) % SHARDS);
    await publish(of('wang-1', 'wang', 4));
    for (const event of manyReceived(CAMPAIGN, 50)) await publish(event);
    // The twin: without the facts, the data is there.
    expect(JSON.stringify(await rebuilt())).toContain(SECRET);

    const all = ['li-1', 'li-2', 'li-3'].map(receiptOf).sort();
    expect(await erase('li-2')).toEqual({ kind: 'erased', receipts: all });
    const stored = await journal.stored(CAMPAIGN);
    expect(await erase('li-1', '2020-09-27T01:00:00.000Z')).toEqual({ kind: 'erased', receipts: all });
    expect(await journal.stored(CAMPAIGN)).toBe(stored);
    expect(stored).toBe(4 + 50 + 3);

    const before = await rebuilt();
    expect(JSON.stringify(before)).not.toContain(SECRET);
    expect(before['registration']).toContainEqual(
      expect.objectContaining({ receipt: receiptOf('li-1'), sealed: '\\x' }),
    );
    expect(JSON.stringify(before)).toContain(Buffer.from('sealed of wang').toString('hex'));

    // A copy that arrives later changes nothing: its publisher had got no answer.
    await publish({ ...of('li-1', 'li', 1), id: `${receiptOf('li-1')}again` }, (homeShard(first) + 2) % SHARDS);
    expect(JSON.stringify(await rebuilt())).not.toContain(SECRET);
  });

  it('must be in the journal', async () => {
    expect(await erase('never-there')).toEqual({ kind: 'unknownReceipt' });
  });
});
