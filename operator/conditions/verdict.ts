import { CONDITION_REASONS, type ConditionReason, type ConditionType } from '../../contract/conditions.ts';
import type { Condition } from '../../contract/types/common.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { ContingencyOutcome } from '../contingency/contingency.ts';
import type { HeadroomOutcome } from '../tick/headroom.ts';
import type { PlanInput, TierOutcomes } from '../tick/observed.ts';

export interface ConditionInput extends PlanInput {
  readonly tiers: TierOutcomes;
  readonly contingency: ContingencyOutcome;
  readonly headroom?: HeadroomOutcome;
  /** Observed plans and the one that this tick proposes. */
  readonly plans: readonly ScalePlan[];
}

export interface Verdict<T extends ConditionType = ConditionType> {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason<T>;
  readonly message: string;
}

type Says<S extends Verdict['status']> = <R extends ConditionReason>(
  reason: R,
  message: string,
) => { readonly status: S; readonly reason: R; readonly message: string };
export const yes: Says<'True'> = (reason, message) => ({ status: 'True', reason, message });
export const no: Says<'False'> = (reason, message) => ({ status: 'False', reason, message });
export const unknown: Says<'Unknown'> = (reason, message) => ({ status: 'Unknown', reason, message });

type Before = Pick<ConditionInput, 'observed'>;

export const before = ({ observed }: Before, condition: ConditionType): Condition | undefined =>
  observed.previous?.conditions?.find(({ type }) => type === condition);

/** For hysteresis: a reason ends at a lower value than it begins with, so that it does not flap. */
export const reasonBefore = (input: Before, condition: ConditionType) => before(input, condition)?.reason;

/** Before the first answer of a new leader: the last known verdict. Undefined for a campaign without a tick so far. */
export const asBefore = <T extends ConditionType>(input: Before, condition: T): Verdict<T> | undefined => {
  const known = before(input, condition);
  const reasons: readonly ConditionReason<T>[] = CONDITION_REASONS[condition];
  const reason = reasons.find((one) => one === known?.reason);
  return known === undefined || reason === undefined
    ? undefined
    : { status: known.status, reason, message: known.message };
};
