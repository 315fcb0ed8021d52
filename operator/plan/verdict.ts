import type { ConditionReason, ConditionType } from '../api/conditions.ts';
import type { ScalePlan } from '../api/scale-plan-types.ts';
import type { ContingencyOutcome } from './contingency.ts';
import type { HeadroomOutcome } from './headroom.ts';
import type { PlanInput, TierOutcomes } from './observed.ts';

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
