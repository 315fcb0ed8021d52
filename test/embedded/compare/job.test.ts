/** The comparison while records writes: on a real nats-server and a real PostgreSQL, with the Job's own accounts. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { Registry } from 'prom-client';
import type { Findings } from '../../../app/compare/differences.ts';
import { createJournalState } from '../../../app/compare/journal-state.ts';
import { differencesReport, keepComparing } from '../../../app/compare/keep-comparing.ts';
import { exportComparison } from '../../../app/compare/metrics.ts';
import { recordsPart } from '../../../app/records/part.ts';
import { createStore, type Store } from '../../../app/store/records-store.ts';
import { createRowSums } from '../../../app/store/row-sums.ts';
import { runWorker } from '../../../app/worker/run-worker.ts';
import { accountName } from '../../../contract/accounts.ts';
import { type EventEnvelope, NO_CITIZEN, NO_RECEIPT } from '../../../contract/envelope.ts';
import { encodeEnvelope } from '../../../contract/envelope-schema.ts';
import { astraySubject, eventSubject } from '../../../contract/names.ts';
import { createCommitted } from '../../../journal/committed.ts';
import { createControlLog } from '../../../journal/freeze/control.ts';
import { createJournalReader } from '../../../journal/reader.ts';
import { createJournalReplay } from '../../../journal/replay.ts';
import { seededRandom } from '../../../local/load/random.ts';
import { comparisonOf } from '../../../operator/signals/comparison.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type GuardedJournal, startGuardedJournal } from '../../helpers/guarded-journal.ts';
import { queryOnce, startTestPostgres, type TestPostgres } from '../../helpers/postgres.ts';
import { factEvent, homeShard, receiptOf, receivedEvent, SHARDS } from '../../helpers/records.ts';

const campaignId = 'spring';
const PEOPLE = 600;
const never = new AbortController().signal;
let journal: GuardedJournal;
let postgres: TestPostgres;
let stream: JetStreamClient;
let store: Store;
let url: string;

/** Ends what a failed test left at work. */
const ended = new AbortController();

beforeAll(async () => {
  [journal, postgres] = await Promise.all([startGuardedJournal([campaignId]), startTestPostgres()]);
  const { nats } = await journal.connect(journal.access('operator'));
  stream = jetstream(nats);
  url = await postgres.ensureDatabase('records', 'voucher', campaignId);
  store = createStore({ connectionString: url, campaignId });
  await store.migrate();
});
afterAll(async () => {
  ended.abort();
  await store?.close();
  await Promise.all([journal?.stop(), postgres?.remove()]);
});

let copies = 0;
const publish = async (event: EventEnvelope, shard = homeShard(event)): Promise<number> => {
  copies += 1;
  const isAstray = event.type === 'received' && shard !== homeShard(event);
  const subject = isAstray
    ? astraySubject(campaignId, shard, event.receipt)
    : eventSubject(campaignId, shard, event.type, event.receipt);
  const { seq } = await stream.publish(subject, encodeEnvelope(event), { msgID: `copy ${copies}`, timeout: 10_000 });
  return seq;
};

/** The journal of this test stamps messages with today's time. */
const agreed = (event: EventEnvelope): EventEnvelope => ({ ...event, clock: 'agreed' });

/** Registrations with hedges, repeats that are older or younger, second receipts, verdicts, corrections and erasures. */
const load = async (): Promise<void> => {
  const { next } = seededRandom(20);
  for (let person = 0; person < PEOPLE; person += 1) {
    const of = (more: object = {}) => ({ campaignId, citizen: person, atMs: 1_000 + person, ...more });
    const first = agreed(receivedEvent(of()));
    const all: Promise<unknown>[] = [publish(first)];
    const lucky = (share: number): boolean => next() < share;
    if (lucky(0.2)) all.push(publish(first, (homeShard(first) + 1) % SHARDS));
    if (lucky(0.2)) all.push(publish(agreed(receivedEvent(of({ atMs: 1_000 + person - 5, sealed: 'another copy' })))));
    // In the same millisecond, on another pod.
    if (lucky(0.05))
      all.push(publish(agreed(receivedEvent(of({ sealed: 'the same instant' }))), (homeShard(first) + 2) % SHARDS));
    if (lucky(0.1))
      all.push(publish(agreed(receivedEvent(of({ receipt: `${person}-2`, atMs: 995 + person + (person % 9) })))));
    if (lucky(0.7)) all.push(publish(factEvent('verified', of({ atMs: 5_000 }))));
    if (lucky(0.1)) all.push(publish(factEvent('rejected', of({ atMs: 5_000, attempt: 2 }))));
    if (lucky(0.05)) all.push(publish(factEvent('erased', of({ atMs: 6_000 }))));
    await Promise.all(all);
  }
};

it('finds no difference while records writes, finds and names a row that is flipped, and ends when the list is made', async () => {
  const { signal } = ended;
  const worker = await journal.connect(journal.access({ campaignId, workload: 'records' }));
  const running = runWorker(
    {
      part: recordsPart(store, campaignId),
      shards: SHARDS,
      reader: createJournalReader({ connection: worker, campaignId, tier: 'records' }),
      registry: new Registry(),
      log: { warn: () => undefined },
      expiresMs: 100,
    },
    signal,
  );

  const connection = await journal.connect(journal.access({ campaignId, workload: 'compare' }));
  const of = { connection, campaignId, shards: SHARDS };
  const { replay } = createJournalReplay(of);
  const control = createControlLog(of);
  const database = createRowSums({
    connectionString: postgres.url('records', accountName(campaignId, 'compare')),
    campaignId,
  });
  const registry = new Registry();
  const rounds: Findings[] = [];
  const failures: unknown[] = [];
  const last = (): Findings | undefined => rounds.at(-1);
  exportComparison(registry, () => ({
    findings: last() ?? {
      watermarks: [0, 0, 0],
      roundAtMs: undefined,
      confirmed: [],
      suspected: 0,
      buckets: [],
      firstSeenMs: new Map(),
      open: undefined,
    },
    last: undefined,
  }));
  const comparing = keepComparing(
    {
      shards: SHARDS,
      state: createJournalState(campaignId, SHARDS, { replay }),
      journal: { replay, committed: createCommitted(of) },
      database,
      isListed: async (inner) => (await control.read('listed', inner)) !== undefined,
      now: Date.now,
      monotonicMs: () => performance.now(),
      onRound: (_, findings) => rounds.push(findings),
      onError: (error) => failures.push(error),
      pace: { leastMs: 20, mostMs: 100, confirmAfterMs: 200 },
    },
    signal,
  );
  // Awaited below; until then a rejection must not count as unhandled.
  comparing.catch(() => undefined);

  await load();
  const ends = await Promise.all(
    [0, 1, 2].map((shard) => publish(factEvent('withdrawn', { campaignId, citizen: shard }), shard)),
  );
  const isPast = (): boolean => ends.every((end, shard) => (last()?.watermarks[shard] ?? 0) >= end);
  await eventually(isPast, { what: 'everything is compared' });
  expect(failures).toEqual([]);
  expect(rounds.filter(({ confirmed, suspected }) => confirmed.length + suspected > 0)).toEqual([]);
  expect(rounds.length).toBeGreaterThan(3);
  expect(comparisonOf(await registry.metrics())).toMatchObject({ buckets: 0, rows: [], suspected: 0 });

  const [row] = await queryOnce<{ receipt: string }>(
    url,
    `UPDATE registration SET channel = 'alipay' WHERE campaign_id = $1 AND receipt = $2 RETURNING receipt`,
    [campaignId, receiptOf('77-1')],
  );
  expect(row).toBeDefined();
  await eventually(() => (last()?.confirmed.length ?? 0) > 0, { what: 'the row is found' });
  const findings = last();
  expect(findings?.confirmed).toMatchObject([{ table: 'registration', receipt: receiptOf('77-1'), what: ['channel'] }]);
  expect(comparisonOf(await registry.metrics())).toMatchObject({
    buckets: 1,
    rows: [{ bucket: findings?.confirmed[0]?.bucket, rows: 1 }],
  });
  // No value of a row.
  expect(JSON.stringify(findings && differencesReport(findings))).not.toMatch(/alipay|wechat/);
  await queryOnce(url, `UPDATE registration SET channel = 'wechat' WHERE channel = 'alipay'`);
  await eventually(() => last()?.confirmed.length === 0, { what: 'the rows agree again' });

  for (let shard = 0; shard < SHARDS; shard += 1) {
    const { accountHash: _, ...fact } = factEvent('verified', { campaignId });
    await publish(
      { ...fact, id: `barrier.${shard}`, type: 'barrier', receipt: NO_RECEIPT, citizenHash: NO_CITIZEN },
      shard,
    );
  }
  const operator = await journal.connect(journal.access('operator'));
  await createControlLog({ connection: operator, campaignId }).append('listed', { v: 1, campaignId, lists: [] }, never);
  expect(await comparing).toBe('listed');
  ended.abort();
  await running;
  await database.close();
});
