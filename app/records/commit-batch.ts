/** Messages of one shard → one commit, with poison set aside and what a later release wrote kept. */
import type { EventType } from '../../contract/envelope.ts';
import { decodeMessage, MAX_MESSAGE_BYTES, type RejectionKind } from './decode.ts';
import {
  type CommitResult,
  type JournalledEvent,
  type KeptEvent,
  type RecordsStore,
  RecordsStoreError,
  type RejectedMessage,
} from './ports.ts';

export interface Message {
  readonly shard: number;
  readonly sequence: number;
  readonly storedAtMs: number;
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

const NOTHING: CommitResult = { inserted: 0, superseded: 0, repeated: 0, facts: 0, kept: 0, uncounted: 0 };

const add = (a: CommitResult, b: CommitResult): CommitResult => ({
  inserted: a.inserted + b.inserted,
  superseded: a.superseded + b.superseded,
  repeated: a.repeated + b.repeated,
  facts: a.facts + b.facts,
  kept: a.kept + b.kept,
  uncounted: a.uncounted + b.uncounted,
});

const decodeAll = (messages: readonly Message[], campaignId: string, known: readonly EventType[] | undefined) => {
  const candidates: Candidate[] = [];
  const rejected: Rejection[] = [];
  const kept: KeptEvent[] = [];
  for (const { shard, sequence, storedAtMs, data } of messages) {
    const decoded = decodeMessage({ data, storedAtMs }, campaignId, known);
    if (decoded.kind === 'event') {
      // A barrier marks a place in the shard; there is nothing to record of it.
      if (decoded.event.type !== 'barrier') candidates.push({ shard, sequence, event: decoded.event, raw: data });
    } else if (decoded.kind === 'unknown') {
      kept.push({ shard, sequence, storedAtMs, v: decoded.v, type: decoded.type, raw: data });
    } else {
      const raw = data.subarray(0, MAX_MESSAGE_BYTES);
      rejected.push({ shard, sequence, raw, reason: decoded.reason, kind: decoded.rejection });
    }
  }
  return { candidates, rejected, kept };
};

/**
 * Commits `messages`; rejects with RecordsStoreError `unavailable` when the outcome is unknown. A batch that the
 * database refuses for good is halved until the poison stands alone: nine more commits for one bad message in 500.
 *
 * @param known types that this worker understands; all of this release unless stated
 */
export const commitBatch = async (
  store: RecordsStore,
  campaignId: string,
  messages: readonly Message[],
  signal: AbortSignal,
  known?: readonly EventType[],
): Promise<CommittedBatch> => {
  const { candidates, rejected, kept } = decodeAll(messages, campaignId, known);

  const commit = async (
    part: readonly Candidate[],
    setAside: readonly Rejection[],
    later: readonly KeptEvent[] = [],
  ): Promise<CommittedBatch> => {
    if (part.length + setAside.length + later.length === 0) return { result: NOTHING, rejected: [] };
    try {
      const result = await store.commit({ events: part, rejected: setAside, kept: later }, signal);
      return { result, rejected: setAside };
    } catch (error) {
      const only = part[0];
      if (!(error instanceof RecordsStoreError) || error.kind !== 'refused' || only === undefined) throw error;
      if (part.length === 1) {
        const { shard, sequence, raw } = only;
        const poison: Rejection = { shard, sequence, raw, reason: `database: ${error.code}`, kind: 'refused' };
        return commit([], [...setAside, poison], later);
      }
      const middle = Math.ceil(part.length / 2);
      const first = await commit(part.slice(0, middle), setAside, later);
      const second = await commit(part.slice(middle), []);
      return { result: add(first.result, second.result), rejected: [...first.rejected, ...second.rejected] };
    }
  };

  return commit(candidates, rejected, kept);
};
