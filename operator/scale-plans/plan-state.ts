/** The states of plans, and the events for their changes. Pure. */
import type { PlanState } from '../../contract/conditions.ts';
import { instantMs } from '../../contract/instant.ts';
import { TIERS, type Tier } from '../../contract/tiers.ts';
import type { ScalePlan, ScalePlanStatus } from '../../contract/types/scale-plan.ts';
import { decisionCounts } from '../scaling/grants.ts';
import { campaignEvent } from '../tick/events.ts';
import type { CampaignEvent } from '../tick/ports.ts';
import { remindedLevel, reminderEvent } from './plan-reminder.ts';

export interface PlanStateChange {
  readonly plan: ScalePlan;
  readonly state: PlanState;
  readonly status: ScalePlanStatus;
  /** Emitted only when the status is written: a new leader repeats none. */
  readonly event?: CampaignEvent;
}

/**
 * The state of a plan, from its spec and the time. Superseded is written by the operator while there is no decision; the
 * API server then refuses decisions (charts, authorization.yaml).
 * | written as Superseded | decision | counts | revocation | expiresAt | state      |
 * |-----------------------|----------|--------|------------|-----------|------------|
 * | yes                   | any      | no     | any        | any       | Superseded |
 * | no                    | none     |        |            | ahead     | Pending    |
 * | no                    | none     |        |            | passed    | Expired    |
 * | no                    | any      | no     | any        | any       | Void       |
 * | no                    | Approved | yes    | yes        | any       | Revoked    |
 * | no                    | Approved | yes    | none       | any       | Approved   |
 * | no                    | Rejected | yes    |            | any       | Rejected   |
 */
export const planState = (plan: ScalePlan, nowMs: number): PlanState => {
  const { spec, status } = plan;
  if (status?.state === 'Superseded') return 'Superseded';
  if (spec.decision === undefined) return nowMs < instantMs(spec.expiresAt) ? 'Pending' : 'Expired';
  if (!decisionCounts(plan)) return 'Void';
  return spec.revocation === undefined ? spec.decision.verdict : 'Revoked';
};

export const ceilingsText = (ceilings: Readonly<Partial<Record<Tier, number | undefined>>>): string =>
  TIERS.flatMap((tier) => (ceilings[tier] === undefined ? [] : [`${tier} ${ceilings[tier]}`])).join(', ');

/** `li.wei for Bureau of Commerce`. */
export const personText = (person = 'an unknown user', onBehalfOf?: string): string =>
  onBehalfOf === undefined ? person : `${person} for ${onBehalfOf}`;

/** Whole sentences about a plan in this state. */
export const stateText = (plan: ScalePlan, state: PlanState): string => {
  const { name } = plan.metadata;
  const { decision, revocation, expiresAt } = plan.spec;
  const decider = personText(decision?.decidedBy, decision?.onBehalfOf);
  switch (state) {
    case 'Pending':
      return `ScalePlan ${name} asks for ${ceilingsText(plan.spec.ceilings)} and waits for a decision until ${expiresAt}. Until then the tiers serve at the ceiling.`;
    case 'Approved': {
      const until = decision?.ceilingUntil === undefined ? '' : ` until ${decision.ceilingUntil}`;
      return `ScalePlan ${name} grants ${ceilingsText(plan.spec.ceilings)}${until}, by ${decider}.`;
    }
    case 'Rejected':
      return `ScalePlan ${name} was rejected by ${decider}; the ceilings are unchanged.`;
    case 'Expired':
      return `ScalePlan ${name} expired without a decision.`;
    case 'Superseded':
      return `ScalePlan ${name} was superseded by one that asks for more.`;
    case 'Revoked':
      return `ScalePlan ${name} was revoked by ${personText(revocation?.revokedBy, revocation?.onBehalfOf)}: ${revocation?.reason ?? ''}. Its grant has ended; replicas above the ceiling are removed step by step.`;
    case 'Void':
      return `The decision on ScalePlan ${name} came after it had expired and does not count; the ceilings are unchanged.`;
  }
};

const EVENTS = {
  Approved: ['Normal', 'PlanApproved'],
  Rejected: ['Warning', 'PlanRejected'],
  Expired: ['Warning', 'PlanExpired'],
  Superseded: ['Normal', 'PlanSuperseded'],
  Revoked: ['Warning', 'PlanRevoked'],
  Void: ['Warning', 'PlanVoid'],
} as const;

/** Asks for as much in every tier, and for more in one: 80 instead of 60, or 60 and a tier that was left out. */
const outdoes = (plan: ScalePlan, other: ScalePlan): boolean => {
  const [mine, theirs] = [plan.spec.ceilings, other.spec.ceilings];
  const differences = TIERS.map((tier) => (mine[tier] ?? 0) - (theirs[tier] ?? 0));
  return differences.every((difference) => difference >= 0) && differences.some((difference) => difference > 0);
};

/**
 * Plans whose status has to be written.
 *
 * | status says    | state now           | then                                      |
 * |----------------|---------------------|-------------------------------------------|
 * | nothing        | Pending             | written; the proposal had its own event   |
 * | nothing, other | another             | written, with an event                    |
 * | Pending        | Pending, a reminder due | written, with an event (plan-reminder.ts) |
 * | the same       | the same            | nothing                                   |
 */
export const planStateChanges = (plans: readonly ScalePlan[], nowMs: number): readonly PlanStateChange[] => {
  const waiting = plans.filter((plan) => planState(plan, nowMs) === 'Pending');
  const isSuperseded = (plan: ScalePlan): boolean =>
    waiting.includes(plan) && waiting.some((other) => outdoes(other, plan));
  return plans.flatMap((plan): readonly PlanStateChange[] => {
    const state = isSuperseded(plan) ? 'Superseded' : planState(plan, nowMs);
    if (state === 'Pending') {
      const reminded = remindedLevel(plan, nowMs);
      if (plan.status?.state === state && plan.status.reminded === reminded) return [];
      const status = { ...plan.status, state, ...(reminded === undefined ? {} : { reminded }) };
      const event = reminderEvent(plan, reminded);
      return [{ plan, state, status, ...(event === undefined ? {} : { event }) }];
    }
    if (plan.status?.state === state) return [];
    const [type, reason] = EVENTS[state];
    return [
      { plan, state, status: { ...plan.status, state }, event: campaignEvent(type, reason, stateText(plan, state)) },
    ];
  });
};
