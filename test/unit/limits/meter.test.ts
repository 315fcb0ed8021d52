import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createMeter, spotOf } from '../../../app/limits/meter.ts';

const A = spotOf('seed', 'a');
const times = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('a meter of 5 a minute', () => {
  it('permits five at once; the sixth waits 12 s', () => {
    const meter = createMeter(64);
    expect(times(6).map(() => meter.take(A, 5, 1_000))).toEqual([0, 0, 0, 0, 0, 12_000]);
    expect(meter.take(A, 5, 12_900)).toBeGreaterThan(0);
    expect(meter.take(A, 5, 13_000)).toBe(0);
  });

  it('permits as many in each later minute, and not one more', () => {
    const meter = createMeter(64);
    const taken = times(600).filter((second) => meter.take(A, 5, second * 1_000) === 0);
    // Five at once, and one every 12 s of ten minutes.
    expect(taken).toHaveLength(5 + 49);
  });

  it('does not count what was returned, nor a look', () => {
    const meter = createMeter(64);
    for (const _ of times(50)) {
      expect(meter.take(A, 5, 0)).toBe(0);
      meter.giveBack(A, 5);
      expect(meter.wait(A, 5, 0)).toBe(0);
    }
    expect(times(6).map(() => meter.take(A, 5, 0))).toEqual([0, 0, 0, 0, 0, 12_000]);
    expect(meter.wait(A, 5, 0)).toBe(12_000);
  });

  it('never permits more than the limit and one minute’s share, for any times', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 300 }),
        (perMinute, gaps) => {
          const meter = createMeter(64);
          let nowMs = 0;
          let taken = 0;
          for (const gap of gaps) {
            nowMs += gap;
            if (meter.take(A, perMinute, nowMs) === 0) taken += 1;
          }
          expect(taken).toBeLessThanOrEqual(Math.floor(perMinute * (1 + nowMs / 60_000)) + 1);
        },
      ),
    );
  });
});

describe('a meter with more keys than it has room', () => {
  it('refuses no key for the uses of others, and forgets', () => {
    const meter = createMeter(1_024);
    const isFirstRefused = times(20_000).some((key) => meter.take(spotOf('seed', `k${key}`), 5, 0) > 0);
    expect(isFirstRefused).toBe(false);
  });

  it('remembers those who ask most: the twin of a meter that forgets all', () => {
    const meter = createMeter(1_024);
    const greedy = spotOf('seed', 'greedy');
    const taken = times(2_000).filter((second) => {
      for (const other of times(5)) meter.take(spotOf('seed', `${second} ${other}`), 5, second * 100);
      return meter.take(greedy, 5, second * 100) === 0;
    });
    // 200 s: 5, and one every 12 s, where nothing is forgotten.
    expect(taken.length).toBeGreaterThanOrEqual(5 + 16);
    expect(taken.length).toBeLessThan(40);
  });

  it('keeps its room: 12 bytes a slot, however many keys', () => {
    const spots = times(5_000).map((key) => spotOf('seed', `${key}`));
    const before = process.memoryUsage().arrayBuffers;
    const meter = createMeter(65_536);
    for (const spot of spots) meter.take(spot, 5, 0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThanOrEqual(65_536 * 12);
  });

  it('shares rows by a seed that no client knows', () => {
    const rows = (seed: string) => times(50).map((key) => spotOf(seed, `${key}`).rows[0] % 16);
    expect(rows('one')).not.toEqual(rows('two'));
  });
});
