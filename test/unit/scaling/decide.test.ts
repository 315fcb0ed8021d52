import { describe, expect, it } from '@jest/globals';
import { decide } from '../../../operator/scaling/decide.ts';
import { EMPTY_MEMORY, type TierInput, type TierLimits, type TierMemory } from '../../../operator/scaling/types.ts';
import { ABSENT, aTierInput, aTierLimits, fresh, NOW_MS, stale, steady } from '../../helpers/tier.ts';

/** The third fresh tick in a row, and nothing wanted within the window. */
const SETTLED: TierMemory = { recentWanted: [], freshTicks: 2 };

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
    replicas: 572,
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
  'backlog adds to arrivals: 5 for 70/s, 20 for 12,000 in 30 s': {
    input: { replicas: 5, arrivals: fresh(steady(70)), backlog: fresh({ messages: 12_070 }) },
    replicas: 25,
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
};

const notUp: Record<string, Case> = {
  'with fresh signals at the third tick, 10 % go': { memory: SETTLED, replicas: 9, by: 'WayDown' },
  'not at the second fresh tick': { memory: { recentWanted: [], freshTicks: 1 }, replicas: 10, by: 'Holding' },
  'not on a first tick': { memory: EMPTY_MEMORY, replicas: 10, by: 'Holding' },
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
    by: 'Holding',
  },
  'not before the hold ends': { limits: { holdUntilMs: NOW_MS + 1 }, memory: SETTLED, replicas: 10, by: 'Holding' },
  'from the instant that the hold ends': {
    limits: { holdUntilMs: NOW_MS },
    memory: SETTLED,
    replicas: 9,
    by: 'WayDown',
  },
  'not below what the window asked for': {
    memory: { recentWanted: [{ slotStartMs: NOW_MS - 300_000, wanted: 9.5 }], freshTicks: 2 },
    replicas: 10,
    by: 'Holding',
  },
  'when the window has forgotten': {
    memory: { recentWanted: [{ slotStartMs: NOW_MS - 310_000, wanted: 50 }], freshTicks: 2 },
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
    by: 'Holding',
  },
  'a grant that ended takes all above the ceiling at once, whatever is held or stale': {
    input: { replicas: 60, arrivals: ABSENT },
    limits: { ceiling: 20, holdUntilMs: NOW_MS + 1 },
    memory: EMPTY_MEMORY,
    replicas: 20,
    by: 'Ceiling',
  },
  'a lowered maximum too': { input: { replicas: 60 }, limits: { max: 30 }, replicas: 30, by: 'Max' },
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
      '20 replicas: that is the authorised ceiling; 140 arrivals/s at 20/s a replica at 70 % need 10, ' +
        '12000 waiting need 20, the schedule needs 12; wanted 30.',
    );
    expect(
      decide(aTierInput({ arrivals: ABSENT, replicas: 1 }), aTierLimits({ min: 1 }), EMPTY_MEMORY).explanation,
    ).toBe('1 replica: that is the minimum; arrivals are unknown; wanted 1.');
  });

  it('shows what a ceiling withholds', () => {
    const { replicas, wanted, terms } = decide(
      aTierInput({ arrivals: fresh(steady(8000)) }),
      aTierLimits({ ceiling: 20 }),
      EMPTY_MEMORY,
    );
    expect([replicas, wanted, Math.round(terms.feedForward)]).toEqual([20, 572, 571]);
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
