/** The records tier's part of a worker: messages → one transaction, with what can't be read set aside in the same. */
import type { Message, SetAside, Settled, TierPart } from '../worker/part.ts';
import { decodeMessage, MAX_MESSAGE_BYTES, type RejectionKind } from './decode.ts';
import type { CommitResult, JournalledEvent, RecordsStore, RejectedMessage } from './ports.ts';

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

/** @param settled hears of every commit once its batch is acknowledged */
export const recordsPart = (
  store: RecordsStore,
  campaignId: string,
  settled: (commit: RecordsCommit) => void = () => undefined,
): TierPart<RecordsCommit> => {
  const commit = async (
    events: readonly JournalledEvent[],
    rejected: readonly Rejection[],
    signal: AbortSignal,
  ): Promise<RecordsCommit> => ({ result: await store.commit({ events, rejected }, signal), setAside: rejected });
  return {
    tier: 'records',
    commit(messages, signal) {
      const events: JournalledEvent[] = [];
      const rejected: Rejection[] = [];
      for (const message of messages) {
        const decoded = decodeMessage(message, campaignId);
        const { shard, sequence } = message;
        if (decoded.kind === 'event') events.push({ shard, sequence, event: decoded.event });
        else rejected.push(rejectionOf(message, decoded.rejection, decoded.reason));
      }
      return commit(events, rejected, signal);
    },
    keepAside: (message, { code }, signal) =>
      commit([], [rejectionOf(message, 'refused', `database: ${code}`)], signal),
    settled,
  };
};
