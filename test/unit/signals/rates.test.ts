import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RateWindows } from '../../../operator/signals/rate-windows.ts';
import { sustainedRise } from '../../../operator/signals/rise.ts';
import { SecondRates } from '../../../operator/signals/second-rates.ts';
import { NOW_MS } from '../../helpers/tier.ts';

describe('sustainedRise', () => {
  it.each([
    ['a ramp', [1000, 1080, 1160, 1240, 1320], 40],
    ['a step, however high', [100, 100, 4000, 8000, 8000], 0],
    ['a step in the newest block', [100, 100, 100, 100, 8000], 0],
    ['a ramp that ended', [100, 200, 300, 400, 400], 0],
    ['a fall', [400, 300, 200, 100, 0], 0],
    ['chance: less than five deviations', [1000, 1010, 1020, 1030, 1040], 0],
  ])('%s', (_, blocks, rise) => {
    expect(sustainedRise(blocks)).toBe(rise);
  });
});

describe('SecondRates', () => {
  it('are RateWindows of one source that is read every second', () => {
    const arrivals = fc.oneof(fc.nat(20), fc.nat(10_000));
    fc.assert(
      fc.property(fc.array(arrivals, { minLength: 1, maxLength: 150 }), fc.nat(50), (perSecond, ramp) => {
        const [windows, seconds] = [new RateWindows(), new SecondRates()];
        let counter = 0;
        for (const [second, amount] of perSecond.entries()) {
          const nowMs = NOW_MS + second * 1000;
          const arrived = amount + ramp * second;
          counter += arrived;
          windows.add({ pod: 'a', counter, startedAtMs: 0, sourceAtMs: nowMs }, nowMs);
          seconds.add(arrived);
          const [expected, got] = [windows.rates(nowMs), seconds.rates()];
          expect(got === undefined).toBe(expected === undefined);
          for (const key of ['over1s', 'over3s', 'over60s', 'risePerSecond'] as const) {
            expect(got?.[key] ?? 0).toBeCloseTo(expected?.[key] ?? 0, 6);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
