import { describe, expect, it } from '@jest/globals';
import type { QueuePace } from '../../../contract/crowd/queue.ts';
import { type Crowd, crowdAt, withCrowd } from '../../../operator/queue/crowd.ts';
import type { QueueTotals } from '../../../operator/queue/queue-counts.ts';

const T0 = Date.parse('2027-03-01T02:00:00Z');
const paceOf = (ratePerSecond: number, base = 0): QueuePace => ({
  v: 1,
  base,
  ratePerSecond,
  since: new Date(T0).toISOString(),
});

/** Second by second. @param totalsAt what pods have counted until second t */
const play = (seconds: number, totalsAt: (t: number) => QueueTotals, pace: QueuePace, before?: Crowd): Crowd => {
  let crowd = before;
  for (let t = 0; t <= seconds; t += 1) crowd = crowdAt(crowd, totalsAt(t), pace, T0 + t * 1000);
  if (crowd === undefined) throw new Error('no second was played');
  return crowd;
};

/** 100,000 got a ticket before second 0; those of them who come, come 5 s after their turn. */
const queue =
  (ratePerSecond: number, come: number, answerSeconds = 0.02) =>
  (t: number): QueueTotals => ({
    tickets: 100_000,
    turns: Math.max(0, t - 5) * ratePerSecond * come,
    accepted: 1 + t,
    highest: 100_000,
    answerSeconds,
  });

describe('the crowd that waits', () => {
  it('is at first the numbers that are still to come', () => {
    const totals = { tickets: 0, turns: 0, accepted: 0, highest: 6_800 };
    expect(crowdAt(undefined, totals, paceOf(100, 2_000), T0).citizens).toBe(4_800);
  });

  it('grows by tickets, falls by turns', () => {
    const at = (t: number): QueueTotals => ({
      tickets: 300 * t,
      turns: 100 * t,
      accepted: t,
      highest: 5_000 + 300 * t,
    });
    expect(play(10, at, paceOf(100)).citizens).toBe(7_000);
  });

  it('holds who comes some seconds after the turn', () => {
    expect(play(50, queue(1_000, 1), paceOf(1_000)).citizens).toBe(55_000);
    expect(play(103, queue(1_000, 1), paceOf(1_000)).citizens).toBe(2_000);
  });

  it('holds no one who has given up: it ends some seconds after the last number', () => {
    expect(play(50, queue(1_000, 0.5), paceOf(1_000)).citizens).toBe(60_000);
    expect(play(111, queue(1_000, 0.5), paceOf(1_000)).citizens).toBe(0);
  });

  it('is all of it while no one is served, before opening', () => {
    const at = (t: number): QueueTotals => ({ tickets: 1_000 * t, turns: 0, accepted: 0, highest: 1_000 * t });
    expect(play(60, at, paceOf(0)).citizens).toBe(60_000);
  });

  it('counts a tick once that is decided twice', () => {
    const once = crowdAt(undefined, { tickets: 0, turns: 0, accepted: 0, highest: 10 }, paceOf(0), T0);
    expect(crowdAt(once, { tickets: 5, turns: 0, accepted: 0, highest: 15 }, paceOf(0), T0)).toBe(once);
  });

  it('is due back for the law, beside those who come by Retry-After', () => {
    const crowd = play(1, queue(1_000, 1), paceOf(1_000));
    const readings = { arrivals: { kind: 'absent' }, backlog: {} } as const;
    const dueBack = { kind: 'stale', value: { citizens: 500, perSecond: 200 }, atMs: T0 } as const;
    expect(withCrowd(readings, crowd, T0).dueBack).toMatchObject({ kind: 'fresh', value: { citizens: 100_000 } });
    expect(withCrowd({ ...readings, dueBack }, crowd, T0).dueBack).toEqual({
      ...dueBack,
      value: { citizens: 100_500, perSecond: 200 },
    });
  });
});

describe('unused places', () => {
  it('are returned slowly', () => {
    expect(play(20, queue(100, 0.5), paceOf(100)).correction).toBeLessThan(1.3);
    const settled = play(400, queue(100, 0.5), paceOf(100)).correction;
    expect(settled).toBeGreaterThan(1.7);
    expect(settled).toBeLessThan(2);
  });

  it('are none where all come, though they come some seconds late', () => {
    expect(play(400, queue(100, 1), paceOf(100)).correction).toBe(1);
  });

  it('are at most three of four', () => {
    expect(play(900, queue(100, 0.01), paceOf(100)).correction).toBe(4);
  });

  it('are none while no one is served', () => {
    const crowd = play(300, queue(0, 1), paceOf(0));
    expect([crowd.correction, crowd.passed]).toEqual([1, 0]);
  });
});

describe('an outage of a minute', () => {
  /** From second 100 to 160 no registration is accepted; then those come at 150/s whose turn has passed, beside the others. */
  const outage = (t: number): QueueTotals => {
    const turns = 100 * Math.min(t, 100) + Math.min(6_000, Math.max(0, t - 160) * 150) + 100 * Math.max(0, t - 160);
    return { tickets: 100_000, turns, accepted: turns, highest: 100_000 };
  };

  it('teaches nothing about unused places', () => {
    expect(play(200, outage, paceOf(100)).correction).toBe(1);
  });

  it('leaves citizens overdue, who still wait, until they have come', () => {
    const [during, after] = [play(160, outage, paceOf(100)), play(260, outage, paceOf(100))];
    expect(during.overdue).toBeGreaterThan(5_500);
    expect(during.citizens - during.ahead).toBeGreaterThan(5_500);
    expect(after.overdue).toBe(0);
  });

  it('forgets those who do not come', () => {
    const silent = (t: number): QueueTotals => ({
      ...outage(Math.min(t, 160)),
      accepted: t < 160 ? 10_000 : 10_000 + t,
    });
    const crowd = play(700, silent, paceOf(100));
    expect(crowd.overdue).toBeLessThan(10);
  });
});

describe('the share of admission', () => {
  it('falls while registrations wait for their acknowledgement, to a tenth at least', () => {
    expect(play(3, queue(100, 1, 0.4), paceOf(100)).share).toBeCloseTo(0.9 ** 3);
    expect(play(100, queue(100, 1, 0.4), paceOf(100)).share).toBe(0.1);
  });

  it('returns when they do not wait, or when there are too few to know', () => {
    const slow = play(100, queue(100, 1, 0.4), paceOf(100));
    const later = (t: number): QueueTotals => ({
      tickets: 100_000,
      turns: 9_500 + t,
      accepted: t,
      highest: 100_000,
    });
    let crowd = slow;
    for (let t = 101; t < 260; t += 1) crowd = crowdAt(crowd, later(t), paceOf(100), T0 + t * 1000);
    expect(crowd.share).toBe(1);
  });
});
