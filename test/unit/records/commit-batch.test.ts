import { describe, expect, it } from '@jest/globals';
import { commitBatch } from '../../../app/records/commit-batch.ts';
import { type RecordsStore, RecordsStoreError } from '../../../app/records/ports.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { instant, receiptOf, receivedEvent } from '../../helpers/records.ts';

const signal = new AbortController().signal;
const messages = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    shard: 0,
    sequence: i + 1,
    storedAtMs: Date.parse(instant(0)),
    subject: 'reg.spring.0.received.R',
    data: encodeEnvelope(receivedEvent({ citizen: i, receipt: i })),
  }));

/** Refuses every batch that holds one of `poison`. */
const pickyStore = (poison: readonly string[]) => {
  const committed: string[] = [];
  const setAside: string[] = [];
  let commits = 0;
  const store: RecordsStore = {
    async commit({ events, rejected }) {
      commits += 1;
      if (events.some(({ event }) => poison.includes(event.receipt))) {
        throw new RecordsStoreError('refused', '22021', 'commit', undefined);
      }
      committed.push(...events.map(({ event }) => event.receipt));
      setAside.push(...rejected.map(({ sequence, reason }) => `${sequence} ${reason}`));
      return { inserted: events.length, superseded: 0, repeated: 0, facts: 0, uncounted: 0 };
    },
  };
  return { store, committed, setAside, commits: () => commits };
};

describe('a batch', () => {
  it('is one commit', async () => {
    const database = pickyStore([]);
    const { result } = await commitBatch(database.store, 'spring', messages(500), signal);
    expect([result.inserted, database.commits()]).toEqual([500, 1]);
  });

  it('that the database refuses is halved until the poison stands alone', async () => {
    const database = pickyStore([receiptOf(17), receiptOf(400)]);
    const { result, rejected } = await commitBatch(database.store, 'spring', messages(500), signal);
    expect(result.inserted).toBe(498);
    expect(new Set(database.committed).size).toBe(498);
    expect(rejected.map(({ sequence, reason, kind }) => [sequence, reason, kind])).toEqual([
      [18, 'database: 22021', 'refused'],
      [401, 'database: 22021', 'refused'],
    ]);
    expect(database.setAside).toEqual(['18 database: 22021', '401 database: 22021']);
    expect(database.commits()).toBeLessThan(45);
  });

  it('records unreadable messages in the commit of the readable ones', async () => {
    const database = pickyStore([]);
    const batch = [
      ...messages(2),
      { shard: 0, sequence: 3, storedAtMs: 0, subject: 'reg.spring.0.received.R', data: Buffer.from('nonsense') },
    ];
    await commitBatch(database.store, 'spring', batch, signal);
    expect([database.commits(), database.setAside]).toEqual([1, ['3 envelope: not JSON']]);
  });

  it('whose outcome is unknown is not taken apart', async () => {
    const store: RecordsStore = {
      commit: () => Promise.reject(new RecordsStoreError('unavailable', '57P01', 'commit', undefined)),
    };
    await expect(commitBatch(store, 'spring', messages(9), signal)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
