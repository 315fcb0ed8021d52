/**
 * Which of several clocks tells the time. No one is believed alone: an intake's node may be hours off, and so may the node
 * of one journal server. What most of them say within AGREE_MS of each other is the time. Pure.
 *
 * | the most clocks that agree                        | verdict | the time is |
 * |---------------------------------------------------|---------|-------------|
 * | ours and another at least, more than any others   | right   | ours |
 * | two others at least, more than agree with ours    | wrong   | the middle of theirs |
 * | otherwise: as many here as there, or ours alone    | unsure  | ours, for want of a better one |
 *
 * Worked examples, as seconds ahead of ours: journal 0, 0, 0 and database 0 → right. −600, −600, −600, −600 → wrong, the
 * time is 600 s before ours. One journal server that leads every shard, 600, and a database, 0 → right: one server's clock
 * takes no pod out. 600 alone → unsure.
 */

/** Clocks within this of each other tell the same time; also how far `at` may be from it (docs/adr/0019). */
export const AGREE_MS = 2_000;

export interface ClockReading {
  /** Whose: `journal nats-0`, `database`. One reading each. */
  readonly clock: string;
  /** How far it is ahead of ours. */
  readonly aheadMs: number;
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

export const judgeClocks = (others: readonly ClockReading[]): ClockVerdict => {
  const sorted = others.map(({ aheadMs }) => aheadMs).sort((a, b) => a - b);
  const from = (least: number): readonly number[] =>
    sorted.filter((aheadMs) => aheadMs >= least && aheadMs <= least + AGREE_MS);
  const longest = (groups: readonly (readonly number[])[]): readonly number[] =>
    groups.reduce((most, group) => (group.length > most.length ? group : most), []);
  // A group that holds ours begins at most AGREE_MS before it, with one of its members or with ours.
  const withOurs = longest([0, ...sorted.filter((aheadMs) => aheadMs <= 0 && aheadMs >= -AGREE_MS)].map(from));
  const without = longest(sorted.map(from).filter((group) => !group.every((one) => withOurs.includes(one))));
  if (withOurs.length >= 1 && withOurs.length + 1 > without.length)
    return { kind: 'right', aheadMs: middleOf(withOurs) };
  if (without.length >= 2 && without.length > withOurs.length + 1) return { kind: 'wrong', aheadMs: middleOf(without) };
  return { kind: 'unsure', aheadMs: 0 };
};
