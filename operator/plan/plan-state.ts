import type { PlanState } from '../api/conditions.ts';
import type { ScalePlan } from '../api/scale-plan-types.ts';

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
export const planState = ({ spec }: ScalePlan, nowMs: number): Exclude<PlanState, 'Executed'> => {
  if (spec.decision !== undefined) return spec.decision.verdict;
  return nowMs < Date.parse(spec.expiresAt) ? 'Pending' : 'Expired';
};
