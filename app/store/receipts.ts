/** Reads the state of a receipt. A read that takes longer than a second is `unavailable`. */
import { escapeIdentifier } from 'pg';
import type { Channel, EventType } from '../../contract/envelope.ts';
import type { FactedClaim } from '../../contract/winner.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { ClockSource } from '../../runtime/clock-source.ts';
import { highestFact } from '../core/projection.ts';
import type { ReceiptLookup, ReceiptStore } from '../intake/ports.ts';
import { createPool, type DatabaseAccess } from './pool.ts';

export interface ReceiptStoreOptions extends DatabaseAccess {
  readonly campaignId: string;
  /** `public` unless stated. */
  readonly schema?: string;
  readonly maxConnections?: number;
}

const MAX_CONNECTIONS = 4;
const ANSWER_WITHIN_MS = 1_000;
/** Longer queues are refused at once, because their reads would be too late. */
const MAX_WAITING = 200;

interface Row {
  readonly source: 'receipt' | 'fact' | 'other';
  readonly type: EventType;
  readonly attempt: number;
  readonly at: Date;
  readonly channel: Channel | null;
  readonly category: string | null;
  /** Of another receipt: its number, and its facts as `<type> <attempt>`. */
  readonly receipt: string | null;
  readonly facts: readonly string[] | null;
}

const otherOf = ({ at, receipt, facts }: Row): FactedClaim => ({
  acceptedAt: at.toISOString(),
  receipt: receipt ?? '',
  fact: highestFact(
    (facts ?? []).map((fact) => {
      const [type, attempt] = fact.split(' ');
      return { type: type as EventType, attempt: Number(attempt) };
    }),
  ),
});

const lookupOf = (rows: readonly Row[]): ReceiptLookup => {
  const own = rows.find(({ source }) => source === 'receipt');
  // A fact may arrive before its registration; until then the receipt is absent.
  if (own === undefined) return { kind: 'absent' };
  const { channel: registered, category } = own;
  return {
    kind: 'found',
    ...(registered === null || category === null ? {} : { registered: { channel: registered, category } }),
    receivedAt: own.at.toISOString(),
    facts: rows
      .filter(({ source }) => source !== 'other')
      .map(({ type, attempt, at, channel }) => ({
        type,
        attempt,
        at: at.toISOString(),
        ...(type === 'channel_changed' && channel !== null ? { channel } : {}),
      })),
    others: rows.filter(({ source }) => source === 'other').map(otherOf),
  };
};

export const createReceiptStore = (
  options: ReceiptStoreOptions,
): ReceiptStore & ClockSource & { readonly close: () => Promise<void> } => {
  const schema = escapeIdentifier(options.schema ?? 'public');
  const pool = createPool({
    access: options,
    max: options.maxConnections ?? MAX_CONNECTIONS,
    applicationName: 'voucher-status',
    connectWithinMs: ANSWER_WITHIN_MS,
    answerWithinMs: ANSWER_WITHIN_MS + 500,
    statementTimeoutMs: ANSWER_WITHIN_MS,
  });
  // One statement, so one snapshot: a receipt that is being reinstated is in exactly one table. Of the person's other receipts those with
  // the same facts are in one class, so one of them is enough, however many there are. An intake that is upgraded before the records
  // tier may find a table without attempts and channels, which then come from `before`. That works with the owner's account only: a
  // role of its own has no grants until a records pod of this release has migrated, and every receipt is `unavailable`.
  const query = `
    WITH person AS (
      SELECT citizen_hash FROM ${schema}.registration WHERE campaign_id = $1 AND receipt = $2
      UNION ALL SELECT citizen_hash FROM ${schema}.superseded_receipt WHERE campaign_id = $1 AND receipt = $2),
    claim AS (
      SELECT receipt, accepted_at, channel, category
        FROM ${schema}.registration JOIN person USING (citizen_hash) WHERE campaign_id = $1
      UNION ALL SELECT receipt, accepted_at, NULL, NULL
        FROM ${schema}.superseded_receipt JOIN person USING (citizen_hash) WHERE campaign_id = $1),
    before AS (SELECT 1 AS attempt, NULL AS channel)
    SELECT 'receipt' AS source, 'received' AS type, 1 AS attempt, accepted_at AS at, channel, category, NULL AS receipt,
      NULL::text[] AS facts FROM claim WHERE receipt = $2
    UNION ALL SELECT 'fact', fact.*, NULL, NULL, NULL FROM before CROSS JOIN LATERAL (
      SELECT type, attempt, at, channel
      FROM ${schema}.registration_fact WHERE campaign_id = $1 AND receipt = $2) AS fact
    UNION ALL SELECT 'other', 'received', 1, accepted_at, NULL, NULL, receipt, facts FROM (
      SELECT DISTINCT ON (facts) claim.receipt, accepted_at, facts
      FROM claim CROSS JOIN before CROSS JOIN LATERAL (SELECT ARRAY(
        SELECT concat_ws(' ', fact.type, attempt) FROM ${schema}.registration_fact AS fact
        WHERE campaign_id = $1 AND fact.receipt = claim.receipt ORDER BY 1) AS facts) AS known
      WHERE claim.receipt <> $2
      ORDER BY facts, accepted_at, claim.receipt) AS other`;
  return {
    async find(receipt, signal) {
      if (signal.aborted || pool.waitingCount >= MAX_WAITING) return { kind: 'unavailable' };
      const asked = pool.query<Row>({ name: 'find-receipt', text: query, values: [options.campaignId, receipt] });
      return abortable(asked, signal).then(
        ({ rows }) => lookupOf(rows),
        () => ({ kind: 'unavailable' }),
      );
    },
    async read() {
      const { rows } = await pool.query<{ ms: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms');
      return { clock: 'database', atMs: Number(rows[0]?.ms), mayBeShared: true };
    },
    close: () => pool.end(),
  };
};
