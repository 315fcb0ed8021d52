import { describe, expect, it } from '@jest/globals';
import { lookTarget } from '../../../contract/outside/outside.ts';
import type { ContingencyLevel } from '../../../contract/types/contingency.ts';
import { buildLiveSettings } from '../../../operator/tick/live-settings.ts';
import type { Observed } from '../../../operator/tick/observed.ts';
import { nextLookMs } from '../../../operator/tick/requeue.ts';
import { shouldWriteStatus } from '../../../operator/tick/status.ts';
import { planTick } from '../../../operator/tick/tick-plan.ts';
import { aCampaign, CLOSES_AT_MS, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { planDeps } from '../../helpers/build-options.ts';
import { outcomes } from '../../helpers/condition-input.ts';
import { anIssuingCampaign, aStart } from '../../helpers/issuance-campaign.ts';
import { anObserved, anObservedTier, freshReadings } from '../../helpers/observed.ts';
import { anInForce } from '../../helpers/outside.ts';

const NOW_MS = OPENS_AT_MS + 5 * 3_600_000;
const title = { 'zh-CN': '更多时间', en: 'More time' };
const LEVELS: readonly ContingencyLevel[] = [
  { name: 'narrow-door', title, effect: { admissionPercent: 50 } },
  { name: 'more-time', title, effect: { extendClosing: '2h' } },
  {
    name: 'page',
    title,
    effect: { staticPage: { text: { 'zh-CN': '稍后', en: 'Later' }, retryAfterSeconds: 60 } },
  },
];
const on = (...levels: readonly string[]) => ({
  annotations: Object.fromEntries(
    levels.map((level) => [`contingency.voucher-operator.io/${level}`, 'on by li.wei until stopped: slow']),
  ),
});
const at = (ms: number): string => new Date(ms).toISOString();

const planOf = (levels: readonly string[], observed: Partial<Observed> = {}, nowMs = NOW_MS) =>
  planTick(
    aCampaign({ spec: { contingency: { levels: LEVELS } }, metadata: on(...levels) }),
    anObserved({ readings: freshReadings(nowMs), ...observed }),
    nowMs,
    planDeps,
  );
const condition = ({ status }: ReturnType<typeof planTick>, name: string) =>
  status.conditions?.find(({ type }) => type === name);
const reasons = ({ events }: ReturnType<typeof planTick>) => events.map(({ reason }) => reason);

describe('a level that pauses issuance', () => {
  const level = (trigger?: ContingencyLevel['trigger']): ContingencyLevel => ({
    name: 'no-issuance',
    title,
    effect: { pauseIssuance: true },
    ...(trigger === undefined ? {} : { trigger, back: { when: 'Command' } }),
  });
  const shares = { tencent: { perSecond: {} } };
  const planned = (
    of: ContingencyLevel,
    observed: Partial<Observed>,
    nowMs: number,
    annotations: Readonly<Record<string, string>> = {},
  ) => {
    const { spec } = anIssuingCampaign();
    return planTick(
      anIssuingCampaign(annotations, { spec: { ...spec, contingency: { levels: [of] } } }),
      anObserved({
        cluster: { tiers: { issuance: anObservedTier('issuance', 2) }, plans: [] },
        readings: freshReadings(nowMs),
        issuance: { kind: 'known', start: aStart() },
        outside: {
          reports: {},
          known: () => ({ inForce: anInForce({ value: { v: 1, targets: shares } }), memory: undefined }),
          nowMs: 1_000_000,
        },
        ...observed,
      }),
      nowMs,
      planDeps,
    );
  };
  const sharesIn = ({ handOuts }: ReturnType<typeof planTick>) =>
    Object.values(handOuts.issuance?.next.targets['wechat']?.perSecond ?? {}).reduce((sum, share) => sum + share, 0);
  const LATER_MS = CLOSES_AT_MS + 3_600_000;

  it('takes the shares of all pods, and one may go on reading stocks', () => {
    expect(sharesIn(planned(level(), {}, LATER_MS))).toBe(100);
    const paused = planned(level(), {}, LATER_MS, on('no-issuance').annotations);
    expect(sharesIn(paused)).toBe(0);
    expect(Object.keys(paused.handOuts.issuance?.next.targets ?? {})).toContain(lookTarget('wechat'));
    expect(condition(paused, 'Issued')?.reason).toBe('Paused');
    expect(paused.status.issuance?.channels?.map(({ state }) => state)).toEqual(['Paused', 'Paused']);
  });

  it('is started by its trigger also after closing, while vouchers are issued', () => {
    const trigger = { signal: 'Backlog', atLeast: 100, heldFor: '1s' } as const;
    const seenFor = (seconds: number, observed: Partial<Observed>) => {
      let previous = planned(level(trigger), observed, LATER_MS).status;
      for (let second = 1; second <= seconds; second += 1) {
        const nowMs = LATER_MS + second * 1_000;
        const readings = freshReadings(nowMs, { backlog: 500 });
        previous = planned(level(trigger), { ...observed, readings, previous }, nowMs).status;
      }
      return previous.contingency?.map(({ name }) => name);
    };
    expect(seenFor(4, {})).toEqual(['no-issuance']);
    expect(seenFor(4, { issuance: { kind: 'known' } })).toBeUndefined();
  });
});

describe('a level by command', () => {
  it('is in the settings, the status, the condition and an event of the same tick', () => {
    const before = planOf([]).status;
    const found = planOf(['narrow-door'], { previous: before });
    expect(found.liveSettings?.traffic.admissionPerSecond).toBe(500);
    expect(found.status.contingency).toEqual([
      { name: 'narrow-door', since: at(NOW_MS), by: 'Command', who: 'li.wei', reason: 'slow' },
    ]);
    expect(condition(found, 'Contingency')).toMatchObject({
      status: 'True',
      reason: 'LevelInForce',
      message: 'In force: narrow-door by command of li.wei (slow).',
    });
    expect(found.events).toContainEqual({
      type: 'Warning',
      reason: 'ContingencyStarted',
      message: 'In force: narrow-door by command of li.wei (slow).',
    });
    expect(shouldWriteStatus(before, found.status, NOW_MS, NOW_MS + 1)).toBe(true);
  });

  it('is told once, and its end as well', () => {
    const first = planOf(['narrow-door'], { previous: planOf([]).status });
    const second = planOf(['narrow-door'], { previous: first.status }, NOW_MS + 1_000);
    expect(reasons(second)).toEqual([]);
    expect(second.status.contingency).toEqual(first.status.contingency);
    const third = planOf([], { previous: second.status }, NOW_MS + 2_000);
    expect(reasons(third)).toEqual(['ContingencyEnded']);
    expect(third.status.contingency).toBeUndefined();
    expect(third.liveSettings?.traffic.admissionPerSecond).toBe(1_000);
  });

  it('puts a page into the settings, and takes it out', () => {
    expect(planOf(['page']).liveSettings?.page).toEqual({
      title,
      text: { 'zh-CN': '稍后', en: 'Later' },
      retryAfterSeconds: 60,
    });
    expect(planOf([]).liveSettings).not.toHaveProperty('page');
  });

  it('counts also where the scaling is somebody else’s', () => {
    const campaign = aCampaign({
      spec: { contingency: { levels: LEVELS } },
      metadata: on('narrow-door'),
      scaling: { mode: 'Off' },
    });
    const found = planTick(campaign, anObserved({ readings: freshReadings(NOW_MS) }), NOW_MS, planDeps);
    expect(found.liveSettings?.traffic.admissionPerSecond).toBe(500);
  });

  it('that can’t be read is told', () => {
    const campaign = aCampaign({
      spec: { contingency: { levels: LEVELS } },
      metadata: { annotations: { 'contingency.voucher-operator.io/page': 'yes' } },
    });
    const found = planTick(campaign, anObserved({ readings: freshReadings(NOW_MS) }), NOW_MS, planDeps);
    expect(condition(found, 'Contingency')).toMatchObject({ status: 'False', reason: 'CommandUnreadable' });
    expect(reasons(found)).toContain('ContingencyUnreadable');
  });
});

describe('an extended closing', () => {
  const extended = CLOSES_AT_MS + 2 * 3_600_000;

  it('holds for citizens and for the operator’s own times', () => {
    const found = planOf(['more-time']);
    expect(found.liveSettings?.window.closesAt).toBe(at(extended));
    expect(found.status.closesAt).toBe(at(extended));
    expect(reasons(found)).toContain('ClosingExtended');
    const later = planOf(['more-time'], { previous: found.status }, CLOSES_AT_MS + 60_000);
    expect(later.status.stage).toBe('Open');
    expect(condition(later, 'Open')).toMatchObject({ status: 'True', message: `Open until ${at(extended)}.` });
    expect(reasons(later)).toEqual([]);
  });

  it('stays when the level has ended, and ends when its time has come', () => {
    const told = { previous: planOf(['more-time']).status };
    expect(planOf([], told).liveSettings?.window.closesAt).toBe(at(extended));
    expect(planOf([], told, extended - 1).status.stage).toBe('Open');
    expect(planOf([], told, extended).status.stage).toBe('Draining');
  });

  it('does not come after closing, and the condition says so', () => {
    const found = planOf(['more-time'], {}, CLOSES_AT_MS + 1);
    expect(found.liveSettings?.window.closesAt).toBe(at(CLOSES_AT_MS));
    expect(condition(found, 'Contingency')?.message).toContain(
      'more-time was started after closing, so it does not extend it.',
    );
  });
});

describe('the settings', () => {
  const { spec } = aCampaign();

  it.each([
    ['half of what ready pods carry', { admissionPercent: 50 }, undefined, 3_000],
    ['its own number', { admissionPerSecond: 100 }, undefined, 100],
    ['its own number, which is no more than is let in anyway', { admissionPerSecond: 90_000 }, undefined, 6_000],
    ['half of what a full database takes', { admissionPercent: 50 }, 90.5, 45],
    ['the less of two levels', { admissionPercent: 50, admissionPerSecond: 2_000 }, undefined, 2_000],
    ['never nobody', { admissionPercent: 1 }, 3, 1],
  ])('let %s in', (_, effects, mostPerSecond, want) => {
    expect(buildLiveSettings(spec, 1, 12, { effects, mostPerSecond }).traffic.admissionPerSecond).toBe(want);
  });

  it.each<[string, number | undefined, number | undefined]>([
    ['nothing that nobody has to know', 4.9, undefined],
    ['nothing when nothing waits', undefined, undefined],
    ['the next step of what people say', 47, 60],
    ['days', 100_000, 172_800],
  ])('tell %s about the database', (_, oldestSeconds, want) => {
    const value = { messages: 5, ...(oldestSeconds === undefined ? {} : { oldestSeconds }) };
    const told = (kind: 'fresh' | 'stale') =>
      buildLiveSettings(spec, 1, 1, { recordsBacklog: { kind, value, atMs: OPENS_AT_MS + 7_300 } }).behind;
    expect(told('fresh')).toEqual(want === undefined ? undefined : { atMostSeconds: want, asOf: at(OPENS_AT_MS) });
    expect(told('stale')).toBeUndefined();
  });
});

describe('the next look', () => {
  const look = (contingency: { readonly isCounting: boolean; readonly endsAtMs: readonly number[] }) =>
    nextLookMs({
      times: {
        preWarmAtMs: NOW_MS + 90_000,
        opensAtMs: NOW_MS + 90_000,
        closesAtMs: CLOSES_AT_MS * 2,
        holdAfterOpenUntilMs: 0,
        forecastUntilMs: 0,
      },
      nowMs: NOW_MS,
      tiers: outcomes(),
      journal: 'ready',
      stage: 'Scheduled',
      arrivalsPerSecond: 0,
      backlog: 0,
      isFirstPass: false,
      instants: [],
      contingency,
    });

  it('comes when a level ends, and every second while a trigger counts', () => {
    expect(look({ isCounting: false, endsAtMs: [] })).toBe(10_000);
    expect(look({ isCounting: false, endsAtMs: [NOW_MS + 3_000] })).toBe(3_000);
    expect(look({ isCounting: true, endsAtMs: [] })).toBe(1_000);
  });
});
