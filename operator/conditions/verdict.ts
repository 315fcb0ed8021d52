import type { Condition } from '../../contract/common-types.ts';
import { CONDITION_REASONS, type ConditionReason, type ConditionType } from '../../contract/conditions.ts';
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

type Before = Pick<ConditionInput, 'observed'>;

/** This condition after the tick before. */
export const before = ({ observed }: Before, condition: ConditionType): Condition | undefined =>
  observed.previous?.conditions?.find(({ type }) => type === condition);

/** What is told already gives way later than it came, so that it does not flap. */
export const reasonBefore = (input: Before, condition: ConditionType) => before(input, condition)?.reason;

/** Before the first answer of a new leader: what the one before knew. Undefined for a campaign that no one has looked at. */
export const asBefore = <T extends ConditionType>(input: Before, condition: T): Verdict<T> | undefined => {
  const known = before(input, condition);
  const reasons: readonly ConditionReason<T>[] = CONDITION_REASONS[condition];
  const reason = reasons.find((one) => one === known?.reason);
  return known === undefined || reason === undefined
    ? undefined
    : { status: known.status, reason, message: known.message };
};

/** Pods that have one trouble, of all: at half of them its cause is told, and then until less than 40 % have it. */
const MOST_PODS = 0.5;
const STILL_MOST_PODS = 0.4;

/** 5 of 10 are most; 4 of 10 only when they were most before. */
export const areMost = (failing: number, pods: number, wereMost: boolean): boolean =>
  failing > 0 && failing >= pods * (wereMost ? STILL_MOST_PODS : MOST_PODS);
