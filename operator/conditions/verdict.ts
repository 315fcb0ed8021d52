import type { ConditionReason, ConditionType } from '../../contract/conditions.ts';
import type { ScalePlan } from '../../contract/scale-plan-types.ts';
import type { ContingencyOutcome } from '../contingency/contingency.ts';
import type { HeadroomOutcome } from '../tick/headroom.ts';
import type { PlanInput, TierOutcomes } from '../tick/observed.ts';

/** What a condition rule knows. */
export interface ConditionInput extends PlanInput {
  readonly tiers: TierOutcomes;
  readonly contingency: ContingencyOutcome;
  /** Absent where none is kept. */
  readonly headroom?: HeadroomOutcome;
  /** Observed plans and the one that this tick proposes. */
  readonly plans: readonly ScalePlan[];
}

export interface Verdict<T extends ConditionType = ConditionType> {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason<T>;
  readonly message: string;
}

/** Of this condition after the tick before: what is told already gives way later than it came, so that it does not flap. */
export const reasonBefore = ({ observed }: Pick<ConditionInput, 'observed'>, condition: ConditionType) =>
  observed.previous?.conditions?.find(({ type }) => type === condition)?.reason;

/** Pods that have one trouble, of all: at half of them its cause is told, and then until less than 40 % have it. */
const MOST_PODS = 0.5;
const STILL_MOST_PODS = 0.4;

/** 5 of 10 are most; 4 of 10 only when they were most before. */
export const areMost = (failing: number, pods: number, wereMost: boolean): boolean =>
  failing > 0 && failing >= pods * (wereMost ? STILL_MOST_PODS : MOST_PODS);
