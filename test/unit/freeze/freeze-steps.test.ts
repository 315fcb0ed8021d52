import { describe, expect, it } from '@jest/globals';
import type { ComparisonReport } from '../../../contract/compare.ts';
import type { Frozen } from '../../../contract/decisions/control.ts';
import { TIERS } from '../../../contract/tiers.ts';
import {
  type Barriers,
  type FreezeObserved,
  type FreezeRequest,
  nextFreezeStep,
  tiersBefore,
} from '../../../operator/freeze/freeze-steps.ts';
import { AGREEING } from '../../helpers/comparison.ts';

const CLOSES = 1_000_000;
const VERIFY_BY = CLOSES + 3_600_000;
const frozen: Frozen = {
  v: 1,
  campaignId: 'spring',
  at: '2020-09-30T22:00:15.000Z',
  barriers: [5, 6],
  unverified: 'exclude',
};
const request: FreezeRequest = {
  campaignId: 'spring',
  closesAtMs: CLOSES,
  unverified: 'exclude',
  tiers: ['intake', 'records', 'verification'],
  deferredBy: [],
  ownClock: 'agrees',
  comparison: AGREEING,
};
const withDeadline: FreezeRequest = { ...request, verifyByMs: VERIFY_BY };
const unchecked: FreezeRequest = { ...request, tiers: ['intake', 'records'], unverified: 'unchecked' };
const stored = { endsAtMs: CLOSES, storedAtMs: CLOSES + 20_000, madeAtMs: CLOSES + 20_000 };
const marks: Barriers = { of: 'verification', sequences: [3, 4], ...stored };
const barriers: Barriers = { of: 'list', sequences: [5, 6], ...stored };
const at = (tier: 'records' | 'verification', ...acknowledged: number[]) =>
  acknowledged.map((sequence, shard) => ({ tier, shard, acknowledged: sequence }));

const step = (changes: Partial<FreezeObserved>) =>
  nextFreezeStep({
    nowMs: CLOSES + 20_000,
    request,
    endsAtMs: changes.request?.verifyByMs ?? CLOSES,
    decided: {},
    barriers: undefined,
    positions: [],
    ...changes,
  });

const passed = { barriers, positions: at('records', 5, 7) };
const compared = (comparison: Partial<ComparisonReport>): Partial<FreezeObserved> => ({
  ...passed,
  request: { ...request, comparison: { ...AGREEING, ...comparison } },
});

describe('the next step', () => {
  it.each<[string, Partial<FreezeObserved>, object]>([
    ['before closing', { nowMs: CLOSES - 1 }, { waiting: { why: 'NotClosed', untilMs: CLOSES } }],
    ['at closing', { nowMs: CLOSES }, { waiting: { why: 'WaitingForMargin', untilMs: CLOSES + 20_000 } }],
    ['20 s after closing, less 1 ms', { nowMs: CLOSES + 19_999 }, { waiting: { why: 'WaitingForMargin' } }],
    [
      'after closing, before the deadline of verification',
      { request: withDeadline },
      { waiting: { why: 'WaitingForDeadline', untilMs: VERIFY_BY } },
    ],
    [
      'at the deadline',
      { request: withDeadline, nowMs: VERIFY_BY },
      { waiting: { why: 'WaitingForMargin', untilMs: VERIFY_BY + 20_000 } },
    ],
    [
      'while pods follow a later closing than the spec that this leader knows',
      { endsAtMs: CLOSES + 60_000 },
      { waiting: { why: 'WaitingForDeadline', untilMs: CLOSES + 60_000 } },
    ],
    ['not asked yet what pods follow', { endsAtMs: undefined }, { kind: 'askPublished' }],
    [
      'deferred by a level',
      { request: { ...request, deferredBy: ['storm'] } },
      { waiting: { why: 'Deferred', by: ['storm'] } },
    ],
    ['by a clock that is off', { request: { ...request, ownClock: 'off' } }, { waiting: { why: 'ClockOff' } }],
    [
      'while no clock was compared',
      { request: { ...request, ownClock: 'unknown' } },
      { waiting: { why: 'ClockOff', ownClock: 'unknown' } },
    ],
    [
      "with barriers that are too early by the journal's clock",
      { barriers: { ...barriers, storedAtMs: CLOSES + 19_000 }, positions: at('records', 9, 9) },
      { waiting: { why: 'WaitingForMargin', untilMs: CLOSES + 21_000 } },
    ],
    [
      'when these can be made again',
      {
        barriers: { ...barriers, storedAtMs: CLOSES + 19_000 },
        positions: at('records', 9, 9),
        request: unchecked,
        nowMs: CLOSES + 21_000,
      },
      { kind: 'publishBarriers', of: 'list', endsAtMs: CLOSES },
    ],
    ['without barriers', {}, { kind: 'publishBarriers', of: 'verification', endsAtMs: CLOSES }],
    ['without verification', { request: unchecked }, { kind: 'publishBarriers', of: 'list', endsAtMs: CLOSES }],
    [
      'with a deadline of verification that has passed',
      { request: withDeadline, nowMs: VERIFY_BY + 20_000 },
      { kind: 'publishBarriers', of: 'list', endsAtMs: VERIFY_BY },
    ],
    [
      'with identities that are not verified',
      { barriers: marks, positions: [...at('verification', 3, 3), ...at('records', 9, 9)] },
      {
        waiting: {
          why: 'WaitingForVerification',
          behind: [{ tier: 'verification', shard: 1, acknowledged: 3, barrier: 4 }],
        },
      },
    ],
    [
      'once all are',
      { barriers: marks, positions: at('verification', 3, 4) },
      { kind: 'publishBarriers', of: 'list', endsAtMs: CLOSES },
    ],
    [
      'with a consumer that has not answered',
      { barriers },
      { waiting: { why: 'WaitingForConsumers', behind: [{ shard: 0 }, { shard: 1 }] } },
    ],
    [
      'with records below a barrier',
      { barriers, positions: at('records', 5, 5) },
      { waiting: { why: 'WaitingForConsumers', behind: [{ tier: 'records', shard: 1, acknowledged: 5, barrier: 6 }] } },
    ],
    ['with all past the barriers', { barriers, positions: at('records', 5, 7) }, { kind: 'append', barriers: [5, 6] }],
    [
      'with nothing compared',
      { ...passed, request: { ...request, comparison: undefined } },
      { waiting: { why: 'WaitingForComparison', uncompared: [{ shard: 0, compared: 0, barrier: 5 }, { shard: 1 }] } },
    ],
    [
      'with a shard that is not compared up to its barrier',
      compared({ watermarks: [5, 5] }),
      { waiting: { why: 'WaitingForComparison', uncompared: [{ shard: 1, compared: 5, barrier: 6 }] } },
    ],
    [
      'with rows that one round saw differ',
      compared({ suspected: 1 }),
      { waiting: { why: 'WaitingForComparison', uncompared: [] } },
    ],
    [
      'with rows that differ, wherever the comparison is',
      compared({ watermarks: [1, 1], buckets: 1, rows: [{ bucket: 17, rows: 2 }] }),
      { waiting: { why: 'RecordsDiffer', comparison: { buckets: 1 } } },
    ],
    ['with all compared, and equal', compared({ watermarks: [5, 6] }), { kind: 'append', barriers: [5, 6] }],
    [
      'with barriers for an earlier end',
      {
        barriers,
        positions: at('records', 9, 9),
        request: { ...unchecked, closesAtMs: CLOSES - 60_000 },
        endsAtMs: CLOSES - 1,
      },
      { kind: 'publishBarriers', of: 'list', endsAtMs: CLOSES - 1 },
    ],
    ['with the entry', { decided: { frozen }, nowMs: 0 }, { kind: 'done', frozen }],
    [
      'with the entry, although a level defers it',
      { decided: { frozen }, request: { ...request, deferredBy: ['storm'] } },
      { kind: 'done' },
    ],
  ])('%s', (_, changes, want) => {
    expect(step(changes)).toMatchObject(want);
  });
});

describe('tiers that begin after the draw', () => {
  it('hold no freeze back', () => {
    expect(tiersBefore('list', TIERS)).toEqual(['records']);
    expect(tiersBefore('verification', TIERS)).toEqual(['verification']);
  });
});
