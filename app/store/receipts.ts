/** Reads the state of a receipt. A read that takes longer than a second is `unavailable`. */
import { escapeIdentifier } from 'pg';
import type { Channel, EventType } from '../../contract/envelope.ts';
import { abortable } from '../../runtime/abortable.ts';
import type { ClockSource } from '../../runtime/clock-source.ts';
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
  readonly source: 'registration' | 'fact' | 'superseded';
  readonly type: EventType;
  readonly attempt: number;
  readonly at: Date;
  readonly channel: Channel | null;
  readonly category: string | null;
}

const lookupOf = (rows: readonly Row[]): ReceiptLookup => {
  const registration = rows.find(({ source }) => source === 'registration');
  if (registration !== undefined) {
    return {
      kind: 'found',
      channel: registration.channel ?? '',
      category: registration.category ?? '',
      receivedAt: registration.at.toISOString(),
      facts: rows
        .filter(({ source }) => source !== 'superseded')
        .map(({ type, attempt, at, channel }) => ({
          type,
          attempt,
          at: at.toISOString(),
          ...(type === 'channel_changed' && channel !== null ? { channel } : {}),
        })),
    };
  }
  const superseded = rows.find(({ source }) => source === 'superseded');
  // A fact may arrive before its registration; until then the receipt is absent.
  return superseded === undefined
    ? { kind: 'absent' }
    : { kind: 'superseded', receivedAt: superseded.at.toISOString() };
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
  // One statement, so one snapshot: a receipt that is being reinstated is in exactly one table. An intake that is upgraded before the
  // records tier may find a table without attempts and channels, which then come from `before`. That works with the owner's account
  // only: a role of its own has no grants until a records pod of this release has migrated, and every receipt is `unavailable`.
  const query = `
    SELECT 'registration' AS source, 'received' AS type, 1 AS attempt, accepted_at AS at, channel, category
      FROM ${schema}.registration WHERE campaign_id = $1 AND receipt = $2
    UNION ALL SELECT 'fact', fact.* FROM (SELECT 1 AS attempt, NULL AS channel) AS before CROSS JOIN LATERAL (
      SELECT type, attempt, at, channel, NULL
      FROM ${schema}.registration_fact WHERE campaign_id = $1 AND receipt = $2) AS fact
    UNION ALL SELECT 'superseded', 'received', 1, accepted_at, NULL, NULL
      FROM ${schema}.superseded_receipt WHERE campaign_id = $1 AND receipt = $2`;
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
