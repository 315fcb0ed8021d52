/**
 * The records of one campaign in PostgreSQL. A batch is one transaction, in stages that every worker goes through in
 * the same order, each stage in key order:
 *
 *   new registrations → rows of known citizens, locked → superseded receipts → facts → rejected messages → kept → totals
 *
 * A transaction waits only for one that is in the same stage and ahead of it in key order, or in a later stage: there
 * is no circle to deadlock in. A batch with an erasure keeps all others from writing (erased.ts), before its first stage.
 *
 * No statement_timeout: a statement that is cancelled while it waits for a synchronous standby may be visible here and
 * lost there (patroni/patroni#1412). Every error means "outcome unknown", and committing again is safe.
 */
import { escapeIdentifier, type PoolClient } from 'pg';
import type { EventKind } from '../../contract/envelope.ts';
import type { CommitResult, DatabaseTrouble, KeptEvents, RecordsStore, RejectedMessage } from '../records/ports.ts';
import { collapseByCitizen, collapseFacts } from '../records/standing.ts';
import { hexArray, plainArray, textArray } from './arrays.ts';
import { addCounts, createCounts, type RecordsCounts } from './counts.ts';
import { emptyFacts, emptyRegistrations, lockToErase } from './erased.ts';
import { storeError } from './errors.ts';
import { writeFacts } from './facts.ts';
import { createKeptEvents, writeKept } from './kept.ts';
import { lookAtDatabase } from './look.ts';
import { createPool, type DatabaseAccess } from './pool.ts';
import { writeRegistrations } from './registrations.ts';
import { migrate } from './schema.ts';
import { inTransaction } from './transaction.ts';

export interface StoreOptions extends DatabaseAccess {
  readonly campaignId: string;
  /** PostgreSQL schema that holds the tables; `public` unless stated. */
  readonly schema?: string;
  /** More than four batch writers gain nothing. */
  readonly maxConnections?: number;
}

export interface Store extends RecordsStore {
  /** Creates or updates the tables; safe beside other processes that do the same. */
  migrate(): Promise<void>;
  readonly kept: KeptEvents;
  count(campaignId: string): Promise<RecordsCounts>;
  /** Whether the database answers now. */
  ping(): Promise<boolean>;
  /** What is wrong with it for this process's own user; undefined when nothing is. Within some seconds; never rejects. */
  look(): Promise<DatabaseTrouble | undefined>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 4;
const CONNECT_WITHIN_MS = 5_000;
/** Gives up on a network that swallows packets; an honest batch takes milliseconds, a failover some ten seconds. */
const ANSWER_WITHIN_MS = 120_000;

const isCitizen = (kind: EventKind): boolean => kind === 'citizen';
const citizensIn = (kinds: readonly EventKind[]): number => kinds.filter(isCitizen).length;

const writeRejected = async (
  client: PoolClient,
  schema: string,
  campaignId: string,
  rejected: readonly RejectedMessage[],
): Promise<number> => {
  if (rejected.length === 0) return 0;
  const sorted = [...rejected].sort((a, b) => a.shard - b.shard || a.sequence - b.sequence);
  const { rowCount } = await client.query(
    `INSERT INTO ${schema}.rejected_message (campaign_id, shard, seq, reason, raw)
     SELECT $1, * FROM unnest($2::smallint[], $3::bigint[], $4::text[], $5::bytea[]) ON CONFLICT DO NOTHING`,
    [
      campaignId,
      plainArray(sorted.map(({ shard }) => shard)),
      plainArray(sorted.map(({ sequence }) => sequence)),
      textArray(sorted.map(({ reason }) => reason)),
      hexArray(sorted.map(({ raw }) => Buffer.from(raw).toString('hex'))),
    ],
  );
  return rowCount ?? 0;
};

type Batch = Parameters<RecordsStore['commit']>[0];

const write = async (client: PoolClient, schema: string, campaignId: string, batch: Batch): Promise<CommitResult> => {
  const received = batch.events.filter(({ event }) => event.type === 'received');
  const others = received.length === batch.events.length ? [] : batch.events.filter((e) => e.event.type !== 'received');
  const erasures = others.flatMap(({ event }) => (event.type === 'erased' ? [event.receipt] : []));
  if (erasures.length > 0) await lockToErase(client, schema);
  const scope = { client, schema, campaignId };
  const changes = await writeRegistrations(scope, collapseByCitizen(received));
  await emptyRegistrations(client, schema, campaignId, [...erasures, ...changes.erased]);
  const facts = await writeFacts(client, schema, campaignId, collapseFacts(others));
  await emptyFacts(client, schema, campaignId, [...erasures, ...facts.erased]);
  const rejected = await writeRejected(client, schema, campaignId, batch.rejected);
  const kept = await writeKept(client, schema, campaignId, batch.kept ?? []);
  const inserted = citizensIn(changes.inserted);
  const superseded = citizensIn(changes.superseded) - citizensIn(changes.reinstated);
  await addCounts(client, schema, campaignId, { received: inserted, superseded, rejectedMessages: rejected });
  // A receipt is new exactly once: as the registration that stands or as one that gave way.
  const newReceipts = changes.inserted.length + changes.superseded.length - changes.reinstated.length;
  return {
    inserted,
    superseded,
    uncounted: newReceipts - inserted - superseded,
    facts: facts.inserted,
    kept,
    repeated: batch.events.length - newReceipts - facts.inserted,
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
        return await inTransaction(pool, (client) => write(client, schema, campaignId, batch), signal);
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
    count: createCounts(pool, schemaName).count,
    look: () => lookAtDatabase(pool, schemaName),
    ping: () =>
      pool.query('SELECT 1').then(
        () => true,
        () => false,
      ),
    close: () => pool.end(),
  };
};
