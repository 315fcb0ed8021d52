import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConcurrencyLimit, SLOW_MS } from '../../../app/http/concurrency-limit.ts';

describe('the concurrency limit', () => {
  it('falls by a fifth when an answer is slow, once for all that were under way', () => {
    const limit = new ConcurrencyLimit();
    for (let i = 0; i < 64; i += 1) limit.observe(900, 1_000 + i, 64);
    expect(limit.limit).toBe(51);
    limit.observe(900, 1_600, 51);
    expect(limit.limit).toBe(40);
  });

  it('rises again while answers are quick and it is used', () => {
    const limit = new ConcurrencyLimit();
    limit.observe(900, 0, 64);
    for (let i = 0; i < 13; i += 1) limit.observe(20, 1_000 + i, 51);
    expect(limit.limit).toBe(52);
  });

  it('rises eight times as fast until the first slow answer', () => {
    const limit = new ConcurrencyLimit();
    for (let i = 0; i < 2_300; i += 1) limit.observe(20, i / 4.4, 384);
    expect(limit.limit).toBeGreaterThanOrEqual(384);
    limit.observe(900, 1_000, 384);
    const cut = limit.limit;
    for (let i = 0; i < cut / 4 - 1; i += 1) limit.observe(20, 1_001 + i, 384);
    expect(limit.limit - cut).toBeLessThanOrEqual(1);
  });

  it('rises gently from the beginning where answers are not quick', () => {
    const limit = new ConcurrencyLimit();
    for (let i = 0; i < 160; i += 1) limit.observe(150, i, 64);
    expect(limit.limit).toBeLessThan(75);
  });

  it('learns nothing from an idle process', () => {
    const limit = new ConcurrencyLimit();
    for (let i = 0; i < 10_000; i += 1) limit.observe(5, i, 3);
    expect(limit.limit).toBe(64);
  });

  it('stays between its ends whatever it sees', () => {
    const answers = fc.array(
      fc.record({ tookMs: fc.integer({ min: 0, max: 3 * SLOW_MS }), inFlight: fc.nat({ max: 1_000 }) }),
      { maxLength: 2_000 },
    );
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 600 }), (seen, most) => {
        const limit = new ConcurrencyLimit(most);
        for (const [i, { tookMs, inFlight }] of seen.entries()) {
          limit.observe(tookMs, i * 600, inFlight);
          expect(limit.limit).toBeLessThanOrEqual(most);
          expect(limit.limit).toBeGreaterThanOrEqual(Math.min(8, most));
        }
      }),
    );
  });
});
