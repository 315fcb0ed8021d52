import { describe, expect, it } from '@jest/globals';
import type { VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import { conditionTypesOf } from '../../../operator/conditions/condition-types.ts';
import { buildStatus, shouldWriteStatus } from '../../../operator/tick/status.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { aConditionInput } from '../../helpers/condition-input.ts';
import { aScalePlan, freshReadings } from '../../helpers/observed.ts';
import { memories } from '../../helpers/tier.ts';

const memory = memories();
const statusAt = (nowMs: number, previous?: VoucherCampaignStatus) =>
  buildStatus(aConditionInput({ nowMs, observed: { previous } }), memory);
const transitionOf = (status: VoucherCampaignStatus, type: string) =>
  status.conditions?.find((condition) => condition.type === type)?.lastTransitionTime;

describe('buildStatus', () => {
  it('names the moment of opening once and keeps it', () => {
    const before = statusAt(OPENS_AT_MS - 1);
    const opened = statusAt(OPENS_AT_MS, before);
    const later = statusAt(OPENS_AT_MS + 60_000, opened);
    expect(before.openedAt).toBeUndefined();
    expect(opened.openedAt).toBe('2020-09-25T02:00:00.000Z');
    expect(later.openedAt).toBe(opened.openedAt);
  });

  it('moves lastTransitionTime only when the status of a condition flips', () => {
    const before = statusAt(OPENS_AT_MS - 5_000);
    const same = statusAt(OPENS_AT_MS - 4_000, before);
    const opened = statusAt(OPENS_AT_MS, same);
    expect(transitionOf(same, 'Open')).toBe(transitionOf(before, 'Open'));
    expect(transitionOf(opened, 'Open')).toBe('2020-09-25T02:00:00.000Z');
    expect(transitionOf(opened, 'Ready')).toBe(transitionOf(before, 'Ready'));
  });

  it('keeps lastTransitionTime when only reason and message change', () => {
    const before = statusAt(OPENS_AT_MS - 5_000);
    const closed = statusAt(CLOSES_AT_MS, before);
    expect(closed.conditions).toContainEqual(expect.objectContaining({ type: 'Open', reason: 'AfterClosing' }));
    expect(transitionOf(closed, 'Open')).toBe(transitionOf(before, 'Open'));
  });

  it('says of every condition from which generation it was made', () => {
    const { conditions, observedGeneration } = statusAt(OPENS_AT_MS);
    expect(observedGeneration).toBe(1);
    expect(conditions).toHaveLength(conditionTypesOf(aCampaign().spec).length);
    expect(new Set(conditions?.map((condition) => condition.observedGeneration))).toEqual(new Set([1]));
  });

  it('tells attempts, those of citizens who come again among them, and not what the law follows', () => {
    const readings = {
      ...freshReadings(OPENS_AT_MS, { arrivals: 80 }),
      attemptedPerSecond: { kind: 'fresh', value: 200, atMs: OPENS_AT_MS },
    } as const;
    const status = buildStatus(aConditionInput({ nowMs: OPENS_AT_MS, observed: { readings } }), memory);
    expect([status.arrivalsPerSecond, status.tiers?.intake?.arrivalsPerSecond]).toEqual([200, 200]);
  });

  it('leaves out what it does not know', () => {
    const readings = { arrivals: { kind: 'absent' }, backlog: {} } as const;
    const status = buildStatus(aConditionInput({ observed: { readings } }), memory);
    expect(status).not.toHaveProperty('arrivalsPerSecond');
    expect(status).not.toHaveProperty('backlog');
    expect(status.tiers?.intake).not.toHaveProperty('arrivalsPerSecond');
  });

  it('shows the waiting plan, the intake column, and keeps counts that nobody counted this time', () => {
    const plan = aScalePlan({ name: 'more', expiresAtMs: OPENS_AT_MS + 1 });
    const input = aConditionInput({
      nowMs: OPENS_AT_MS,
      plans: [plan],
      observed: { previous: { counts: { received: 5 } } },
      tiers: { intake: { ready: 3, desired: 4 } },
    });
    expect(buildStatus(input, memory)).toMatchObject({ plan: 'more', intake: '3/4/20', counts: { received: 5 } });
  });

  it('shortens an error text that the schema would refuse', () => {
    const journal = { kind: 'unavailable', message: 'x'.repeat(5_000) } as const;
    const { conditions } = buildStatus(aConditionInput({ observed: { journal } }), memory);
    for (const { message } of conditions ?? []) expect(message.length).toBeLessThanOrEqual(1024);
  });

  it.each([
    ['open', OPENS_AT_MS, 10, 'Open'],
    ['just closed with nothing left', CLOSES_AT_MS + 4_999, 0, 'Draining'],
    ['closed with a backlog', CLOSES_AT_MS + 5_000, 10, 'Draining'],
    ['closed with nothing left', CLOSES_AT_MS + 5_000, 0, 'Closed'],
  ])('is at the stage of a campaign that is %s', (_, nowMs, backlog, wantStage) => {
    const readings = freshReadings(nowMs, { backlog });
    expect(buildStatus(aConditionInput({ nowMs, observed: { readings } }), memory).stage).toBe(wantStage);
  });
});

describe('shouldWriteStatus', () => {
  const written: VoucherCampaignStatus = {
    observedGeneration: 1,
    stage: 'Open',
    arrivalsPerSecond: 100,
    conditions: [{ type: 'Ready', status: 'True', reason: 'AllTiersReady', message: 'm', lastTransitionTime: 't' }],
    tiers: {
      intake: { replicas: 2, ready: 2, desired: 2, ceiling: 20, limitedBy: 'Min' },
      records: { replicas: 2, ready: 2, desired: 2, ceiling: 4, limitedBy: 'Min' },
    },
    scaler: 'a',
  };
  const intake = (changes: object) => ({
    ...written,
    tiers: {
      ...written.tiers,
      intake: { replicas: 2, ready: 2, desired: 2, ceiling: 20, limitedBy: 'Min', ...changes },
    },
  });
  const idle: VoucherCampaignStatus = { ...written, arrivalsPerSecond: 0 };
  const held: VoucherCampaignStatus = { ...intake({ limitedBy: 'DownWindow' }), arrivalsPerSecond: 0 };
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'AllTiersReady',
    message: 'm',
    lastTransitionTime: 't',
  } as const;

  it.each<[string, VoucherCampaignStatus | undefined, VoucherCampaignStatus, number, boolean]>([
    ['the first one', undefined, written, 0, true],
    ['an equal one, however old', written, { ...written }, 3_600_000, false],
    ['more desired replicas', written, intake({ desired: 3 }), 0, true],
    ['another ceiling', written, intake({ ceiling: 30 }), 0, true],
    ['a plan', written, { ...written, plan: 'p' }, 0, true],
    ['a condition that flips', written, { ...written, conditions: [{ ...condition, status: 'False' }] }, 0, true],
    ['the opening', written, { ...written, openedAt: 'now' }, 0, true],
    [
      'another message, 4.9 s after the last',
      written,
      { ...written, conditions: [{ ...condition, message: 'n' }] },
      4_900,
      false,
    ],
    [
      'another message, 5 s after the last',
      written,
      { ...written, conditions: [{ ...condition, message: 'n' }] },
      5_000,
      true,
    ],
    ['another rate while busy, 5 s after the last', written, { ...written, arrivalsPerSecond: 101 }, 5_000, true],
    ['the rate that has come to its end, 5 s after the last', written, idle, 5_000, true],
    [
      'memory of an idle campaign that holds replicas, 59 s after the last',
      held,
      { ...held, scaler: 'b' },
      59_000,
      false,
    ],
    [
      'memory of an idle campaign that holds replicas, 60 s after the last',
      held,
      { ...held, scaler: 'b' },
      60_000,
      true,
    ],
    [
      'memory of an idle campaign at its minimum, an hour after the last',
      idle,
      { ...idle, scaler: 'b' },
      3_600_000,
      false,
    ],
    ['memory of a busy campaign at its minimum, 5 s after the last', written, { ...written, scaler: 'b' }, 5_000, true],
  ])('%s', (_, previous, next, sinceMs, want) => {
    expect(shouldWriteStatus(previous, next, 1_000, 1_000 + sinceMs)).toBe(want);
  });

  it('writes a difference at once when this process has never written', () => {
    expect(shouldWriteStatus(written, { ...written, arrivalsPerSecond: 101 }, undefined, 0)).toBe(true);
  });
});
