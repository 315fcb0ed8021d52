import { describe, expect, it } from '@jest/globals';
import { serializeLines } from '../../../contract/untrusted.ts';
import {
  decisionAt,
  joinDecisions,
  NO_DECISIONS,
  noteDecision,
  parseDecisions,
  type TierDecisions,
} from '../../../operator/history/decision-log.ts';
import { type DecisionRecord, recordOf } from '../../../operator/history/decision-record.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { aDecision, FLOOD_AT_MS, instantAt } from '../../helpers/a-decision.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { anObserved, freshReadings } from '../../helpers/observed.ts';

const noteAll = (ticks: readonly DecisionRecord[], from: TierDecisions = NO_DECISIONS): TierDecisions =>
  ticks.reduce((decisions, tick) => noteDecision(decisions, tick).decisions, from);
const told = ({ records }: TierDecisions) => records.map(({ from, desired, limitedBy }) => [from, desired, limitedBy]);
const seconds = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('the log of decisions', () => {
  it('tells a thing once, however long it lasts and its numbers move', () => {
    const first = noteDecision(NO_DECISIONS, aDecision(0));
    const second = noteDecision(first.decisions, aDecision(3600, { ready: 12, wanted: 18 }));
    expect(first.news).toMatchObject({ desired: 12 });
    expect(second.news).toBeUndefined();
    expect(second.decisions.records).toEqual(first.decisions.records);
  });

  it('joins the steps of one way down, and keeps from where to where', () => {
    const steps = seconds(0, 50).map((second) =>
      aDecision(1 + second, { desired: 99 - second, limitedBy: 'WayDown', ceiling: 100 }),
    );
    const decisions = noteAll([aDecision(0, { desired: 100, ceiling: 100 }), ...steps]);
    expect(told(decisions)).toEqual([
      [undefined, 100, 'Ceiling'],
      [100, 50, 'WayDown'],
    ]);
    expect(decisions.records[1]).toMatchObject({ at: instantAt(1), until: instantAt(50) });
  });

  it('begins anew after a minute of steps, when they turn, and when their reason does', () => {
    const down = (second: number, desired: number) => aDecision(second, { desired, limitedBy: 'WayDown' });
    const decisions = noteAll([
      aDecision(0),
      down(1, 11),
      down(62, 10),
      aDecision(63, { desired: 11, limitedBy: 'Load' }),
      aDecision(64, { desired: 12, limitedBy: 'Backlog' }),
    ]);
    expect(told(decisions).slice(1)).toEqual([
      [12, 11, 'WayDown'],
      [11, 10, 'WayDown'],
      [10, 11, 'Load'],
      [11, 12, 'Backlog'],
    ]);
  });

  it('takes a reason for news when it has lasted 15 s, and then since it began', () => {
    const panic = seconds(1, 17).map((second) => aDecision(second, { limitedBy: 'Panic' }));
    expect(told(noteAll([aDecision(0), ...panic.slice(0, 14)]))).toHaveLength(1);
    const { records } = noteAll([aDecision(0), ...panic]);
    expect(records[1]).toMatchObject({ at: instantAt(1), from: 12, desired: 12, limitedBy: 'Panic' });
  });

  it('is not filled by reasons that flicker every second', () => {
    const flicker = seconds(0, 600).map((second) => aDecision(second, { limitedBy: second % 2 ? 'Load' : 'Panic' }));
    expect(noteAll(flicker).records).toHaveLength(1);
  });

  it.each<[string, Partial<DecisionRecord>]>([
    ['a ceiling', { ceiling: 20 }],
    ['a mode', { mode: 'Shadow' }],
    ['an override', { overrides: ['Nothing goes down until 2020-09-25T13:00:00.000Z'] }],
    ['a plan that waits', { plan: 'chengdu-i20-1p0k4' }],
    ['a full downstream', { admissionPerSecond: 900 }],
    ['another autoscaler', { otherAutoscalers: ['keda'] }],
    ['pre-warming', { preWarm: 'WillBeLate' }],
  ])('tells %s at once, though the number stays', (_what, changes) => {
    expect(noteAll([aDecision(0), aDecision(1, changes)]).records).toHaveLength(2);
  });

  it('is bounded, and lets the oldest go', () => {
    const { records } = noteAll(
      seconds(0, 500).map((second) => aDecision(second * 70, { desired: second, limitedBy: 'Load' })),
    );
    expect(records).toHaveLength(120);
    expect(records.at(-1)?.desired).toBe(499);
    expect(serializeLines(records).length).toBeLessThan(100_000);
  });

  it('survives being written and read, and leaves out a line that nobody can read', () => {
    const { records } = noteAll([aDecision(0), aDecision(1, { desired: 8, limitedBy: 'Load' })]);
    expect(parseDecisions(serializeLines(records))).toEqual(records);
    expect(parseDecisions(`{"at":1}\nno JSON\n${serializeLines(records)}`)).toEqual(records);
    expect(parseDecisions(undefined)).toEqual([]);
  });

  it('goes on with what another leader kept, without telling the same again', () => {
    const kept = noteAll([aDecision(0), aDecision(60, { desired: 8, limitedBy: 'WayDown' })]).records;
    const same = noteAll([aDecision(90, { desired: 8, limitedBy: 'WayDown' })]);
    expect(joinDecisions(kept, same).records).toEqual(kept);
    const other = noteAll([aDecision(90, { desired: 9, limitedBy: 'Load' })]);
    expect(told(joinDecisions(kept, other)).at(-1)).toEqual([8, 9, 'Load']);
  });

  it('finds what was in force at an instant, and nothing before it begins', () => {
    const { records } = noteAll([aDecision(0), aDecision(60, { desired: 8, limitedBy: 'WayDown' })]);
    expect(decisionAt(records, FLOOD_AT_MS - 1)).toBeUndefined();
    expect(decisionAt(records, FLOOD_AT_MS)?.desired).toBe(12);
    expect(decisionAt(records, FLOOD_AT_MS + 59_999)?.desired).toBe(12);
    expect(decisionAt(records, FLOOD_AT_MS + 60_000)?.desired).toBe(8);
  });
});

describe('a record', () => {
  it('has the numbers behind the decision and the age of each signal', () => {
    const readings = freshReadings(OPENS_AT_MS - 2_000, { arrivals: 14_000, backlog: 300 });
    const planned = planTick(aCampaign(), anObserved({ readings }), OPENS_AT_MS, planDeps);
    expect(recordOf(planned, 'intake', readings, OPENS_AT_MS)).toMatchObject({
      desired: 20,
      ready: 2,
      limitedBy: 'Ceiling',
      wanted: 65,
      ceiling: 20,
      mode: 'Auto',
      terms: { feedForward: 40 },
      evidence: { arrivalsPerSecond: 14_000, capacityPerReplica: 500, targetUtilisation: 0.7 },
      signals: { arrivals: { kind: 'fresh', ageSeconds: 2 } },
      plan: expect.stringContaining('chengdu-i'),
    });
    expect(recordOf(planned, 'records', readings, OPENS_AT_MS).signals.backlog).toEqual({
      kind: 'fresh',
      ageSeconds: 2,
    });
  });
});
