import type { PlanState } from '../api/conditions.ts';
import type { ScalePlan } from '../api/scale-plan-types.ts';

export interface PlanStateChange {
  readonly plan: ScalePlan;
  readonly state: PlanState;
}

/**
 * Where a plan stands, from its spec and the time alone, so that a lost status changes nothing.
 *
 * | decision | expiresAt | state    |
 * |----------|-----------|----------|
 * | Approved | any       | Approved |
 * | Rejected | any       | Rejected |
 * | none     | ahead     | Pending  |
 * | none     | passed    | Expired  |
 */
export const planState = ({ spec }: ScalePlan, nowMs: number): PlanState => {
  if (spec.decision !== undefined) return spec.decision.verdict;
  return nowMs < Date.parse(spec.expiresAt) ? 'Pending' : 'Expired';
};

/** Plans whose status does not say where they stand. */
export const planStateChanges = (plans: readonly ScalePlan[], nowMs: number): readonly PlanStateChange[] =>
  plans
    .map((plan) => ({ plan, state: planState(plan, nowMs) }))
    .filter(({ plan, state }) => plan.status?.state !== state);
