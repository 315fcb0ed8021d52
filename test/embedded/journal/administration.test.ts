/** The operator's side of a journal: what it makes, what it refuses to take, what it counts. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { shardStreamName } from '../../../contract/names.ts';
import type { JournalRemoval, JournalSpec } from '../../../journal/administration.ts';
import { createDataKeyStore } from '../../../journal/privacy/data-keys.ts';
import { createJournalReader } from '../../../journal/reader.ts';
import type { Delivery } from '../../../journal/reading.ts';
import { eventually, eventuallyHolds } from '../../helpers/eventually.ts';
import { wrappedKeysIn } from '../../helpers/open-data-keys.ts';
import { patiently } from '../../helpers/patiently.ts';
import { journalSpec, never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';
import { SHARDS } from '../../helpers/records.ts';

let journal: RealJournal;
beforeAll(async () => {
  journal = await startRealJournal();
});
afterAll(() => journal.stop());

/**
 * Everything that is on the servers, without what moves by itself. Lists are put together from what leaders answer, and
 * leave out whatever has none at that moment: names come from the meta leader, and each one is asked until it answers.
 */
const everything = async (): Promise<unknown> => {
  const { streams, consumers } = journal.manager;
  const found: unknown[] = [];
  for (const name of (await streams.names().next()).toSorted()) {
    const settled = await eventually(
      async () => {
        const { config, created, state } = await streams.info(name);
        const of = await consumers.list(name).next();
        if (of.length !== state.consumer_count) return undefined;
        return { config, created, last: state.last_seq, consumers: of.map((c) => [c.name, c.config, c.created]) };
      },
      { what: `${name} to answer` },
    );
    found.push(settled);
  }
  return found;
};

const READY = { kind: 'ready', durability: 'Synced', replicas: 3 };
/** A server whose page comes late makes durability unknown for a while. */
const readyAndSynced = (): Promise<void> =>
  eventuallyHolds(async () => expect(await journal.ensured()).toMatchObject(READY), { what: 'a journal that syncs' });

describe('a campaign that gets its journal', () => {
  it('gets shards, control, consumers and buckets of three replicas, and a second look changes nothing', async () => {
    const { manager } = journal;
    await readyAndSynced();
    expect((await manager.streams.names().next()).toSorted()).toEqual([
      'CTL_spring',
      'KV_keys_spring',
      'KV_live_spring',
      'REG_spring_0',
      'REG_spring_1',
      'REG_spring_2',
    ]);
    const { config } = await manager.streams.info('REG_spring_0');
    expect(config).toMatchObject({
      storage: 'file',
      num_replicas: 3,
      retention: 'limits',
      discard: 'new',
      max_msg_size: 16_384,
      duplicate_window: 120e9,
      deny_delete: true,
      deny_purge: true,
      allow_direct: true,
      compression: 'none',
    });
    const before = await everything();
    await readyAndSynced();
    expect(await everything()).toEqual(before);
  });

  it('sees its shards led by different servers after a few looks', async () => {
    const led = async (): Promise<boolean> => {
      await journal.ensured();
      const leaders = await Promise.all([0, 1, 2].map((shard) => journal.leaderOf('spring', shard)));
      return new Set(leaders).size === SHARDS;
    };
    await eventually(led, { what: 'three leaders for three shards', everyMs: 250 });
  });

  it('is refused another object’s journal, with nothing changed, until it adopts it', async () => {
    const other = { campaignName: 'other' };
    const before = await everything();
    expect(await journal.ensured(other)).toEqual({
      kind: 'conflict',
      message: expect.stringMatching(
        /^stream REG_spring_0 belongs to city\/spring-2020 with the uid 1; .*spec\.adoptJournal: true/,
      ),
    });
    expect(await everything()).toEqual(before);
    expect(await journal.ensured({ ...other, adopt: true })).toMatchObject({ kind: 'ready' });
    expect(await journal.ensured(other)).toMatchObject({ kind: 'ready' });
    expect(await journal.ensured({ adopt: true })).toMatchObject({ kind: 'ready' });
  });

  it('is another one when its object was deleted and made again', async () => {
    const again = { uid: '2' };
    expect(await journal.ensured(again)).toMatchObject({ kind: 'conflict' });
    expect(await journal.ensured({ ...again, adopt: true })).toMatchObject({ kind: 'ready' });
    expect(await journal.ensured({ adopt: true })).toMatchObject({ kind: 'ready' });
  });

  it('has its journal removed whole, by its own object only, and goes on where a removal ended', async () => {
    const autumn = { campaignId: 'autumn', campaignName: 'autumn' };
    const removed = (overrides: Partial<JournalSpec> = {}): Promise<JournalRemoval> =>
      patiently('a removal', () => journal.admin.remove(journalSpec({ ...autumn, ...overrides }), never));
    const left = async () => (await journal.manager.streams.names().next()).filter((name) => name.includes('autumn'));
    await journal.ensured(autumn);
    expect(await removed({ uid: '2' })).toEqual({
      kind: 'foreign',
      message: 'stream REG_autumn_0 belongs to city/autumn with the uid 1',
    });
    expect(await left()).toHaveLength(6);
    await journal.manager.streams.delete('REG_autumn_0');
    // Five, unless an answer got lost on the way.
    expect(await removed()).toMatchObject({ kind: 'removed' });
    expect(await removed()).toEqual({ kind: 'removed', streams: 0 });
    // The server that lists them may hear of it last.
    await eventually(async () => (await left()).length === 0, { what: 'no stream of the campaign' });
  });

  it('is told which setting makes a stream that is there no journal', async () => {
    const { streams } = journal.manager;
    await streams.update('REG_spring_1', { max_age: 3_600e9 });
    const state = await journal.ensured();
    expect(state).toEqual({
      kind: 'conflict',
      message: "stream REG_spring_1 can't be used as a journal: max_age is 3600000000000, must be 0",
    });
    await streams.update('REG_spring_1', { max_age: 0 });
    expect(await journal.ensured()).toMatchObject({ kind: 'ready' });
  });

  it('has a consumer’s limits put right', async () => {
    const { consumers } = journal.manager;
    await consumers.update('REG_spring_2', 'records', { max_deliver: 5 });
    expect(await journal.ensured()).toMatchObject({ kind: 'ready' });
    expect((await consumers.info('REG_spring_2', 'records')).config.max_deliver).toBe(-1);
  });

  it('does not believe in durability where nobody can be asked', async () => {
    const unseen = journal.admins({ monitorUrls: [] });
    expect(await journal.ensured({}, unseen)).toMatchObject({ kind: 'ready', durability: 'Unknown' });
  });

  it('asks the servers about durability once for looks of the same time, and again later', async () => {
    let [asked, nowMs] = [0, 0];
    const varz = {
      server_name: 'nats-0',
      jetstream: { config: { sync_always: true, max_storage: 1 }, stats: { storage: 0, reserved_storage: 0 } },
    };
    const monitor = createServer((request, response) => {
      if (request.url === '/varz') asked += 1;
      response.end(JSON.stringify(request.url === '/varz' ? varz : { status: 'ok' }));
    }).listen(0, '127.0.0.1');
    await once(monitor, 'listening');
    const { port } = monitor.address() as AddressInfo;
    const admin = journal.admins({ monitorUrls: [`http://127.0.0.1:${port}`], now: () => nowMs });
    const look = () => journal.ensured({}, admin);
    for (const answer of await Promise.all([look(), look()])) expect(answer).toMatchObject({ durability: 'Synced' });
    expect(asked).toBe(1);
    nowMs += 5_000;
    await look();
    expect(asked).toBe(2);
    monitor.close();
  });

  it('ends a look when the signal says so', async () => {
    const stop = new AbortController();
    const looking = journal.admin.ensure(journalSpec(), stop.signal);
    stop.abort(new Error('enough'));
    await expect(looking).rejects.toThrow('enough');
  });
});

describe('a backlog', () => {
  const backlog = () => patiently('a backlog', () => journal.admin.backlog('spring', SHARDS, 'records', never));

  it('is what was published less what was acknowledged, also after the consumers’ leaders moved', async () => {
    expect(await backlog()).toEqual({ messages: 0, enqueued: 0, workedOff: 0 });
    await journal.fill(150);
    /** Of all that the shards hold, less so many; as soon as the consumers' leaders have applied what a quorum has. */
    const counted = (workedOff: number): Promise<void> =>
      eventuallyHolds(
        async () => {
          const enqueued = await journal.stored('spring');
          const { oldestSeconds, ...counts } = await backlog();
          expect(counts).toEqual({ messages: enqueued - workedOff, enqueued, workedOff });
          expect(oldestSeconds).toBeGreaterThan(0);
        },
        { what: `a backlog less ${workedOff}`, everyMs: 100 },
      );
    await counted(0);

    const reader = createJournalReader({ connection: journal.connection, campaignId: 'spring', tier: 'records' });
    const taken: Delivery[] = [];
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const ofShard: Delivery[] = [];
      const isEnough = async (): Promise<boolean> => {
        ofShard.push(...(await reader.fetch({ shard, maxMessages: 100, expiresMs: 1_000 }, never)));
        return ofShard.length >= 50;
      };
      await eventually(isEnough, { what: 'fifty messages of a shard' });
      taken.push(...ofShard);
    }
    // The first of each shard stays: acknowledgements in the middle don't move the floor, nor the oldest age.
    const acked = taken.filter(({ sequence }) => sequence !== 1);
    expect(acked.length).toBeGreaterThan(100);
    for (const delivery of acked) delivery.ack();
    await counted(acked.length);

    for (let shard = 0; shard < SHARDS; shard += 1) {
      const subject = `$JS.API.CONSUMER.LEADER.STEPDOWN.${shardStreamName('spring', shard)}.records`;
      await patiently('a step down', () => journal.connection.nats.request(subject, ''));
    }
    await counted(acked.length);
    const firsts = await Promise.all(
      [0, 1, 2].map((shard) => journal.manager.streams.getMessage(shardStreamName('spring', shard), { seq: 1 })),
    );
    const oldestAtMs = Math.min(...firsts.map((first) => first?.time.getTime() ?? 0));
    const nowMs = Date.now();
    expect((await backlog()).oldestSeconds).toBeGreaterThanOrEqual((nowMs - oldestAtMs) / 1000);
  });
});

describe('a reader', () => {
  it('says that its consumer is gone, and goes on when it is back', async () => {
    const { consumers } = journal.manager;
    const reader = createJournalReader({ connection: journal.connection, campaignId: 'spring', tier: 'records' });
    const request = { shard: 1, maxMessages: 10, expiresMs: 500 };
    await consumers.delete('REG_spring_1', 'records');
    await expect(reader.fetch(request, never)).rejects.toThrow('consumer records of shard 1');
    await journal.ensured();
    const fetched = async () => {
      const deliveries = await reader.fetch(request, never);
      return deliveries.length > 0 && deliveries;
    };
    const back = await eventually(fetched, { what: 'the consumer' });
    expect(back.map(({ sequence, deliveryCount }) => [sequence, deliveryCount]).slice(0, 2)).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it('returns nothing, after the wait, from a shard that has nothing', async () => {
    await journal.ensured({ campaignId: 'empty' });
    const reader = createJournalReader({ connection: journal.connection, campaignId: 'empty', tier: 'records' });
    const request = { shard: 0, maxMessages: 10, expiresMs: 100 };
    expect(await patiently('a fetch', () => reader.fetch(request, never))).toEqual([]);
  });
});

describe('the bucket of data keys', () => {
  it('gives every pod the key that was there first', async () => {
    const proposals = ['a', 'b', 'c', 'd'];
    const stores = await Promise.all(
      proposals.map(async (name) => createDataKeyStore(await journal.connect(name), 'spring')),
    );
    const won = await Promise.all(
      stores.map((store, i) =>
        patiently('a key', () => store.getOrCreate('2020-09-25', Buffer.from(proposals[i] ?? ''), never)),
      ),
    );
    const winners = new Set(won.map((bytes) => Buffer.from(bytes).toString()));
    expect(winners.size).toBe(1);
    const [store] = stores;
    const [winner = ''] = winners;
    const keys = store === undefined ? undefined : await wrappedKeysIn(store, never);
    expect(keys).toEqual(new Map([['2020-09-25', new Uint8Array(Buffer.from(winner))]]));
  });
});
