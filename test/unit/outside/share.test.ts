/** What readings of the operator's value make of a pod's share. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WINDOW_MS } from '../../../app/outside/pace.ts';
import { type Moment, NO_SHARE, type Share, shareAt, takeReading } from '../../../app/outside/share.ts';
import { SHARE_VALID_MS } from '../../../contract/outside/outside.ts';

/** Both clocks agree, with another start. */
const at = (ms: number, wallMs = ms): Moment => ({ monotonicMs: ms, wallMs: 1_600_000_000_000 + wallMs });
const read = (share: Share, perSecond: number, beganMs: number, endedMs = beganMs): Share =>
  takeReading(share, perSecond, at(beganMs), at(endedMs));
const perSecond = (share: Share, ms: number, wallMs = ms): number => shareAt(share, at(ms, wallMs));

/** 10/s in force at 2,000. */
const ten = read(read(NO_SHARE, 10, 0), 10, 2_000);

describe('a share', () => {
  it('is none before the first reading', () => {
    expect(perSecond(NO_SHARE, 0)).toBe(0);
  });

  it('counts one window after the first reading', () => {
    const share = read(NO_SHARE, 10, 0);
    expect([0, WINDOW_MS - 1, WINDOW_MS].map((ms) => perSecond(share, ms))).toEqual([0, 0, 10]);
  });

  it('expires after the beginning of its reading, not after the end', () => {
    const share = read(ten, 10, 3_000, 4_900);
    expect([3_000 + SHARE_VALID_MS - 1, 3_000 + SHARE_VALID_MS].map((ms) => perSecond(share, ms))).toEqual([10, 0]);
  });

  it('falls at once', () => {
    expect(perSecond(read(ten, 4, 2_500), 2_500)).toBe(4);
    expect(perSecond(read(ten, 0, 2_500), 2_500)).toBe(0);
  });

  it('rises one window later, and stays what it is until then', () => {
    const share = read(ten, 15, 2_500);
    expect([2_500, 2_500 + WINDOW_MS - 1, 2_500 + WINDOW_MS].map((ms) => perSecond(share, ms))).toEqual([10, 10, 15]);
  });

  it('rises to what was given during the whole window', () => {
    const share = read(read(read(ten, 30, 2_500), 12, 2_600), 30, 3_500);
    expect(perSecond(share, 2_500 + WINDOW_MS)).toBe(12);
    const more = read(share, 30, 4_000);
    expect([4_000, 4_000 + WINDOW_MS].map((ms) => perSecond(more, ms))).toEqual([12, 30]);
  });

  it('does not rise when the raise was taken back', () => {
    const share = read(read(ten, 30, 2_500), 10, 3_000);
    expect(perSecond(share, 6_000)).toBe(10);
  });

  it.each([
    ['a reading that began before a pause is worthless after it', 2_500, 2_500 + SHARE_VALID_MS],
    ['a reading whose proof is as old', 60_000 - SHARE_VALID_MS, 60_000],
  ])('%s', (_, beganMs, endedMs) => {
    const share = read(ten, 10, beganMs, endedMs);
    expect(share).toBe(ten);
    expect(perSecond(share, endedMs)).toBe(0);
  });

  it('begins anew after it has expired, also with what it was', () => {
    const share = read(ten, 10, 60_000);
    expect([60_000, 60_000 + WINDOW_MS].map((ms) => perSecond(share, ms))).toEqual([0, 10]);
  });

  it('has forgotten a raise that was under way when it expired', () => {
    const share = read(read(ten, 30, 2_500), 30, 8_000);
    expect([8_000, 8_000 + WINDOW_MS - 1, 8_000 + WINDOW_MS].map((ms) => perSecond(share, ms))).toEqual([0, 0, 30]);
  });

  it('expires by the wall clock on a machine that was suspended', () => {
    expect(perSecond(ten, 2_100, 2_000 + SHARE_VALID_MS)).toBe(0);
  });

  it('expires by the monotonic clock when the wall clock was set back', () => {
    expect([perSecond(ten, 6_999, -3_600_000), perSecond(ten, 7_000, -3_600_000)]).toEqual([10, 0]);
  });

  it('never exceeds what was given at any instant of the last window', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 1, max: 7_000 }),
      tookMs: fc.integer({ min: 0, max: 3_000 }),
      gives: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let share = NO_SHARE;
        let nowMs = 0;
        /** What the last valid reading gives, by itself: [from, perSecond, until]. */
        const given: (readonly [number, number, number])[] = [];
        const givenAt = (ms: number): number => {
          const last = given.findLast(([fromMs]) => fromMs <= ms);
          return last === undefined || ms >= last[2] ? 0 : last[1];
        };
        for (const { afterMs, tookMs, gives } of steps) {
          nowMs += afterMs + tookMs;
          share = read(share, gives, nowMs - tookMs, nowMs);
          given.push([nowMs, gives, nowMs - tookMs + SHARE_VALID_MS]);
          for (const ms of [nowMs, nowMs + 1, nowMs + WINDOW_MS - 1, nowMs + WINDOW_MS, nowMs + 3_000]) {
            const changes = given.flatMap(([fromMs, , untilMs]) => [fromMs, untilMs]);
            const looks = [ms - WINDOW_MS, ms, ...changes.filter((one) => one >= ms - WINDOW_MS && one <= ms)];
            expect(perSecond(share, ms)).toBeLessThanOrEqual(Math.min(...looks.map(givenAt)));
          }
        }
      }),
    );
  });
});
