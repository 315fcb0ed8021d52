/**
 * Finds the time from several clocks. A single clock is never trusted: the clock of an intake's node may be hours off, and so may
 * that of one journal server. The time is that of the largest group of clocks within AGREE_MS of each other. Pure.
 *
 * | largest group                                                     | verdict | the time is |
 * |-------------------------------------------------------------------|---------|-------------|
 * | ours and at least one other, and no larger group of servers       | right   | ours |
 * | at least two servers of the journal, more than agree with ours    | wrong   | the middle of theirs |
 * | otherwise: groups of equal size, or ours alone                    | unsure  | ours, because there is no better one |
 *
 * The database may run on the node of a journal server, with the same clock. So it counts for ours, never against it.
 *
 * Worked examples, as seconds ahead of ours: journal 0, 0, 0 and database 0 → right. Journal −600, −600, −600 → wrong, the time is
 * 600 s before ours. One journal server that leads everything, 600, and a database, 600 → unsure: one node alone takes no pod out
 * of service.
 */

/** Clocks that differ by no more agree; also the tolerance for `at` (docs/adr/0023). */
export const AGREE_MS = 2_000;

export interface ClockReading {
  /** `journal nats-0`, `database`. One reading each. */
  readonly clock: string;
  /** How far it is ahead of ours. */
  readonly aheadMs: number;
  /** It may be the clock of one of the others. */
  readonly mayBeShared?: boolean;
}

export interface ClockVerdict {
  readonly kind: 'right' | 'wrong' | 'unsure';
  /** How far the agreed time is ahead of ours; 0 when unsure. */
  readonly aheadMs: number;
}

const middleOf = (sorted: readonly number[]): number => {
  const half = Math.floor((sorted.length - 1) / 2);
  return ((sorted[half] ?? 0) + (sorted[sorted.length - 1 - half] ?? 0)) / 2;
};

/** The largest group of clocks that agree, beginning with one of `starts`. */
const mostFrom = (sorted: readonly number[], starts: readonly number[]): readonly number[] =>
  starts
    .map((least) => sorted.filter((aheadMs) => aheadMs >= least && aheadMs <= least + AGREE_MS))
    .reduce<readonly number[]>((most, group) => (group.length > most.length ? group : most), []);

export const judgeClocks = (others: readonly ClockReading[]): ClockVerdict => {
  const sortedOf = (readings: readonly ClockReading[]): readonly number[] =>
    readings.map(({ aheadMs }) => aheadMs).sort((a, b) => a - b);
  const all = sortedOf(others);
  // A group with ours begins at most AGREE_MS before ours, with one of its members or with ours.
  const withOurs = mostFrom(all, [...all.filter((aheadMs) => aheadMs < 0 && aheadMs >= -AGREE_MS), 0]);
  const servers = sortedOf(others.filter(({ mayBeShared }) => mayBeShared !== true));
  const against = mostFrom(
    servers,
    servers.filter((aheadMs) => aheadMs > 0 || aheadMs < -AGREE_MS),
  );
  if (withOurs.length >= 1 && withOurs.length + 1 > against.length)
    return { kind: 'right', aheadMs: middleOf(withOurs) };
  if (against.length >= 2 && against.length > withOurs.length + 1) return { kind: 'wrong', aheadMs: middleOf(against) };
  return { kind: 'unsure', aheadMs: 0 };
};
