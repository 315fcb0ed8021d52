/** The start of issuance on real servers: one entry, whoever appends it, with the streams as pods see them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createIssuanceJournal, type IssuanceJournal } from '../../../journal/freeze/issuance-journal.ts';
import { createStreamCreatedAt } from '../../../journal/streams/created-at.ts';
import { eventually } from '../../helpers/eventually.ts';
import { aStart } from '../../helpers/issuance-campaign.ts';
import { patiently } from '../../helpers/patiently.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { SHARDS } from '../../helpers/records.ts';

const campaignId = 'spring';
let journal: RealJournal;
let issuing: IssuanceJournal;

beforeAll(async () => {
  journal = await startRealJournal();
  await journal.ensured({ campaignId, consumers: ['records'] });
  issuing = createIssuanceJournal(journal.connection);
});
afterAll(() => journal?.stop());

describe('the start of issuance', () => {
  it('is one entry, although two operators append at once', async () => {
    expect(await patiently('the start', () => issuing.started(campaignId, never))).toBeUndefined();
    const streams = await patiently('the streams', () => issuing.streams(campaignId, SHARDS, never));
    const starts = ['li.wei', 'wang'].map((by) => aStart({ campaignId, by, streams }));
    const answers = await Promise.all(
      // Refused while the other one's append is under way: then the next attempt finds it.
      starts.map((start) => eventually(() => issuing.start(start, never), { what: 'an answer' })),
    );
    const [counts] = answers;
    expect(answers).toEqual([counts, counts]);
    expect(starts).toContainEqual(counts);
    expect(await patiently('the start', () => issuing.started(campaignId, never))).toEqual(counts);
  });

  it('has the streams as pods see them', async () => {
    const createdAt = createStreamCreatedAt({ connection: journal.connection, campaignId });
    const streams = await patiently('the streams', () => issuing.streams(campaignId, SHARDS, never));
    expect(streams).toHaveLength(SHARDS);
    for (const [shard, created] of streams.entries())
      expect(await eventually(() => createdAt(shard, never), { what: 'the stream' })).toBe(created);
  });

  it('is unknown without its streams', async () => {
    await expect(issuing.streams('no-such-campaign', SHARDS, never)).rejects.toThrow('no server says when');
  });
});
