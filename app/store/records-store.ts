/**
 * The records of one campaign in PostgreSQL. A batch is one transaction, in stages that every worker passes in the same order, each
 * stage in key order:
 *
 *   new registrations → rows of known citizens, locked → superseded receipts → facts → rejected messages → kept → totals → counts of
 *   winners' facts
 *
 * A transaction only waits for one that is ahead of it in key order, or in a later stage, so no deadlock is possible. A batch with an
 * erasure locks out all others (erased.ts) before its first stage.
 *
 * No statement_timeout: a statement that is cancelled while it waits for a synchronous standby may be visible here and lost there
 * (patroni/patroni#1412). Every error means "outcome unknown", and committing again is safe.
 */
import { escapeIdentifier } from 'pg';
import type { EventKind } from '../../contract/envelope.ts';
import { type FactCount, factCountsOf } from '../records/fact-states.ts';
import type { CommitResult, DatabaseTrouble, KeptEvents, RecordsStore, RejectedMessage } from '../records/ports.ts';
import { collapseByCitizen, collapseFacts } from '../records/standing.ts';
import { batchOf, column, hexArray, plainArray, textArray } from './arrays.ts';
import { addCounts, type RecordsCounts, readCounts } from './counts.ts';
import { emptyErased, lockToErase } from './erased.ts';
import { storeError } from './errors.ts';
import { addFactCounts, readFactCounts } from './fact-counts.ts';
import { writeFacts } from './facts.ts';
import { createKeptEvents, writeKept } from './kept.ts';
import { lookAtDatabase } from './look.ts';
import { createPool, type DatabaseAccess } from './pool.ts';
import { writeRegistrations } from './registrations.ts';
import { migrate } from './schema.ts';
import { insertNew, inTransaction, type Scope } from './transaction.ts';

export interface StoreOptions extends DatabaseAccess {
  readonly campaignId: string;
  /** PostgreSQL schema that holds the tables; `public` unless stated. */
  readonly schema?: string;
  /** More than four writers are not faster. */
  readonly maxConnections?: number;
}

export interface Store extends RecordsStore {
  /** Creates or updates the tables; safe beside other processes that do the same. */
  migrate(): Promise<void>;
  readonly kept: KeptEvents;
  count(campaignId: string): Promise<RecordsCounts>;
  /** Facts of winners. */
  countFacts(): Promise<readonly FactCount[]>;
  /** What is wrong for this process's own user; undefined when nothing is. Takes at most seconds; never rejects. */
  look(): Promise<DatabaseTrouble | undefined>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 4;
const CONNECT_WITHIN_MS = 5_000;
/** For a network that drops packets; a batch takes milliseconds, a failover about ten seconds. */
const ANSWER_WITHIN_MS = 120_000;

const isCitizen = (kind: EventKind): boolean => kind === 'citizen';
const citizensIn = (kinds: readonly EventKind[]): number => kinds.filter(isCitizen).length;

const REJECTED = batchOf<RejectedMessage>([
  column('shard', 'smallint', plainArray, ({ shard }) => shard),
  column('seq', 'bigint', plainArray, ({ sequence }) => sequence),
  column('reason', 'text', textArray, ({ reason }) => reason),
  column('raw', 'bytea', hexArray, ({ raw }) => Buffer.from(raw).toString('hex')),
]);

type Batch = Parameters<RecordsStore['commit']>[0];

const write = async (scope: Scope, batch: Batch): Promise<CommitResult> => {
  const received = batch.events.filter(({ event }) => event.type === 'received');
  const others = received.length === batch.events.length ? [] : batch.events.filter((e) => e.event.type !== 'received');
  const erasures = others.flatMap(({ event }) => (event.type === 'erased' ? [event.receipt] : []));
  if (erasures.length > 0) await lockToErase(scope);
  const changes = await writeRegistrations(scope, collapseByCitizen(received));
  await emptyErased(scope, 'registration', [...erasures, ...changes.erased]);
  const facts = await writeFacts(scope, collapseFacts(others));
  await emptyErased(scope, 'registration_fact', [...erasures, ...facts.erased]);
  const rejected = await insertNew(scope, 'rejected_message', REJECTED, batch.rejected);
  const kept = await writeKept(scope, batch.kept ?? []);
  const inserted = citizensIn(changes.inserted);
  const superseded = citizensIn(changes.superseded) - citizensIn(changes.reinstated);
  await addCounts(scope, { received: inserted, superseded, rejectedMessages: rejected });
  await addFactCounts(scope, factCountsOf(facts.inserted));
  // A receipt is new exactly once: as the citizen's row, or as superseded.
  const newReceipts = changes.inserted.length + changes.superseded.length - changes.reinstated.length;
  return {
    inserted,
    superseded,
    uncounted: newReceipts - inserted - superseded,
    facts: facts.inserted.length,
    kept,
    repeated: batch.events.length - newReceipts - facts.inserted.length,
  };
};

export const createStore = (options: StoreOptions): Store => {
  const { campaignId, schema: schemaName = 'public' } = options;
  const schema = escapeIdentifier(schemaName);
  const pool = createPool({
    access: options,
    max: options.maxConnections ?? MAX_CONNECTIONS,
    applicationName: 'voucher-records',
    connectWithinMs: CONNECT_WITHIN_MS,
    answerWithinMs: ANSWER_WITHIN_MS,
  });
  return {
    async commit(batch, signal) {
      signal.throwIfAborted();
      try {
        return await inTransaction(pool, (client) => write({ client, schema, campaignId }, batch), signal);
      } catch (error) {
        throw storeError(`commit ${batch.events.length} events`, error);
      }
    },
    async migrate() {
      try {
        await migrate(options, schemaName, campaignId);
      } catch (error) {
        throw storeError(`migrate schema ${schemaName}`, error);
      }
    },
    kept: createKeptEvents(pool, schemaName, campaignId),
    count: (ofCampaign) => readCounts(pool, schemaName, ofCampaign),
    countFacts: () => readFactCounts(pool, schemaName, campaignId),
    look: () => lookAtDatabase(pool, schemaName),
    close: () => pool.end(),
  };
};
