/**
 * Which of several clocks tells the time. No one is believed alone: an intake's node may be hours off, and so may the node
 * of one journal server. What most of them say within AGREE_MS of each other is the time. Pure.
 *
 * | the most clocks that agree                                        | verdict | the time is |
 * |-------------------------------------------------------------------|---------|-------------|
 * | ours and another at least, more servers than agree elsewhere      | right   | ours |
 * | two servers of the journal at least, more than agree with ours    | wrong   | the middle of theirs |
 * | otherwise: as many here as there, or ours alone                   | unsure  | ours, for want of a better one |
 *
 * The database may run on the node of a journal server, and one node is one clock: it speaks for ours, never against it.
 *
 * Worked examples, as seconds ahead of ours: journal 0, 0, 0 and database 0 → right. Journal −600, −600, −600 → wrong, the
 * time is 600 s before ours. One journal server that leads everything, 600, with a database beside it, 600 → unsure: one
 * node takes no pod out.
 */

/** Clocks within this of each other tell the same time; also how far `at` may be from it (docs/adr/0023). */
export const AGREE_MS = 2_000;

export interface ClockReading {
  /** Whose: `journal nats-0`, `database`. One reading each. */
  readonly clock: string;
  /** How far it is ahead of ours. */
  readonly aheadMs: number;
  /** May be the clock of one of the others. */
  readonly mayBeShared?: boolean;
}

export interface ClockVerdict {
  readonly kind: 'right' | 'wrong' | 'unsure';
  /** How far the time is ahead of ours, by those others who agree on it; 0 when unsure. */
  readonly aheadMs: number;
}

const middleOf = (sorted: readonly number[]): number => {
  const half = Math.floor((sorted.length - 1) / 2);
  return ((sorted[half] ?? 0) + (sorted[sorted.length - 1 - half] ?? 0)) / 2;
};

/** The most of these that agree, from one of the starts on. */
const mostFrom = (sorted: readonly number[], starts: readonly number[]): readonly number[] =>
  starts
    .map((least) => sorted.filter((aheadMs) => aheadMs >= least && aheadMs <= least + AGREE_MS))
    .reduce<readonly number[]>((most, group) => (group.length > most.length ? group : most), []);

export const judgeClocks = (others: readonly ClockReading[]): ClockVerdict => {
  const sortedOf = (readings: readonly ClockReading[]): readonly number[] =>
    readings.map(({ aheadMs }) => aheadMs).sort((a, b) => a - b);
  const all = sortedOf(others);
  // A group that holds ours begins at most AGREE_MS before it, with one of its members or with ours.
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
