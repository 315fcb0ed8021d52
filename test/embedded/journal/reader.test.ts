/** What a worker is given, in what portions, and what never comes again; on servers that admit that they don't sync. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseEnvelope } from '../../../contract/envelope-schema.ts';
import { shardStreamName } from '../../../contract/names.ts';
import type { JournalConnection } from '../../../journal/connection.ts';
import { createJournalReader } from '../../../journal/reader.ts';
import type { Delivery, JournalReader } from '../../../journal/reading.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { patiently } from '../../helpers/patiently.ts';
import { type Crowd, never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { SHARDS } from '../../helpers/records.ts';

let journal: RealJournal;
let crowd: Crowd;
beforeAll(async () => {
  journal = await startRealJournal({ syncAlways: false });
  await journal.ensured();
  crowd = await journal.fill(150);
});
afterAll(() => journal.stop());

const receiptIn = ({ data }: Pick<Delivery, 'data'>): string => {
  const parsed = parseEnvelope(data);
  if (parsed.kind !== 'valid') throw new Error(JSON.stringify(parsed));
  return parsed.event.receipt;
};

describe('a journal without `sync_interval: always`', () => {
  it('is reported as NotSynced, by all servers and by one that is asked alone', async () => {
    const [one = ''] = journal.cluster.monitorUrls;
    for (const admin of [journal.admin, journal.admins({ monitorUrls: [one] })]) {
      const says = async (): Promise<void> =>
        expect(await journal.ensured({}, admin)).toMatchObject({ kind: 'ready', durability: 'NotSynced' });
      await eventuallyHolds(says, { what: 'NotSynced' });
    }
  });
});

describe('what was published', () => {
  it('is where the acknowledgement says', async () => {
    const { replay } = createJournalReplay({ connection: journal.connection, campaignId: 'spring' });
    const found = new Set<string>();
    for (let shard = 0; shard < SHARDS; shard += 1) {
      for await (const batch of replay(shard, 1, never)) {
        for (const { sequence, data } of batch) found.add(`${receiptIn({ data })} at ${shard}.${sequence}`);
      }
    }
    const acknowledged = [...crowd.acked].map(([receipt, { shard, sequence }]) => `${receipt} at ${shard}.${sequence}`);
    expect(acknowledged.filter((one) => !found.has(one))).toEqual([]);
  });
});

const newReader = (connection: JournalConnection): JournalReader =>
  createJournalReader({ connection, campaignId: 'spring', tier: 'records' });

describe('a reader', () => {
  /** Hedged copies included. */
  const stored = async (shard: number): Promise<number> =>
    (await journal.manager.streams.info(shardStreamName('spring', shard))).state.last_seq;
  const backlog = async (): Promise<number> => {
    const ask = () => journal.admin.backlog('spring', SHARDS, 'records', never);
    return (await patiently('a backlog', ask)).messages;
  };
  /** One message at least: there are more than are taken here, and a busy server may let the time of a fetch pass. */
  const fetched = (shard: number, maxMessages: number, by = newReader(journal.connection)) =>
    eventually(
      async () => {
        const batch = await by.fetch({ shard, maxMessages, expiresMs: 1_000 }, never);
        return batch.length > 0 && batch;
      },
      { what: 'a fetch' },
    );

  it('is given batches up to its bound, in order, and each message once', async () => {
    const [ofShard, before] = [await stored(0), await backlog()];
    expect(ofShard).toBeGreaterThan(100);
    const sequences: number[] = [];
    while (sequences.length < ofShard) {
      const batch = await fetched(0, 50);
      // Fewer than there are after a change of leaders.
      expect(batch.length).toBeLessThanOrEqual(50);
      for (const delivery of batch) {
        expect(delivery.deliveryCount).toBe(1);
        sequences.push(delivery.sequence);
        delivery.ack();
      }
    }
    expect(sequences).toEqual(Array.from({ length: ofShard }, (_, i) => i + 1));
    const rest = before - ofShard;
    await eventually(async () => (await backlog()) === rest, { what: `a backlog of ${rest}` });
  });

  it('never sees again what it has set aside, which no backlog counts', async () => {
    const before = await backlog();
    const [poison] = await fetched(1, 1);
    expect(poison).toMatchObject({ shard: 1, sequence: 1, deliveryCount: 1 });
    poison?.term('no envelope');
    await eventually(async () => (await backlog()) === before - 1, { what: 'one less' });
    const [next] = await fetched(1, 1);
    expect(next).toMatchObject({ sequence: 2, deliveryCount: 1 });
    const { ack_floor } = await journal.manager.consumers.info('REG_spring_1', 'records');
    expect(ack_floor.stream_seq).toBe(1);
  });

  it('shares a shard with another: no message goes to both', async () => {
    const readers = await Promise.all(['a', 'b'].map(async (name) => newReader(await journal.connect(name))));
    const [a = [], b = []] = await Promise.all(readers.map((reader) => fetched(2, 40, reader)));
    for (const { length } of [a, b]) {
      expect(length).toBeGreaterThan(0);
      expect(length).toBeLessThanOrEqual(40);
    }
    expect(new Set([...a, ...b].map(({ sequence }) => sequence)).size).toBe(a.length + b.length);
  });

  it('ends its waiting, not its work, when the signal says so', async () => {
    const reader = newReader(journal.connection);
    const stop = new AbortController();
    // Shard 0 is read to its end: only the waiting is left.
    const waiting = reader.fetch({ shard: 0, maxMessages: 10, expiresMs: 30_000 }, stop.signal);
    const isWaiting = async (): Promise<boolean> =>
      (await journal.manager.consumers.info('REG_spring_0', 'records')).num_waiting === 1;
    await eventually(isWaiting, { what: 'the reader to wait' });
    stop.abort();
    expect(await waiting).toEqual([]);
  });
});
