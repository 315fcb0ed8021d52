import { describe, expect, it } from '@jest/globals';
import type { Frozen, Listed } from '../../../contract/decisions/control.ts';
import type { FreezeState } from '../../../operator/freeze/freeze-keeper.ts';
import { drawStatus, listFrozen } from '../../../operator/freeze/freeze-messages.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { anObserved } from '../../helpers/observed.ts';

const frozen: Frozen = {
  v: 1,
  campaignId: 'chengdu-2020-3',
  at: '2020-09-25T10:00:21.000Z',
  barriers: [1034, 980],
  unverified: 'exclude',
};
const listed: Listed = {
  v: 1,
  campaignId: 'chengdu-2020-3',
  lists: [
    { voucher: 'dining', entries: 3_000, digest: 'ab12' },
    { voucher: 'sports', entries: 310, digest: 'cd34' },
  ],
};
const lists = listed.lists;
const FROZEN_AT = { frozenAt: frozen.at };
const waiting = (state: Extract<FreezeState, { kind: 'waiting' }>['waiting']): FreezeState => ({
  kind: 'waiting',
  waiting: state,
});
const behind = [
  { tier: 'records' as const, shard: 0, acknowledged: 812, barrier: 1034 },
  { tier: 'records' as const, shard: 1, acknowledged: 17, barrier: 980 },
];

describe('the list of the draw', () => {
  it.each<[string, FreezeState | undefined, readonly [string, string, string], ReturnType<typeof drawStatus>]>([
    ['not looked at', undefined, ['Unknown', 'NotYetObserved', 'has not been asked'], undefined],
    [
      'before closing',
      waiting({ why: 'NotClosed', untilMs: Date.parse('2020-09-25T10:00:00.000Z') }),
      ['False', 'NotClosed', 'closes at 2020-09-25T10:00:00.000Z'],
      undefined,
    ],
    [
      'before the deadline of verification',
      waiting({ why: 'WaitingForDeadline', untilMs: Date.parse('2020-09-28T10:00:00.000Z') }),
      ['False', 'WaitingForDeadline', 'until 2020-09-28T10:00:00.000Z (spec.draw.verifyBy)'],
      { phase: 'Waiting' },
    ],
    [
      'within the margin',
      waiting({ why: 'WaitingForMargin', untilMs: Date.parse('2020-09-25T10:00:15.000Z') }),
      ['False', 'WaitingForMargin', 'from 2020-09-25T10:00:15.000Z on'],
      { phase: 'Waiting' },
    ],
    [
      'deferred',
      waiting({ why: 'Deferred', by: ['storm'] }),
      ['False', 'Deferred', 'kubectl voucher contingency stop storm chengdu -n vouchers'],
      { phase: 'Waiting' },
    ],
    [
      'with a clock that is off',
      waiting({ why: 'ClockOff', ownClock: 'off' }),
      ['False', 'ClockOff', 'with NTP'],
      { phase: 'Waiting' },
    ],
    [
      'with identities to verify',
      waiting({
        why: 'WaitingForVerification',
        behind: behind.map((one) => ({ ...one, tier: 'verification' as const })),
      }),
      ['False', 'WaitingForVerification', 'verification is at message 812 of 1034 in shard 0, 17 of 980 in shard 1'],
      { phase: 'Waiting' },
    ],
    [
      'while barriers are published',
      { kind: 'publishing' },
      ['False', 'PublishingBarriers', ''],
      { phase: 'Freezing' },
    ],
    [
      'with records behind',
      waiting({ why: 'WaitingForConsumers', behind }),
      ['False', 'WaitingForConsumers', 'records is at message 812 of 1034 in shard 0'],
      { phase: 'Freezing' },
    ],
    [
      'without an answer',
      { kind: 'unknown', message: 'no journal server can be reached' },
      ['Unknown', 'JournalUnavailable', 'no journal server can be reached'],
      undefined,
    ],
    [
      'of another release',
      { kind: 'unreadable', message: 'the entry frozen of the control stream can’t be read: v: invalid_value' },
      ['Unknown', 'EntryUnreadable', 'v: invalid_value'],
      undefined,
    ],
    [
      'frozen',
      { kind: 'done', frozen },
      ['True', 'Frozen', '1034 in shard 0, 980 in shard 1'],
      { phase: 'Frozen', ...FROZEN_AT },
    ],
    [
      'made',
      { kind: 'done', frozen, listed },
      ['True', 'Listed', 'dining has 3000 entries (digest ab12); sports has 310 entries (digest cd34)'],
      { phase: 'Listed', ...FROZEN_AT, entries: 3_310, lists },
    ],
  ])('%s', (_, freeze, [status, reason, text], draw) => {
    const verdict = listFrozen({ campaign: aCampaign(), observed: anObserved({ freeze }) });
    expect(verdict).toEqual({ status, reason, message: expect.stringContaining(text) });
    expect(drawStatus(freeze, undefined, undefined)).toEqual(draw);
  });

  it('that was frozen stays so while a new leader, or one without a journal, knows less', () => {
    const before = { phase: 'Frozen', ...FROZEN_AT };
    for (const freeze of [undefined, { kind: 'unknown', message: '' }, { kind: 'publishing' }] as const) {
      expect(drawStatus(freeze, undefined, before)).toEqual(before);
    }
  });
});
