/**
 * Which of several outside systems is asked next: of those that can be asked, the lowest order; among equals by weight. Pure.
 *
 * Smooth weighted round robin, as in nginx: each system gains its weight, the first of the highest is chosen and loses the sum. So no
 * system is chosen several times in a row while another one waits. Worked example: a with weight 3, b with 1: a, a, b, a, and again.
 */
export interface Choice {
  readonly name: string;
  readonly order: number;
  /** At least 1. */
  readonly weight: number;
  readonly isBlocked: boolean;
}

/** What each system has gained, by name; absent: 0. */
export type Gains = ReadonlyMap<string, number>;

export interface Chosen {
  readonly name: string;
  /** For the next choice. */
  readonly gains: Gains;
}

/** Undefined when none can be asked. Gains of systems that take no part are kept. */
export const chooseNext = (choices: readonly Choice[], gains: Gains): Chosen | undefined => {
  const open = choices.filter(({ isBlocked }) => !isBlocked);
  const lowest = Math.min(...open.map(({ order }) => order));
  const equals = open.filter(({ order }) => order === lowest);
  const gained = equals.map(({ name, weight }) => ({ name, gain: (gains.get(name) ?? 0) + weight }));
  const [first, ...others] = gained;
  if (first === undefined) return undefined;
  const { name, gain } = others.reduce((best, one) => (one.gain > best.gain ? one : best), first);
  const total = equals.reduce((sum, { weight }) => sum + weight, 0);
  const next = new Map([
    ...gains,
    ...gained.map((one) => [one.name, one.gain] as const),
    [name, gain - total] as const,
  ]);
  return { name, gains: next };
};
