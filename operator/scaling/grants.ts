/** Which decisions count, and what they grant. Pure; the operator's own judgement, whatever policies the cluster has. */

import { instantMs } from '../../contract/instant.ts';
import type { Tier } from '../../contract/tiers.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';

/**
 * Whether the owner decided while the plan was open. The instant is the API server's own; an unknown one proves
 * nothing.
 *
 * | written as Superseded | decidedAt       | counts |
 * |-----------------------|-----------------|--------|
 * | yes                   | any             | no     |
 * | no                    | unknown         | no     |
 * | no                    | after expiresAt | no     |
 * | no                    | until expiresAt | yes    |
 */
export const decisionCounts = ({ spec, status }: ScalePlan): boolean =>
  spec.decision !== undefined &&
  status?.state !== 'Superseded' &&
  status?.decidedAt !== undefined &&
  instantMs(status.decidedAt) <= instantMs(spec.expiresAt);

/** The ceiling that a plan grants a tier at this instant; undefined for none. Revoked by anyone: none. */
export const grantOf = (plan: ScalePlan, tier: Tier, nowMs: number): number | undefined => {
  const { decision, revocation, ceilings } = plan.spec;
  if (decision?.verdict !== 'Approved' || revocation !== undefined || !decisionCounts(plan)) return undefined;
  return nowMs < instantMs(decision.ceilingUntil ?? plan.spec.expiresAt) ? ceilings[tier] : undefined;
};
