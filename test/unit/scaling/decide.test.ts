import { describe, expect, it } from '@jest/globals';
import { decide } from '../../../operator/scaling/decide.ts';
import { EMPTY_MEMORY, type TierInput, type TierLimits, type TierMemory } from '../../../operator/scaling/types.ts';
import { ABSENT, aTierInput, aTierLimits, fresh, NOW_MS, stale, steady } from '../../helpers/tier.ts';

/** The third fresh tick in a row, and nothing wanted within the window. */
const SETTLED: TierMemory = { recentWanted: [], freshTicks: 2 };

/** A rate in every window, and a queue. */
const flood = (perSecond: number, excess = 0) => ({
  arrivals: fresh(steady(perSecond)),
  backlog: fresh({ messages: perSecond + excess }),
});

interface Case {
  readonly input?: Partial<TierInput>;
  readonly limits?: Partial<TierLimits>;
  readonly memory?: TierMemory;
  readonly replicas: number;
  readonly by: string;
}

const up: Record<string, Case> = {
  'a step of 80×: from 8 to what 8,000/s need in the tick that sees it': {
    input: { replicas: 8, arrivals: fresh({ over1s: 8000, over3s: 2733, over60s: 232 }) },
    limits: { max: 1000, ceiling: 1000 },
    replicas: 826,
    by: 'Lateness',
  },
  'a step of 80× in the middle of a second: all of it in the look half a second after the first': {
    input: {
      replicas: 290,
      arrivals: fresh({ over1s: 6000, over3s: 2733, over60s: 232, newest: { perSecond: 8000, seconds: 0.5 } }),
    },
    replicas: 572,
    by: 'Load',
  },
  'a step that has just begun and is seen whole: also the last 1 %': {
    input: {
      replicas: 566,
      arrivals: fresh({ over1s: 7900, over3s: 3900, over60s: 300, newest: { perSecond: 8000, seconds: 0.5 } }),
    },
    replicas: 572,
    by: 'Load',
  },
  'half a second of 9,000/s when three seconds know better': {
    input: {
      replicas: 572,
      arrivals: fresh({ over1s: 8000, over3s: 7500, over60s: 600, newest: { perSecond: 9000, seconds: 0.5 } }),
    },
    replicas: 572,
    by: 'Load',
  },
  'beside 6,000 returns a second, 60/s after 20/s are chance': {
    input: { replicas: 2, arrivals: fresh({ over1s: 60, over3s: 35, over60s: 20, returnedPerSecond: 6000 }) },
    replicas: 2,
    by: 'Min',
  },
  'without returns, 60/s after 20/s are news': {
    input: { replicas: 2, arrivals: fresh({ over1s: 60, over3s: 35, over60s: 20 }) },
    replicas: 5,
    by: 'Load',
  },
  'within 3 % nothing moves: 103 wanted, 100 there': {
    input: { replicas: 100, arrivals: fresh(steady(1442)) },
    replicas: 100,
    by: 'Load',
  },
  'beyond 3 % it moves: 104 wanted, 100 there': {
    input: { replicas: 100, arrivals: fresh(steady(1456)) },
    replicas: 104,
    by: 'Load',
  },
  'backlog adds to arrivals: half a one for 7/s, 20 for 12,000 in 30 s': {
    input: { replicas: 2, arrivals: fresh(steady(7)), backlog: fresh({ messages: 12_007 }) },
    replicas: 21,
    by: 'Backlog',
  },
  'more arrive behind a long backlog: 25 for both, 23 more keep citizens from being late': {
    input: { replicas: 5, arrivals: fresh(steady(70)), backlog: fresh({ messages: 12_070 }) },
    replicas: 48,
    by: 'Lateness',
  },
  'citizens due back are waiting, too': {
    input: { replicas: 10, arrivals: fresh(steady(7)), dueBack: fresh({ citizens: 12_000, perSecond: 0 }) },
    replicas: 21,
    by: 'Backlog',
  },
  'sheds are work, too: an eighth of a registration each': {
    input: { replicas: 2, arrivals: fresh(steady(7)), dueBack: fresh({ citizens: 0, perSecond: 4000 }) },
    replicas: 36,
    by: 'Backlog',
  },
  'a few who are always due back are in flight': {
    input: { replicas: 10, arrivals: fresh(steady(140)), dueBack: fresh({ citizens: 140, perSecond: 60 }) },
    replicas: 10,
    by: 'Load',
  },
  'more replicas than admission needs are of no use: 207/s at 14/s each': {
    input: {
      replicas: 2,
      arrivals: fresh(steady(7)),
      dueBack: fresh({ citizens: 12_000, perSecond: 0 }),
      admissionPerSecond: 207,
    },
    replicas: 15,
    by: 'Backlog',
  },
  'one second of arrivals is in flight, no backlog': {
    input: { replicas: 5, arrivals: fresh(steady(70)), backlog: fresh({ messages: 70 }) },
    replicas: 5,
    by: 'Load',
  },
  'the schedule raises although nobody comes': { limits: { scheduleFloor: 48 }, replicas: 48, by: 'Schedule' },
  'the schedule raises by a single replica: no dead band': {
    input: { replicas: 100 },
    limits: { scheduleFloor: 101 },
    replicas: 101,
    by: 'Schedule',
  },
  'the minimum raises a new Deployment': { input: { replicas: 0 }, limits: { min: 2 }, replicas: 2, by: 'Min' },
  'up to the maximum': {
    input: { arrivals: fresh(steady(8000)) },
    limits: { max: 300 },
    replicas: 300,
    by: 'Max',
  },
  'up to the ceiling, and the ceiling is named': {
    input: { arrivals: fresh(steady(8000)) },
    limits: { ceiling: 20 },
    replicas: 20,
    by: 'Ceiling',
  },
  'up to the ceiling by one replica when much more is wanted': {
    input: { replicas: 59, arrivals: fresh(steady(8000)) },
    limits: { ceiling: 60 },
    replicas: 60,
    by: 'Ceiling',
  },
  'the schedule ends at the ceiling too': {
    limits: { scheduleFloor: 48, ceiling: 20 },
    replicas: 20,
    by: 'Ceiling',
  },
  'the ceiling beats the minimum': {
    input: { replicas: 0 },
    limits: { min: 4, ceiling: 3 },
    replicas: 3,
    by: 'Ceiling',
  },
  'a stale signal that asks for more still raises': {
    input: { arrivals: stale(steady(280)) },
    replicas: 20,
    by: 'Load',
  },
  'the backlog raises although arrivals are unknown': {
    input: { arrivals: ABSENT, backlog: fresh({ messages: 24_000 }) },
    replicas: 40,
    by: 'Backlog',
  },
  'what will wait before a new pod is ready counts: 8 s of 600/s too many': {
    input: { arrivals: fresh(steady(800)), backlog: fresh({ messages: 800 }) },
    replicas: 75,
    by: 'Lateness',
  },
  'pods that will be ready in time are counted: nothing will wait': {
    input: { replicas: 58, ready: 10, startingSeconds: Array.from({ length: 48 }, () => 7), ...flood(800) },
    replicas: 58,
    by: 'Load',
  },
  'economical: the room of 0.7 to 0.95 drains, 571 for 8,000/s do it': {
    input: { replicas: 572, ...flood(8000, 60_000) },
    limits: { drainMode: 'economical', max: 1000, ceiling: 1000 },
    replicas: 572,
    by: 'Load',
  },
  'a sustained rise is carried on until a pod is ready: 1,400/s rising by 40/s a second': {
    input: { replicas: 100, arrivals: fresh({ ...steady(1400), risePerSecond: 40 }) },
    replicas: 126,
    by: 'Load',
  },
  'a fall never is': {
    input: { replicas: 100, arrivals: fresh({ ...steady(1400), risePerSecond: -40 }) },
    replicas: 100,
    by: 'Load',
  },
  'blind for 30 s: half of the peak’s floor stands behind': {
    input: { arrivals: ABSENT, backlog: ABSENT },
    limits: { blindFloor: 24 },
    memory: { ...EMPTY_MEMORY, blindSinceMs: NOW_MS - 30_000 },
    replicas: 24,
    by: 'Blind',
  },
  'not yet at 29 s': {
    input: { arrivals: ABSENT, backlog: ABSENT },
    limits: { blindFloor: 24 },
    memory: { ...EMPTY_MEMORY, blindSinceMs: NOW_MS - 29_000 },
    replicas: 10,
    by: 'Stale',
  },
  'one signal that is left sees for both': {
    input: { arrivals: ABSENT, backlog: fresh({ messages: 0 }) },
    limits: { blindFloor: 24 },
    memory: { ...EMPTY_MEMORY, blindSinceMs: NOW_MS - 60_000 },
    replicas: 10,
    by: 'Stale',
  },
  'what lies behind is full: no growth for the load': {
    input: flood(800),
    memory: { ...EMPTY_MEMORY, saturation: { sinceMs: NOW_MS, perReplica: 10, admissionPerSecond: 90 } },
    replicas: 10,
    by: 'Downstream',
  },
  'but the schedule is kept': {
    input: flood(800),
    limits: { scheduleFloor: 12 },
    memory: { ...EMPTY_MEMORY, saturation: { sinceMs: NOW_MS, perReplica: 10, admissionPerSecond: 90 } },
    replicas: 12,
    by: 'Downstream',
  },
};

const notUp: Record<string, Case> = {
  'with fresh signals at the third tick, 10 % go': { memory: SETTLED, replicas: 9, by: 'WayDown' },
  'not at the second fresh tick': { memory: { recentWanted: [], freshTicks: 1 }, replicas: 10, by: 'FewFreshTicks' },
  'not on a first tick': { memory: EMPTY_MEMORY, replicas: 10, by: 'FewFreshTicks' },
  'not while arrivals are stale': {
    input: { arrivals: stale(steady(0)) },
    memory: SETTLED,
    replicas: 10,
    by: 'Stale',
  },
  'not while arrivals are absent': { input: { arrivals: ABSENT }, memory: SETTLED, replicas: 10, by: 'Stale' },
  'not while the backlog is stale': {
    input: { backlog: stale({ messages: 0 }) },
    memory: SETTLED,
    replicas: 10,
    by: 'Stale',
  },
  'not while the backlog is absent': { input: { backlog: ABSENT }, memory: SETTLED, replicas: 10, by: 'Stale' },
  'not while backlog is in excess': {
    input: { arrivals: fresh(steady(10)), backlog: fresh({ messages: 11 }) },
    memory: SETTLED,
    replicas: 10,
    by: 'ExcessBacklog',
  },
  'not before the calendar’s hold ends': {
    limits: { holdUntilMs: NOW_MS + 1, askedHoldUntilMs: NOW_MS + 1 },
    memory: SETTLED,
    replicas: 10,
    by: 'HoldAfterOpen',
  },
  'not before the time that a person set': {
    limits: { holdUntilMs: NOW_MS, askedHoldUntilMs: NOW_MS + 1 },
    memory: SETTLED,
    replicas: 10,
    by: 'HoldUntil',
  },
  'from the instant that the hold ends': {
    limits: { holdUntilMs: NOW_MS },
    memory: SETTLED,
    replicas: 9,
    by: 'WayDown',
  },
  'not below what the window asked for': {
    memory: { recentWanted: [{ slotStartMs: NOW_MS - 60_000, wanted: 9.5 }], freshTicks: 2 },
    replicas: 10,
    by: 'DownWindow',
  },
  'when the window has forgotten': {
    memory: { recentWanted: [{ slotStartMs: NOW_MS - 70_000, wanted: 50 }], freshTicks: 2 },
    replicas: 9,
    by: 'WayDown',
  },
  'a slot that a clock ahead of ours wrote holds nothing': {
    memory: { recentWanted: [{ slotStartMs: NOW_MS + 3_600_000, wanted: 50 }], freshTicks: 2 },
    replicas: 9,
    by: 'WayDown',
  },
  'at least one of few': { input: { replicas: 3 }, memory: SETTLED, replicas: 2, by: 'WayDown' },
  'never below the minimum': { input: { replicas: 2 }, memory: SETTLED, replicas: 2, by: 'Min' },
  'never below the floor': {
    input: { replicas: 49 },
    limits: { scheduleFloor: 48 },
    memory: SETTLED,
    replicas: 48,
    by: 'WayDown',
  },
  'ten percent of room stays above the load: 140/s need 10, 11 stay': {
    input: { replicas: 11, arrivals: fresh(steady(140)) },
    memory: SETTLED,
    replicas: 11,
    by: 'DownWindow',
  },
  'not in a panic': {
    memory: { ...SETTLED, panicUntilMs: NOW_MS + 1 },
    replicas: 10,
    by: 'Panic',
  },
  'not after it while something waits': {
    input: { arrivals: fresh(steady(10)), backlog: fresh({ messages: 11 }) },
    memory: { ...SETTLED, panicUntilMs: NOW_MS - 1 },
    replicas: 10,
    by: 'Panic',
  },
  'from its end on': { memory: { ...SETTLED, panicUntilMs: NOW_MS }, replicas: 9, by: 'WayDown' },
  'not in a rollout': { input: { isRollingOut: true }, memory: SETTLED, replicas: 10, by: 'Rollout' },
  'not while a plan waits': { input: { isPlanPending: true }, memory: SETTLED, replicas: 10, by: 'PlanPending' },
  'a grant that ended brings replicas down by the share of a minute, whatever the demand': {
    input: { replicas: 60, ...flood(8000, 60_000) },
    limits: { ceiling: 20, holdUntilMs: NOW_MS + 1 },
    memory: { ...SETTLED, panicUntilMs: NOW_MS + 1 },
    replicas: 54,
    by: 'Ceiling',
  },
  'a plan that waits keeps nothing above the ceiling': {
    input: { replicas: 60, isPlanPending: true, ...flood(8000) },
    limits: { ceiling: 20 },
    memory: SETTLED,
    replicas: 54,
    by: 'Ceiling',
  },
  'the last of them ends at the ceiling, however little is wanted, while a hold lasts': {
    input: { replicas: 21 },
    limits: { ceiling: 20, holdUntilMs: NOW_MS + 1 },
    memory: SETTLED,
    replicas: 20,
    by: 'Ceiling',
  },
  'above the ceiling a missing signal takes nothing away either': {
    input: { replicas: 60, arrivals: ABSENT },
    limits: { ceiling: 20 },
    memory: SETTLED,
    replicas: 60,
    by: 'Stale',
  },
  'nor does the first tick of a new leader': {
    input: { replicas: 60 },
    limits: { ceiling: 20 },
    replicas: 60,
    by: 'Ceiling',
  },
  'nor a rollout': {
    input: { replicas: 60, isRollingOut: true },
    limits: { ceiling: 20 },
    memory: SETTLED,
    replicas: 60,
    by: 'Rollout',
  },
  'a lowered maximum is a lowered ceiling': {
    input: { replicas: 60 },
    limits: { max: 30 },
    memory: SETTLED,
    replicas: 54,
    by: 'Max',
  },
};

describe('decide', () => {
  const check = ({ input, limits, memory = EMPTY_MEMORY, replicas, by }: Case): void => {
    const decision = decide(aTierInput(input), aTierLimits(limits), memory);
    expect([decision.replicas, decision.limitedBy]).toEqual([replicas, by]);
  };
  describe('upwards', () => {
    it.each(Object.entries(up))('%s', (_, example) => check(example));
  });
  describe('otherwise', () => {
    it.each(Object.entries(notUp))('%s', (_, example) => check(example));
  });

  it('says why, with the numbers', () => {
    const arrivals = fresh(steady(140));
    const input = aTierInput({ arrivals, backlog: fresh({ messages: 12_140 }) });
    expect(decide(input, aTierLimits({ ceiling: 20, scheduleFloor: 12 }), EMPTY_MEMORY).explanation).toBe(
      '20 replicas: demand needs 66, and the authorised ceiling is 20; 140 first attempts/s at 20/s a replica at 70 % need 10, ' +
        '12000 waiting need 20, 36 more so that fewer wait longer than 5 s, the forecast needs 12; wanted 66.',
    );
    expect(decide(aTierInput(flood(800)), aTierLimits(), EMPTY_MEMORY).explanation).toBe(
      '75 replicas: with fewer replicas, more citizens would wait longer than 5 s; 800 first attempts/s at 20/s a replica at 70 % need 57.1, ' +
        '17 more so that fewer wait longer than 5 s; wanted 75.',
    );
    expect(
      decide(aTierInput({ replicas: 60 }), aTierLimits({ ceiling: 20 }), { ...SETTLED, freshTicks: 3 }).explanation,
    ).toBe(
      '54 replicas: 20 may run; the tier is scaled down to that step by step while metrics are fresh; ' +
        '0 first attempts/s at 20/s a replica at 70 % need 0; wanted 2.',
    );
    expect(
      decide(aTierInput({ arrivals: ABSENT, replicas: 1 }), aTierLimits({ min: 1 }), EMPTY_MEMORY).explanation,
    ).toBe('1 replica: 1 is the minimum, and no more is needed; arrival rate unknown; wanted 1.');
  });

  it('never wants fewer when more arrive, also where admission is limited', () => {
    const wanted = [1_000, 1_200, 1_400, 1_500, 1_600].map(
      (rate) =>
        decide(
          aTierInput({
            arrivals: fresh(steady(rate)),
            dueBack: fresh({ citizens: 40_000, perSecond: 0 }),
            admissionPerSecond: 1_500,
          }),
          aTierLimits({ capacityPerReplica: 40 }),
          EMPTY_MEMORY,
        ).wanted,
    );
    expect(wanted).toEqual(wanted.toSorted((a, b) => a - b));
  });

  it('keeps what the crowd asked for while it waits, and not what a floor did', () => {
    const waiting = aTierInput({ arrivals: fresh(steady(28)), backlog: fresh({ messages: 60 }), replicas: 48 });
    const first = decide(waiting, aTierLimits({ scheduleFloor: 48 }), EMPTY_MEMORY);
    const then = decide({ ...waiting, nowMs: NOW_MS + 1_000 }, aTierLimits(), first.memory);
    expect([first.wanted, then.wanted]).toEqual([48, 3]);
  });

  it('shows what a ceiling withholds', () => {
    const { replicas, wanted, terms } = decide(
      aTierInput({ arrivals: fresh(steady(8000)) }),
      aTierLimits({ ceiling: 20 }),
      EMPTY_MEMORY,
    );
    expect([replicas, wanted, Math.round(terms.feedForward)]).toEqual([20, 824, 571]);
  });

  it('needs three fresh ticks after an outage of a signal, and a tick decided twice is one', () => {
    let memory = SETTLED;
    const tick = (second: number, arrivals: TierInput['arrivals']): number => {
      const decision = decide(aTierInput({ nowMs: NOW_MS + second * 1000, arrivals }), aTierLimits(), memory);
      memory = decision.memory;
      return decision.replicas;
    };
    const zero = fresh(steady(0));
    expect([tick(0, stale(steady(0))), tick(1, zero), tick(2, zero), tick(2, zero), tick(2, zero)]).toEqual([
      10, 10, 10, 10, 10,
    ]);
    expect(tick(3, zero)).toBe(9);
  });
});
