/**
 * The records tier's part of a worker: messages → one transaction, in which unreadable messages are set aside, and those of a later
 * release are kept.
 */
import type { EventType } from '../../contract/envelope.ts';
import type { Message, SetAside, Settled, TierPart } from '../worker/part.ts';
import { decodeMessage, MAX_MESSAGE_BYTES, type RejectionKind } from './decode.ts';
import type { CommitResult, JournalledEvent, KeptEvent, RecordsStore, RejectedMessage } from './ports.ts';

interface Rejection extends RejectedMessage, SetAside {
  readonly kind: RejectionKind;
}

export interface RecordsCommit extends Settled {
  readonly result: CommitResult;
}

const rejectionOf = ({ shard, sequence, data }: Message, kind: RejectionKind, reason: string): Rejection => ({
  shard,
  sequence,
  raw: data.subarray(0, MAX_MESSAGE_BYTES),
  reason,
  kind,
});

/**
 * @param settled called with every commit once its batch is acknowledged
 * @param known types that this worker understands; all of this release unless stated
 */
export const recordsPart = (
  store: RecordsStore,
  campaignId: string,
  settled: (commit: RecordsCommit) => void = () => undefined,
  known?: readonly EventType[],
): TierPart<RecordsCommit> => ({
  tier: 'records',
  async commit(messages, signal) {
    const events: JournalledEvent[] = [];
    const rejected: Rejection[] = [];
    const kept: KeptEvent[] = [];
    for (const message of messages) {
      const decoded = decodeMessage(message, campaignId, known);
      const { shard, sequence, storedAtMs, subject, data } = message;
      if (decoded.kind === 'rejected') rejected.push(rejectionOf(message, decoded.rejection, decoded.reason));
      else if (decoded.kind === 'unknown') {
        kept.push({ shard, sequence, storedAtMs, subject, v: decoded.v, type: decoded.type, raw: data });
      } else if (decoded.event.type !== 'barrier') {
        // A barrier only marks a position in the shard.
        events.push({ shard, sequence, event: decoded.event });
      }
    }
    return { result: await store.commit({ events, rejected, kept }, signal), setAside: rejected };
  },
  async keepAside(message, { code }, signal) {
    const setAside = [rejectionOf(message, 'refused', `database: ${code}`)];
    return { result: await store.commit({ events: [], rejected: setAside, kept: [] }, signal), setAside };
  },
  settled,
});
