/** The trace context on its way through real journal servers: a header of the message, and no part of the fact. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { parseEnvelope } from '../../../contract/envelope-schema.ts';
import { createHomePublisher } from '../../../journal/home-publisher.ts';
import { createPublisher } from '../../../journal/publisher.ts';
import { createJournalReader } from '../../../journal/reader.ts';
import type { Delivery } from '../../../journal/reading.ts';
import { eventually } from '../../helpers/eventually.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { receivedEvent, SHARDS } from '../../helpers/records.ts';

const PARENT = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';

let journal: RealJournal;
beforeAll(async () => {
  journal = await startRealJournal({ syncAlways: false });
  await journal.ensured();
});
afterAll(() => journal?.stop());

/** Until so many have come, from whatever shard; each is acknowledged. */
const delivered = async (count: number): Promise<readonly Delivery[]> => {
  const reader = createJournalReader({ connection: journal.connection, campaignId: 'spring', tier: 'records' });
  const found: Delivery[] = [];
  await eventually(
    async () => {
      for (let shard = 0; shard < SHARDS; shard += 1) {
        const batch = await reader.fetch({ shard, maxMessages: 10, expiresMs: 200 }, never).catch(() => []);
        for (const one of batch) one.ack();
        found.push(...batch);
      }
      return found.length >= count;
    },
    { timeoutMs: 60_000, what: `${count} messages` },
  );
  return found;
};

describe('the trace context of a publish', () => {
  it('reaches the reader in a header of the message, and is not in the fact', async () => {
    const options = { connection: journal.connection, campaignId: 'spring', shards: SHARDS };
    const monotonicMs = (): number => performance.now();
    const publisher = createPublisher({ ...options, registry: new Registry(), monotonicMs, signal: never });
    const [traced, plain, home] = ['traced', 'plain', 'home'].map((citizen) => receivedEvent({ citizen }));
    if (traced === undefined || plain === undefined || home === undefined) throw new Error('no events');
    const stored = async (event: typeof traced, header?: string): Promise<void> => {
      await eventually(async () => (await publisher.publish(event, header)).kind === 'acknowledged', {
        timeoutMs: 60_000,
        what: 'an acknowledgement',
      });
    };
    await stored(traced, PARENT);
    await stored(plain);
    await createHomePublisher({ ...options, monotonicMs })(home, never, PARENT);
    const found = await delivered(3);
    const headers = new Map(
      found.map(({ data, traceparent }) => {
        const parsed = parseEnvelope(data);
        return [parsed.kind === 'valid' ? parsed.event.receipt : '', traceparent?.()];
      }),
    );
    expect([traced, plain, home].map(({ receipt }) => headers.get(receipt))).toEqual([PARENT, undefined, PARENT]);
    expect(found.some(({ data }) => Buffer.from(data).toString('utf8').includes('0123456789abcdef'))).toBe(false);
  });
});
