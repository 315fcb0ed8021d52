import { describe, expect, it } from '@jest/globals';
import { recordsPart } from '../../../app/records/part.ts';
import { type RecordsStore, RecordsStoreError } from '../../../app/records/ports.ts';
import { type Message, settle } from '../../../app/worker/part.ts';
import { NO_CITIZEN, NO_RECEIPT } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { factEvent, instant, receiptOf, receivedEvent } from '../../helpers/records.ts';

const signal = new AbortController().signal;
const messages = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    shard: 0,
    sequence: i + 1,
    storedAtMs: Date.parse(instant(0)),
    subject: 'reg.spring.0.received.R',
    data: encodeEnvelope(receivedEvent({ citizen: i, receipt: i })),
  }));

const settled = async (store: RecordsStore, batch: readonly Message[]) => {
  const commits = await settle(recordsPart(store, 'spring'), batch, signal);
  return {
    inserted: commits.reduce((sum, { result }) => sum + result.inserted, 0),
    setAside: commits.flatMap(({ setAside }) => setAside),
  };
};

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
      return { inserted: events.length, superseded: 0, repeated: 0, facts: 0, kept: 0, uncounted: 0 };
    },
  };
  return { store, committed, setAside, commits: () => commits };
};

describe('a batch', () => {
  it('is one commit', async () => {
    const database = pickyStore([]);
    const { inserted } = await settled(database.store, messages(500));
    expect([inserted, database.commits()]).toEqual([500, 1]);
  });

  it('that the database refuses is halved until the poison stands alone', async () => {
    const database = pickyStore([receiptOf(17), receiptOf(400)]);
    const { inserted, setAside } = await settled(database.store, messages(500));
    expect(inserted).toBe(498);
    expect(new Set(database.committed).size).toBe(498);
    expect(setAside.map(({ sequence, reason, kind }) => [sequence, reason, kind])).toEqual([
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
    await settled(database.store, batch);
    expect([database.commits(), database.setAside]).toEqual([1, ['3 envelope: not JSON']]);
  });

  it('keeps what a later release wrote in the commit of the rest, and records nothing of a barrier', async () => {
    const batches: Parameters<RecordsStore['commit']>[0][] = [];
    const store: RecordsStore = {
      async commit(batch) {
        batches.push(batch);
        return { inserted: 0, superseded: 0, repeated: 0, facts: 0, kept: 1, uncounted: 0 };
      },
    };
    const later = Buffer.from(JSON.stringify({ ...receivedEvent(), type: 'guessed' }));
    const barrier = { ...factEvent('barrier'), receipt: NO_RECEIPT, citizenHash: NO_CITIZEN };
    const at = { shard: 2, storedAtMs: 5 };
    const batch = [
      ...messages(1),
      { ...at, sequence: 3, subject: 'reg.spring.2.guessed.R', data: later },
      { ...at, sequence: 4, subject: 'reg.spring.2.barrier.R', data: encodeEnvelope(barrier) },
    ];
    const [commit] = await settle(recordsPart(store, 'spring'), batch, signal);
    expect([commit?.result.kept, commit?.setAside, batches.length]).toEqual([1, [], 1]);
    expect(batches[0]?.events).toHaveLength(1);
    expect(batches[0]?.kept).toEqual([
      { ...at, sequence: 3, subject: 'reg.spring.2.guessed.R', v: 1, type: 'guessed', raw: later },
    ]);
  });

  it('whose outcome is unknown is not taken apart', async () => {
    const store: RecordsStore = {
      commit: () => Promise.reject(new RecordsStoreError('unavailable', '57P01', 'commit', undefined)),
    };
    await expect(settled(store, messages(9))).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
