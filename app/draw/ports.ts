/** What the draw needs from the journal and from outside. Implemented in journal/ and by app/roles/draw.ts. */
import type { DrawStep, SourceRule, SourceValue } from '../../contract/decisions/draw.ts';
import type { ChainEntry } from '../../contract/decisions/draw-chain.ts';
import type { FrozenExclusion } from '../../contract/decisions/exclusion.ts';
import type { EventEnvelope } from '../../contract/envelope.ts';
import type { Stored } from '../../journal/reading.ts';

export interface ShardReplay {
  /** Batches in order of sequence from `fromSequence` on, ending after the last message there was at the start. */
  replay(shard: number, fromSequence: number, signal: AbortSignal): AsyncIterable<readonly Stored[]>;
}

/** Lists of earlier winners, by what the freeze says of them. */
export interface ExcludedLists {
  /** Sorted hashes of 16 bytes. @throws Error when the list can't be read, or is another one */
  read(list: FrozenExclusion, signal: AbortSignal): Promise<Buffer>;
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

export interface Steps {
  /** All steps of the draw. @throws Error when they are unknown, ControlEntryError */
  read(signal: AbortSignal): Promise<readonly ChainEntry[]>;
  /** @returns false: another entry was appended meanwhile. @throws Error when it is unknown whether it is stored */
  append(step: DrawStep, after: number, signal: AbortSignal): Promise<boolean>;
}

export interface Drand {
  /** Of every chain that a campaign may commit to: the one for new commitments. Hex. */
  readonly chain: string;
  /** The first round at the instant or later, and when it is published. */
  roundFrom(atMs: number): { readonly round: number; readonly atMs: number };
  /** Undefined: no relay has the round yet. The value is verified. @throws Error for a chain that is not known */
  value(
    rule: Extract<SourceRule, { readonly type: 'Drand' }>,
    relays: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<SourceValue | undefined>;
}

/** Resolves once the fact is stored in its citizen's home shard. */
export type PublishFact = (event: EventEnvelope, signal: AbortSignal) => Promise<void>;
