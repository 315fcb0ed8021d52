/**
 * What rounds of comparison have found so far. Pure.
 *
 * A difference counts when two rounds at least `confirmAfterMs` apart see it: a journal server that was deposed without knowing it may hide
 * the last messages from one round. The freeze waits for a round without any, also without one that was seen once.
 *
 * A round leaves out citizens whose messages the database may or may not have yet. So its watermark is complete only when
 * every one of them has been compared by a later round.
 */
import type { ComparedTable } from './tables.ts';

export interface Difference {
  readonly table: ComparedTable;
  readonly bucket: number;
  readonly receipt: string;
  /** Of a fact: `rejected 2`. Absent: of no fact. */
  readonly fact?: string;
  /** `missing`: not in the database. `extra`: not in the journal. Else the columns that differ. */
  readonly what: 'missing' | 'extra' | readonly string[];
}

export interface Round {
  readonly atMs: number;
  /** By shard: every message up to here was compared, but for the citizens left out. */
  readonly watermarks: readonly number[];
  /** Persons (expected.ts). */
  readonly leftOut: ReadonlySet<number>;
  /** Of buckets that were listed. */
  readonly found: readonly Difference[];
  /** Buckets that differ. */
  readonly buckets: readonly number[];
}

export interface Findings {
  /** Every message up to here was compared once. 0: none yet. */
  readonly watermarks: readonly number[];
  /** The last complete round; undefined: none yet. */
  readonly roundAtMs: number | undefined;
  /** Seen by two rounds. */
  readonly confirmed: readonly Difference[];
  /** Seen by the last round, and not by one long enough before. */
  readonly suspected: number;
  readonly buckets: readonly number[];
  /** By key: when it was seen first. */
  readonly firstSeenMs: ReadonlyMap<string, number>;
  /** A watermark with the persons that no round has compared since. */
  readonly open: { readonly watermarks: readonly number[]; readonly left: ReadonlySet<number> } | undefined;
}

export const noFindings = (shards: number): Findings => ({
  watermarks: Array.from({ length: shards }, () => 0),
  roundAtMs: undefined,
  confirmed: [],
  suspected: 0,
  buckets: [],
  firstSeenMs: new Map(),
  open: undefined,
});

const keyOf = ({ table, receipt, fact = '' }: Difference): string => `${table} ${receipt} ${fact}`;

/** @param confirmAfterMs a difference that was seen first so long ago counts */
export const afterRound = (before: Findings, round: Round, confirmAfterMs: number): Findings => {
  const firstSeenMs = new Map(
    round.found.map((one) => [keyOf(one), before.firstSeenMs.get(keyOf(one)) ?? round.atMs] as const),
  );
  const confirmed = round.found.filter(
    (one) => round.atMs - (firstSeenMs.get(keyOf(one)) ?? round.atMs) >= confirmAfterMs,
  );
  const left = new Set([...(before.open?.left ?? [])].filter((person) => round.leftOut.has(person)));
  const open =
    before.open === undefined || left.size === 0
      ? { watermarks: round.watermarks, left: round.leftOut }
      : { watermarks: before.open.watermarks, left };
  // The one before is complete now; a round that left out none is complete at once.
  const done = open.left.size === 0 ? open : left.size === 0 ? before.open : undefined;
  return {
    watermarks:
      done === undefined
        ? before.watermarks
        : before.watermarks.map((was, shard) => Math.max(was, done.watermarks[shard] ?? 0)),
    roundAtMs: round.atMs,
    confirmed,
    suspected: round.found.length - confirmed.length,
    buckets: round.buckets,
    firstSeenMs,
    open: open.left.size === 0 ? undefined : open,
  };
};
