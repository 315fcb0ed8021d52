/** What the law must reach on the grid, beside the fewest replicas that would have done. Pure. */
import type { SimulatedTier } from '../../../simulation/simulation.ts';
import type { Check } from '../traces/verdict.ts';
import type { Kind } from './cells.ts';
import type { Optimum, Played } from './play.ts';

export interface Result {
  readonly name: string;
  readonly kind: Kind;
  readonly tier: SimulatedTier;
  readonly law: Played;
  readonly optimum: Optimum;
}

const RIGHT: ReadonlySet<Kind> = new Set(['plain', 'ceiling', 'backlog', 'stuck']);
/** Believes what is so. */
export const isRight = ({ kind }: Result): boolean => RIGHT.has(kind);

/** Where a ceiling binds, what is wanted is for the owner to see; what is written counts. */
export const replicasRatio = ({ kind, law, optimum }: Result): number =>
  (kind === 'ceiling' ? law.mostReplicas : law.mostWanted) / optimum.replicas;

const MOST_LATE = 1.1;
const FEW = 50;
/** Late in relation to the best; 1 where both are within a few citizens. */
export const lateRatio = ({ law, optimum: { bestLate } }: Result): number =>
  law.late <= bestLate + FEW ? 1 : law.late / Math.max(1, bestLate);

export const podsRatio = ({ law, optimum }: Result): number => law.podSeconds / optimum.podSeconds;

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;

const worst = (results: readonly Result[], of: (result: Result) => number): string => {
  const most = results.toSorted((a, b) => of(b) - of(a))[0];
  return most === undefined ? 'none' : `${of(most).toFixed(2)} at ${most.name}`;
};

export const verdictOf = (
  results: readonly Result[],
  runaway: Played,
  { asked, falls }: { readonly asked: number; readonly falls: readonly string[] },
): readonly Check[] => {
  const right = results.filter(isRight);
  const late = right.filter((result) => lateRatio(result) > MOST_LATE);
  const turning = results.filter(({ law }) => law.turns > 1);
  // Of both together, a tier that is too small would hide one that is too large.
  const medianOf = (tested: SimulatedTier): number =>
    median(right.filter(({ tier }) => tier === tested).map(replicasRatio));
  const [intake, records] = [medianOf('intake'), medianOf('records')];
  return [
    {
      goal: '60/s → 3,000/s: late ≤ 30,300, wanted never above 178',
      measured: `${runaway.late.toLocaleString('en-US')} late, ${runaway.mostWanted} wanted`,
      holds: runaway.late <= 30_300 && runaway.mostWanted <= 178,
    },
    {
      goal: 'replicas ≤ 1.1 × the fewest that suffice, median of either tier where beliefs are right',
      measured: `intake ${intake.toFixed(2)}, records ${records.toFixed(2)}; worst ${worst(right, replicasRatio)}`,
      holds: Math.max(intake, records) <= 1.1,
    },
    {
      goal: 'late ≤ 1.1 × best (or best + 50) in every cell where beliefs are right',
      measured: `missed in ${late.length} of ${right.length}; worst ${worst(right, lateRatio)}`,
      holds: late.length === 0,
    },
    {
      goal: 'replicas turn around at most once in a cell',
      measured: `more often in ${turning.length} of ${results.length}; worst ${worst(results, ({ law }) => law.turns)}`,
      holds: turning.length === 0,
    },
    {
      goal: 'wanted never falls when more arrive or more wait',
      measured: `${falls.length} of ${asked} decisions fall${falls[0] === undefined ? '' : `, such as ${falls[0]}`}`,
      holds: falls.length === 0,
    },
  ];
};
