import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TokenBucket } from '../../../app/http/token-bucket.ts';

const taken = (bucket: TokenBucket, tries: number, nowMs: number, rate: number, burst: number): number =>
  Array.from({ length: tries }, () => bucket.take(nowMs, rate, burst)).filter(Boolean).length;

describe('a token bucket', () => {
  it('plays the worked example', () => {
    const bucket = new TokenBucket();
    expect(taken(bucket, 500, 0, 100, 2)).toBe(200);
    expect(taken(bucket, 500, 1_000, 100, 2)).toBe(100);
    expect(taken(bucket, 500, 60_000, 100, 2)).toBe(200);
  });

  it('lets one in now and then at a rate below one a second', () => {
    const bucket = new TokenBucket();
    expect([0, 1_000, 2_000, 4_000].map((nowMs) => bucket.take(nowMs, 0.5, 1))).toEqual([true, false, true, true]);
  });

  it('follows a changed rate and depth at once', () => {
    const bucket = new TokenBucket();
    expect(taken(bucket, 500, 0, 100, 2)).toBe(200);
    expect(taken(bucket, 500, 1_000, 10, 1)).toBe(10);
  });

  it('says whether there is one without taking it, and takes one back', () => {
    const bucket = new TokenBucket();
    for (let n = 0; n < 5; n += 1) expect(bucket.hasOne(0, 0.001, 1)).toBe(true);
    expect(bucket.take(0, 0.001, 1)).toBe(true);
    expect([bucket.hasOne(0, 0.001, 1), bucket.take(0, 0.001, 1)]).toEqual([false, false]);
    bucket.giveBack();
    expect([bucket.hasOne(0, 0.001, 1), bucket.take(0, 0.001, 1), bucket.take(0, 0.001, 1)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('holds no more than its depth, however many are given back', () => {
    const bucket = new TokenBucket();
    for (let n = 0; n < 50; n += 1) bucket.giveBack();
    expect(taken(bucket, 50, 0, 10, 1)).toBe(10);
  });

  it('gives nothing for a clock that goes back', () => {
    const bucket = new TokenBucket();
    taken(bucket, 500, 10_000, 100, 1);
    expect(bucket.take(5_000, 100, 1)).toBe(false);
  });

  it('never lets more in than depth plus rate × time', () => {
    const steps = fc.array(fc.tuple(fc.nat(500), fc.nat(50)), { maxLength: 50 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 5 }), steps, (rate, burst, path) => {
        const bucket = new TokenBucket();
        let nowMs = 0;
        let total = 0;
        for (const [waitMs, tries] of path) {
          nowMs += waitMs;
          total += taken(bucket, tries, nowMs, rate, burst);
        }
        expect(total).toBeLessThanOrEqual(rate * burst + (rate * nowMs) / 1000 + 1e-6);
      }),
    );
  });
});
