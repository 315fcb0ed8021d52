/**
 * The next step on the way to one frozen list. Pure and level-based: a leader that knows nothing but what it observes goes on
 * where another one ended.
 *
 * Barriers are kept in the memory of the process that published them. Another leader publishes its own; whichever `frozen` entry is
 * appended first counts. Both are right: every barrier is published after the last registration and the last change of one were
 * acknowledged, so it is above them in its shard.
 */
import type { ComparisonReport } from '../../contract/compare.ts';
import type { Frozen, Listed } from '../../contract/decisions/control.ts';
import type { FrozenExclusion } from '../../contract/decisions/exclusion.ts';
import { entryOf, hasConsumer, type Tier } from '../../contract/tiers.ts';
import type { ConsumerPosition, PublishedWindow } from '../../journal/freeze/freezing.ts';

/**
 * From the last instant at which a pod may accept something to the first barrier. What arrives in time is acknowledged within 10 s: its
 * body within 6 s, look-ups 1 s, the publish 3 s. A pod whose clock is off by more than 5 s gets no traffic, and the operator's may
 * be off by 2 s: 17 s.
 */
export const FREEZE_AFTER_MS = 20_000;

/**
 * From the end that was published to pods to the last instant at which a later end may be published. It depends on the time only, so
 * that all processes agree, even while an append of another process is under way. The first barrier is published 10 s after that: two
 * operators' clocks differ by 4 s at most, and a write takes 1 s.
 */
export const EXTENDED_WITHIN_MS = 10_000;
/** A list that was due for longer than this when the process began waits as long once more, so that an owner can defer the freeze. */
export const LONG_DUE_MS = 300_000;

/** What a tick wants of the list. */
export interface FreezeRequest {
  readonly campaignId: string;
  readonly closesAtMs: number;
  /** Absent: the list waits until everything is verified. */
  readonly verifyByMs?: number;
  /** Closing that a contingency level extended, as it is in the status. Absent: none did. */
  readonly announcedMs?: number;
  readonly unverified: Frozen['unverified'];
  /** Tiers of the campaign. */
  readonly tiers: readonly Tier[];
  /** Contingency levels in force that defer the freeze. */
  readonly deferredBy: readonly string[];
  /** Whether the operator's clock has the time of its pods. Without any pod the journal's clock alone decides: `agrees`. */
  readonly ownClock: 'agrees' | 'off' | 'unknown';
  /** The last report on journal and database; undefined: none. */
  readonly comparison: ComparisonReport | undefined;
  /** Lists of earlier winners, who are left out. Absent: the campaign excludes none. */
  readonly excluded?: readonly FrozenExclusion[];
  /** Names of earlier campaigns whose winners are to be left out, and whose lists are missing. Absent: none. */
  readonly notExcluded?: readonly string[];
}

/** One barrier a shard, made when nothing more could be accepted. */
export interface Barriers {
  /** Of verification: everything to be verified is below. Of the list: everything that counts is below. */
  readonly of: 'verification' | 'list';
  readonly sequences: readonly number[];
  /** The end for which they were made; another end, and they don't count. */
  readonly endsAtMs: number;
  /** When the first of them was stored, by the clocks of the journal's servers. */
  readonly storedAtMs: number;
  /** When that was known, by the operator's clock. */
  readonly madeAtMs: number;
}

export interface FreezeObserved {
  readonly nowMs: number;
  readonly request: FreezeRequest;
  /** The latest instant that any pod may follow: of the spec, and as published. Undefined: not asked yet. */
  readonly endsAtMs: number | undefined;
  readonly decided: { readonly frozen?: Frozen; readonly listed?: Listed };
  /** A list that was due long before this process began waits until then. */
  readonly notBeforeMs?: number | undefined;
  /** The last ones of this process. */
  readonly barriers: Barriers | undefined;
  readonly positions: readonly ConsumerPosition[];
}

/** A consumer that has not passed its shard's barrier. */
export interface Behind extends ConsumerPosition {
  readonly barrier: number;
}

/** Up to where journal and database were compared, of a shard that is not compared up to its barrier. */
export interface Uncompared {
  readonly shard: number;
  readonly compared: number;
  readonly barrier: number;
}

export type Waiting =
  | { readonly why: 'NotClosed' | 'WaitingForDeadline'; readonly untilMs: number }
  /** `isLongDue`: it was due before this process began. */
  | { readonly why: 'WaitingForMargin'; readonly untilMs: number; readonly isLongDue?: true }
  | { readonly why: 'Deferred'; readonly by: readonly string[] }
  | { readonly why: 'WaitingForEarlierWinners'; readonly campaigns: readonly string[] }
  | { readonly why: 'ClockOff'; readonly ownClock: 'off' | 'unknown' }
  | { readonly why: 'WaitingForVerification' | 'WaitingForConsumers'; readonly behind: readonly Behind[] }
  /** `uncompared` is empty where the last round saw differences that the next one has to confirm. */
  | { readonly why: 'WaitingForComparison'; readonly uncompared: readonly Uncompared[] }
  | { readonly why: 'RecordsDiffer'; readonly comparison: ComparisonReport };

export type FreezeStep =
  | { readonly kind: 'done'; readonly frozen: Frozen; readonly listed?: Listed }
  | { readonly kind: 'wait'; readonly waiting: Waiting }
  /** The instants that pods follow are to be read. */
  | { readonly kind: 'askPublished' }
  | { readonly kind: 'publishBarriers'; readonly of: Barriers['of']; readonly endsAtMs: number }
  | { readonly kind: 'append'; readonly barriers: readonly number[]; readonly endsAtMs: number };

/** The last instant at which something may be accepted by the spec alone. */
export const statedEndMs = ({ closesAtMs, verifyByMs = closesAtMs }: PublishedWindow): number =>
  Math.max(closesAtMs, verifyByMs);

/**
 * Whose consumers must have passed these barriers. Tiers that ask providers have a deadline, or a phase, of their own. Tiers that ask
 * channels begin after the draw.
 */
export const tiersBefore = (of: Barriers['of'], tiers: readonly Tier[]): readonly Tier[] => {
  const asked = of === 'verification' ? 'provider' : undefined;
  return tiers.filter((tier) => hasConsumer(tier) && entryOf(tier).outsideCap === asked);
};

const behind = (tiers: readonly Tier[], { sequences }: Barriers, positions: readonly ConsumerPosition[]): Behind[] =>
  tiers.flatMap((tier) =>
    sequences.flatMap((barrier, shard) => {
      const found = positions.find((position) => position.tier === tier && position.shard === shard);
      const acknowledged = found?.acknowledged ?? 0;
      return acknowledged >= barrier ? [] : [{ tier, shard, acknowledged, barrier }];
    }),
  );

/**
 * Whether journal and database agree up to the barriers. Undefined: they do.
 *
 * | the last report                                  | waits for            |
 * |--------------------------------------------------|----------------------|
 * | none                                             | WaitingForComparison |
 * | two rounds saw rows that differ                  | RecordsDiffer        |
 * | not every shard is compared up to its barrier    | WaitingForComparison |
 * | one round saw rows that differ                   | WaitingForComparison |
 * | otherwise                                        | –                    |
 */
const notConsistent = (
  { sequences }: Pick<Barriers, 'sequences'>,
  comparison: ComparisonReport | undefined,
): Waiting | undefined => {
  if (comparison !== undefined && comparison.buckets > 0) return { why: 'RecordsDiffer', comparison };
  const uncompared = sequences.flatMap((barrier, shard) => {
    const compared = comparison?.watermarks[shard] ?? 0;
    return compared >= barrier ? [] : [{ shard, compared, barrier }];
  });
  if (uncompared.length === 0 && comparison?.suspected === 0) return undefined;
  return { why: 'WaitingForComparison', uncompared };
};

const wait = (waiting: Waiting): FreezeStep => ({ kind: 'wait', waiting });

const beforeTheEnd = ({ request, nowMs, notBeforeMs = 0 }: FreezeObserved, endsAtMs: number): Waiting | undefined => {
  if (nowMs < request.closesAtMs) return { why: 'NotClosed', untilMs: request.closesAtMs };
  if (nowMs < endsAtMs) return { why: 'WaitingForDeadline', untilMs: endsAtMs };
  const untilMs = endsAtMs + FREEZE_AFTER_MS;
  if (nowMs < untilMs) return { why: 'WaitingForMargin', untilMs };
  return nowMs < notBeforeMs ? { why: 'WaitingForMargin', untilMs: notBeforeMs, isLongDue: true } : undefined;
};

/**
 * `end` is the later of closing and `verifyBy`, of the spec and as pods follow it. Rows are tried from the top.
 *
 * | entry  | time         | else                                       | barriers          | consumers   | step                      |
 * |--------|--------------|--------------------------------------------|-------------------|-------------|---------------------------|
 * | frozen | any          | any                                        | any               | any         | done                      |
 * | none   | before closing |                                          |                   |             | wait: NotClosed           |
 * | none   | before end   |                                            |                   |             | wait: WaitingForDeadline  |
 * | none   | end + < 20 s |                                            |                   |             | wait: WaitingForMargin    |
 * | none   | later        | was due 5 min before this process began: 5 min |           |             | wait: WaitingForMargin    |
 * | none   | later        | deferred by a level                        |                   |             | wait: Deferred            |
 * | none   | later        | lists of earlier winners are missing       |                   |             | wait: WaitingForEarlierWinners |
 * | none   | later        | the operator's clock is off, or not compared |                 |             | wait: ClockOff            |
 * | none   | later        | what pods follow is not known              |                   |             | askPublished              |
 * | none   | later        |                                            | stored before end + 20 s by the journal's clock | | wait: WaitingForMargin, then again |
 * | none   | later        | verification has no deadline               | none for this end |             | publishBarriers: verification |
 * | none   | later        | verification has no deadline               | of verification   | not past    | wait: WaitingForVerification |
 * | none   | later        | verified, or by its deadline, or no need   | none of the list  |             | publishBarriers: list     |
 * | none   | later        |                                            | of the list       | not past    | wait: WaitingForConsumers |
 * | none   | later        | rows differ between journal and database   | of the list       | past        | wait: RecordsDiffer       |
 * | none   | later        | not compared up to the barriers            | of the list       | past        | wait: WaitingForComparison |
 * | none   | later        | compared, and no row differs               | of the list       | past        | append                    |
 */
export const nextFreezeStep = (observed: FreezeObserved): FreezeStep => {
  const { request, decided, positions } = observed;
  const { frozen, listed } = decided;
  if (frozen !== undefined) return { kind: 'done', frozen, ...(listed === undefined ? {} : { listed }) };
  const endsAtMs = Math.max(statedEndMs(request), observed.endsAtMs ?? Number.NEGATIVE_INFINITY);
  const early = beforeTheEnd(observed, endsAtMs);
  if (early !== undefined) return wait(early);
  if (request.deferredBy.length > 0) return wait({ why: 'Deferred', by: request.deferredBy });
  const { notExcluded = [] } = request;
  if (notExcluded.length > 0) return wait({ why: 'WaitingForEarlierWinners', campaigns: notExcluded });
  if (request.ownClock !== 'agrees') return wait({ why: 'ClockOff', ownClock: request.ownClock });
  if (observed.endsAtMs === undefined) return { kind: 'askPublished' };

  // Those for an earlier end may be below what was accepted since.
  const made = observed.barriers?.endsAtMs === endsAtMs ? observed.barriers : undefined;
  // The clocks of the journal's servers judge the operator's: what is stored too early by theirs may have registrations above it.
  const tooEarlyMs = made === undefined ? 0 : endsAtMs + FREEZE_AFTER_MS - made.storedAtMs;
  const againAtMs = (made?.madeAtMs ?? 0) + tooEarlyMs;
  if (tooEarlyMs > 0 && observed.nowMs < againAtMs) return wait({ why: 'WaitingForMargin', untilMs: againAtMs });
  const barriers = tooEarlyMs > 0 ? undefined : made;
  if (barriers?.of === 'list') {
    const late = behind(tiersBefore('list', request.tiers), barriers, positions);
    if (late.length > 0) return wait({ why: 'WaitingForConsumers', behind: late });
    const differing = notConsistent(barriers, request.comparison);
    if (differing !== undefined) return wait(differing);
    return { kind: 'append', barriers: barriers.sequences, endsAtMs };
  }
  const verifying = request.verifyByMs === undefined ? tiersBefore('verification', request.tiers) : [];
  if (verifying.length > 0) {
    if (barriers === undefined) return { kind: 'publishBarriers', of: 'verification', endsAtMs };
    const late = behind(verifying, barriers, positions);
    if (late.length > 0) return wait({ why: 'WaitingForVerification', behind: late });
  }
  return { kind: 'publishBarriers', of: 'list', endsAtMs };
};
