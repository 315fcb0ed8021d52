/** All policies on the same trace, and which one is best at what. Pure. */
import type { PolicyName } from '../../simulation/policies/policy.ts';
import type { SimulationResult } from '../../simulation/simulation.ts';
import { count, figure } from '../words.ts';
import { aboutAsFew, cellsOf, heads, type Outcome, outcomeOf } from './outcome.ts';
import { figuresTable } from './table.ts';

export interface Compared extends Outcome {
  readonly policy: PolicyName;
}

export interface Comparison {
  /** One or two sentences. */
  readonly summary: string;
  readonly best: {
    /** More than one where they are equal. */
    readonly fewestLate: readonly PolicyName[];
    /** Among the policies with about as few late citizens. */
    readonly fewestPodHours: readonly PolicyName[];
  };
  readonly policies: readonly Compared[];
}

const leastOf = (compared: readonly Compared[], of: (one: Compared) => number): readonly Compared[] => {
  const least = Math.min(...compared.map(of));
  return compared.filter((one) => of(one) === least);
};

const LIST = new Intl.ListFormat('en', { style: 'long', type: 'conjunction' });
const named = (compared: readonly Compared[]): string => LIST.format(compared.map(({ policy }) => policy));

const late = (value: number): string => `${count(value)} late ${value === 1 ? 'citizen' : 'citizens'}`;

/**
 * One policy is the best at both, or each sentence names another:
 * `voucher-operator is best: fewest late citizens (0), and fewest pod-hours among those with about as few (84).`
 * `Fewest late citizens: keda-expert-1s (300). Fewest pod-hours with about as few: voucher-operator (81.3, 340 late citizens).`
 */
const summaryOf = (fewest: readonly Compared[], leanest: readonly Compared[]): string => {
  const both = leanest.filter((one) => fewest.includes(one));
  const [first, lean] = [fewest[0], leanest[0]];
  if (first === undefined || lean === undefined) return '';
  if (both.length > 0) {
    const are = both.length === 1 ? 'is' : 'are';
    return `${named(both)} ${are} best: fewest late citizens (${count(first.lateOver5Seconds)}), and fewest pod-hours among those with about as few (${figure(lean.podHours)}).`;
  }
  return `Fewest late citizens: ${named(fewest)} (${count(first.lateOver5Seconds)}). Fewest pod-hours with about as few: ${named(leanest)} (${figure(lean.podHours)}, ${late(lean.lateOver5Seconds)}).`;
};

export const compare = (results: readonly SimulationResult[], costPerPodHour: number | undefined): Comparison => {
  const policies = results.map((result) => ({ policy: result.policy, ...outcomeOf(result, costPerPodHour) }));
  const fewest = leastOf(policies, ({ lateOver5Seconds }) => lateOver5Seconds);
  const few = aboutAsFew(fewest[0]?.lateOver5Seconds ?? 0);
  const leanest = leastOf(
    policies.filter(({ lateOver5Seconds }) => lateOver5Seconds <= few),
    ({ podHours }) => podHours,
  );
  return {
    summary: summaryOf(fewest, leanest),
    best: {
      fewestLate: fewest.map(({ policy }) => policy),
      fewestPodHours: leanest.map(({ policy }) => policy),
    },
    policies,
  };
};

export const comparisonTable = ({ summary, policies }: Comparison): string => {
  const hasCost = policies.some(({ cost }) => cost !== undefined);
  const rows = policies.map((one) => [one.policy, ...cellsOf(one.policy, one)]);
  return `${summary}\n\n${figuresTable([['policy', ...heads(hasCost)], ...rows])}`;
};
