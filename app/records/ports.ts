/** What the records worker needs from the world. Implemented by journal/ and app/store. */
import type { DatabaseState } from '../../contract/dependency.ts';
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import { CommitError } from '../worker/part.ts';

/** What can be wrong with a database. */
export type DatabaseTrouble = Exclude<DatabaseState, 'answers' | 'unknown'>;

/** Position of a message in the journal. */
interface Place {
  readonly shard: number;
  readonly sequence: number;
}

/** A parsed event, with `at` checked against the journal's own time stamp. */
export interface JournalledEvent extends Place {
  readonly event: EventEnvelope;
}

export interface RejectedMessage extends Place {
  readonly reason: string;
  readonly raw: Uint8Array;
}

/** An envelope of a later release, as the journal has it. */
export interface KeptEvent extends Place {
  readonly storedAtMs: number;
  readonly subject: string;
  readonly v: number;
  readonly type: string;
  readonly raw: Uint8Array;
}

export interface CommitResult {
  /** New rows: citizens who had no registration before. */
  readonly inserted: number;
  /** Receipts that are newly stored as superseded. */
  readonly superseded: number;
  /** Copies of stored events. */
  readonly repeated: number;
  /** New facts other than `received`. */
  readonly facts: number;
  /** New envelopes of a later release. */
  readonly kept: number;
  /** New receipts of canaries and rehearsals: stored, never counted as citizens. */
  readonly uncounted: number;
}

export interface RecordsStore {
  /** One transaction: all of it is durable when this resolves; nothing is acknowledged when it rejects. */
  commit(
    batch: {
      readonly events: readonly JournalledEvent[];
      readonly rejected: readonly RejectedMessage[];
      /** Absent: none. */
      readonly kept?: readonly KeptEvent[];
    },
    signal: AbortSignal,
  ): Promise<CommitResult>;
}

/** Events that workers of an earlier release have kept. */
export interface KeptEvents {
  /** Some events of these types, in the order of the journal; none when there are no more. */
  read(known: readonly EventType[], signal: AbortSignal): Promise<readonly KeptEvent[]>;
  /** They are recorded now. */
  forget(events: readonly KeptEvent[], signal: AbortSignal): Promise<void>;
}

/** With the state of the database that the failure means. */
export class RecordsStoreError extends CommitError {
  override readonly name = 'RecordsStoreError';
  readonly trouble: DatabaseTrouble;

  constructor(
    kind: CommitError['kind'],
    code: string,
    attempted: string,
    cause: unknown,
    trouble: DatabaseTrouble = 'failing',
  ) {
    super(kind, code, attempted, cause);
    this.trouble = trouble;
  }
}
