/** The loop of every worker, around a part that only remembers. */
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { CommitError, type Message, type Settled, type TierPart } from '../../../app/worker/part.ts';
import { runWorker, type WorkerHealth } from '../../../app/worker/run-worker.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeJournal } from '../../helpers/fake-journal.ts';

const textOf = ({ data }: Message): string => Buffer.from(data).toString('utf8');

/** Takes texts, but none that says poison, and nothing at all while `outage` says why. */
const echo = () => {
  const taken: string[] = [];
  const heard: number[] = [];
  const part: TierPart<Settled> & { outage: string | undefined } = {
    tier: 'echo',
    outage: undefined,
    async commit(messages) {
      if (part.outage !== undefined) throw new CommitError('unavailable', part.outage, 'echo', undefined);
      const texts = messages.map(textOf);
      if (texts.includes('poison')) throw new CommitError('refused', 'POISON', 'echo', undefined);
      taken.push(...texts);
      return { setAside: [] };
    },
    keepAside: async ({ shard, sequence }, { code }) => ({
      setAside: [{ shard, sequence, kind: 'refused', reason: `echo: ${code}` }],
    }),
    settled: ({ setAside }) => void heard.push(setAside.length),
  };
  return { part, taken, heard };
};

const start = (journal: FakeJournal, part: TierPart<Settled>, health: WorkerHealth = {}) => {
  const stop = new AbortController();
  const registry = new Registry();
  const lines: string[] = [];
  const log = { warn: (_: unknown, message: string) => void lines.push(message) };
  const deps = { part, shards: 2, reader: journal, registry, log, health, expiresMs: 20, random: () => 0 };
  const done = runWorker(deps, stop.signal);
  const end = (): Promise<void> => {
    stop.abort();
    return done;
  };
  return { registry, lines, end };
};

describe('a worker', () => {
  it('acknowledges what its part has committed, and sets poison aside with the part’s reason', async () => {
    const journal = new FakeJournal({ shards: 2 });
    for (const text of ['one', 'two', 'poison', 'three', 'poison']) journal.append(0, Buffer.from(text));
    journal.append(1, Buffer.from('four'));
    const { part, taken, heard } = echo();
    const worker = start(journal, part);
    await eventually(() => journal.outstanding === 0, { what: 'all settled' });
    await worker.end();
    expect(taken.sort()).toEqual(['four', 'one', 'three', 'two']);
    expect([journal.acked, journal.termed]).toEqual([4, ['echo: POISON', 'echo: POISON']]);
    expect(heard.filter((count) => count === 1)).toHaveLength(2);
    expect(worker.lines).toEqual(['message set aside', 'message set aside']);
    expect(await worker.registry.metrics()).toContain('voucher_worker_batch_messages_count{tier="echo"} 2');
  });

  it('keeps a batch while the other side is away, says so to whoever judges it, and hears when it is back', async () => {
    const journal = new FakeJournal({ shards: 2 });
    journal.append(1, Buffer.from('one'));
    const { part } = echo();
    part.outage = 'ECONNREFUSED';
    const heard: string[] = [];
    const worker = start(journal, part, {
      taken: (shard) => heard.push(`taken ${shard}`),
      commitFailed: (error) => heard.push(error instanceof CommitError ? error.code : 'unknown'),
      committed: () => heard.push('committed'),
      settled: (shard) => heard.push(`settled ${shard}`),
    });
    await eventually(() => heard.includes('ECONNREFUSED'), { what: 'a failed commit' });
    expect(journal.acked).toBe(0);
    part.outage = undefined;
    await eventually(() => journal.acked === 1, { what: 'acknowledged' });
    await worker.end();
    expect(heard.filter((word) => word !== 'ECONNREFUSED')).toEqual(['taken 1', 'committed', 'settled 1']);
    expect(await worker.registry.metrics()).toMatch(
      /voucher_worker_failures_total\{tier="echo",step="commit",kind="unavailable"\} [1-9]/,
    );
  });

  it('leaves what its part can’t commit at the end, unacknowledged', async () => {
    const journal = new FakeJournal({ shards: 2 });
    journal.append(0, Buffer.from('one'));
    const { part } = echo();
    part.outage = 'ECONNREFUSED';
    const worker = start(journal, part);
    await eventually(() => worker.lines.includes('commit failed'), { what: 'a failed commit' });
    await worker.end();
    expect([journal.acked, journal.outstanding]).toEqual([0, 1]);
  });

  it('gives back what its part can’t decide now, and takes it again after its delay', async () => {
    const journal = new FakeJournal({ shards: 2 });
    for (const text of ['one', 'later']) journal.append(0, Buffer.from(text));
    const taken: string[] = [];
    const worker = start(journal, {
      ...echo().part,
      async commit(messages) {
        const [first] = messages.filter((message) => textOf(message) === 'later');
        const isFirstTime = first !== undefined && !taken.includes('later');
        taken.push(...messages.map(textOf));
        return { setAside: [], ...(isFirstTime ? { givenBack: [{ sequence: first.sequence, delayMs: 20 }] } : {}) };
      },
    });
    await eventually(() => journal.acked === 2, { what: 'both acknowledged' });
    await worker.end();
    expect([taken.toSorted(), journal.redelivered]).toEqual([['later', 'later', 'one'], 1]);
  });

  it('takes as many as its part has room for, in several batches at a time, and nothing without room', async () => {
    const journal = new FakeJournal({ shards: 2 });
    const { part } = echo();
    const end = Promise.withResolvers<void>();
    const batches: number[] = [];
    let room = 0;
    const worker = start(journal, {
      ...part,
      batchesPerShard: 2,
      room: () => room,
      async commit(messages) {
        batches.push(messages.length);
        await end.promise;
        return { setAside: [] };
      },
    });
    for (let n = 0; n < 20; n += 1) journal.append(0, Buffer.from(String(n)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches).toEqual([]);
    room = 3;
    await eventually(() => batches.length === 2, { what: 'two batches of the shard' });
    expect(batches).toEqual([3, 3]);
    end.resolve();
    await eventually(() => journal.acked === 20, { what: 'all acknowledged' });
    await worker.end();
  });

  it('sees that the journal is back, also while its part has no room', async () => {
    const journal = new FakeJournal({ shards: 2 });
    journal.outage = new Error('no leader');
    const { part } = echo();
    let room = 1;
    const heard: string[] = [];
    const worker = start(
      journal,
      { ...part, room: () => room },
      { fetched: (shard) => heard.push(`fetched ${shard}`), fetchFailed: (shard) => heard.push(`failed ${shard}`) },
    );
    await eventually(() => heard.includes('failed 0') && heard.includes('failed 1'), { what: 'failed fetches' });
    room = 0;
    journal.outage = undefined;
    await eventually(() => heard.includes('fetched 0') && heard.includes('fetched 1'), { what: 'fetches' });
    await worker.end();
  });

  it('tells its part that the process ends, so that a batch in hand can end too', async () => {
    const journal = new FakeJournal({ shards: 2 });
    journal.append(0, Buffer.from('one'));
    const { part } = echo();
    const drained = Promise.withResolvers<void>();
    let isTaken = false;
    const worker = start(journal, {
      ...part,
      drain: drained.resolve,
      async commit([first]) {
        isTaken = true;
        await drained.promise;
        return { setAside: [], givenBack: first === undefined ? [] : [{ sequence: first.sequence, delayMs: 0 }] };
      },
    });
    await eventually(() => isTaken, { what: 'a batch in hand' });
    await worker.end();
    expect([journal.acked, journal.outstanding]).toEqual([0, 1]);
  });
});
