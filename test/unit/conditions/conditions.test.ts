import { describe, expect, it } from '@jest/globals';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { metricsFresh, open, planPending } from '../../../operator/conditions/conditions.ts';
import { journalDurable } from '../../../operator/conditions/journal-conditions.ts';
import { preWarmed } from '../../../operator/conditions/pre-warm-condition.ts';
import type { CanaryState } from '../../../operator/signals/readings.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS, withoutForecast } from '../../helpers/a-campaign.ts';
import { aConditionInput, aTierOutcome } from '../../helpers/condition-input.ts';
import { anObservedTier, aScalePlan } from '../../helpers/observed.ts';

const MINUTE_MS = 60_000;
const attested = aCampaign({ spec: { dataPlane: { secretName: 's', durability: 'Attested' } } });
const journal = (durability: 'Synced' | 'NotSynced' | 'Unknown', replicas = 3) =>
  ({ kind: 'ready', durability, replicas, message: 'detail' }) as const;

describe('JournalDurable', () => {
  it.each([
    ['not asked yet', undefined, aCampaign(), 'Unknown', 'NotYetObserved'],
    ['belongs to another object', { kind: 'conflict', message: 'x' }, attested, 'False', 'JournalConflict'],
    ['does not answer', { kind: 'unavailable', message: 'x' }, attested, 'Unknown', 'JournalUnavailable'],
    ['says that it does not sync', journal('NotSynced'), aCampaign(), 'False', 'NotSynced'],
    ['says that it does not sync, attested', journal('NotSynced'), attested, 'False', 'NotSynced'],
    ["can't be seen", journal('Unknown'), aCampaign(), 'Unknown', 'DurabilityUnknown'],
    ["can't be seen, attested", journal('Unknown'), attested, 'True', 'Attested'],
    ['syncs on one replica', journal('Synced', 1), aCampaign(), 'False', 'TooFewReplicas'],
    ['syncs on one replica, attested', journal('Synced', 1), attested, 'True', 'Attested'],
    ['syncs on three', journal('Synced'), aCampaign(), 'True', 'Verified'],
    ['syncs on three, attested', journal('Synced'), attested, 'True', 'Verified'],
  ] as const)('a journal that %s', (_, state, campaign, wantStatus, wantReason) => {
    const verdict = journalDurable(aConditionInput({ campaign, observed: { journal: state } }));
    expect(verdict).toMatchObject({ status: wantStatus, reason: wantReason });
  });

  it.each([
    ['a conflict names both ways out', { kind: 'conflict', message: 'x' }, /spec\.campaignId.*spec\.adoptJournal/],
    [
      'an outage names the Secret of the account that asks',
      { kind: 'unavailable', message: 'x' },
      /Secret: <release>-journal/,
    ],
    ['a server that does not sync names the setting', journal('NotSynced'), /sync_interval: always/],
    ['an unseen server names the attestation', journal('Unknown'), /spec\.dataPlane\.durability/],
  ] as const)('%s', (_, state, wantMessage) => {
    expect(journalDurable(aConditionInput({ observed: { journal: state } })).message).toMatch(wantMessage);
  });
});

describe('MetricsFresh', () => {
  const rates = { over1s: 1, over3s: 1, over60s: 1 };
  const arrivals = {
    fresh: { kind: 'fresh', value: rates, atMs: 0 },
    stale: { kind: 'stale', value: rates, atMs: 0 },
    absent: { kind: 'absent' },
  } as const;
  const backlog = {
    fresh: { kind: 'fresh', value: { messages: 0 }, atMs: 0 },
    stale: { kind: 'stale', value: { messages: 0 }, atMs: 0 },
    absent: { kind: 'absent' },
  } as const;
  it.each([
    ['fresh', 'fresh', 'True', 'AllFresh'],
    ['stale', 'fresh', 'False', 'ArrivalsStale'],
    ['absent', 'fresh', 'False', 'ArrivalsStale'],
    ['fresh', 'stale', 'False', 'BacklogStale'],
    ['fresh', 'absent', 'False', 'BacklogStale'],
    ['absent', 'absent', 'Unknown', 'NotYetObserved'],
    ['stale', 'absent', 'False', 'AllStale'],
    ['absent', 'stale', 'False', 'AllStale'],
    ['stale', 'stale', 'False', 'AllStale'],
  ] as const)('arrivals %s, backlog %s', (a, b, wantStatus, wantReason) => {
    const readings = { arrivals: arrivals[a], backlog: { records: backlog[b] } };
    expect(metricsFresh(aConditionInput({ observed: { readings } }))).toMatchObject({
      status: wantStatus,
      reason: wantReason,
    });
  });
});

describe('PreWarmed', () => {
  const intake = (pods: number, ceiling = 20) => aTierOutcome({ ready: pods, forecastFloor: 10, limits: { ceiling } });
  const was = (status: 'True' | 'False') => ({
    conditions: [{ type: 'PreWarmed', status, reason: 'FloorReady', message: '', lastTransitionTime: '' }],
  });
  const warm = OPENS_AT_MS - 10 * MINUTE_MS;
  const cases: readonly (readonly [
    string,
    {
      nowMs: number;
      pods: number;
      ceiling?: number;
      campaign?: VoucherCampaign;
      previous?: ReturnType<typeof was>;
      isRefused?: boolean;
      canary?: CanaryState['result'] | 'none yet';
    },
    string,
    string,
  ])[] = [
    ['after closing', { nowMs: CLOSES_AT_MS, pods: 10 }, 'False', 'WindowClosed'],
    ['without a forecast', { nowMs: warm, pods: 10, campaign: withoutForecast(aCampaign()) }, 'False', 'NoForecast'],
    ['before the lead time', { nowMs: OPENS_AT_MS - 31 * MINUTE_MS, pods: 2 }, 'False', 'Scheduled'],
    ['in the lead time, floor ready', { nowMs: warm, pods: 10 }, 'True', 'FloorReady'],
    ['floor ready, canary on its way', { nowMs: warm, pods: 10, canary: 'none yet' }, 'False', 'CanaryPending'],
    ['floor ready, canary lost', { nowMs: warm, pods: 10, canary: 'failed' }, 'False', 'CanaryNotConfirmed'],
    [
      'floor ready, proven before, and the last canary has no row',
      { nowMs: warm, pods: 10, canary: 'accepted', previous: was('True') },
      'False',
      'CanaryNotConfirmed',
    ],
    [
      'floor ready and proven, with a new leader',
      { nowMs: warm, pods: 10, canary: 'none yet', previous: was('True') },
      'True',
      'FloorReady',
    ],
    [
      'open and proven, whatever a late canary says',
      { nowMs: OPENS_AT_MS, pods: 10, canary: 'failed', previous: was('True') },
      'True',
      'FloorReady',
    ],
    ['in the lead time, pods starting', { nowMs: warm, pods: 9 }, 'False', 'PreWarming'],
    ['in the last seconds, pods missing', { nowMs: OPENS_AT_MS - 5_000, pods: 9 }, 'False', 'WillBeLate'],
    ['in the last seconds, pods that still make it', { nowMs: OPENS_AT_MS - 9_000, pods: 9 }, 'False', 'PreWarming'],
    ['in the lead time, no place for the rest', { nowMs: warm, pods: 9, isRefused: true }, 'False', 'WillBeLate'],
    ['in the lead time, lost a pod again', { nowMs: warm, pods: 9, previous: was('True') }, 'False', 'PreWarming'],
    ['ceiling below the floor', { nowMs: warm, pods: 8, ceiling: 8 }, 'False', 'CeilingBelowFloor'],
    ['open and on the way down', { nowMs: OPENS_AT_MS, pods: 3, previous: was('True') }, 'True', 'FloorReady'],
    ['open and never warm', { nowMs: OPENS_AT_MS, pods: 3, previous: was('False') }, 'False', 'PreWarming'],
  ];
  it.each(cases)('%s', (_, given, wantStatus, wantReason) => {
    const { nowMs, pods, ceiling, campaign, previous, isRefused, canary = 'confirmed' } = given;
    const tier = {
      ...anObservedTier('intake', pods),
      ...(isRefused === true ? { problems: [{ kind: 'refused' as const, message: 'no' }] } : {}),
    };
    const input = aConditionInput({
      nowMs,
      campaign: campaign ?? aCampaign(),
      tiers: { intake: intake(pods, ceiling) },
      observed: {
        cluster: { tiers: { intake: tier }, plans: [] },
        previous,
        canary: canary === 'none yet' ? undefined : { result: canary, reason: 'no row', atMs: 0 },
      },
    });
    expect(preWarmed(input)).toMatchObject({ status: wantStatus, reason: wantReason });
  });
});

describe('Open', () => {
  it.each([
    ['a millisecond before opening', OPENS_AT_MS - 1, 'False', 'BeforeOpening'],
    ['at opening', OPENS_AT_MS, 'True', 'WithinWindow'],
    ['a millisecond before closing', CLOSES_AT_MS - 1, 'True', 'WithinWindow'],
    ['at closing', CLOSES_AT_MS, 'False', 'AfterClosing'],
  ])('%s', (_, nowMs, wantStatus, wantReason) => {
    expect(open(aConditionInput({ nowMs }))).toMatchObject({ status: wantStatus, reason: wantReason });
  });
});

describe('PlanPending', () => {
  const nowMs = OPENS_AT_MS;
  const waiting = aScalePlan({ name: 'waiting', expiresAtMs: nowMs + MINUTE_MS });
  const approved = aScalePlan({ name: 'approved', expiresAtMs: nowMs + 2 * MINUTE_MS, verdict: 'Approved' });
  const rejected = aScalePlan({ name: 'rejected', expiresAtMs: nowMs + 3 * MINUTE_MS, verdict: 'Rejected' });
  const expired = aScalePlan({ name: 'expired', expiresAtMs: nowMs });
  it.each([
    ['no plan', [], 'False', 'NoPlan'],
    ['one waits', [waiting], 'True', 'AwaitingDecision'],
    ['an older one waits beside a newer decision', [waiting, rejected], 'True', 'AwaitingDecision'],
    ['the newest is approved', [expired, approved], 'False', 'PlanApproved'],
    ['the newest is rejected', [approved, rejected], 'False', 'PlanRejected'],
    ['it expired this instant', [expired], 'False', 'PlanExpired'],
  ] as const)('%s', (_, plans, wantStatus, wantReason) => {
    expect(planPending(aConditionInput({ nowMs, plans }))).toMatchObject({ status: wantStatus, reason: wantReason });
  });
});
