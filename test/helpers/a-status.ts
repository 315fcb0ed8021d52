/** A campaign in its flood as `kubectl voucher status` reads it; a test sets only what differs. */
import type { ClusterOptions, Decisions, SeenCampaign } from '../../cli/cluster.ts';
import type { Report } from '../../cli/status/status-report.ts';
import { CONDITION_TYPES, type ConditionType } from '../../contract/conditions.ts';
import { API_VERSION } from '../../contract/names.ts';
import { perTier } from '../../contract/tiers.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { Condition } from '../../contract/types/common.ts';
import type { ScalePlan } from '../../contract/types/scale-plan.ts';
import type { TierStatus } from '../../contract/types/status.ts';
import type { RecentSample } from '../../operator/history/recent.ts';
import { aCampaign, type CampaignChanges } from './a-campaign.ts';
import { aDecision, FLOOD_AT_MS, instantAt } from './a-decision.ts';

/** 20:14:09 in Chengdu. */
export const NOW_S = 845;
export const NOW_MS = FLOOD_AT_MS + NOW_S * 1000;

const AS_IT_SHOULD_BE: Readonly<Partial<Record<ConditionType, 'False'>>> = {
  Reconciling: 'False',
  Stalled: 'False',
  PlanPending: 'False',
  DownstreamSaturated: 'False',
  ConflictingScaler: 'False',
  Overridden: 'False',
  Contingency: 'False',
};

/** Every condition as it should be, but for these. */
export const conditions = (...changes: readonly Partial<Condition>[]): readonly Condition[] =>
  CONDITION_TYPES.map((type) => ({
    type,
    status: AS_IT_SHOULD_BE[type] ?? 'True',
    reason: 'AsItShouldBe',
    message: 'All is well.',
    lastTransitionTime: instantAt(0),
    ...changes.find((change) => change.type === type),
  }));

export const aTier = (changes: Partial<TierStatus> = {}): TierStatus => ({
  replicas: 12,
  ready: 12,
  desired: 12,
  ceiling: 20,
  limitedBy: 'Load',
  capacityPerReplica: 1_020,
  ...changes,
});

export const aStatus = (changes: Partial<VoucherCampaignStatus> = {}): VoucherCampaignStatus => ({
  stage: 'Open',
  openedAt: '2020-09-25T12:00:00.000Z',
  conditions: conditions(),
  tiers: {
    intake: aTier(),
    records: aTier({ replicas: 4, ready: 4, desired: 4, ceiling: 4, capacityPerReplica: 5_000 }),
  },
  counts: { received: 4_812_330 },
  arrivalsPerSecond: 11_840.2,
  backlog: 12_300,
  oldestSeconds: 8.4,
  ...changes,
});

/** The crowd arrives within a minute, nine minutes before now, and stays. */
export const recent = (): readonly RecentSample[] =>
  Array.from({ length: 60 }, (_, index) => {
    const rise = Math.min(1, Math.max(0, (index - 5) / 6));
    return {
      at: instantAt(NOW_S - 600 + index * 10),
      arrivalsPerSecond: Math.round(11_900 * rise),
      backlog: Math.round(20_000 * Math.max(0, rise - index / 80)),
      intake: { desired: index < 7 ? 4 : 12, ready: index < 8 ? 4 : 12 },
      records: { desired: index < 10 ? 2 : 4, ready: index < 11 ? 2 : 4 },
    };
  });

export const aPlan = (changes: Partial<ScalePlan['spec']> = {}, name = 'spring-i30-16rc8'): ScalePlan => ({
  apiVersion: API_VERSION,
  kind: 'ScalePlan',
  metadata: { name, namespace: 'vouchers', uid: 'plan-uid' },
  spec: {
    campaignName: 'spring',
    campaignId: 'spring',
    reason: 'Load',
    ceilings: { intake: 30 },
    evidence: [{ signal: 'arrivalsPerSecond', value: 11_840, ageSeconds: 0.8 }],
    expiresAt: instantAt(NOW_S + 84),
    ...changes,
  },
});

export interface ReportChanges extends Omit<CampaignChanges, 'status'> {
  readonly claim?: Report['claim'];
  readonly status?: VoucherCampaignStatus | undefined;
  readonly plans?: readonly ScalePlan[];
  readonly decisions?: Partial<Decisions> | undefined;
  readonly options?: ClusterOptions;
  readonly statusAtMs?: number;
}

export const aReport = (changes: ReportChanges = {}): Report => {
  const {
    plans = [],
    decisions = {},
    options = {},
    statusAtMs = NOW_MS - 2_000,
    status = aStatus(),
    claim,
    ...rest
  } = changes;
  const campaign: SeenCampaign = {
    ...aCampaign({
      ...rest,
      metadata: { name: 'spring', ...rest.metadata },
      spec: {
        title: { 'zh-CN': '春季消费券', en: 'Spring vouchers' },
        window: { opensAt: '2020-09-25T20:00:00+08:00', closesAt: '2020-09-25T22:00:00+08:00' },
        ...rest.spec,
      },
      ...('status' in changes && changes.status === undefined ? {} : { status }),
    }),
    statusAtMs,
  };
  return {
    campaign,
    plans,
    claim,
    decisions:
      'decisions' in changes && changes.decisions === undefined
        ? undefined
        : {
            ...perTier(() => []),
            intake: [aDecision(29, { desired: 12, limitedBy: 'Load', ceiling: 20 })],
            records: [aDecision(60, { desired: 4, limitedBy: 'Backlog', ceiling: 4, min: 2, max: 20 })],
            recent: recent(),
            ...decisions,
          },
    options,
    nowMs: NOW_MS,
  };
};
