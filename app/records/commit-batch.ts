/** Messages of one shard → one commit, with poison set aside. */
import { decodeMessage, MAX_MESSAGE_BYTES, type RejectionKind } from './decode.ts';
import {
  type CommitResult,
  type JournalledEvent,
  type RecordsStore,
  RecordsStoreError,
  type RejectedMessage,
} from './ports.ts';

export interface Message {
  readonly shard: number;
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

export interface Rejection extends RejectedMessage {
  readonly kind: RejectionKind;
}

export interface CommittedBatch {
  readonly result: CommitResult;
  readonly rejected: readonly Rejection[];
}

interface Candidate extends JournalledEvent {
  readonly raw: Uint8Array;
}

const NOTHING: CommitResult = { inserted: 0, superseded: 0, repeated: 0, facts: 0, uncounted: 0 };

const add = (a: CommitResult, b: CommitResult): CommitResult => ({
  inserted: a.inserted + b.inserted,
  superseded: a.superseded + b.superseded,
  repeated: a.repeated + b.repeated,
  facts: a.facts + b.facts,
  uncounted: a.uncounted + b.uncounted,
});

const decodeAll = (messages: readonly Message[], campaignId: string) => {
  const candidates: Candidate[] = [];
  const rejected: Rejection[] = [];
  for (const { shard, sequence, storedAtMs, subject, data } of messages) {
    const decoded = decodeMessage({ subject, data, storedAtMs }, campaignId);
    if (decoded.kind === 'event') candidates.push({ shard, sequence, event: decoded.event, raw: data });
    else {
      const raw = data.subarray(0, MAX_MESSAGE_BYTES);
      rejected.push({ shard, sequence, raw, reason: decoded.reason, kind: decoded.rejection });
    }
  }
  return { candidates, rejected };
};

/**
 * Commits `messages`; rejects with RecordsStoreError `unavailable` when the outcome is unknown. A batch that the
 * database refuses for good is halved until the poison stands alone: nine more commits for one bad message in 500.
 */
export const commitBatch = async (
  store: RecordsStore,
  campaignId: string,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<CommittedBatch> => {
  const { candidates, rejected } = decodeAll(messages, campaignId);

  const commit = async (part: readonly Candidate[], setAside: readonly Rejection[]): Promise<CommittedBatch> => {
    if (part.length === 0 && setAside.length === 0) return { result: NOTHING, rejected: [] };
    try {
      return { result: await store.commit({ events: part, rejected: setAside }, signal), rejected: setAside };
    } catch (error) {
      const only = part[0];
      if (!(error instanceof RecordsStoreError) || error.kind !== 'refused' || only === undefined) throw error;
      if (part.length === 1) {
        const { shard, sequence, raw } = only;
        return commit([], [...setAside, { shard, sequence, raw, reason: `database: ${error.code}`, kind: 'refused' }]);
      }
      const middle = Math.ceil(part.length / 2);
      const first = await commit(part.slice(0, middle), setAside);
      const second = await commit(part.slice(middle), []);
      return { result: add(first.result, second.result), rejected: [...first.rejected, ...second.rejected] };
    }
  };

  return commit(candidates, rejected);
};
