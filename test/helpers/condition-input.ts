import { perTier } from '../../contract/tiers.ts';
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

export const aTierOutcome = (
  changes: Partial<Omit<TierOutcome, 'limits'>> & { readonly limits?: Partial<TierOutcome['limits']> } = {},
): TierOutcome => ({
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

export const aConditionInput = (
  changes: Partial<Omit<ConditionInput, 'observed' | 'times'>> & {
    readonly observed?: Partial<Observed>;
    readonly tiers?: TierOutcomes;
  } = {},
): ConditionInput => {
  const campaign = changes.campaign ?? aCampaign();
  return {
    nowMs: OPENS_AT_MS,
    tiers: perTier((tier) => aTierOutcome({ tier })),
    plans: [],
    contingency: NO_CONTINGENCY,
    overrides: { min: {}, inForce: [], unreadable: [] },
    ...changes,
    campaign,
    times: campaignTimes(campaign.spec),
    observed: anObserved(changes.observed),
  };
};
