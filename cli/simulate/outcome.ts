/** What one simulation among several came to: the figures that a comparison and a sweep put beside each other. Pure. */
import type { PolicyName } from '../../simulation/policies/policy.ts';
import type { SimulationResult } from '../../simulation/simulation.ts';
import { count, figure, span } from '../words.ts';

export interface Outcome {
  readonly lateOver5Seconds: number;
  readonly waitP50Seconds: number;
  readonly waitP99Seconds: number;
  readonly peakBacklog: number;
  /** undefined: never. */
  readonly drainedAtSeconds: number | undefined;
  readonly maxReplicas: number;
  readonly podHours: number;
  /** Pod-hours times the price that was given; undefined without one. */
  readonly cost: number | undefined;
  /** ScalePlans that the owner would have got. */
  readonly scalePlans: number;
}

export const costOf = ({ podSeconds }: SimulationResult, costPerPodHour: number | undefined): number | undefined =>
  costPerPodHour === undefined ? undefined : (podSeconds / 3_600) * costPerPodHour;

export const outcomeOf = (result: SimulationResult, costPerPodHour: number | undefined): Outcome => ({
  lateOver5Seconds: result.lateOver5Seconds,
  waitP50Seconds: result.waitP50Seconds,
  waitP99Seconds: result.waitP99Seconds,
  peakBacklog: result.peakBacklog,
  drainedAtSeconds: result.drainedAtSeconds,
  maxReplicas: result.maxReplicas,
  podHours: result.podSeconds / 3_600,
  cost: costOf(result, costPerPodHour),
  scalePlans: result.plans.length,
});

/** Late citizens that count as few as `best`: 0 → 50, 29,819 → 30,117. */
export const aboutAsFew = (best: number): number => best + Math.max(50, best / 100);

/** Heads of `cellsOf`. */
export const heads = (hasCost: boolean): readonly string[] => [
  'late (> 5 s)',
  '99 % wait',
  'pod-hours',
  ...(hasCost ? ['cost'] : []),
  'ScalePlans',
];

/** Only the operator asks the owner. */
export const plansOf = (policy: PolicyName, { scalePlans }: Outcome): string =>
  policy === 'voucher-operator' ? count(scalePlans) : '-';

export const cellsOf = (policy: PolicyName, outcome: Outcome): readonly string[] => [
  count(outcome.lateOver5Seconds),
  span(outcome.waitP99Seconds),
  figure(outcome.podHours),
  ...(outcome.cost === undefined ? [] : [figure(outcome.cost)]),
  plansOf(policy, outcome),
];
