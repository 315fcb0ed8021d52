/**
 * How fast one records worker drains the journal, beside the least that could: fetch 500, one upsert, acknowledge.
 * Both read the same messages from the same three nats-servers into the same PostgreSQL, in turns; only their ratio
 * says something. `node test/bench/records.ts [runs] [messages]`
 */
import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { Pool } from 'pg';
import { Registry } from 'prom-client';
import { countCommits } from '../../app/records/metrics.ts';
import { recordsPart } from '../../app/records/part.ts';
import { createStore } from '../../app/store/records-store.ts';
import { runWorker } from '../../app/worker/run-worker.ts';
import { shardStreamName } from '../../contract/names.ts';
import type { JournalConnection } from '../../journal/connection.ts';
import { createJournalReader } from '../../journal/reader.ts';
import { type BenchJournal, startBenchJournal } from '../helpers/bench-journal.ts';
import { measureFdatasync } from '../helpers/fdatasync.ts';
import { startTestPostgres } from '../helpers/postgres.ts';
import { homeShard, manyReceived, SHARDS } from '../helpers/records.ts';
import type { Scenario } from '../helpers/scenario.ts';

export interface RecordsSample {
  readonly run: number;
  readonly path: 'bare' | 'records';
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
}

export interface RecordsBench {
  readonly samples: readonly RecordsSample[];
  /** Median of the runs’ ratios, records to bare. */
  readonly ratio: number;
  readonly fdatasyncMs: { readonly p50: number; readonly p99: number };
}

const CAMPAIGN = 'bench';

const BARE_TABLE = `
CREATE TABLE bare (
  campaign text, citizen_id bytea, receipt text NOT NULL, accepted_at timestamptz(6) NOT NULL, site text NOT NULL,
  journal text NOT NULL, seq bigint NOT NULL, bucket smallint NOT NULL, body jsonb NOT NULL,
  PRIMARY KEY (campaign, citizen_id));
CREATE UNIQUE INDEX ON bare (receipt)`;

const BARE_UPSERT = `
INSERT INTO bare SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
  $7::bigint[], $8::smallint[], $9::jsonb[])
ON CONFLICT (campaign, citizen_id) DO UPDATE SET receipt = excluded.receipt, accepted_at = excluded.accepted_at
WHERE (excluded.accepted_at, excluded.receipt) < (bare.accepted_at, bare.receipt)`;

interface RawEnvelope {
  readonly campaignId: string;
  readonly citizenHash: string;
  readonly receipt: string;
  readonly at: string;
  readonly site: string;
  readonly data: unknown;
}

/** One loop a shard, like the worker; nothing checked, nothing decided, nothing counted. */
const drainBare = async (client: JetStreamClient, pool: Pool, messagesIn: readonly number[]): Promise<void> => {
  const drainShard = async (shard: number): Promise<void> => {
    const consumer = await client.consumers.get(shardStreamName(CAMPAIGN, shard), 'bare');
    for (let left = messagesIn[shard] ?? 0; left > 0; ) {
      const deliveries: JsMsg[] = [];
      // Never more than there are: the client would wait a second for the rest of the last batch.
      const request = { max_messages: Math.min(500, left), expires: 1_000 };
      for await (const message of await consumer.fetch(request)) deliveries.push(message);
      left -= deliveries.length;
      const rows = new Map<string, { event: RawEnvelope; seq: number }>();
      for (const { data, seq } of deliveries) {
        const event: RawEnvelope = JSON.parse(Buffer.from(data).toString());
        rows.set(event.citizenHash, { event, seq });
      }
      const batch = [...rows.values()].sort((a, b) => (a.event.citizenHash < b.event.citizenHash ? -1 : 1));
      await pool.query(BARE_UPSERT, [
        batch.map(({ event }) => event.campaignId),
        batch.map(({ event }) => Buffer.from(event.citizenHash, 'hex')),
        batch.map(({ event }) => event.receipt),
        batch.map(({ event }) => event.at),
        batch.map(({ event }) => event.site),
        batch.map(() => String(shard)),
        batch.map(({ seq }) => seq),
        batch.map(({ event }) => Number.parseInt(event.citizenHash.slice(0, 3), 16) >>> 2),
        batch.map(({ event }) => JSON.stringify(event.data)),
      ]);
      for (const delivery of deliveries) delivery.ack();
    }
  };
  await Promise.all(messagesIn.map((_, shard) => drainShard(shard)));
};

const drainWithWorker = async (connection: JournalConnection, url: string, total: number): Promise<void> => {
  const reader = createJournalReader({ connection, campaignId: CAMPAIGN, tier: 'records' });
  const store = createStore({ connectionString: url, campaignId: CAMPAIGN });
  const stop = new AbortController();
  let done = 0;
  const committed = Promise.withResolvers<void>();
  const counting: typeof store.commit = async (batch, signal) => {
    const result = await store.commit(batch, signal);
    done += batch.events.length;
    if (done >= total) committed.resolve();
    return result;
  };
  const registry = new Registry();
  const part = recordsPart({ commit: counting }, CAMPAIGN, countCommits(registry));
  const log = { warn: () => undefined };
  const running = runWorker({ part, shards: SHARDS, reader, registry, log }, stop.signal);
  await committed.promise;
  stop.abort();
  await running;
  await store.close();
};

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Interleaved; every run reads all of `messages` from the first one. */
export const runRecordsBench = async ({
  runs,
  messages,
  progress = () => undefined,
  signal = new AbortController().signal,
}: {
  readonly runs: number;
  readonly messages: number;
  readonly progress?: (line: string) => void;
  readonly signal?: AbortSignal;
}): Promise<RecordsBench> => {
  const fdatasyncMs = measureFdatasync();
  progress(`fdatasync of this disk: p50 ${fdatasyncMs.p50} ms, p99 ${fdatasyncMs.p99} ms`);
  const postgres = await startTestPostgres();
  let journal: BenchJournal | undefined;
  try {
    const url = await postgres.ensureDatabase('bench', 'voucher');
    const pool = new Pool({ connectionString: url, max: 4 });
    await pool.query(BARE_TABLE);
    const store = createStore({ connectionString: url, campaignId: CAMPAIGN });
    await store.migrate();
    await store.close();
    journal = await startBenchJournal(signal);
    progress(`publishing ${messages} messages`);
    const events = manyReceived(CAMPAIGN, messages);
    await journal.fill(CAMPAIGN, events);
    const messagesIn = Array.from(
      { length: SHARDS },
      (_, shard) => events.filter((e) => homeShard(e) === shard).length,
    );

    const samples: RecordsSample[] = [];
    for (let run = 0; run <= runs; run += 1) {
      // The order alternates, so that a drift favours neither.
      for (const path of run % 2 === 0 ? (['bare', 'records'] as const) : (['records', 'bare'] as const)) {
        await pool.query('TRUNCATE bare, registration, registration_count');
        signal.throwIfAborted();
        await journal.resetConsumers(CAMPAIGN, path);
        const startedAt = performance.now();
        if (path === 'bare') await drainBare(journal.client, pool, messagesIn);
        else await drainWithWorker(journal.connection, url, messages);
        const seconds = (performance.now() - startedAt) / 1000;
        const table = path === 'bare' ? 'bare' : 'registration';
        const found = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
        const rows = found.rows[0]?.n ?? 0;
        if (rows !== messages) throw new Error(`${path} left ${rows} rows of ${messages}`);
        const rowsPerSecond = Math.round(rows / seconds);
        progress(`${run === 0 ? 'warm-up' : `run ${run}`} ${path}: ${rowsPerSecond} rows/s`);
        // The first of each pays for compilation and first files.
        if (run > 0) samples.push({ run, path, rows, seconds, rowsPerSecond });
      }
    }
    await pool.end();
    const speed = (run: number, path: RecordsSample['path']): number =>
      samples.find((sample) => sample.run === run && sample.path === path)?.rowsPerSecond ?? Number.NaN;
    const ratio = median(Array.from({ length: runs }, (_, i) => speed(i + 1, 'records') / speed(i + 1, 'bare')));
    return { samples, ratio, fdatasyncMs };
  } finally {
    await journal?.stop();
    await postgres.remove();
  }
};

/** Wanted: records drain per worker ≥ 0.6 × the bare fetch→upsert→ack path in the same run. */
const REACH = 0.6;

export const scenario: Scenario = {
  issue: '02',
  async run({ args: [runs = '5', messages = '30000'], progress, signal }) {
    const bench = await runRecordsBench({ runs: Number(runs), messages: Number(messages), progress, signal });
    const of = (path: RecordsSample['path']): number =>
      median(bench.samples.filter((sample) => sample.path === path).map(({ rowsPerSecond }) => rowsPerSecond));
    return {
      kind: 'ran',
      holds: bench.ratio >= REACH,
      summary: {
        ratio: Number(bench.ratio.toFixed(2)),
        reach: REACH,
        bareRowsPerSecond: of('bare'),
        recordsRowsPerSecond: of('records'),
        fdatasyncMs: bench.fdatasyncMs,
      },
      raw: bench.samples,
    };
  },
};

if (import.meta.main) {
  const interrupted = new AbortController();
  const result = await scenario.run({
    args: process.argv.slice(2),
    signal: interrupted.signal,
    progress: (line) => console.log(line),
  });
  console.log(JSON.stringify(result, undefined, 1));
  process.exitCode = result.kind === 'ran' && result.holds ? 0 : 1;
}
