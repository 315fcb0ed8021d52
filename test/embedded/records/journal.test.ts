/** From three real nats-servers into a real PostgreSQL: the worker, and the rebuild command. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { runRecords } from '../../../app/records/worker.ts';
import { createStore } from '../../../app/store/records-store.ts';
import { DATA_PLANE_KEYS, ENV } from '../../../contract/app-contract.ts';
import type { EventEnvelope } from '../../../contract/envelope.ts';
import { createJournalReader } from '../../../journal/reader.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { type BenchJournal, startBenchJournal } from '../../helpers/bench-journal.ts';
import { eventually } from '../../helpers/eventually.ts';
import { dropDatabase, queryOnce, recordsOf, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { homeShard, manyReceived, receiptOf, receivedEvent, SHARDS } from '../../helpers/records.ts';

const CAMPAIGN = 'spring';
const MESSAGES = 6_000;
const events = manyReceived(CAMPAIGN, MESSAGES);
const never = new AbortController().signal;

let dir: string;
let postgres: TestPostgres;
let journal: BenchJournal;
let url: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'voucher-journal-'));
  postgres = await startTestPostgres();
  url = await postgres.ensureDatabase('records', 'voucher');
  journal = await startBenchJournal(dir, never);
  await journal.fill(CAMPAIGN, events);
  await journal.resetConsumers(CAMPAIGN, 'records');
});
afterAll(async () => {
  await journal.stop();
  await postgres.remove();
  await rm(dir, { recursive: true, force: true });
});

const runRebuild = async (): Promise<string> => {
  const { urls, user, password } = journal.access;
  const files: Record<string, string> = {
    'config/config.json': JSON.stringify({ v: 1, campaignId: CAMPAIGN, shards: SHARDS }),
    [`data/${DATA_PLANE_KEYS.natsUrl}`]: urls.join(','),
    [`data/${DATA_PLANE_KEYS.natsUser}`]: user,
    [`data/${DATA_PLANE_KEYS.natsPassword}`]: password,
    [`data/${DATA_PLANE_KEYS.postgresUrl}`]: url,
  };
  for (const folder of ['config', 'data']) await mkdir(join(dir, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  const script = join(import.meta.dirname, '../../../app/records/rebuild-main.ts');
  const env = { [ENV.configDir]: join(dir, 'config'), [ENV.dataPlaneDir]: join(dir, 'data') };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  return stdout;
};

describe('a journal of three nodes', () => {
  it('is drained by the worker, and a dropped database is rebuilt from it with equal rows', async () => {
    const store = createStore({ connectionString: url, campaignId: CAMPAIGN });
    await store.migrate();
    const stop = new AbortController();
    const reader = createJournalReader({ connection: journal.connection, campaignId: CAMPAIGN, tier: 'records' });
    const log = { info: () => undefined, warn: () => undefined };
    const deps = { campaignId: CAMPAIGN, shards: SHARDS, reader, store, registry: new Registry(), log };
    const running = runRecords(deps, stop.signal);
    await eventually(async () => (await store.count(CAMPAIGN)).received === MESSAGES, {
      what: 'all citizens are recorded',
    });
    stop.abort();
    await running;
    await store.close();
    const before = await recordsOf(url, CAMPAIGN);

    await dropDatabase(postgres.adminUrl, 'records');
    await postgres.ensureDatabase('records', 'voucher');
    expect(await runRebuild()).toContain(`${MESSAGES} citizens, 0 superseded receipts, 0 messages set aside`);
    expect(await recordsOf(url, CAMPAIGN)).toEqual(before);
  });

  it('lets no intake whose clock is wrong displace who is confirmed', async () => {
    const campaignId = 'clocks';
    const store = createStore({ connectionString: url, campaignId });
    await store.migrate();
    const at = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
    const sent = (receipt: string, seconds: number): EventEnvelope => ({
      ...receivedEvent({ campaignId, citizen: 'one', receipt }),
      at: at(seconds),
    });
    await journal.fill(campaignId, [sent('confirmed', 0)]);
    await journal.resetConsumers(campaignId, 'records');
    const stop = new AbortController();
    const reader = createJournalReader({ connection: journal.connection, campaignId, tier: 'records' });
    const log = { info: () => undefined, warn: () => undefined };
    const running = runRecords(
      { campaignId, shards: SHARDS, reader, store, registry: new Registry(), log },
      stop.signal,
    );
    const superseded = (count: number): Promise<true> =>
      eventually(async () => (await store.count(campaignId)).superseded === count, { what: `${count} superseded` });
    await eventually(async () => (await store.count(campaignId)).received === 1, { what: 'the first one on record' });
    for (const [index, seconds] of [-600, -7_200, 25_200, 600].entries()) {
      await journal.fill(campaignId, [sent(`wrong ${seconds}`, seconds)]);
      await superseded(index + 1);
    }
    stop.abort();
    await running;
    const [row] = await queryOnce<{ receipt: string }>(url, 'SELECT receipt FROM registration WHERE campaign_id = $1', [
      campaignId,
    ]);
    expect(row?.receipt).toBe(receiptOf('confirmed'));
    await store.close();
  });

  it('is replayed from any message on, in order and to its end', async () => {
    const replay = createJournalReplay({ connection: journal.connection, campaignId: CAMPAIGN });
    const inFirst = events.filter((event) => homeShard(event) === 0).length;
    expect(await replay.lastSequence(0, never)).toBe(inFirst);
    const sequences: number[] = [];
    for await (const batch of replay.replay(0, 100, never)) sequences.push(...batch.map(({ sequence }) => sequence));
    expect(sequences).toEqual(Array.from({ length: inFirst - 99 }, (_, i) => i + 100));
    for await (const batch of replay.replay(0, inFirst + 1, never)) expect(batch).toEqual([]);
  });

  it('stops being replayed when nobody wants it any more', async () => {
    const replay = createJournalReplay({ connection: journal.connection, campaignId: CAMPAIGN });
    const stop = new AbortController();
    const drain = async (): Promise<void> => {
      for await (const batch of replay.replay(1, 1, stop.signal)) if (batch.length > 0) stop.abort(new Error('enough'));
    };
    await expect(drain()).rejects.toThrow('enough');
  });
});
