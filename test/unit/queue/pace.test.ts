import { describe, expect, it } from '@jest/globals';
import { type QueuePace, servingAt } from '../../../contract/crowd/queue.ts';
import { nextPace, type WantedPace } from '../../../operator/queue/pace.ts';

const T0 = Date.parse('2027-03-01T02:00:00Z');
const current: QueuePace = { v: 1, base: 1_000, ratePerSecond: 200, since: new Date(T0).toISOString() };
const wanted = (of: Partial<WantedPace> = {}): WantedPace => ({
  ratePerSecond: 200,
  isClosed: false,
  hasQueue: false,
  ...of,
});

describe('the pace', () => {
  it('begins at 0', () => {
    expect(nextPace(undefined, wanted(), T0)).toEqual({ ...current, base: 0 });
  });

  it('goes on where the one before is', () => {
    const next = nextPace(current, wanted({ ratePerSecond: 300 }), T0 + 5_000);
    expect(next).toEqual({ v: 1, base: 2_000, ratePerSecond: 300, since: new Date(T0 + 5_000).toISOString() });
  });

  const kept: Record<string, readonly [WantedPace, afterMs: number, isWritten: boolean]> = {
    'is not written again while it is the same': [wanted(), 600_000, false],
    'is not written for 2 %': [wanted({ ratePerSecond: 204 }), 1_000, false],
    'is written for more': [wanted({ ratePerSecond: 205 }), 1_000, true],
    'is written for less': [wanted({ ratePerSecond: 195 }), 1_000, true],
    'is written when no one is served any more': [wanted({ ratePerSecond: 0 }), 1_000, true],
    'is written when no new tickets are given': [wanted({ isClosed: true }), 1_000, true],
    'is renewed after 30 s while citizens wait': [wanted({ hasQueue: true }), 30_000, true],
    'is not renewed sooner': [wanted({ hasQueue: true }), 29_999, false],
  };
  it.each(Object.entries(kept))('%s', (_, [to, afterMs, isWritten]) => {
    expect(nextPace(current, to, T0 + afterMs) !== current).toBe(isWritten);
  });

  it('begins no earlier than the one before, also by a clock that is behind', () => {
    const next = nextPace(current, wanted({ ratePerSecond: 300 }), T0 - 60_000);
    expect(next).toEqual({ ...current, ratePerSecond: 300 });
  });

  it('never falls, whatever rates and times follow each other', () => {
    let pace: QueuePace = nextPace(undefined, wanted({ ratePerSecond: 0 }), T0);
    let [seed, nowMs, before] = [1, T0, 0];
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    for (let step = 0; step < 20_000; step += 1) {
      nowMs += Math.round(random() * 3_000);
      const rate = random() < 0.1 ? 0 : random() * 5_000;
      pace = nextPace(pace, wanted({ ratePerSecond: rate, hasQueue: true }), nowMs);
      const serving = servingAt(pace, nowMs);
      if (serving < before) throw new Error(`step ${step}: ${before} fell to ${serving}`);
      before = serving;
    }
    expect(before).toBeGreaterThan(1_000_000);
  });
});
