import { describe, expect, it } from '@jest/globals';
import type { VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import type { Condition } from '../../../contract/types/common.ts';
import { transitionEvents } from '../../../operator/tick/events.ts';

const condition = (type: string, status: Condition['status'], reason: string): Condition => ({
  type,
  status,
  reason,
  message: `${reason}.`,
  lastTransitionTime: '',
});
const withCondition = (...args: Parameters<typeof condition>): VoucherCampaignStatus => ({
  conditions: [condition(...args)],
});
const limited = (limitedBy: string): VoucherCampaignStatus => ({
  tiers: { intake: { replicas: 20, ready: 20, desired: 20, ceiling: 20, limitedBy } },
});

describe('transitionEvents', () => {
  it.each<[string, VoucherCampaignStatus | undefined, VoucherCampaignStatus, readonly string[]]>([
    [
      'opening',
      withCondition('Open', 'False', 'BeforeOpening'),
      withCondition('Open', 'True', 'WithinWindow'),
      ['CampaignOpened'],
    ],
    ['still open', withCondition('Open', 'True', 'WithinWindow'), withCondition('Open', 'True', 'WithinWindow'), []],
    [
      'closing',
      withCondition('Open', 'True', 'WithinWindow'),
      withCondition('Open', 'False', 'AfterClosing'),
      ['CampaignClosed'],
    ],
    ['first seen when long closed', undefined, withCondition('Open', 'False', 'AfterClosing'), []],
    [
      'a conflict',
      withCondition('Ready', 'True', 'AllTiersReady'),
      withCondition('Ready', 'False', 'JournalConflict'),
      ['JournalConflict'],
    ],
    [
      'an outage that lasts',
      withCondition('Ready', 'False', 'JournalUnavailable'),
      withCondition('Ready', 'False', 'JournalUnavailable'),
      [],
    ],
    [
      'durability proven',
      withCondition('JournalDurable', 'Unknown', 'NotYetObserved'),
      withCondition('JournalDurable', 'True', 'Verified'),
      ['JournalReady'],
    ],
    [
      'durability lost',
      withCondition('JournalDurable', 'True', 'Verified'),
      withCondition('JournalDurable', 'False', 'NotSynced'),
      ['JournalNotDurable'],
    ],
    [
      'signals lost',
      withCondition('MetricsFresh', 'True', 'AllFresh'),
      withCondition('MetricsFresh', 'False', 'ArrivalsStale'),
      ['MetricsStale'],
    ],
    [
      'signals back',
      withCondition('MetricsFresh', 'False', 'AllStale'),
      withCondition('MetricsFresh', 'True', 'AllFresh'),
      ['MetricsFresh'],
    ],
    [
      'first signals',
      withCondition('MetricsFresh', 'Unknown', 'NotYetObserved'),
      withCondition('MetricsFresh', 'True', 'AllFresh'),
      [],
    ],
    [
      'a clock off',
      withCondition('ClocksAgree', 'True', 'AllAgree'),
      withCondition('ClocksAgree', 'False', 'PodClockOff'),
      ['ClockOff'],
    ],
    [
      'another clock off',
      withCondition('ClocksAgree', 'False', 'PodClockOff'),
      withCondition('ClocksAgree', 'False', 'OperatorClockOff'),
      ['ClockOff'],
    ],
    [
      'a clock that is still off',
      withCondition('ClocksAgree', 'False', 'PodClockOff'),
      withCondition('ClocksAgree', 'False', 'PodClockOff'),
      [],
    ],
    [
      'clocks that agree again',
      withCondition('ClocksAgree', 'False', 'PodClockOff'),
      withCondition('ClocksAgree', 'True', 'AllAgree'),
      ['ClocksAgree'],
    ],
    [
      'clocks that agree, seen for the first time',
      withCondition('ClocksAgree', 'Unknown', 'NotYetObserved'),
      withCondition('ClocksAgree', 'True', 'AllAgree'),
      [],
    ],
    [
      'pre-warming begins',
      withCondition('PreWarmed', 'False', 'Scheduled'),
      withCondition('PreWarmed', 'False', 'PreWarming'),
      ['PreWarmStarted'],
    ],
    [
      'pre-warmed',
      withCondition('PreWarmed', 'False', 'PreWarming'),
      withCondition('PreWarmed', 'True', 'FloorReady'),
      ['PreWarmed'],
    ],
    ['the ceiling is reached', limited('Load'), limited('Ceiling'), ['CeilingReached']],
    ['the ceiling still holds', limited('Ceiling'), limited('Ceiling'), []],
    ['drained', { stage: 'Draining' }, { stage: 'Closed' }, ['Drained']],
  ])('%s', (_, previous, next, wantReasons) => {
    expect(transitionEvents(previous, next).map(({ reason }) => reason)).toEqual(wantReasons);
  });
});
