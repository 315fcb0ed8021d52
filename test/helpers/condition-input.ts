import { perTier, type Tier, tiersOf } from '../../contract/tiers.ts';
import type { ConditionInput } from '../../operator/conditions/verdict.ts';
import { campaignTimes } from '../../operator/tick/campaign-times.ts';
import type { Observed, TierOutcome, TierOutcomes } from '../../operator/tick/observed.ts';
import { aCampaign, OPENS_AT_MS } from './a-campaign.ts';
import { anObserved } from './observed.ts';

/** No level is in force. */
export const NO_CONTINGENCY: ConditionInput['contingency'] = {
  inForce: [],
  effects: {},
  memory: new Map(),
  closesAtMs: undefined,
  tooLate: [],
  unreadable: [],
  isCounting: false,
  endsAtMs: [],
};

export type OutcomeChanges = Partial<Omit<TierOutcome, 'limits'>> & {
  readonly limits?: Partial<TierOutcome['limits']>;
};

export const aTierOutcome = (changes: OutcomeChanges = {}): TierOutcome => ({
  tier: 'intake',
  exists: true,
  replicas: 2,
  ready: 2,
  desired: 2,
  written: changes.desired ?? 2,
  replacing: undefined,
  otherAutoscalers: [],
  isActing: true,
  decision: undefined,
  forecastFloor: 10,
  ...changes,
  limits: {
    min: 2,
    max: 600,
    ceiling: 20,
    capacityPerReplica: 500,
    targetUtilisation: 0.7,
    drainWithinSeconds: 30,
    scheduleFloor: 0,
    down: { windowSeconds: 300, percentPerMinute: 10 },
    ...changes.limits,
  },
});

/** As scaleTier says it of a tier that the campaign does not have. */
const ABSENT: OutcomeChanges = {
  exists: false,
  replicas: 0,
  ready: 0,
  desired: 0,
  isActing: false,
  forecastFloor: 0,
  limits: { min: 0, max: 0, ceiling: 0, capacityPerReplica: 0 },
};

/** Of each tier of the campaign aTierOutcome; a test sets only what differs. */
export const outcomes = (
  changes: Partial<Readonly<Record<Tier, OutcomeChanges>>> = {},
  spec: object = aCampaign().spec,
): TierOutcomes =>
  perTier((tier) => aTierOutcome({ tier, ...(tiersOf(spec).includes(tier) ? {} : ABSENT), ...changes[tier] }));

export const aConditionInput = (
  changes: Partial<Omit<ConditionInput, 'observed' | 'times' | 'tiers'>> & {
    readonly observed?: Partial<Observed>;
    readonly tiers?: Parameters<typeof outcomes>[0];
  } = {},
): ConditionInput => {
  const campaign = changes.campaign ?? aCampaign();
  return {
    nowMs: OPENS_AT_MS,
    plans: [],
    contingency: NO_CONTINGENCY,
    overrides: { min: {}, inForce: [], unreadable: [] },
    ...changes,
    campaign,
    tiers: outcomes(changes.tiers, campaign.spec),
    times: campaignTimes(campaign.spec),
    observed: anObserved(changes.observed),
  };
};
