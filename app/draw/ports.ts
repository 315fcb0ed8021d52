/** What the draw needs from the journal. Implemented by journal/replay.ts and journal/freeze/control.ts. */
import type { Stored } from '../../journal/reading.ts';

export interface ShardReplay {
  /** Batches in order of sequence from `fromSequence` on, ending after the last message there was at the start. */
  replay(shard: number, fromSequence: number, signal: AbortSignal): AsyncIterable<readonly Stored[]>;
}

export interface Decisions {
  /** The one entry of this type; undefined: none. @throws Error when unknown */
  read(type: 'frozen' | 'listed', signal: AbortSignal): Promise<{ readonly value: unknown } | undefined>;
  /** Stores it unless there is one of the type. @throws Error when it is unknown whether it is stored; again is safe */
  append(
    type: 'listed',
    value: object,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'appended' | 'exists'; readonly entry: { readonly value: unknown } }>;
}
