/** The trail's entries about plans. Pure. */

import { defined } from '../../contract/defined.ts';
import { instantMs, instantMsOrNaN } from '../../contract/instant.ts';
import { perTier, type Tier } from '../../contract/tiers.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { ScalingSpec } from '../../contract/types/scaling.ts';
import { planState } from '../scale-plans/plan-state.ts';
import { ceilingInForce } from '../scaling/schedule.ts';
import type { AuditEntry } from './entry.ts';
import type { Trail, TrailedPlan } from './trail-state.ts';

export type AuditHead = Pick<AuditEntry, 'campaignId' | 'namespace' | 'campaign' | 'uid' | 'site'>;

type Act = { readonly by: string } & Pick<
  NonNullable<ScalePlan['spec']['decision']>,
  'onBehalfOf' | 'reference' | 'reason'
>;

/** Replicas that were raised above the ceiling without plans. */
export interface GrantUse {
  readonly planUid: string;
  readonly plan: string;
  readonly tier: Tier;
  /** Absent when only the outcome was seen. */
  readonly from?: number;
  readonly to: number;
  readonly ceiling: number;
  readonly atMs: number;
}

/** A decision in time reaches the operator's watch within this, also with two clocks: until then no plan is called expired. */
const EXPIRY_SETTLES_MS = 10_000;
const NOTHING: ScalingSpec['authorized'] = { ceilings: perTier(() => 0), windows: [] };

export const planUid = ({ metadata }: Pick<ScalePlan, 'metadata'>): string => metadata.uid ?? metadata.name;

export const instant = (ms: number): string => new Date(ms).toISOString();

/** What the plan alone grants a tier now; 0 for none. */
const grantedBy = (plan: ScalePlan, tier: Tier, nowMs: number): number => ceilingInForce(NOTHING, [plan], tier, nowMs);

/** The smallest grant in force that covers them. Base 20, plans 40 and 60: 30 depend on the first, 20 on none. */
export const grantFor = (
  authorized: ScalingSpec['authorized'],
  plans: readonly ScalePlan[],
  tier: Tier,
  replicas: number,
  nowMs: number,
): { readonly plan: ScalePlan; readonly ceiling: number } | undefined => {
  if (replicas <= ceilingInForce(authorized, [], tier, nowMs)) return undefined;
  return plans
    .map((plan) => ({ plan, ceiling: grantedBy(plan, tier, nowMs) }))
    .filter(({ ceiling }) => ceiling >= replicas)
    .sort((a, b) => a.ceiling - b.ceiling || a.plan.metadata.name.localeCompare(b.plan.metadata.name))[0];
};

const actOf = (by: string, { onBehalfOf, reference, reason }: Omit<Act, 'by'>): Act => ({
  by,
  ...defined({ onBehalfOf, reference, reason }),
});

/** The result of a plan, by its state (plan-state.ts). */
const outcomeEntries = (plan: ScalePlan, head: AuditHead & { readonly noted: string }, nowMs: number): AuditEntry[] => {
  const { spec, metadata, status } = plan;
  const uid = planUid(plan);
  const about = { ...head, plan: metadata.name, planUid: uid };
  const { decision, revocation } = spec;
  const state = planState(plan, nowMs);
  // The operator writes Superseded, and the API server then refuses decisions.
  if (state === 'Superseded') return [{ ...about, id: `${uid}/superseded`, at: head.noted, step: 'plan_superseded' }];
  if (decision === undefined) {
    const isOver = nowMs >= instantMs(spec.expiresAt) + EXPIRY_SETTLES_MS;
    return isOver ? [{ ...about, id: `${uid}/expired`, at: spec.expiresAt, step: 'plan_expired' }] : [];
  }
  const decided = { ...about, at: status?.decidedAt ?? head.noted, ...actOf(decision.decidedBy, decision) };
  if (state === 'Void') return [{ ...decided, id: `${uid}/void`, step: 'plan_void' }];
  if (state === 'Rejected') return [{ ...decided, id: `${uid}/rejected`, step: 'plan_rejected' }];
  const until = decision.ceilingUntil ?? spec.expiresAt;
  const approved: AuditEntry = {
    ...decided,
    id: `${uid}/approved`,
    step: 'plan_approved',
    ceilings: spec.ceilings,
    until,
  };
  const ended = { ...about, id: `${uid}/ended`, step: 'grant_ended' as const };
  // Revoked after its end: it had ended already.
  const revokedAt = status?.revokedAt ?? head.noted;
  if (revocation !== undefined && instantMsOrNaN(revokedAt) < instantMsOrNaN(until)) {
    return [approved, { ...ended, at: revokedAt, how: 'revoked', ...actOf(revocation.revokedBy, revocation) }];
  }
  return nowMs >= instantMsOrNaN(until) ? [approved, { ...ended, at: until, how: 'time' }] : [approved];
};

export const planEntries = (plan: ScalePlan, of: AuditHead, nowMs: number): readonly AuditEntry[] => {
  const { spec, metadata } = plan;
  const head = { ...of, noted: instant(nowMs) };
  const uid = planUid(plan);
  const proposed: AuditEntry = {
    ...head,
    id: `${uid}/proposed`,
    at: metadata.creationTimestamp ?? head.noted,
    step: 'plan_proposed',
    plan: metadata.name,
    planUid: uid,
    reason: spec.reason,
    ceilings: spec.ceilings,
    expiresAt: spec.expiresAt,
    evidence: [...spec.evidence],
  };
  return [proposed, ...outcomeEntries(plan, head, nowMs)];
};

/** A plan of the trail whose object is gone, and the end of its grant. */
export const deletedPlanEntries = (plan: TrailedPlan, of: AuditHead, nowMs: number): readonly AuditEntry[] => {
  const noted = instant(nowMs);
  const about = { ...of, noted, at: noted, plan: plan.name, planUid: plan.uid };
  return [
    { ...about, id: `${plan.uid}/deleted`, step: 'plan_deleted' },
    ...(plan.isGranted
      ? [{ ...about, id: `${plan.uid}/ended`, step: 'grant_ended' as const, how: 'plan deleted' as const }]
      : []),
  ];
};

export const useEntry = (use: GrantUse, of: AuditHead, trail: Trail, nowMs: number): AuditEntry | undefined => {
  const { planUid: uid, plan, tier, from, to, ceiling, atMs } = use;
  const id = `${uid}/used-${tier}`;
  if (trail.has(id)) return undefined;
  return {
    ...of,
    id,
    at: instant(atMs),
    noted: instant(nowMs),
    step: 'grant_used',
    plan,
    planUid: uid,
    tier,
    ...defined({ from }),
    to,
    ceiling,
  };
};
