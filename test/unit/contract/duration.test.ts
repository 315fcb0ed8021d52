import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DurationError, parseDurationMs } from '../../../contract/duration.ts';

describe('parseDurationMs', () => {
  it.each([
    ['30s', 30_000],
    ['0s', 0],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['90m', 5_400_000],
    ['30m1h', 5_400_000],
    ['2h0m5s', 7_205_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(['', '30', 's', '1.5h', '-30s', '30 s', '1d', '30s ', 'PT30S', '1h30'])(
    'refuses "%s" with the remedy',
    (text) => {
      expect(() => parseDurationMs(text)).toThrow(DurationError);
      expect(() => parseDurationMs(text)).toThrow(/such as 30s, 15m or 1h30m/);
    },
  );

  it('adds its parts up, whatever their order', () => {
    const part = fc.tuple(fc.nat(10_000), fc.constantFrom<[string, number]>(['s', 1], ['m', 60], ['h', 3600]));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = parts.map(([amount, [unit]]) => `${amount}${unit}`).join('');
        const seconds = parts.reduce((sum, [amount, [, factor]]) => sum + amount * factor, 0);
        expect(parseDurationMs(text)).toBe(seconds * 1000);
      }),
    );
  });
});
