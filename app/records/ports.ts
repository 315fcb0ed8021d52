/** What the records worker needs from the world. Implemented by journal/ and app/store. */
import type { DatabaseState } from '../../contract/app-contract.ts';
import type { EventEnvelope, EventType } from '../../contract/envelope.ts';
import { CommitError } from '../worker/part.ts';

/** A database that is not as it should be. */
export type DatabaseTrouble = Exclude<DatabaseState, 'answers' | 'unknown'>;

/** A parsed event, its `at` judged beside the journal's own time stamp, and where it stands in the journal. */
export interface JournalledEvent {
  readonly shard: number;
  readonly sequence: number;
  readonly event: EventEnvelope;
}

export interface RejectedMessage {
  readonly shard: number;
  readonly sequence: number;
  readonly reason: string;
  readonly raw: Uint8Array;
}

/** An envelope of a later release, as the journal has it. */
export interface KeptEvent {
  readonly shard: number;
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly subject: string;
  readonly v: number;
  readonly type: string;
  readonly raw: Uint8Array;
}

export interface CommitResult {
  /** Rows that are new: the number of citizens whose registration stands for the first time. */
  readonly inserted: number;
  /** Receipts that are newly on record as superseded. */
  readonly superseded: number;
  /** Copies of what was there already. */
  readonly repeated: number;
  /** New facts other than `received`. */
  readonly facts: number;
  /** New envelopes of a later release. */
  readonly kept: number;
  /** New receipts of canaries and rehearsals: stored, never counted as citizens. */
  readonly uncounted: number;
}

export interface RecordsStore {
  /** One transaction: all of it is durable when this resolves, none of it when it rejects. */
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

/** What workers of an earlier release have kept. */
export interface KeptEvents {
  /** Some of those whose type is among these, in the order of the journal; none when there are no more. */
  read(known: readonly EventType[], signal: AbortSignal): Promise<readonly KeptEvent[]>;
  /** They are recorded now. */
  forget(events: readonly KeptEvent[], signal: AbortSignal): Promise<void>;
}

/** Says in a word of the contract what the failure means for the database. */
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
