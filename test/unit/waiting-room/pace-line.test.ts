/** Whose turn it is, over changing paces and clocks. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createPaceLine, type PaceLine } from '../../../app/intake/waiting-room/pace-line.ts';
import { type QueuePace, servingAt } from '../../../contract/crowd/queue.ts';

const T0 = Date.parse('2026-10-01T00:00:00.000Z');
const pace = (base: number, ratePerSecond: number, afterSeconds: number): QueuePace => ({
  v: 1,
  base,
  ratePerSecond,
  since: new Date(T0 + afterSeconds * 1000).toISOString(),
});
const at = (seconds: number): number => T0 + seconds * 1000;
const lineOf = (...paces: readonly QueuePace[]): PaceLine => {
  const line = createPaceLine();
  for (const one of paces) line.take(one);
  return line;
};

describe('serving', () => {
  it('is unknown before the first pace, and then a straight line', () => {
    const line = createPaceLine();
    expect(line.serving(at(0))).toBeUndefined();
    line.take(pace(100, 50, 0));
    expect(line.serving(at(0))).toBe(100);
    expect(line.serving(at(10.5))).toBe(625);
  });

  it('does not fall when a clock is set back, or when the next pace begins a little lower', () => {
    const line = lineOf(pace(0, 100, 0));
    expect(line.serving(at(10))).toBe(1_000);
    expect(line.serving(at(9))).toBe(1_000);
    // The operator's clock is 0.5 s behind.
    line.take(pace(950, 0, 9.5));
    expect(line.serving(at(10.1))).toBe(1_000);
  });

  it('begins anew with a queue that was lost, instead of serving everyone', () => {
    const line = lineOf(pace(0, 100, 0));
    expect(line.serving(at(1_000))).toBe(100_000);
    line.take(pace(0, 100, 1_000));
    expect(line.serving(at(1_001))).toBe(100);
  });
});

describe('the position of a ticket', () => {
  const changes = fc.array(
    fc.record({ afterSeconds: fc.integer({ min: 1, max: 40 }), ratePerSecond: fc.integer({ min: 0, max: 5_000 }) }),
    { minLength: 1, maxLength: 30 },
  );

  it('never rises, whatever the pace does', () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 1_000_000 }), (steps, place) => {
        const line = createPaceLine();
        let [seconds, current] = [0, pace(0, 10, 0)];
        line.take(current);
        let before = Number.POSITIVE_INFINITY;
        for (const { afterSeconds, ratePerSecond } of steps) {
          for (let poll = 0; poll < 5; poll += 1) {
            seconds += afterSeconds / 5;
            const position = Math.max(0, place - (line.serving(at(seconds)) ?? 0));
            expect(position).toBeLessThanOrEqual(before);
            before = position;
          }
          current = pace(servingAt(current, at(seconds)), ratePerSecond, seconds);
          line.take(current);
        }
      }),
    );
  });

  it('has its turn when serving passed it, by any of the paces', () => {
    fc.assert(
      fc.property(changes, (steps) => {
        let [seconds, current] = [0, pace(0, 10, 0)];
        const line = lineOf(current);
        const passed: (readonly [place: number, atMs: number])[] = [];
        for (const { afterSeconds, ratePerSecond } of steps) {
          // Half-way through the pace, serving is exactly here.
          const half = at(seconds + afterSeconds / 2);
          const place = servingAt(current, half);
          if (current.ratePerSecond > 0 && place > current.base) passed.push([place, half]);
          seconds += afterSeconds;
          current = pace(servingAt(current, at(seconds)), ratePerSecond, seconds);
          line.take(current);
        }
        const oldestMs = at(seconds) - 600_000;
        for (const [place, atMs] of passed) {
          const turn = line.turnOf(place);
          if (turn?.kind === 'before') expect(turn.atMs).toBeLessThanOrEqual(oldestMs + 41_000);
          // To the number's own time at the slowest rate.
          else expect(Math.abs((turn?.atMs ?? 0) - atMs)).toBeLessThanOrEqual(1_000);
        }
      }),
    );
  });
});

describe('a turn', () => {
  it.each([
    ['within the pace in force', 250, { kind: 'at', atMs: at(15) }],
    ['within the one before', 50, { kind: 'at', atMs: at(5) }],
    ['before everything that is known', 0, { kind: 'before', atMs: at(0) }],
    ['in no time', 10_000, { kind: 'at', atMs: at(502.5) }],
  ])('%s', (_, place, expected) => {
    expect(lineOf(pace(0, 10, 0), pace(150, 20, 10)).turnOf(place)).toEqual(expected);
  });

  it('never comes while no one is served', () => {
    expect(lineOf(pace(100, 0, 0)).turnOf(101)).toBeUndefined();
  });

  it('is remembered over as many paces as ten minutes have seconds, and no more are kept', () => {
    const line = createPaceLine();
    for (let second = 0; second < 5_000; second += 1) line.take(pace(second * 10, 10, second));
    expect(line.turnOf(49_955)).toEqual({ kind: 'at', atMs: at(4_995.5) });
    expect(line.turnOf(44_005)).toEqual({ kind: 'at', atMs: at(4_400.5) });
    expect(line.turnOf(5)?.kind).toBe('before');
  });
});

describe('the rate that is shown', () => {
  it('is the mean of a minute, so that it does not jump', () => {
    const line = lineOf(pace(0, 100, 0), pace(6_000, 200, 60));
    expect(line.ratePerSecond(at(60))).toBeCloseTo(100);
    expect(line.ratePerSecond(at(90))).toBeCloseTo(150);
    expect(line.ratePerSecond(at(120))).toBeCloseTo(200);
  });

  it('is the present one at the beginning', () => {
    expect(lineOf(pace(0, 100, 0)).ratePerSecond(at(0))).toBe(100);
    expect(createPaceLine().ratePerSecond(at(0))).toBe(0);
  });
});
