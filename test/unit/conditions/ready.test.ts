import { describe, expect, it } from '@jest/globals';
import type { VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import type { JournalState } from '../../../journal/administration.ts';
import { journalDurable } from '../../../operator/conditions/journal-conditions.ts';
import { ready } from '../../../operator/conditions/ready.ts';
import type { TierOutcome } from '../../../operator/tick/observed.ts';
import { buildStatus } from '../../../operator/tick/status.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { aTier, conditions } from '../../helpers/a-status.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { aConditionInput } from '../../helpers/condition-input.ts';
import { anObserved, freshReadings, SYNCED } from '../../helpers/observed.ts';
import { memories } from '../../helpers/tier.ts';

const attested = aCampaign({ spec: { dataPlane: { secretName: 's', durability: 'Attested' } } });
const journal = (durability: 'Synced' | 'NotSynced' | 'Unknown') =>
  ({ kind: 'ready', durability, replicas: 3, message: 'detail' }) as const;
const NOW_MS = OPENS_AT_MS;
const ago = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString();
const was = (status: 'True' | 'False' | 'Unknown', reason: string, belowMinSince?: string): VoucherCampaignStatus => ({
  conditions: conditions({ type: 'Ready', status, reason, message: 'before' }),
  tiers: {
    intake: aTier(belowMinSince === undefined ? {} : { belowMinSince }),
    records: aTier(),
  },
});

describe('Ready, by the journal', () => {
  it.each<[string, JournalState | undefined, VoucherCampaignStatus | undefined, string, string]>([
    ['not asked yet, by anybody', undefined, undefined, 'Unknown', 'NotYetObserved'],
    ['not asked yet by a new leader', undefined, was('True', 'AllTiersReady'), 'True', 'AllTiersReady'],
    ['… that is told no better', undefined, was('False', 'JournalUnavailable'), 'False', 'JournalUnavailable'],
    ['… that does not know the word', undefined, was('True', 'OfALaterVersion'), 'Unknown', 'NotYetObserved'],
    ['conflict', { kind: 'conflict', message: 'x' }, undefined, 'False', 'JournalConflict'],
    ['no room', { kind: 'full', message: 'x' }, undefined, 'False', 'JournalFull'],
    ['JetStream off', { kind: 'disabled', message: 'x' }, undefined, 'False', 'JetStreamDisabled'],
    ['unavailable', { kind: 'unavailable', message: 'x' }, was('True', 'AllTiersReady'), 'False', 'JournalUnavailable'],
    ['not synced', journal('NotSynced'), undefined, 'False', 'JournalNotDurable'],
    ['unknown', journal('Unknown'), undefined, 'False', 'JournalNotDurable'],
    ['durable', journal('Synced'), undefined, 'True', 'AllTiersReady'],
  ])('%s', (_, state, previous, status, reason) => {
    const input = aConditionInput({ observed: { journal: state, previous } });
    expect(ready(input)).toMatchObject({ status, reason });
  });

  it('is what an attestation says where nothing can be seen', () => {
    const input = aConditionInput({ campaign: attested, observed: { journal: journal('Unknown') } });
    expect(ready(input)).toMatchObject({ status: 'True', reason: 'AllTiersReady' });
  });

  it('says no other thing than JournalDurable', () => {
    for (const kind of ['conflict', 'full', 'disabled', 'unavailable'] as const) {
      const input = aConditionInput({ observed: { journal: { kind, message: 'x' } } });
      expect(ready(input).message).toBe(journalDurable(input).message);
    }
  });
});

describe('Ready, with one of two intakes', () => {
  it.each<[string, VoucherCampaignStatus | undefined, string, string]>([
    ['at the very beginning', undefined, 'Unknown', 'TiersStarting'],
    [
      'for less than a minute, never Ready before',
      was('Unknown', 'TiersStarting', ago(59)),
      'Unknown',
      'TiersStarting',
    ],
    ['for a minute, never Ready before', was('Unknown', 'TiersStarting', ago(60)), 'False', 'TierNotReady'],
    ['since now, Ready before', was('True', 'AllTiersReady'), 'True', 'TierRecovering'],
    ['for less than a minute, Ready before', was('True', 'TierRecovering', ago(59)), 'True', 'TierRecovering'],
    ['for a minute, Ready before', was('True', 'TierRecovering', ago(60)), 'False', 'TierNotReady'],
    ['since nobody knows when, told before', was('False', 'TierNotReady'), 'False', 'TierNotReady'],
    ['while the journal comes back', was('False', 'JournalUnavailable', ago(5)), 'Unknown', 'TiersStarting'],
    ['since a clock ahead of ours', was('True', 'TierRecovering', ago(-3600)), 'True', 'TierRecovering'],
  ])('%s', (_, previous, status, reason) => {
    const verdict = ready(aConditionInput({ observed: { previous }, tiers: { intake: { ready: 1 } } }));
    expect(verdict).toMatchObject({ status, reason, message: expect.stringContaining('intake has 1 of at least 2') });
  });

  it.each<[string, Partial<TierOutcome['limits']>, number]>([
    ['the ceiling', { min: 50, ceiling: 20 }, 20],
    ['its max', { min: 50, max: 30, ceiling: 40 }, 30],
  ])('is True with as many as %s allows, whatever an override asks', (_, limits, least) => {
    const verdictOf = (pods: number) => {
      const tiers = { intake: { ready: pods, limits } };
      return ready(aConditionInput({ observed: { previous: was('True', 'TierRecovering', ago(60)) }, tiers }));
    };
    expect(verdictOf(least)).toMatchObject({ status: 'True', reason: 'AllTiersReady' });
    expect(verdictOf(least - 1)).toMatchObject({
      reason: 'TierNotReady',
      message: expect.stringContaining(`intake has ${least - 1} of at least ${least}`),
    });
  });

  it('keeps the instant in the status, also through another leader, and drops it when enough are ready', () => {
    const statusAt = (nowMs: number, ready: number, previous?: VoucherCampaignStatus) =>
      buildStatus(aConditionInput({ nowMs, observed: { previous }, tiers: { intake: { ready } } }), memories());
    const first = statusAt(NOW_MS, 1, statusAt(NOW_MS - 1_000, 2));
    const stored: VoucherCampaignStatus = JSON.parse(JSON.stringify(first));
    const later = statusAt(NOW_MS + 60_000, 1, stored);
    expect([first, later].map(({ tiers }) => tiers?.intake?.belowMinSince)).toEqual([ago(0), ago(0)]);
    expect(later.conditions?.[0]).toMatchObject({ type: 'Ready', status: 'False', reason: 'TierNotReady' });
    expect(statusAt(NOW_MS + 61_000, 2, later).tiers?.intake).not.toHaveProperty('belowMinSince');
    // Written by a clock that ran ahead: counted from now.
    expect(statusAt(NOW_MS, 1, was('True', 'TierRecovering', ago(-3600))).tiers?.intake?.belowMinSince).toBe(ago(0));
  });
});

it('a new leader tells nothing anew that was so before', () => {
  const observed = anObserved({ readings: freshReadings(NOW_MS), journal: SYNCED });
  const { status: stored } = planTick(aCampaign(), observed, NOW_MS, planDeps);
  const first = planTick(aCampaign(), { ...observed, journal: undefined, previous: stored }, NOW_MS, planDeps);
  const second = planTick(aCampaign(), { ...observed, previous: first.status }, NOW_MS, planDeps);
  const durability = ({ events }: typeof first) => events.filter(({ reason }) => reason.startsWith('Journal'));
  expect([durability(first), durability(second)]).toEqual([[], []]);
});
